//! What nearly every test says first: headers, sign-in, binding; and how a test
//! knows that nothing more will come.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xmpp_core::sasl::{ClientBinding, Mechanism, ScramClient};
use xmpp_core::{Element, ns};

use super::dial::Place;
use super::{Client, Read, parse};
use crate::server::PASSWORD;

/// An exchange as the client saw it.
pub(crate) struct Exchange {
    /// `s=` and `i=` of the server's first message.
    pub(crate) salt: String,
    /// The last word: `<success/>` or `<failure/>`, as it stood on the wire.
    pub(crate) raw: String,
}

impl Exchange {
    pub(crate) fn is_success(&self) -> bool {
        parse(&self.raw).is("success", ns::SASL)
    }

    /// The condition of the failure.
    pub(crate) fn failure(&self) -> String {
        let failure = parse(&self.raw);
        assert!(failure.is("failure", ns::SASL), "{}", self.raw);
        failure.children().next().unwrap().name().to_owned()
    }
}

impl Client {
    /// A header for this server, in the framing of this connection.
    pub(crate) fn header(&self) -> String {
        let domain = &self.domain;
        if self.is_web() {
            format!(
                "<open xmlns='{}' to='{domain}' version='1.0'/>",
                ns::FRAMING
            )
        } else {
            format!(
                "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
                 xmlns:stream='{}' to='{domain}' version='1.0'>",
                ns::STREAM
            )
        }
    }

    /// Opens a stream; the features that the server offers.
    pub(crate) async fn open(&mut self) -> Element {
        let header = self.header();
        self.send(header).await;
        self.expect_open().await;
        let features = self.element().await;
        assert!(features.is("features", ns::STREAM));
        features
    }

    /// The server's header, as text.
    pub(crate) async fn expect_open(&mut self) -> String {
        match self.read().await {
            Read::Open(raw) => raw,
            other => panic!("wanted a header, got {other:?}"),
        }
    }

    /// A SCRAM or PLAIN exchange with this binding. Only what the server proves
    /// counts as success.
    pub(crate) async fn exchange(
        &mut self,
        mechanism: Mechanism,
        user: &str,
        password: &str,
        binding: ClientBinding,
    ) -> Exchange {
        let Some(hash) = mechanism.scram_hash() else {
            let response = STANDARD.encode(format!("\0{user}\0{password}"));
            self.auth("PLAIN", &response).await;
            let (salt, raw) = (String::new(), self.raw().await);
            return Exchange { salt, raw };
        };
        let mut scram =
            ScramClient::new(hash, user, password, "fyko-of-the-test", binding).unwrap();
        let initial = STANDARD.encode(scram.initial());
        self.auth(mechanism.as_str(), &initial).await;
        let raw = self.raw().await;
        let challenge = parse(&raw);
        if !challenge.is("challenge", ns::SASL) {
            let salt = String::new();
            return Exchange { salt, raw };
        }
        let first = STANDARD.decode(challenge.text()).unwrap();
        let first = String::from_utf8(first).unwrap();
        let salt = first[first.find(",s=").unwrap()..].to_owned();
        let answer = scram.respond(first.as_bytes()).unwrap();
        self.respond(&STANDARD.encode(answer)).await;
        let raw = self.raw().await;
        let last = parse(&raw);
        if last.is("success", ns::SASL) {
            let proof = STANDARD.decode(last.text()).unwrap();
            scram.verify(&proof).expect("the server knows the password");
        }
        Exchange { salt, raw }
    }

    pub(crate) async fn auth(&mut self, mechanism: &str, initial: &str) {
        let sasl = ns::SASL;
        self.send(format!(
            "<auth xmlns='{sasl}' mechanism='{mechanism}'>{initial}</auth>"
        ))
        .await;
    }

    pub(crate) async fn respond(&mut self, response: &str) {
        self.send(format!(
            "<response xmlns='{}'>{response}</response>",
            ns::SASL
        ))
        .await;
    }

    /// Signs in, up to the features of the second stream.
    pub(crate) async fn sign_in(&mut self, user: &str) -> Element {
        self.open().await;
        let plain = Mechanism::Plain;
        let done = self
            .exchange(plain, user, PASSWORD, ClientBinding::Unsupported)
            .await;
        assert!(done.is_success(), "{}", done.raw);
        self.restart();
        self.open().await
    }

    /// Binds a resource.
    pub(crate) async fn bind(&mut self, resource: &str) {
        self.send(format!(
            "<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='{}'>\
             <resource>{resource}</resource></bind></iq>",
            ns::BIND
        ))
        .await;
        let bound = self.element().await;
        assert_eq!(bound.attr("type"), Some("result"), "{bound:?}");
        let jid = bound.get_child("bind", ns::BIND).unwrap();
        self.address = jid.get_child("jid", ns::BIND).unwrap().text();
    }

    /// A bound session over direct TLS, which has said nothing yet.
    pub(crate) async fn session(server: &impl Place, user: &str, resource: &str) -> Self {
        let mut client = Self::direct(server).await;
        client.sign_in(user).await;
        client.bind(resource).await;
        client
    }

    /// An available session that has heard all there was to hear.
    pub(crate) async fn online(server: &impl Place, user: &str, resource: &str) -> Self {
        let mut client = Self::session(server, user, resource).await;
        client.send("<presence/>").await;
        client.sync().await;
        client
    }

    /// Everything that the server has for this session by now. A headline to
    /// oneself goes the way of all stanzas and comes back behind them; before
    /// that, everything that this client has sent is done.
    pub(crate) async fn sync(&mut self) -> Vec<Element> {
        self.syncs += 1;
        let id = format!("sync-{}", self.syncs);
        let to = &self.address;
        self.send(format!(
            "<message xmlns='jabber:client' type='headline' to='{to}' id='{id}'/>"
        ))
        .await;
        let mut before = Vec::from(std::mem::take(&mut self.overtaken));
        loop {
            let element = self.element().await;
            if element.attr("id") == Some(&id) && element.name() == "message" {
                return before;
            }
            before.push(element);
        }
    }

    /// As [`Client::sync`], but only messages.
    pub(crate) async fn messages(&mut self) -> Vec<Element> {
        let mut all = self.sync().await;
        all.retain(|element| element.is("message", ns::CLIENT));
        all
    }

    /// Sends a request and gives its answer with the stanzas that came before.
    pub(crate) async fn ask(&mut self, iq: &str) -> (Vec<Element>, Element) {
        let id = parse(iq).attr("id").unwrap().to_owned();
        self.send(iq).await;
        let mut before = Vec::new();
        loop {
            let element = self.element().await;
            if element.is("iq", ns::CLIENT)
                && element.attr("id") == Some(&id)
                && matches!(element.attr("type"), Some("result" | "error"))
            {
                return (before, element);
            }
            before.push(element);
        }
    }

    /// Proves that the server serves: a fresh client signs in and is answered.
    pub(crate) async fn prove_alive(server: &impl Place, user: &str) {
        let mut client = Self::session(server, user, "").await;
        let ping = "<iq type='get' id='alive'><ping xmlns='urn:xmpp:ping'/></iq>";
        let (_, pong) = client.ask(ping).await;
        assert_eq!(pong.attr("type"), Some("result"));
    }
}

/// The condition of a stanza error, with its type: `cancel service-unavailable`.
pub(crate) fn error_of(stanza: &Element) -> String {
    assert_eq!(stanza.attr("type"), Some("error"), "{stanza:?}");
    let error = stanza.get_child("error", ns::CLIENT).expect("an error");
    format!("{} {}", error.attr("type").unwrap(), condition(stanza))
}

/// The condition of a stanza error; `(none)` if it is none.
pub(crate) fn condition(stanza: &Element) -> String {
    let error = stanza.get_child("error", ns::CLIENT);
    error
        .into_iter()
        .flat_map(Element::children)
        .find(|child| child.has_ns(ns::STANZA_ERRORS) && child.name() != "text")
        .map_or("(none)", Element::name)
        .to_owned()
}

/// The first value of a field of a form (XEP-0004).
pub(crate) fn value(field: &Element) -> String {
    let value = field.get_child("value", ns::DATA_FORMS);
    value.map(Element::text).unwrap_or_default()
}

/// The text of a message.
pub(crate) fn body(message: &Element) -> Option<String> {
    message.get_child("body", ns::CLIENT).map(Element::text)
}

/// The texts of messages, in order; empty where there is none.
pub(crate) fn bodies(messages: &[Element]) -> Vec<String> {
    messages
        .iter()
        .map(|message| body(message).unwrap_or_default())
        .collect()
}
