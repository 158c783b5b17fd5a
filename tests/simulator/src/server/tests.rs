//! The model against the specifications, over its bytes.

mod kept;
mod rooms;

use xmpp_core::element::{self, StreamPrefixes};
use xmpp_core::framing::{Frame, Framer, FramingLimits};
use xmpp_core::{Element, ns};

use super::*;
use crate::flavour::Acknowledging;

fn server(change: impl FnOnce(&mut Flavour)) -> Server {
    let mut flavour = Flavour {
        ask_every: 1000,
        ..Flavour::default()
    };
    change(&mut flavour);
    Server::new(flavour, ["anna", "bela"].map(str::to_owned))
}

/// A client that says what it is told.
struct Client {
    stream: u64,
    framer: Framer,
}

impl Client {
    fn connect(server: &mut Server) -> Self {
        Self {
            stream: server.connect(),
            framer: Framer::new(FramingLimits::default()),
        }
    }

    /// Says something, lets the server write it to disk, and gives the answers.
    fn say(&mut self, server: &mut Server, xml: &str) -> Vec<Element> {
        server.input(self.stream, xml.as_bytes());
        server.commit();
        self.hear(server)
    }

    fn hear(&mut self, server: &mut Server) -> Vec<Element> {
        let (text, _) = server.take_output(self.stream);
        self.framer.push(text.as_bytes());
        let mut heard = Vec::new();
        while let Some(frame) = self.framer.next_frame().unwrap() {
            if let Frame::Element(bytes) = frame {
                let parsed = element::parse_in_stream(&bytes, &StreamPrefixes::default());
                heard.push(parsed.unwrap());
            }
        }
        heard
    }

    fn open(&mut self, server: &mut Server) -> Vec<Element> {
        self.framer.restart();
        let header = format!(
            "<stream:stream xmlns='{}' xmlns:stream='{}' to='{DOMAIN}' version='1.0'>",
            ns::CLIENT,
            ns::STREAM
        );
        self.say(server, &header)
    }

    fn signed_in(server: &mut Server, user: &str) -> Self {
        use base64::Engine as _;
        let mut client = Self::connect(server);
        client.open(server);
        let plain = xmpp_core::sasl::plain::initial_response(user, PASSWORD);
        let plain = base64::engine::general_purpose::STANDARD.encode(&*plain);
        let auth = format!(
            "<auth xmlns='{}' mechanism='PLAIN'>{plain}</auth>",
            ns::SASL
        );
        assert!(client.say(server, &auth)[0].is("success", ns::SASL));
        assert!(client.open(server)[0].has_child("bind", ns::BIND));
        client
    }

    fn bound(server: &mut Server, user: &str, resource: &str) -> Self {
        let mut client = Self::signed_in(server, user);
        let bind = format!(
            "<iq type='set' id='b'><bind xmlns='{}'><resource>{resource}</resource></bind></iq>",
            ns::BIND
        );
        assert_eq!(client.say(server, &bind)[0].attr("type"), Some("result"));
        client
    }

    /// Bound, with stream management, copies and presence; gives the id of the
    /// session.
    fn there(server: &mut Server, user: &str, resource: &str) -> (Self, Option<String>) {
        let mut client = Self::bound(server, user, resource);
        let enabled = client.say(server, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
        let id = enabled[0].attr("id").map(str::to_owned);
        let carbons = "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq><presence/>";
        client.say(server, carbons);
        (client, id)
    }

    fn resume(server: &mut Server, user: &str, id: &str, h: u32) -> (Self, Vec<Element>) {
        let mut client = Self::signed_in(server, user);
        let resume = format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='{h}'/>");
        let answer = client.say(server, &resume);
        (client, answer)
    }

    fn text(&mut self, server: &mut Server, to: &str, text: &str) -> Vec<Element> {
        self.say(server, &message(to, text))
    }

    /// A page of the archive: the texts, whether it is complete, and its last id.
    fn page(&mut self, server: &mut Server, set: &str) -> (Vec<String>, bool, Option<String>) {
        let query = format!(
            "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2' queryid='x'>\
             <set xmlns='http://jabber.org/protocol/rsm'>{set}</set></query></iq>"
        );
        let mut answers = self.say(server, &query);
        let fin = answers.pop().unwrap();
        let fin = fin.get_child("fin", ns::MAM).unwrap();
        let texts = answers.iter().map(|answer| {
            let result = answer.get_child("result", ns::MAM).unwrap();
            assert_eq!(result.attr("queryid"), Some("x"));
            let forwarded = result.get_child("forwarded", ns::FORWARD).unwrap();
            body(forwarded.get_child("message", ns::CLIENT).unwrap())
        });
        let set = fin.get_child("set", ns::RSM).unwrap();
        let last = set.get_child("last", ns::RSM).map(Element::text);
        (texts.collect(), fin.attr("complete") == Some("true"), last)
    }
}

fn message(to: &str, text: &str) -> String {
    format!("<message type='chat' to='{to}@{DOMAIN}' id='{text}'><body>{text}</body></message>")
}

fn body(message: &Element) -> String {
    message
        .get_child("body", ns::CLIENT)
        .map(Element::text)
        .unwrap_or_default()
}

fn stanza_id(message: &Element) -> Option<&str> {
    message
        .get_child("stanza-id", ns::STANZA_ID)
        .and_then(|id| id.attr("id"))
}

fn texts(heard: &[Element]) -> Vec<String> {
    heard
        .iter()
        .filter(|element| element.name() == "message")
        .map(body)
        .collect()
}

fn h(heard: &[Element]) -> Option<&str> {
    heard.iter().rev().find_map(|element| element.attr("h"))
}

const ASK: &str = "<r xmlns='urn:xmpp:sm:3'/>";

#[test]
fn a_message_reaches_all_devices_and_both_archives() {
    let mut server = server(|_| ());
    let (mut anna, _) = Client::there(&mut server, "anna", "desk");
    let (mut phone, _) = Client::there(&mut server, "anna", "phone");
    let (mut bela, _) = Client::there(&mut server, "bela", "desk");
    let (mut tablet, _) = Client::there(&mut server, "bela", "tablet");
    for client in [&mut anna, &mut phone, &mut bela] {
        client.hear(&mut server);
    }
    assert_eq!(texts(&anna.text(&mut server, "bela", "hi")), [""; 0]);
    for client in [&mut bela, &mut tablet] {
        let heard = client.hear(&mut server);
        assert_eq!(texts(&heard), ["hi"]);
        assert_eq!(heard[0].attr("from"), Some("anna@sim.example/desk"));
        let archived = &server.accounts["bela"].archive[0];
        assert_eq!(stanza_id(&heard[0]), Some(archived.id.as_str()));
    }
    let copy = phone.hear(&mut server);
    let sent = copy[0].get_child("sent", ns::CARBONS).unwrap();
    let inner = sent.get_child("forwarded", ns::FORWARD).unwrap();
    let inner = inner.get_child("message", ns::CLIENT).unwrap();
    let archived = &server.accounts["anna"].archive[0];
    assert_eq!(body(inner), "hi");
    assert_eq!(stanza_id(inner), Some(archived.id.as_str()));
    assert_ne!(archived.id, server.accounts["bela"].archive[0].id);
    assert!(server.complaints.is_empty(), "{:?}", server.complaints);
}

#[test]
fn one_device_and_copies_for_the_others() {
    let mut server = server(|flavour| flavour.to_all = false);
    let (mut anna, _) = Client::there(&mut server, "anna", "desk");
    let (mut first, _) = Client::there(&mut server, "bela", "desk");
    let (mut second, _) = Client::there(&mut server, "bela", "tablet");
    first.hear(&mut server);
    anna.text(&mut server, "bela", "hi");
    assert_eq!(texts(&second.hear(&mut server)), ["hi"]);
    assert!(first.hear(&mut server)[0].has_child("received", ns::CARBONS));
}

#[test]
fn ids_of_others_are_taken_out() {
    let mut server = server(|_| ());
    let (mut anna, _) = Client::there(&mut server, "anna", "desk");
    let (mut bela, _) = Client::there(&mut server, "bela", "desk");
    let forged = message("bela", "hi").replace(
        "</body>",
        "</body><stanza-id xmlns='urn:xmpp:sid:0' by='bela@sim.example' id='forged'/>",
    );
    anna.say(&mut server, &forged);
    let heard = bela.hear(&mut server);
    assert_eq!(
        heard[0]
            .children()
            .filter(|c| c.name() == "stanza-id")
            .count(),
        1
    );
    assert_ne!(stanza_id(&heard[0]), Some("forged"));
}

#[test]
fn what_is_acknowledged_is_on_disk() {
    let mut server = server(|_| ());
    let (mut anna, _) = Client::there(&mut server, "anna", "desk");
    // Two stanzas so far: copies and presence.
    server.input(
        anna.stream,
        format!("{}{ASK}", message("bela", "1")).as_bytes(),
    );
    assert!(anna.hear(&mut server).is_empty(), "not yet");
    assert_eq!(server.waiting(), 2);
    let mut lost = Server {
        flavour: server.flavour,
        ..Server::new(server.flavour, ["anna", "bela"].map(str::to_owned))
    };
    std::mem::swap(&mut lost, &mut server);
    lost.crash(0);
    assert!(lost.accounts["anna"].archive.is_empty());

    let (mut anna, _) = Client::there(&mut server, "anna", "desk");
    let heard = anna.say(&mut server, &format!("{}{ASK}", message("bela", "1")));
    assert_eq!(h(&heard), Some("3"));
    server.input(anna.stream, message("bela", "2").as_bytes());
    server.input(anna.stream, message("bela", "3").as_bytes());
    server.crash(1);
    let bodies: Vec<String> = server.accounts["bela"]
        .archive
        .iter()
        .map(|archived| body(&archived.message))
        .collect();
    assert_eq!(
        bodies,
        ["1", "2"],
        "what was lucky is there, the rest is not"
    );
}

#[test]
fn acknowledgements_in_their_order_unasked_and_at_once() {
    for (acknowledging, expected) in [
        (Acknowledging::InOrder, vec!["3"]),
        (Acknowledging::Unasked, vec!["3", "3"]),
        (Acknowledging::AtOnce, vec!["2"]),
    ] {
        let mut server = server(|flavour| flavour.acknowledging = acknowledging);
        let (mut anna, _) = Client::there(&mut server, "anna", "desk");
        anna.hear(&mut server);
        let heard = anna.say(&mut server, &format!("{}{ASK}", message("bela", "1")));
        let said: Vec<&str> = heard.iter().filter_map(|a| a.attr("h")).collect();
        assert_eq!(said, expected, "{acknowledging:?}");
    }
}

#[test]
fn a_session_is_resumed_with_all_that_was_on_its_way() {
    let mut server = server(|_| ());
    let (mut anna, _) = Client::there(&mut server, "anna", "desk");
    let (mut bela, id) = Client::there(&mut server, "bela", "desk");
    let id = id.unwrap();
    let before = u32::try_from(bela.hear(&mut server).len()).unwrap();
    // The answer to the request for copies, and the presence of both.
    let handled = before + 3;
    server.hang_up(bela.stream);
    anna.text(&mut server, "bela", "1");
    anna.text(&mut server, "bela", "2");
    let (mut again, heard) = Client::resume(&mut server, "bela", &id, handled);
    assert!(heard[0].is("resumed", ns::SM), "{heard:?}");
    assert_eq!(heard[0].attr("h"), Some("2"));
    assert_eq!(texts(&heard), ["1", "2"]);
    // The connection is not known to be lost: it is taken over all the same.
    let (_, heard) = Client::resume(&mut server, "bela", &id, handled + 1);
    assert_eq!(texts(&heard), ["2"]);
    let conflict = again.hear(&mut server);
    assert!(conflict[0].has_child("conflict", ns::STREAM_ERRORS));
    again.say(&mut server, &message("anna", "late"));
    assert_eq!(
        server.accounts["anna"].archive.len(),
        2,
        "nothing more of it"
    );
    assert!(server.complaints.is_empty(), "{:?}", server.complaints);
}

#[test]
fn sessions_end_in_time_and_refusals_say_what_was_handled() {
    for failed_h in [false, true] {
        let mut server = server(|flavour| {
            flavour.resume_ms = 5_000;
            flavour.failed_h = failed_h;
        });
        server.at(1_000);
        let (anna, id) = Client::there(&mut server, "anna", "desk");
        let (mut bela, _) = Client::there(&mut server, "bela", "desk");
        bela.hear(&mut server);
        server.hang_up(anna.stream);
        server.commit();
        server.at(5_999);
        assert!(bela.hear(&mut server).is_empty(), "may come back");
        server.at(6_000);
        let heard = bela.hear(&mut server);
        assert_eq!(heard[0].attr("type"), Some("unavailable"));
        let (_, heard) = Client::resume(&mut server, "anna", &id.unwrap(), 0);
        assert!(heard[0].is("failed", ns::SM));
        assert_eq!(heard[0].attr("h"), failed_h.then_some("2"));
    }
}

#[test]
fn more_than_was_sent_cannot_be_acknowledged() {
    let mut server = server(|_| ());
    let (mut anna, _) = Client::there(&mut server, "anna", "desk");
    anna.say(&mut server, "<a xmlns='urn:xmpp:sm:3' h='99'/>");
    assert_eq!(server.complaints.len(), 1);
}
