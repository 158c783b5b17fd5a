//! Reading the archive (XEP-0313), before the outbox is sent.

use xmpp_core::stanza_error::Condition;
use xmpp_core::{Element, ns};

use super::Session;
use crate::account::outgoing;
use crate::api::ConnectionView;
use crate::clock;
use crate::connection::ConnectError;
use crate::inbound::Meaning;
use crate::store::contacts;
use crate::store::messages::Place;

/// Messages of one page of the archive.
pub(super) const PAGE: usize = 100;
/// Pages of history that a new device fetches.
const FIRST_PAGES: usize = 10;
/// Key of the last archive id that was read.
const CURSOR: &str = "archive-cursor";

impl Session<'_> {
    /// Reads what the archive has and we have not, then what came meanwhile.
    pub(super) async fn catch_up(&mut self) -> Result<(), ConnectError> {
        let cursor = self
            .shared
            .store
            .read(|db| contacts::meta(db, CURSOR))
            .await?;
        let known = match &cursor {
            Some(cursor) => self.catch_up_from(cursor.clone()).await?,
            None => false,
        };
        if !known {
            self.first_pages(cursor.is_none()).await?;
        }
        self.shared.set_connection(ConnectionView::Online);
        for element in self.held.take().unwrap_or_default() {
            self.message(&element).await?;
            self.count();
        }
        for _ in 0..std::mem::take(&mut self.uncounted) {
            self.count();
        }
        Ok(())
    }

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
                self.set_cursor(&last).await?;
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
                    self.set_cursor(last).await?;
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

    pub(super) async fn set_cursor(&mut self, id: &str) -> Result<(), ConnectError> {
        let id = id.to_owned();
        Ok(self
            .shared
            .store
            .write(move |tx| contacts::set_meta(tx, CURSOR, &id))
            .await?)
    }

    /// One page of the archive.
    async fn fetch_page(
        &mut self,
        after: Option<&str>,
        before: Option<&str>,
    ) -> Result<Fetched, ConnectError> {
        let query_id = clock::random_id().map_err(|error| ConnectError::Internal(error.detail))?;
        self.page.clear();
        self.page_id = Some(query_id.clone());
        let query = outgoing::archive_query(&query_id, after, before, PAGE);
        let answer = self.ask("set", None, query).await;
        self.page_id = None;
        let meanings = std::mem::take(&mut self.page);
        match answer? {
            Ok(answer) => {
                let fin = answer.get_child("fin", ns::MAM);
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
            Err(error) if error.condition == Condition::ItemNotFound => Ok(Fetched::NotThere),
            Err(error) => {
                tracing::info!(%error, "archive");
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
