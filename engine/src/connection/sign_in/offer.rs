//! What a server offers to sign in with, and which of it is taken.

use xmpp_core::sasl::{BindingData, ClientBinding, Mechanism, TokenMechanism};
use xmpp_core::{Element, ns};

use super::super::ConnectError;
use super::super::dial::Opened;

/// Names in one list.
const MAX_NAMES: usize = 64;

/// The ways to sign in on one stream, as the server names them.
#[derive(Debug)]
pub(super) struct Offer {
    /// Of the profile in use.
    pub(super) mechanisms: Vec<String>,
    /// XEP-0440, if it was there.
    pub(super) bindings: Option<Vec<String>>,
    /// XEP-0484.
    pub(super) tokens: Vec<TokenMechanism>,
    /// XEP-0198 and XEP-0386, in the breath of SASL 2.
    pub(super) resume: bool,
    pub(super) bind: bool,
    /// What can be asked for while binding.
    pub(super) sm: bool,
    pub(super) carbons: bool,
    /// What this end has.
    binding: BindingData,
}

impl Offer {
    /// RFC 6120, section 6.3.
    pub(super) fn sasl1(opened: &Opened) -> Self {
        let mechanisms = opened.features.get_child("mechanisms", ns::SASL);
        Self::of(opened, mechanisms, ns::SASL)
    }

    /// XEP-0388, section 2.1.
    pub(super) fn sasl2(opened: &Opened, authentication: &Element) -> Self {
        let mut offer = Self::of(opened, Some(authentication), ns::SASL2);
        let Some(inline) = authentication.get_child("inline", ns::SASL2) else {
            return offer;
        };
        offer.resume = inline.has_child("sm", ns::SM);
        offer.tokens = inline
            .get_child("fast", ns::FAST)
            .map(|fast| names(fast, ns::FAST))
            .unwrap_or_default()
            .iter()
            .filter_map(|name| TokenMechanism::from_name(name))
            .collect();
        if let Some(bind) = inline.get_child("bind", ns::BIND2) {
            offer.bind = true;
            let has = |feature: &str| {
                bind.get_child("inline", ns::BIND2).is_some_and(|inline| {
                    inline
                        .children()
                        .any(|child| child.attr("var") == Some(feature))
                })
            };
            offer.sm = has(ns::SM);
            offer.carbons = has(ns::CARBONS);
        }
        offer
    }

    fn of(opened: &Opened, mechanisms: Option<&Element>, namespace: &str) -> Self {
        let bindings = opened
            .features
            .get_child("sasl-channel-binding", ns::SASL_CB);
        Self {
            mechanisms: mechanisms.map_or_else(Vec::new, |list| names(list, namespace)),
            bindings: bindings.map(|list| {
                list.children()
                    .filter_map(|child| child.attr("type").map(str::to_owned))
                    .take(MAX_NAMES)
                    .collect()
            }),
            tokens: Vec::new(),
            resume: false,
            bind: false,
            sm: false,
            carbons: false,
            binding: opened.transport.binding.clone(),
        }
    }

    /// The strongest mechanism that both ends know.
    pub(super) fn strongest(&self) -> Result<Mechanism, ConnectError> {
        Mechanism::ALL
            .into_iter()
            .filter(|mechanism| {
                self.mechanisms
                    .iter()
                    .any(|name| name == mechanism.as_str())
            })
            .find(|mechanism| !mechanism.is_plus() || self.usable().is_some())
            .ok_or_else(|| ConnectError::NoMechanism(self.mechanisms.join(", ")))
    }

    /// The strongest mechanism for a token. One without a binding is taken only
    /// where this end has none.
    pub(super) fn token(&self) -> Option<TokenMechanism> {
        TokenMechanism::ALL
            .into_iter()
            .filter(|mechanism| self.tokens.contains(mechanism))
            .find(|mechanism| mechanism.binding(&self.binding).is_some())
    }

    /// What a token is bound to on this stream.
    pub(super) fn token_binding(&self, mechanism: TokenMechanism) -> Option<Vec<u8>> {
        let offered = self.tokens.contains(&mechanism);
        let binding = mechanism.binding(&self.binding).filter(|_| offered);
        binding.map(<[u8]>::to_vec)
    }

    /// What the mechanism says of channel binding (RFC 5802, section 6).
    pub(super) fn client_binding(&self, mechanism: Mechanism) -> ClientBinding {
        let plus_offered = self.mechanisms.iter().any(|name| name.ends_with("-PLUS"));
        match (mechanism.is_plus(), self.usable()) {
            (true, Some(binding)) => binding,
            // "We could, you did not offer" is only true if neither was offered.
            (false, _) if !plus_offered && self.binding.is_available() => ClientBinding::NotOffered,
            _ => ClientBinding::Unsupported,
        }
    }

    /// The best binding that both ends have. COMPAT: where the server does not
    /// say which it has (XEP-0440), RFC 9266 makes `tls-exporter` the default of
    /// TLS 1.3, but ejabberd means `tls-unique`, which is not safe: there is none
    /// then.
    fn usable(&self) -> Option<ClientBinding> {
        let offers = |name: &str| {
            let names = self.bindings.as_deref().unwrap_or_default();
            names.iter().any(|one| one == name)
        };
        let BindingData {
            tls_exporter,
            tls_server_end_point,
        } = &self.binding;
        let exporter = tls_exporter
            .clone()
            .filter(|_| offers("tls-exporter"))
            .map(ClientBinding::TlsExporter);
        exporter.or_else(|| {
            tls_server_end_point
                .clone()
                .filter(|_| offers("tls-server-end-point"))
                .map(ClientBinding::TlsServerEndPoint)
        })
    }
}

fn names(list: &Element, namespace: &str) -> Vec<String> {
    list.children()
        .filter(|child| child.is("mechanism", namespace))
        .map(|child| child.text().trim().to_owned())
        .take(MAX_NAMES)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(mechanisms: &[&str], bindings: Option<&[&str]>, exporter: bool, point: bool) -> Offer {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Offer {
            mechanisms: owned(mechanisms),
            bindings: bindings.map(owned),
            tokens: vec![TokenMechanism::Unbound, TokenMechanism::EndPoint],
            resume: false,
            bind: false,
            sm: false,
            carbons: false,
            binding: BindingData {
                tls_exporter: exporter.then(|| b"x".to_vec()),
                tls_server_end_point: point.then(|| b"p".to_vec()),
            },
        }
    }

    #[test]
    fn the_strongest_that_both_ends_have_is_taken() {
        let all = [
            "PLAIN",
            "SCRAM-SHA-1",
            "SCRAM-SHA-256-PLUS",
            "SCRAM-SHA-256",
        ];
        let point = Some(&["tls-server-end-point"][..]);
        let both = Some(&["tls-server-end-point", "tls-exporter"][..]);
        for (names, bindings, exporter, has_point, mechanism, binding) in [
            (&all[..], None, true, true, "SCRAM-SHA-256", "Unsupported"),
            (&all, both, true, true, "SCRAM-SHA-256-PLUS", "TlsExporter"),
            (
                &all,
                point,
                true,
                true,
                "SCRAM-SHA-256-PLUS",
                "TlsServerEndPoint",
            ),
            (
                &all,
                both,
                false,
                true,
                "SCRAM-SHA-256-PLUS",
                "TlsServerEndPoint",
            ),
            // Bindings that the other end does not have.
            (&all, point, true, false, "SCRAM-SHA-256", "Unsupported"),
            (&all, None, false, true, "SCRAM-SHA-256", "Unsupported"),
            (&all[..2], None, true, true, "SCRAM-SHA-1", "NotOffered"),
            (&all[..2], None, false, false, "SCRAM-SHA-1", "Unsupported"),
            (&all[..1], None, true, true, "PLAIN", "NotOffered"),
        ] {
            let offer = offer(names, bindings, exporter, has_point);
            let taken = offer.strongest().unwrap();
            assert_eq!(taken.as_str(), mechanism);
            assert_eq!(format!("{:?}", offer.client_binding(taken)), binding);
        }
        let odd = offer(&["DIGEST-MD5", "ANONYMOUS"], None, true, true);
        assert!(matches!(odd.strongest(), Err(ConnectError::NoMechanism(_))));
    }

    #[test]
    fn a_token_is_bound_where_it_can_be() {
        let bound = offer(&[], None, true, true);
        assert_eq!(bound.token(), Some(TokenMechanism::EndPoint));
        assert_eq!(bound.token_binding(TokenMechanism::Exporter), None);
        let blind = offer(&[], None, false, false);
        assert_eq!(blind.token(), Some(TokenMechanism::Unbound));
    }
}
