//! Services at domains of their own, below the server's: where clients look for
//! them (XEP-0030). They are answered by modules like everything else.

use jid::Jid;

use crate::modules::Place;
use crate::server::Server;

/// A service.
pub(crate) struct Service {
    pub(crate) place: Place,
    /// First label of its domain.
    label: &'static str,
    /// Category and type of its identity.
    pub(crate) identity: (&'static str, &'static str),
    pub(crate) name: &'static str,
    enabled: fn(&Server) -> bool,
}

const SERVICES: &[Service] = &[
    Service {
        place: Place::Upload,
        label: "upload",
        identity: ("store", "file"),
        name: "Files",
        enabled: |server| server.config.files.enabled,
    },
    Service {
        place: Place::Push,
        label: "push",
        identity: ("pubsub", "push"),
        name: "Notifications to web addresses",
        enabled: |server| server.push.takes_addresses(),
    },
];

impl Service {
    /// Its address.
    pub(crate) fn domain(&self, server: &Server) -> String {
        format!("{}.{}", self.label, server.domain())
    }
}

/// Those that are switched on.
pub(crate) fn enabled(server: &Server) -> impl Iterator<Item = &'static Service> {
    SERVICES.iter().filter(|service| (service.enabled)(server))
}

/// The one at this address.
pub(crate) fn at(server: &Server, to: &Jid) -> Option<&'static Service> {
    let domain = to.domain().as_str();
    enabled(server).find(|service| {
        let label = domain.strip_suffix(server.domain());
        label.and_then(|label| label.strip_suffix('.')) == Some(service.label)
    })
}

/// The one that answers there.
pub(crate) fn of(place: Place) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.place == place)
}
