//! XEP-0202: entity time. Clients learn from it that their clock is wrong.

use xmpp_core::element::build;
use xmpp_core::{datetime, ns};

use super::{Module, Place, ready, whole};
use crate::clock;

pub(crate) const MODULE: Module = Module {
    specs: &[whole("XEP-0202", "Entity time")],
    server_features: &[ns::TIME],
    account_features: &[],
    payloads: &[("time", ns::TIME)],
    places: &[Place::Own, Place::Server],
    handle: |_| {
        let time = build("time", ns::TIME)
            .child(build("tzo", ns::TIME).text("+00:00"))
            .child(build("utc", ns::TIME).text(datetime::format_ms(clock::now_ms())));
        ready(Ok(Some(time.done())))
    },
    ..Module::NONE
};
