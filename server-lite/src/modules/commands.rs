//! XEP-0050: ad-hoc commands of the server, with those of XEP-0133 and 0401.

use xmpp_core::ns;

use super::{Module, Place, in_part, whole};
use crate::commands;

pub(crate) const MODULE: Module = Module {
    specs: &[
        whole("XEP-0050", "Ad-hoc commands"),
        in_part(
            "XEP-0133",
            "Service administration",
            "no lists of blocked domains, welcome message, restart or passwords; of statistics, the sessions",
        ),
        whole("XEP-0401", "Invites"),
        whole("XEP-0379", "Pre-authenticated roster subscription"),
        whole("XEP-0445", "Registration with an invite"),
    ],
    server_features: &[ns::COMMANDS],
    payloads: &[("command", ns::COMMANDS)],
    places: &[Place::Server],
    handle: |request| Box::pin(async move { commands::answer(request).await.into() }),
    ..Module::NONE
};
