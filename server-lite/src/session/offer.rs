//! What a client is offered: before it has signed in (RFC 6120, 5.4 and 6.4.1;
//! XEP-0388, 0440, 0484), and after.

use std::sync::atomic::Ordering;

use xmpp_core::element::{Build, build};
use xmpp_core::sasl::{Mechanism, ScramHash, TokenMechanism};
use xmpp_core::{Element, ns};

use crate::config::Registration;
use crate::modules;
use crate::server::Server;
use crate::transport::Transport;

/// The ways to sign in on one connection.
pub(super) struct Offer {
    /// By name, strongest first; the same for both profiles of SASL.
    pub(super) mechanisms: Vec<&'static str>,
    /// XEP-0440.
    pub(super) bindings: Vec<&'static str>,
    pub(super) tokens: Vec<TokenMechanism>,
    /// SASL 2 is for encrypted connections only (XEP-0388, section 3).
    pub(super) sasl2: bool,
    /// RFC 6120, section 5.
    pub(super) starttls: bool,
}

impl Offer {
    pub(super) fn of(server: &Server, transport: &Transport) -> Self {
        let encrypted = transport.channel.encrypted;
        let binding = &transport.channel.binding;
        let weak = server.has_weak_accounts.load(Ordering::Relaxed);
        let allowed = |mechanism: &Mechanism| match mechanism {
            // Not everybody could sign in with it.
            strong if weak && strong.scram_hash() == Some(ScramHash::Sha256) => false,
            // Whoever listens would have the password.
            Mechanism::Plain => encrypted,
            plus if plus.is_plus() => binding.is_available(),
            _ => encrypted || server.allows_plaintext(transport.peer),
        };
        let token = |mechanism: &TokenMechanism| encrypted && mechanism.binding(binding).is_some();
        Self {
            mechanisms: Mechanism::ALL
                .into_iter()
                .filter(allowed)
                .map(Mechanism::as_str)
                .collect(),
            bindings: binding.names(),
            tokens: TokenMechanism::ALL.into_iter().filter(token).collect(),
            sasl2: encrypted,
            starttls: transport.can_start_tls(),
        }
    }

    /// The mechanism of that name, if it was offered.
    pub(super) fn mechanism(&self, name: &str) -> Option<Mechanism> {
        Mechanism::from_name(name).filter(|found| self.mechanisms.contains(&found.as_str()))
    }

    /// The mechanism for tokens of that name, if it was offered.
    pub(super) fn token(&self, name: &str) -> Option<TokenMechanism> {
        TokenMechanism::from_name(name).filter(|found| self.tokens.contains(found))
    }

    /// Whether there is nothing to do but to start TLS.
    pub(super) fn only_starttls(&self) -> bool {
        self.mechanisms.is_empty()
    }

    /// The features of a stream whose client is unknown.
    pub(super) fn features(&self, server: &Server) -> Vec<Element> {
        let mut features = Vec::new();
        if self.starttls {
            let mut starttls = build("starttls", ns::TLS);
            if self.only_starttls() {
                starttls = starttls.child(build("required", ns::TLS));
            }
            features.push(starttls.done());
        }
        // An empty list must never be there.
        if self.only_starttls() {
            return features;
        }
        features.push(
            build("mechanisms", ns::SASL)
                .children(named(ns::SASL, &self.mechanisms))
                .done(),
        );
        if self.sasl2 {
            features.push(self.authentication());
        }
        if !self.bindings.is_empty() {
            let binding = |name: &&str| build("channel-binding", ns::SASL_CB).attr("type", name);
            features.push(
                build("sasl-channel-binding", ns::SASL_CB)
                    .children(self.bindings.iter().map(binding))
                    .done(),
            );
        }
        match server.config.registration {
            Registration::Open => {
                features.push(build("register", ns::IBR_TOKEN).done());
                features.push(build("register", ns::REGISTER_FEATURE).done());
            }
            Registration::Invite => features.push(build("register", ns::IBR_TOKEN).done()),
            Registration::Closed => {}
        }
        features.push(limits(server));
        features
    }

    /// XEP-0388, section 2.1, with what can be asked for in the same breath.
    fn authentication(&self) -> Element {
        let tokens: Vec<_> = self.tokens.iter().map(|token| token.as_str()).collect();
        let feature = |name| build("feature", ns::BIND2).attr("var", name);
        let bind = build("bind", ns::BIND2).child(
            build("inline", ns::BIND2).children([ns::CARBONS, ns::CSI, ns::SM].map(feature)),
        );
        let inline = build("inline", ns::SASL2)
            .child(bind)
            .child(build("sm", ns::SM))
            .child(build("fast", ns::FAST).children(named(ns::FAST, &tokens)));
        build("authentication", ns::SASL2)
            .children(named(ns::SASL2, &self.mechanisms))
            .child(inline)
            .done()
    }
}

fn named<'a>(namespace: &'a str, names: &'a [&'static str]) -> impl Iterator<Item = Build> + 'a {
    names
        .iter()
        .map(move |name| build("mechanism", namespace).text(name))
}

/// XEP-0478.
fn limits(server: &Server) -> Element {
    let limits = &server.config.limits;
    let bytes = limits.framing.max_element_bytes.to_string();
    let idle = limits.idle.as_secs().to_string();
    build("limits", ns::STREAM_LIMITS)
        .child(build("max-bytes", ns::STREAM_LIMITS).text(bytes))
        .child(build("idle-seconds", ns::STREAM_LIMITS).text(idle))
        .done()
}

/// What a client may do that has signed in but has no resource yet.
pub(super) fn unbound(server: &Server) -> Vec<Element> {
    let mut features = vec![
        build("bind", ns::BIND).done(),
        build("session", ns::SESSION)
            .child(build("optional", ns::SESSION))
            .done(),
        build("sm", ns::SM).done(),
    ];
    features.extend(bound(server));
    features
}

/// What stays to be said to a client that has bound or resumed while it signed in.
pub(super) fn bound(server: &Server) -> Vec<Element> {
    vec![
        build("csi", ns::CSI).done(),
        // RFC 6121, sections 2.6.1 and 3.4.1.
        build("ver", ns::ROSTER_VERSIONING).done(),
        build("sub", ns::PRE_APPROVAL).done(),
        modules::caps::element(server),
        limits(server),
    ]
}
