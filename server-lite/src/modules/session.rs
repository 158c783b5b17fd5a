//! RFC 3921, section 3: a session is there once a resource is bound. COMPAT for
//! clients that still ask.

use xmpp_core::ns;

use super::{Module, Place, in_part, ready};

pub(crate) const MODULE: Module = Module {
    specs: &[in_part("RFC 3921", "Sessions", "for older clients")],
    server_features: &[],
    account_features: &[],
    payloads: &[("session", ns::SESSION)],
    places: &[Place::Own, Place::Server],
    handle: |_| ready(Ok(None)),
    ..Module::NONE
};
