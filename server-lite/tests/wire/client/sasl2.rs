//! SASL 2 from the client's side (XEP-0388, 0386, 0484).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use xmpp_core::sasl::{ClientBinding, Mechanism, ScramClient, TokenMechanism, hashed_token};
use xmpp_core::{Element, ns};

use super::{Certificate, Client};
use crate::server::PASSWORD;

/// What a client says its installation is.
pub(crate) fn agent(id: &str) -> String {
    format!("<user-agent id='{id}'><software>Test</software></user-agent>")
}

/// A request to bind, with what is to be switched on.
pub(crate) fn bind2(inside: &str) -> String {
    format!("<bind xmlns='urn:xmpp:bind:0'>{inside}</bind>")
}

/// A `<success/>`.
pub(crate) fn success(element: Element) -> Element {
    assert!(element.is("success", ns::SASL2), "{element:?}");
    element
}

/// The condition of a `<failure/>`.
pub(crate) fn failure2(element: &Element) -> String {
    assert!(element.is("failure", ns::SASL2), "{element:?}");
    let condition = element.children().next().unwrap();
    assert!(condition.has_ns(ns::SASL), "{element:?}");
    condition.name().to_owned()
}

/// The address in a `<success/>`.
pub(crate) fn address(success: &Element) -> String {
    let id = success.get_child("authorization-identifier", ns::SASL2);
    id.expect("an address").text()
}

fn data(element: &Element) -> Vec<u8> {
    let data = element.get_child("additional-data", ns::SASL2);
    STANDARD.decode(data.expect("data").text()).unwrap()
}

impl Certificate {
    /// RFC 5929, for certificates that are signed with SHA-256.
    pub(crate) fn end_point(&self) -> Vec<u8> {
        Sha256::digest(&self.0).to_vec()
    }

    pub(crate) fn der(&self) -> &[u8] {
        &self.0
    }
}

impl Client {
    /// Sends `<authenticate/>` with these children behind the initial response.
    pub(crate) async fn send_authenticate(
        &mut self,
        mechanism: &str,
        initial: impl AsRef<[u8]>,
        inside: &str,
    ) {
        self.send(format!(
            "<authenticate xmlns='{}' mechanism='{mechanism}'>\
             <initial-response>{}</initial-response>{inside}</authenticate>",
            ns::SASL2,
            STANDARD.encode(initial)
        ))
        .await;
    }

    /// A whole exchange with a password: `<success/>`, whose proof is checked, or
    /// `<failure/>`.
    pub(crate) async fn authenticate_with(
        &mut self,
        mechanism: Mechanism,
        user: &str,
        password: &str,
        binding: ClientBinding,
        inside: &str,
    ) -> Element {
        let Some(hash) = mechanism.scram_hash() else {
            let initial = format!("\0{user}\0{password}");
            self.send_authenticate("PLAIN", initial, inside).await;
            return self.element().await;
        };
        let mut scram = ScramClient::new(hash, user, password, "fyko", binding).unwrap();
        self.send_authenticate(mechanism.as_str(), scram.initial(), inside)
            .await;
        let challenge = self.element().await;
        if !challenge.is("challenge", ns::SASL2) {
            return challenge;
        }
        let first = STANDARD.decode(challenge.text()).unwrap();
        let answer = scram.respond(&first).unwrap();
        self.send(format!(
            "<response xmlns='{}'>{}</response>",
            ns::SASL2,
            STANDARD.encode(answer)
        ))
        .await;
        let last = self.element().await;
        if last.is("success", ns::SASL2) {
            scram.verify(&data(&last)).expect("the server's proof");
        }
        last
    }

    /// Signs in with the password; the `<success/>`. The features that follow
    /// are still to be read.
    pub(crate) async fn authenticate(&mut self, user: &str, inside: &str) -> Element {
        self.open().await;
        let unbound = ClientBinding::Unsupported;
        let plain = Mechanism::Plain;
        success(
            self.authenticate_with(plain, user, PASSWORD, unbound, inside)
                .await,
        )
    }

    /// What a token is bound to at this end.
    pub(crate) fn token_binding(&self, mechanism: TokenMechanism) -> Vec<u8> {
        match mechanism {
            TokenMechanism::Exporter => self.exporter.clone().expect("TLS 1.3"),
            TokenMechanism::EndPoint => self.certificate.as_ref().unwrap().end_point(),
            TokenMechanism::Unbound => Vec::new(),
        }
    }

    /// Signs in with a token: `<success/>`, whose proof is checked, or `<failure/>`.
    pub(crate) async fn authenticate_by_token(
        &mut self,
        mechanism: TokenMechanism,
        user: &str,
        token: &str,
        inside: &str,
    ) -> Element {
        let binding = self.token_binding(mechanism);
        let initial = hashed_token::initial_response(user, token, &binding);
        self.send_authenticate(mechanism.as_str(), initial, inside)
            .await;
        let last = self.element().await;
        if last.is("success", ns::SASL2) {
            assert!(hashed_token::is_response(&data(&last), token, &binding));
        }
        last
    }

    /// The features that follow a `<success/>`.
    pub(crate) async fn features(&mut self) -> Element {
        let features = self.element().await;
        assert!(features.is("features", ns::STREAM), "{features:?}");
        features
    }
}
