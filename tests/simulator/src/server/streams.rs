//! The streams: headers, signing in, binding (RFC 6120, sections 4, 6 and 7),
//! and what of XEP-0198 belongs to them. Each is taken for encrypted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use xmpp_core::element::{self, StreamPrefixes, build};
use xmpp_core::framing::{Frame, Framer, FramingLimits};
use xmpp_core::sasl::plain;
use xmpp_core::stream::{StreamHeader, TCP_CLOSE};
use xmpp_core::{Element, ns};

use super::{Arrived, DOMAIN, PASSWORD, Server, address};
use crate::flavour::Acknowledging;

/// A stream.
#[derive(Debug)]
pub(super) struct Stream {
    framer: Framer,
    prefixes: StreamPrefixes,
    /// Who has signed in.
    account: Option<String>,
    pub(super) session: Option<u64>,
    output: String,
    /// The server has said all that it will say.
    over: bool,
}

impl Server {
    /// Takes a connection.
    pub(crate) fn connect(&mut self) -> u64 {
        let id = self.number();
        let stream = Stream {
            framer: Framer::new(FramingLimits::default()),
            prefixes: StreamPrefixes::default(),
            account: None,
            session: None,
            output: String::new(),
            over: false,
        };
        self.streams.insert(id, stream);
        id
    }

    /// The connection of a stream is gone.
    pub(crate) fn hang_up(&mut self, id: u64) {
        self.arrived.push_back((id, Arrived::HangUp));
    }

    /// What is to be sent on a stream, and whether that is the end of it.
    pub(crate) fn take_output(&mut self, id: u64) -> (String, bool) {
        match self.streams.get_mut(&id) {
            Some(stream) => (std::mem::take(&mut stream.output), stream.over),
            None => (String::new(), true),
        }
    }

    /// Streams that have something to send, or nothing any more.
    pub(crate) fn with_output(&self) -> Vec<u64> {
        self.streams
            .iter()
            .filter(|(_, stream)| stream.over || !stream.output.is_empty())
            .map(|(id, _)| *id)
            .collect()
    }

    /// Takes bytes of a stream.
    pub(crate) fn input(&mut self, id: u64, bytes: &[u8]) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.framer.push(bytes);
        }
        loop {
            let Some(stream) = self.streams.get_mut(&id).filter(|stream| !stream.over) else {
                return;
            };
            match stream.framer.next_frame() {
                Ok(Some(Frame::Open(tag))) => self.header(id, &tag),
                Ok(Some(Frame::Element(bytes))) => {
                    match element::parse_in_stream(&bytes, &stream.prefixes) {
                        Ok(element) => self.arrive(id, element),
                        Err(error) => self.stream_error(id, &error.to_string()),
                    }
                }
                Ok(Some(Frame::Close)) => self.arrived.push_back((id, Arrived::Close)),
                Ok(None) => return,
                Err(error) => self.stream_error(id, &error.to_string()),
            }
        }
    }

    pub(super) fn write(&mut self, id: u64, xml: &str) {
        if let Some(stream) = self.streams.get_mut(&id)
            && !stream.over
        {
            stream.output.push_str(xml);
        }
    }

    pub(super) fn send(&mut self, id: u64, element: &Element) {
        // What came from a parser can be written.
        let xml = element::write(element).unwrap_or_default();
        self.write(id, &xml);
    }

    /// RFC 6120, section 4.9: what a client of ours must never bring about.
    fn stream_error(&mut self, id: u64, why: &str) {
        self.complain(format!("stream error: {why}"));
        self.write(
            id,
            &format!(
                "<stream:error><not-well-formed xmlns='{}'/>\
                 <text xmlns='{}'>{}</text></stream:error>{TCP_CLOSE}",
                ns::STREAM_ERRORS,
                ns::STREAM_ERRORS,
                xmpp_core::written::escaped(why)
            ),
        );
        self.end_stream(id);
    }

    /// The server closes its side; its session, if any, has lost its stream.
    pub(super) fn end_stream(&mut self, id: u64) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.over = true;
            if let Some(session) = stream.session.take() {
                self.lose_session(session);
            }
        }
    }

    /// The client has said that it ends (RFC 6120, section 4.4).
    pub(super) fn close_stream(&mut self, id: u64) {
        self.write(id, TCP_CLOSE);
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.over = true;
            if let Some(session) = stream.session.take() {
                self.end_session(session);
            }
        }
    }

    /// The connection is gone; the session may be resumed.
    pub(super) fn lose_stream(&mut self, id: u64) {
        self.end_stream(id);
        self.streams.remove(&id);
    }

    fn header(&mut self, id: u64, tag: &[u8]) {
        let Ok((_, prefixes)) = StreamHeader::parse_tcp(tag) else {
            return self.stream_error(id, "header");
        };
        let header = StreamHeader {
            from: Some(DOMAIN.to_owned()),
            id: Some(self.id()),
            version: Some("1.0".to_owned()),
            ..StreamHeader::default()
        };
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        stream.prefixes = prefixes;
        let features = if stream.account.is_some() {
            format!("<bind xmlns='{}'/><sm xmlns='{}'/>", ns::BIND, ns::SM)
        } else {
            format!(
                "<mechanisms xmlns='{}'><mechanism>PLAIN</mechanism></mechanisms>",
                ns::SASL
            )
        };
        let features = format!("<stream:features>{features}</stream:features>");
        self.write(id, &(header.to_tcp() + &features));
    }

    /// What concerns the stream alone is answered at once, all else in its turn.
    fn arrive(&mut self, id: u64, element: Element) {
        if element.is("auth", ns::SASL) {
            self.auth(id, &element);
        } else if element.is("a", ns::SM) {
            self.client_has(id, &element);
        } else if element.is("r", ns::SM) && self.flavour.acknowledging == Acknowledging::AtOnce {
            self.acknowledge(id);
        } else {
            self.arrived.push_back((id, Arrived::Element(element)));
        }
    }

    /// RFC 6120, section 6, with PLAIN (RFC 4616).
    fn auth(&mut self, id: u64, auth: &Element) {
        let credentials = STANDARD
            .decode(auth.text().trim())
            .ok()
            .and_then(|bytes| plain::parse(&bytes))
            .filter(|found| found.password.as_str() == PASSWORD)
            .filter(|found| self.accounts.contains_key(&found.username));
        match credentials {
            Some(credentials) => {
                self.write(id, &format!("<success xmlns='{}'/>", ns::SASL));
                if let Some(stream) = self.streams.get_mut(&id) {
                    stream.account = Some(credentials.username.clone());
                    stream.framer.restart();
                }
            }
            None => self.write(
                id,
                &format!("<failure xmlns='{}'><not-authorized/></failure>", ns::SASL),
            ),
        }
    }

    /// Handles an element whose turn it is.
    pub(super) fn element(&mut self, id: u64, element: &Element) {
        let Some(stream) = self.streams.get(&id).filter(|stream| !stream.over) else {
            // Replaced meanwhile: what it still says was never handled.
            return;
        };
        let Some(account) = stream.account.clone() else {
            return self.stream_error(id, "not signed in");
        };
        let session = stream.session;
        match (element.name(), element.ns().as_str(), session) {
            ("resume", ns::SM, None) => self.resume(id, &account, element),
            ("enable", ns::SM, Some(session)) => self.enable(id, session),
            ("r", ns::SM, Some(_)) => self.acknowledge(id),
            ("iq", ns::CLIENT, None) if element.has_child("bind", ns::BIND) => {
                self.bind(id, &account, element);
            }
            ("iq" | "message" | "presence", ns::CLIENT, Some(session)) => {
                self.stanza(session, element);
            }
            _ => self.stream_error(id, &format!("unexpected {}", element.name())),
        }
    }

    /// RFC 6120, section 7. A device that comes again replaces itself.
    fn bind(&mut self, id: u64, account: &str, iq: &Element) {
        let asked = iq
            .get_child("bind", ns::BIND)
            .and_then(|bind| bind.get_child("resource", ns::BIND))
            .map(Element::text)
            .filter(|resource| !resource.is_empty());
        let resource = asked.unwrap_or_else(|| self.id());
        self.replace(account, &resource);
        let session = self.new_session(account, &resource, id);
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.session = Some(session);
        }
        let jid = build("jid", ns::BIND).text(format!("{}/{resource}", address(account)));
        let result = build("iq", ns::CLIENT)
            .attr("type", "result")
            .attr_opt("id", iq.attr("id"))
            .child(build("bind", ns::BIND).child(jid));
        self.send(id, &result.done());
    }

    pub(super) fn attach(&mut self, id: u64, session: u64) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.session = Some(session);
        }
    }

    /// The stream of a session that another has taken over.
    pub(super) fn conflict(&mut self, id: u64) {
        self.write(
            id,
            &format!(
                "<stream:error><conflict xmlns='{}'/></stream:error>{TCP_CLOSE}",
                ns::STREAM_ERRORS
            ),
        );
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.session = None;
            stream.over = true;
        }
    }
}
