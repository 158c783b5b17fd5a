//! XEP-0199: XMPP ping.

use xmpp_core::ns;

use super::{Module, Place, ready, whole};

pub(crate) const MODULE: Module = Module {
    specs: &[whole("XEP-0199", "Ping")],
    server_features: &[ns::PING],
    account_features: &[],
    payloads: &[("ping", ns::PING)],
    places: &[Place::Own, Place::Server],
    handle: |_| ready(Ok(None)),
    ..Module::NONE
};
