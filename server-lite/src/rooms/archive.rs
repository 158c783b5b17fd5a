//! The archive of a room (XEP-0313, section 6), and the last messages for those
//! who enter (XEP-0045, section 7.2.14).

use std::sync::Arc;

use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, datetime, element, ns};

use super::Sender;
use super::affiliation::Affiliation;
use super::entering::{delayed, stanza_id_of};
use super::post::Written;
use super::room::Room;
use crate::modules::archive::{self as paging, Ends, Question};
use crate::server::Server;
use crate::store::archive::ArchivedMessage;
use crate::store::rooms as rows;

/// Most messages for somebody who enters.
const MAX_HISTORY: usize = 100;

/// How much of the past somebody who enters wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) stanzas: Option<usize>,
    pub(super) chars: Option<usize>,
    pub(super) since_ms: Option<i64>,
}

impl Wanted {
    pub(super) fn read(enter: &Element, now_ms: i64) -> Self {
        let Some(history) = enter.get_child("history", ns::MUC) else {
            return Self::default();
        };
        let number = |name: &str| {
            history
                .attr(name)
                .and_then(|text| text.parse::<usize>().ok())
        };
        let seconds = number("seconds").and_then(|seconds| i64::try_from(seconds).ok());
        let since = history.attr("since").and_then(datetime::parse_ms);
        let ago = seconds.map(|seconds| now_ms.saturating_sub(seconds.saturating_mul(1000)));
        Self {
            stanzas: number("maxstanzas"),
            chars: number("maxchars"),
            since_ms: since.max(ago),
        }
    }
}

/// A message of the past, for those who were not there.
pub(super) struct Remembered {
    whole: Written,
    /// The same without addresses, if it tells any.
    hidden: Option<Written>,
}

impl Remembered {
    fn of(room: &str, message: &ArchivedMessage) -> Option<Self> {
        let mut stanza = element::parse(message.xml.as_bytes()).ok()?;
        if !stanza.has_child("body", ns::CLIENT) {
            return None;
        }
        stanza.append_child(stanza_id_of(room, &message.stanza_id));
        let mut stanza = delayed(room, stanza, message.time_ms);
        let whole = Written::of(stanza.clone())?;
        let hidden = if message.xml.contains(ns::MUC_USER) {
            hide_addresses(&mut stanza);
            Some(Written::of(stanza)?)
        } else {
            None
        };
        Some(Self { whole, hidden })
    }

    /// As it may be shown now.
    pub(super) fn shown(&self, room: &Room) -> &Written {
        match &self.hidden {
            Some(hidden) if !room.config.non_anonymous => hidden,
            _ => &self.whole,
        }
    }
}

/// The last messages of a room. They are made ready where that may take a while.
pub(super) async fn last(
    server: &Arc<Server>,
    room: &str,
    wanted: &Wanted,
    default: u32,
) -> Result<Vec<Remembered>, StanzaError> {
    let default = usize::try_from(default).unwrap_or(MAX_HISTORY);
    let max = wanted.stanzas.unwrap_or(match wanted.since_ms {
        Some(_) => MAX_HISTORY,
        None => default,
    });
    let max = max.min(MAX_HISTORY);
    if max == 0 || wanted.chars == Some(0) {
        return Ok(Vec::new());
    }
    let (owner, since) = (room.to_owned(), wanted.since_ms.unwrap_or(i64::MIN));
    let mut left = wanted.chars.unwrap_or(usize::MAX);
    let read = server.store.read(move |db| {
        let found = rows::history(db, &owner, since, max)?;
        let mut messages: Vec<Remembered> = found
            .iter()
            .map_while(|message| {
                left = left.checked_sub(message.xml.chars().count())?;
                Some(message)
            })
            .filter_map(|message| Remembered::of(&owner, message))
            .collect();
        messages.reverse();
        Ok(messages)
    });
    read.await.map_err(|error| {
        tracing::error!(%error, "history not read");
        Condition::InternalServerError.into()
    })
}

/// A stored message as it may be shown now: where addresses are not for
/// everybody any more, those of the past are not either.
pub(super) fn shown(room: &Room, message: &Element) -> Element {
    let mut shown = message.clone();
    if !room.config.non_anonymous {
        hide_addresses(&mut shown);
    }
    shown
}

fn hide_addresses(message: &mut Element) {
    for node in message.take_nodes() {
        let tells = |child: &Element| child.is("x", ns::MUC_USER);
        if !node.as_element().is_some_and(tells) {
            message.append_node(node);
        }
    }
}

/// The same for a text of the archive; most tell nothing.
fn without_addresses(xml: String) -> Option<String> {
    if !xml.contains(ns::MUC_USER) {
        return Some(xml);
    }
    let mut message = element::parse(xml.as_bytes()).ok()?;
    hide_addresses(&mut message);
    element::write(&message).ok()
}

/// Whether somebody may read the archive: whoever could enter, and for a room
/// with a password whoever is in it.
pub(super) fn may_read(
    room: &Room,
    sender: &Sender,
    question: Option<&Question>,
) -> Result<(), StanzaError> {
    let affiliation = room.affiliation(&sender.user());
    let occupant = room.occupant(sender);
    let is_open = !room.config.members_only && room.config.password.is_none();
    let may = match affiliation {
        Affiliation::Outcast => false,
        Affiliation::None => occupant.is_some() || is_open,
        Affiliation::Member => occupant.is_some() || room.config.password.is_none(),
        Affiliation::Admin | Affiliation::Owner => true,
    };
    if !may || room.config.locked && affiliation != Affiliation::Owner {
        return Err(Condition::Forbidden.into());
    }
    // Asking for one address would tell whose a nickname is.
    let asks_for_one = question.is_some_and(|question| question.filter.names_somebody());
    if asks_for_one && !room.config.non_anonymous && affiliation < Affiliation::Admin {
        return Err(Condition::Forbidden.into());
    }
    Ok(())
}

/// Answers a question to the archive; gives the messages before the answer.
pub(super) async fn answer(
    server: &Arc<Server>,
    sender: &Sender,
    name: &str,
    payload: &Element,
    is_set: bool,
) -> Result<(Vec<String>, Option<Element>), StanzaError> {
    let address = format!("{name}@{}", server.rooms.domain);
    let question = match (payload.name(), is_set) {
        ("query", true) => Some(Question::read(payload, &address)?),
        _ => None,
    };
    let is_open = server.rooms.ask(name, |room| {
        may_read(room, sender, question.as_ref())?;
        let is_admin = room.affiliation(&sender.user()) >= Affiliation::Admin;
        Ok(room.config.non_anonymous || is_admin)
    })?;
    match (payload.name(), question) {
        (_, Some(question)) => {
            let ends = Ends {
                archive: &address,
                reader: sender.address.as_str(),
            };
            let shown = move |xml| match is_open {
                true => Some(xml),
                false => without_addresses(xml),
            };
            let answer = paging::page_of(&server.store, &address, question, &ends, shown).await?;
            Ok((answer.results, Some(answer.fin)))
        }
        ("query", None) => Ok((Vec::new(), Some(paging::form()))),
        ("metadata", None) if !is_set => {
            let metadata = paging::metadata(&server.store, &address).await?;
            Ok((Vec::new(), Some(metadata)))
        }
        _ => Err(Condition::FeatureNotImplemented.into()),
    }
}
