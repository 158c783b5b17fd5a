//! XEP-0199: XMPP ping.

use xmpp_core::ns;

use super::{Module, Place, ready};

pub(crate) const MODULE: Module = Module {
    name: "ping (XEP-0199)",
    server_features: &[ns::PING],
    account_features: &[],
    payloads: &[("ping", ns::PING)],
    places: &[Place::Own, Place::Server],
    handle: |_| ready(Ok(None)),
};
