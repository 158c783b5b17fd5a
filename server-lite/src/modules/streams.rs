//! What happens in streams and in routing and answers no request of its own:
//! here it is only listed.

use xmpp_core::ns;

use super::{Module, in_part, whole};

pub(crate) const CORE: Module = Module {
    specs: &[
        in_part(
            "RFC 6120",
            "XMPP: Core",
            "one domain; no streams between servers",
        ),
        whole("RFC 7395", "XMPP over WebSocket"),
        whole("XEP-0156", "Discovering connection methods"),
        whole("XEP-0368", "Direct TLS"),
        whole("XEP-0478", "Limits of a stream"),
    ],
    ..Module::NONE
};

pub(crate) const SECURITY: Module = Module {
    specs: &[
        whole("RFC 5802", "SCRAM"),
        whole("RFC 7677", "SCRAM-SHA-256"),
        in_part(
            "RFC 5929",
            "Channel bindings for TLS",
            "`tls-server-end-point` only",
        ),
        whole("RFC 9266", "Channel binding for TLS 1.3"),
        in_part(
            "XEP-0386",
            "Bind 2",
            "carbons, client state and stream management inline",
        ),
        in_part(
            "XEP-0388",
            "SASL 2",
            "no tasks: a sign-in is done after its mechanism, there is nothing like a second factor to ask for",
        ),
        in_part(
            "XEP-0440",
            "Channel binding types",
            "none over WebSocket: web pages cannot see the channel, and a proxy may end it",
        ),
        whole("XEP-0474", "SCRAM downgrade protection"),
        in_part(
            "XEP-0484",
            "Fast authentication by token",
            "HT-SHA-256-EXPR, -ENDP and -NONE, over WebSocket only the last; no early data",
        ),
    ],
    ..Module::NONE
};

pub(crate) const RELIABILITY: Module = Module {
    specs: &[
        whole("XEP-0160", "Messages for who is away"),
        in_part(
            "XEP-0198",
            "Stream management",
            "no `location`: the server has one place, to which a client comes back as it came",
        ),
        whole("XEP-0203", "Delayed delivery"),
        whole("XEP-0334", "Processing hints"),
        in_part(
            "XEP-0352",
            "Client state indication",
            "presence, chat states and what others publish wait; not configurable by account",
        ),
    ],
    server_features: &[ns::CSI],
    ..Module::NONE
};
