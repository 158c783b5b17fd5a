//! Requests whose answers have not come yet.

use std::collections::HashMap;

use jid::{BareJid, Jid};
use tokio::sync::oneshot;
use xmpp_core::stanza_error::StanzaError;
use xmpp_core::{Element, ns};

use crate::account::handle::{Answer, AskError, Question};

/// Requests at once; one more is refused.
const MAX_PENDING: usize = 500;
/// Results of one page: a server that sends more than it was asked for must not
/// fill our memory.
const MAX_RESULTS: usize = 2_000;

#[derive(Default)]
pub(super) struct Pending {
    by_id: HashMap<String, Waiting>,
}

struct Waiting {
    to: Option<String>,
    query_id: Option<String>,
    results: Vec<Element>,
    answer: oneshot::Sender<Result<Answer, AskError>>,
}

impl Pending {
    /// Remembers a question; gives its request, or `None` if there are too many.
    pub(super) fn ask(&mut self, question: Question) -> Option<Element> {
        // Those whose askers have gone.
        self.by_id.retain(|_, waiting| !waiting.answer.is_closed());
        if self.by_id.len() >= MAX_PENDING {
            drop(question.answer.send(Err(AskError::TimedOut)));
            return None;
        }
        let iq = xmpp_core::element::build("iq", ns::CLIENT)
            .attr("type", question.kind)
            .attr("id", &question.id)
            .attr_opt("to", question.to.as_deref())
            .child(question.payload)
            .done();
        self.by_id.insert(
            question.id,
            Waiting {
                to: question.to,
                query_id: question.query_id,
                results: Vec::new(),
                answer: question.answer,
            },
        );
        Some(iq)
    }

    /// Gives an answer to whoever asked; whether it was one. Only the one who
    /// was asked may answer (RFC 6120, section 8.1.2.1).
    pub(super) fn answer(&mut self, own: &BareJid, iq: &Element) -> bool {
        let Some(id) = iq.attr("id") else {
            return false;
        };
        let is_error = match iq.attr("type") {
            Some("result") => false,
            Some("error") => true,
            _ => return false,
        };
        let asked = |waiting: &Waiting| is_from(own, waiting.to.as_deref(), iq);
        if !self.by_id.get(id).is_some_and(asked) {
            return false;
        }
        if let Some(waiting) = self.by_id.remove(id) {
            let answer = if is_error {
                Err(StanzaError::from_stanza(iq).into())
            } else {
                Ok(Answer {
                    iq: iq.clone(),
                    results: waiting.results,
                })
            };
            // Whoever asked may have given up.
            drop(waiting.answer.send(answer));
        }
        true
    }

    /// Keeps a result of an archive for whoever asked for it. Results that
    /// nobody asked for, or from somebody else, go nowhere.
    pub(super) fn result(&mut self, own: &BareJid, message: &Element) {
        let query_id = message
            .get_child("result", ns::MAM)
            .and_then(|result| result.attr("queryid"));
        let Some(query_id) = query_id else { return };
        let waiting = self.by_id.values_mut().find(|waiting| {
            waiting.query_id.as_deref() == Some(query_id)
                && is_from(own, waiting.to.as_deref(), message)
        });
        if let Some(waiting) = waiting
            && waiting.results.len() < MAX_RESULTS
        {
            waiting.results.push(message.clone());
        }
    }
}

/// Whether a stanza comes from the one who was asked. Our own server answers
/// for our account under several names, or none.
fn is_from(own: &BareJid, asked: Option<&str>, stanza: &Element) -> bool {
    let Some(from) = stanza.attr("from") else {
        return asked.is_none_or(|asked| BareJid::new(asked).is_ok_and(|asked| asked == *own));
    };
    let Ok(from) = Jid::new(from) else {
        return false;
    };
    match asked {
        None => from.to_bare() == *own || from.as_str() == own.domain().as_str(),
        Some(asked) => Jid::new(asked).is_ok_and(|asked| asked == from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_core::element::{build, parse};

    fn own() -> BareJid {
        BareJid::new("rosa@team.internal").unwrap()
    }

    fn question(
        to: Option<&str>,
        query_id: Option<&str>,
    ) -> (Question, oneshot::Receiver<Result<Answer, AskError>>) {
        let (answer, answered) = oneshot::channel();
        let question = Question {
            id: "q".to_owned(),
            kind: "get",
            to: to.map(str::to_owned),
            payload: build("ping", ns::PING).done(),
            query_id: query_id.map(str::to_owned),
            answer,
        };
        (question, answered)
    }

    fn stanza(xml: &str) -> Element {
        parse(xml.as_bytes()).unwrap()
    }

    #[test]
    fn only_the_one_who_was_asked_answers() {
        let mut pending = Pending::default();
        for (to, from, good) in [
            (None, "", true),
            (None, "from='rosa@team.internal'", true),
            (None, "from='rosa@team.internal/desk'", true),
            (None, "from='team.internal'", true),
            (None, "from='mallory@team.internal'", false),
            (Some("room@c.team"), "from='room@c.team'", true),
            (Some("room@c.team"), "from='room@c.team/rosa'", false),
            (Some("room@c.team"), "", false),
            (Some("Room@C.team"), "from='room@c.team'", true),
        ] {
            let (asked, mut answered) = question(to, None);
            pending.ask(asked).unwrap();
            let iq = stanza(&format!("<iq type='result' id='q' {from}/>"));
            assert_eq!(pending.answer(&own(), &iq), good, "{to:?} {from}");
            assert_eq!(answered.try_recv().is_ok(), good);
        }
    }

    #[test]
    fn results_go_to_their_query() {
        let mut pending = Pending::default();
        let (asked, mut answered) = question(Some("room@c.team"), Some("m"));
        pending.ask(asked).unwrap();
        let result = |from: &str, id: &str| {
            stanza(&format!(
                "<message from='{from}'><result xmlns='urn:xmpp:mam:2' queryid='{id}'/></message>"
            ))
        };
        pending.result(&own(), &result("room@c.team", "m"));
        pending.result(&own(), &result("room@c.team", "other"));
        pending.result(&own(), &result("mallory@c.team", "m"));
        let iq = stanza("<iq type='result' id='q' from='room@c.team'/>");
        assert!(pending.answer(&own(), &iq));
        assert_eq!(answered.try_recv().unwrap().unwrap().results.len(), 1);
    }
}
