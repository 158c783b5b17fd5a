//! XEP-0092: software version.

use xmpp_core::element::build;
use xmpp_core::ns;

use super::{Module, Place, ready};

pub(crate) const MODULE: Module = Module {
    name: "software version (XEP-0092)",
    server_features: &[ns::VERSION],
    account_features: &[],
    payloads: &[("query", ns::VERSION)],
    places: &[Place::Own, Place::Server],
    handle: |_| {
        let query = build("query", ns::VERSION)
            .child(build("name", ns::VERSION).text("Startalk"))
            .child(build("version", ns::VERSION).text(env!("CARGO_PKG_VERSION")));
        ready(Ok(Some(query.done())))
    },
};
