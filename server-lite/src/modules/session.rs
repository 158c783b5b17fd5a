//! RFC 3921, section 3: a session is there once a resource is bound. COMPAT for
//! clients that still ask.

use xmpp_core::ns;

use super::{Module, Place, ready};

pub(crate) const MODULE: Module = Module {
    name: "session (RFC 3921)",
    server_features: &[],
    account_features: &[],
    payloads: &[("session", ns::SESSION)],
    places: &[Place::Own, Place::Server],
    handle: |_| ready(Ok(None)),
};
