//! XEP-0280: message carbons, switched on and off. The copying is done where
//! messages are routed.

use xmpp_core::ns;

use super::{Module, Place, in_part, ready};

pub(crate) const MODULE: Module = Module {
    specs: &[in_part(
        "XEP-0280",
        "Message carbons",
        "errors are not copied; a private message that comes from a room goes to each session that \
         is in it",
    )],
    server_features: &[ns::CARBONS],
    account_features: &[ns::CARBONS],
    payloads: &[("enable", ns::CARBONS), ("disable", ns::CARBONS)],
    places: &[Place::Own, Place::Server],
    handle: |request| {
        let wanted = request.payload.name() == "enable";
        request
            .server
            .router
            .update(request.user, request.number, |entry| {
                entry.carbons = wanted;
            });
        ready(Ok(None))
    },
    ..Module::NONE
};
