//! XEP-0092: software version.

use xmpp_core::element::build;
use xmpp_core::ns;

use super::{Module, Place, ready, whole};

pub(crate) const MODULE: Module = Module {
    specs: &[whole("XEP-0092", "Software version")],
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
    ..Module::NONE
};
