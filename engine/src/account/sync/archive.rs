//! Reading the archive (XEP-0313), before the outbox is sent.

use std::sync::Arc;

use xmpp_core::stanza_error::Condition;
use xmpp_core::{Element, ns};

use super::or_end;
use crate::account::handle::{AskError, Handle};
use crate::account::{Shared, outgoing};
use crate::connection::ConnectError;
use crate::inbound::{self, Meaning};
use crate::store::contacts;
use crate::store::messages::Place;

/// Messages of one page of the archive.
const PAGE: usize = 100;
/// Pages of history that a new device fetches.
const FIRST_PAGES: usize = 10;
/// Key of the last archive id that was read.
const CURSOR: &str = "archive-cursor";

/// Reads what the archive has and we have not. Gives whether what comes live
/// follows on it.
pub(super) async fn newest(shared: &Arc<Shared>, handle: &Handle) -> Result<bool, ConnectError> {
    let cursor = shared.store.read(|db| contacts::meta(db, CURSOR)).await?;
    let mut reader = Reader {
        shared,
        handle,
        follows: true,
    };
    let known = match &cursor {
        Some(cursor) => reader.catch_up_from(cursor.clone()).await?,
        None => false,
    };
    if !known {
        reader.first_pages(cursor.is_none()).await?;
    }
    Ok(reader.follows)
}

/// Remembers up to where the archive was read.
pub(in crate::account) async fn set_cursor(shared: &Shared, id: &str) -> Result<(), ConnectError> {
    let id = id.to_owned();
    Ok(shared
        .store
        .write(move |tx| contacts::set_meta(tx, CURSOR, &id))
        .await?)
}

struct Reader<'a> {
    shared: &'a Arc<Shared>,
    handle: &'a Handle,
    follows: bool,
}

impl Reader<'_> {
    /// Forward from the last known message; `false` if the archive does not
    /// know it any more.
    async fn catch_up_from(&mut self, mut cursor: String) -> Result<bool, ConnectError> {
        loop {
            let (meanings, page) = match self.fetch_page(Some(&cursor), None).await? {
                Fetched::Page(meanings, page) => (meanings, page),
                Fetched::NotThere => return Ok(false),
                Fetched::Failed => {
                    // Next time from the same place.
                    self.follows = false;
                    return Ok(true);
                }
            };
            let last = page.last.clone();
            self.shared.apply(meanings, Place::Newest).await?;
            if let Some(last) = last {
                set_cursor(self.shared, &last).await?;
                cursor = last;
            }
            if page.complete || page.last.is_none() {
                return Ok(true);
            }
        }
    }

    /// A new device: the newest page first, then some more of history.
    async fn first_pages(&mut self, is_new: bool) -> Result<(), ConnectError> {
        let mut before: Option<String> = None;
        // What is said *about* messages may stand pages after them.
        let mut said: Vec<Meaning> = Vec::new();
        for number in 0..FIRST_PAGES {
            let (meanings, page) = match self.fetch_page(None, before.as_deref()).await? {
                Fetched::Page(meanings, page) => (meanings, page),
                Fetched::NotThere => return Ok(()),
                Fetched::Failed => {
                    self.follows = number > 0;
                    return Ok(());
                }
            };
            let (mut texts, about): (Vec<_>, Vec<_>) = meanings
                .iter()
                .cloned()
                .partition(|meaning| matches!(meaning, Meaning::Message(_)));
            said.splice(0..0, about);
            if number == 0 {
                self.shared.apply(meanings, Place::Newest).await?;
                if let Some(last) = &page.last {
                    set_cursor(self.shared, last).await?;
                }
            } else {
                // Each goes before the one that was put there last.
                texts.reverse();
                self.shared.apply(texts, Place::Oldest).await?;
                self.shared.apply(said.clone(), Place::Oldest).await?;
            }
            before = page.first;
            if page.complete || before.is_none() || !is_new {
                return Ok(());
            }
        }
        Ok(())
    }

    /// One page of the archive.
    async fn fetch_page(
        &mut self,
        after: Option<&str>,
        before: Option<&str>,
    ) -> Result<Fetched, ConnectError> {
        let query_id = self.shared.clock.random_id();
        let query = outgoing::archive_query(&query_id, after, before, PAGE);
        match self.handle.page(None, query).await {
            Ok(answer) => {
                let now_ms = self.shared.clock.now_ms();
                let own = &self.shared.address;
                let meanings = answer
                    .results
                    .iter()
                    .filter_map(|result| inbound::archived(own, result, now_ms))
                    .filter(|archived| archived.query_id.as_deref() == Some(&query_id))
                    .flat_map(|archived| archived.meanings)
                    .collect();
                let fin = answer.iq.get_child("fin", ns::MAM);
                let set = fin.and_then(|fin| fin.get_child("set", ns::RSM));
                let text = |name: &str| {
                    set.and_then(|set| set.get_child(name, ns::RSM))
                        .map(Element::text)
                };
                let complete =
                    fin.is_some_and(|fin| matches!(fin.attr("complete"), Some("true" | "1")));
                let page = Page {
                    first: text("first"),
                    last: text("last"),
                    complete,
                };
                Ok(Fetched::Page(meanings, page))
            }
            // XEP-0059, section 2.7: the place is not there any more.
            Err(AskError::Refused(error)) if error.condition == Condition::ItemNotFound => {
                Ok(Fetched::NotThere)
            }
            Err(error) => {
                or_end(error, "archive")?;
                Ok(Fetched::Failed)
            }
        }
    }
}

/// What came of asking for a page.
enum Fetched {
    Page(Vec<Meaning>, Page),
    /// There is no such place in the archive.
    NotThere,
    /// There is no archive, or it does not work now.
    Failed,
}

struct Page {
    first: Option<String>,
    last: Option<String>,
    complete: bool,
}
