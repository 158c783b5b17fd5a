//! The search of the server's archives (XEP-0431 with XEP-0313), for what is not
//! in the cache.

use jid::{BareJid, Jid};
use xmpp_core::element::build;
use xmpp_core::{Element, datetime, ns};

use crate::account::{Account, Shared};
use crate::api::{ApiError, ErrorCode, SearchFilters, SearchHit, SearchPage};
use crate::search::excerpt::excerpt;
use crate::search::query::{MAX_QUERY_CHARS, Query};
use crate::store::search::{self, Known};

/// The field of the form (XEP-0431, section 3.1), and what came before it.
const FIELDS: [&str; 2] = ["{urn:xmpp:fulltext:0}fulltext", "withtext"];

impl Account {
    /// Searches our own archive, or that of a room.
    ///
    /// # Errors
    /// [`ErrorCode::NotConnected`], [`ErrorCode::NotSupported`] if this server
    /// cannot search, [`ErrorCode::TimedOut`], [`ErrorCode::ServerRefused`],
    /// [`ErrorCode::CacheFailed`].
    pub(crate) async fn find_on_server(
        &self,
        text: &str,
        filters: &SearchFilters,
        before: Option<&str>,
        limit: usize,
    ) -> Result<SearchPage, ApiError> {
        let query = Query::parse(text);
        if query.is_empty() {
            return Ok(SearchPage::default());
        }
        let shared = &self.shared;
        let conversation = filters.conversation.clone();
        let room = match conversation {
            None => None,
            Some(id) => shared
                .store
                .read(move |db| Ok(search::is_room(db, &id)?.then_some(id)))
                .await
                .map_err(|error| Shared::cache_failed(&error))?,
        };
        let handle = shared.handle()?;
        let form = build("query", ns::MAM).done();
        let form = handle.ask("get", room.as_deref(), form).await?;
        let field = field(&form).ok_or(ErrorCode::NotSupported)?;
        let query_id = shared.clock.random_id();
        let text: String = text.chars().take(MAX_QUERY_CHARS).collect();
        let with = filters.conversation.as_deref().filter(|_| room.is_none());
        let asked = Asked {
            query_id: &query_id,
            field,
            text: &text,
            with,
            from_ms: filters.from_ms,
            to_ms: filters.to_ms,
            before,
            limit,
        };
        let answer = handle.page(room.as_deref(), asked.query()).await?;
        let own = &shared.address;
        let found: Vec<Found> = answer
            .results
            .iter()
            .filter_map(|result| found(own, room.as_deref(), &query_id, result))
            .filter(|found| {
                filters
                    .author
                    .as_ref()
                    .is_none_or(|author| *author == found.author)
            })
            .filter(|found| filters.to_ms.is_none_or(|to| found.time_ms < to))
            .collect();
        let hits = self.hits(found, &query).await?;
        let fin = answer.iq.get_child("fin", ns::MAM);
        let first = fin
            .filter(|fin| !matches!(fin.attr("complete"), Some("true" | "1")))
            .and_then(|fin| fin.get_child("set", ns::RSM))
            .and_then(|set| set.get_child("first", ns::RSM))
            .map(Element::text);
        // A server that answers with the same place again would have us go round.
        let next = first.filter(|first| Some(first.as_str()) != before);
        Ok(SearchPage { hits, next })
    }

    /// Newest first, with what the cache knows of them. What was retracted is no hit.
    async fn hits(&self, found: Vec<Found>, query: &Query) -> Result<Vec<SearchHit>, ApiError> {
        let store = &self.shared.store;
        let known = store.read(move |db| {
            let known = |found: Found| {
                let known = search::known(
                    db,
                    &found.conversation,
                    &found.author,
                    Some(&found.archive_id),
                    found.origin_id.as_deref(),
                )?;
                Ok((found, known))
            };
            found
                .into_iter()
                .map(known)
                .collect::<rusqlite::Result<Vec<_>>>()
        });
        let known = known.await.map_err(|error| Shared::cache_failed(&error))?;
        let hits = known
            .into_iter()
            .rev()
            .filter(|(_, known)| !known.is_retracted);
        Ok(hits
            .map(|(found, known)| self.hit(found, known, query))
            .collect())
    }

    fn hit(&self, found: Found, known: Known, query: &Query) -> SearchHit {
        let text = found.text.as_str();
        let places = query.marks(&[text]).and_then(|mut marks| marks.pop());
        let excerpt = excerpt(text, &places.unwrap_or_default());
        SearchHit {
            account: self.shared.id.clone(),
            conversation: found.conversation,
            conversation_name: known.conversation_name,
            message: known.id,
            archive_id: Some(found.archive_id),
            author: found.author,
            author_name: found.nick.unwrap_or(known.author_name),
            time_ms: found.time_ms,
            excerpt: excerpt.text,
            highlights: excerpt.highlights.into_iter().map(Into::into).collect(),
        }
    }
}

/// With which field this archive is searched (XEP-0313, section 4.1.5).
fn field(answer: &Element) -> Option<&'static str> {
    let form = answer
        .get_child("query", ns::MAM)?
        .get_child("x", ns::DATA_FORMS)?;
    FIELDS.into_iter().find(|field| {
        form.children()
            .any(|child| child.is("field", ns::DATA_FORMS) && child.attr("var") == Some(field))
    })
}

struct Asked<'a> {
    query_id: &'a str,
    field: &'a str,
    text: &'a str,
    with: Option<&'a str>,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    before: Option<&'a str>,
    limit: usize,
}

impl Asked<'_> {
    fn query(&self) -> Element {
        let field = |name: &str, value: &str| {
            build("field", ns::DATA_FORMS)
                .attr("var", name)
                .child(build("value", ns::DATA_FORMS).text(value))
        };
        let mut form = build("x", ns::DATA_FORMS)
            .attr("type", "submit")
            .child(field("FORM_TYPE", ns::MAM).attr("type", "hidden"))
            .child(field(self.field, self.text));
        if let Some(with) = self.with {
            form = form.child(field("with", with));
        }
        if let Some(from_ms) = self.from_ms {
            form = form.child(field("start", &datetime::format_ms(from_ms)));
        }
        if let Some(to_ms) = self.to_ms {
            form = form.child(field("end", &datetime::format_ms(to_ms)));
        }
        let set = build("set", ns::RSM)
            .child(build("max", ns::RSM).text(self.limit.to_string()))
            .child(build("before", ns::RSM).text(self.before.unwrap_or_default()));
        build("query", ns::MAM)
            .attr("queryid", self.query_id)
            .child(form)
            .child(set)
            .done()
    }
}

/// A message of the archive.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    archive_id: String,
    origin_id: Option<String>,
    conversation: String,
    author: String,
    /// In a room.
    nick: Option<String>,
    text: String,
    time_ms: i64,
}

/// Reads a result; `None` for what is no text, or not an answer to this query of
/// this archive.
fn found(own: &BareJid, room: Option<&str>, query_id: &str, stanza: &Element) -> Option<Found> {
    let archive = stanza.attr("from").map(BareJid::new).transpose().ok()?;
    let is_asked = match (&archive, room) {
        (Some(archive), Some(room)) => archive.as_str() == room,
        (archive, None) => archive.as_ref().is_none_or(|archive| archive == own),
        (None, Some(_)) => false,
    };
    let result = stanza.get_child("result", ns::MAM)?;
    if !is_asked || result.attr("queryid") != Some(query_id) {
        return None;
    }
    let forwarded = result.get_child("forwarded", ns::FORWARD)?;
    let message = forwarded.get_child("message", ns::CLIENT)?;
    let address = |name: &str| message.attr(name).and_then(|text| Jid::new(text).ok());
    let from = address("from").unwrap_or_else(|| own.clone().into());
    let text = message.get_child("body", ns::CLIENT)?.text();
    let stamp = forwarded.get_child("delay", ns::DELAY)?.attr("stamp")?;
    let (conversation, author, nick) = match room {
        Some(room) => (
            room.to_owned(),
            from.to_string(),
            from.resource().map(ToString::to_string),
        ),
        None if from.to_bare() == *own => {
            (address("to")?.to_bare().to_string(), own.to_string(), None)
        }
        None => (from.to_bare().to_string(), from.to_bare().to_string(), None),
    };
    Some(Found {
        archive_id: result.attr("id").filter(|id| !id.is_empty())?.to_owned(),
        origin_id: message
            .get_child("origin-id", ns::STANZA_ID)
            .and_then(|origin| origin.attr("id"))
            .map(str::to_owned),
        conversation,
        author,
        nick,
        text,
        time_ms: datetime::parse_ms(stamp)?,
    })
}

#[cfg(test)]
mod tests {
    use xmpp_core::element::parse;

    use super::*;

    fn own() -> BareJid {
        BareJid::new("rosa@team.internal").unwrap()
    }

    fn result(archive: &str, message: &str) -> Element {
        let stanza = format!(
            "<message xmlns='jabber:client' from='{archive}'><result xmlns='urn:xmpp:mam:2' queryid='q' id='a1'>\
             <forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='1970-01-01T00:00:07Z'/>\
             {message}</forwarded></result></message>"
        );
        parse(stanza.as_bytes()).unwrap()
    }

    const HI: &str = "<message xmlns='jabber:client' from='bob@team.internal/x' to='rosa@team.internal'><body>hi</body></message>";

    #[test]
    fn results_of_the_archive_that_was_asked() {
        let read = found(&own(), None, "q", &result("rosa@team.internal", HI)).unwrap();
        assert_eq!(
            (read.conversation.as_str(), read.author.as_str()),
            ("bob@team.internal", "bob@team.internal")
        );
        assert_eq!(
            (read.archive_id.as_str(), read.text.as_str(), read.time_ms),
            ("a1", "hi", 7000)
        );
        assert_eq!(
            found(&own(), None, "q", &result("mallory@team.internal", HI)),
            None
        );
        assert_eq!(
            found(&own(), None, "other", &result("rosa@team.internal", HI)),
            None
        );
        assert_eq!(
            found(
                &own(),
                Some("room@muc"),
                "q",
                &result("rosa@team.internal", HI)
            ),
            None
        );
        let ours = HI
            .replace("bob@team.internal/x", "rosa@team.internal/phone")
            .replace("to='rosa@", "to='bob@");
        let read = found(&own(), None, "q", &result("rosa@team.internal", &ours)).unwrap();
        assert_eq!(
            (read.conversation.as_str(), read.author.as_str()),
            ("bob@team.internal", "rosa@team.internal")
        );
        let said = HI.replace("bob@team.internal/x", "room@muc/Bob");
        let read = found(&own(), Some("room@muc"), "q", &result("room@muc", &said)).unwrap();
        assert_eq!(
            (read.conversation.as_str(), read.nick.as_deref()),
            ("room@muc", Some("Bob"))
        );
    }

    #[test]
    fn the_query_and_its_form() {
        let form = "<iq><query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data' type='form'>\
                    <field var='with'/><field var='{urn:xmpp:fulltext:0}fulltext'/></x></query></iq>";
        assert_eq!(field(&parse(form.as_bytes()).unwrap()), Some(FIELDS[0]));
        let old = form.replace("{urn:xmpp:fulltext:0}fulltext", "withtext");
        assert_eq!(field(&parse(old.as_bytes()).unwrap()), Some("withtext"));
        let none = form.replace("{urn:xmpp:fulltext:0}fulltext", "start");
        assert_eq!(field(&parse(none.as_bytes()).unwrap()), None);
        let asked = Asked {
            query_id: "q",
            field: FIELDS[0],
            text: "会议 <&",
            with: Some("bob@team.internal"),
            from_ms: Some(0),
            to_ms: None,
            before: None,
            limit: 20,
        };
        let query = asked.query();
        let form = query.get_child("x", ns::DATA_FORMS).unwrap();
        let value = |var: &str| {
            let field = form
                .children()
                .find(|field| field.attr("var") == Some(var))?;
            Some(field.get_child("value", ns::DATA_FORMS)?.text())
        };
        assert_eq!(value("FORM_TYPE").as_deref(), Some(ns::MAM));
        assert_eq!(value(FIELDS[0]).as_deref(), Some("会议 <&"));
        assert_eq!(value("start").as_deref(), Some("1970-01-01T00:00:00.000Z"));
        assert_eq!(
            (value("with").as_deref(), value("end")),
            (Some("bob@team.internal"), None)
        );
        let set = query.get_child("set", ns::RSM).unwrap();
        assert_eq!(set.get_child("before", ns::RSM).unwrap().text(), "");
        assert_eq!(set.get_child("max", ns::RSM).unwrap().text(), "20");
    }
}
