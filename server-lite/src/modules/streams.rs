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
    ],
    ..Module::NONE
};

pub(crate) const SECURITY: Module = Module {
    specs: &[
        whole("RFC 5802", "SCRAM"),
        whole("RFC 7677", "SCRAM-SHA-256"),
        whole("RFC 9266", "Channel binding for TLS 1.3"),
        whole("XEP-0440", "Channel binding types"),
    ],
    ..Module::NONE
};

pub(crate) const RELIABILITY: Module = Module {
    specs: &[
        whole("XEP-0160", "Messages for who is away"),
        whole("XEP-0198", "Stream management"),
        whole("XEP-0203", "Delayed delivery"),
        whole("XEP-0334", "Processing hints"),
        whole("XEP-0352", "Client state indication"),
    ],
    server_features: &[ns::CSI],
    ..Module::NONE
};
