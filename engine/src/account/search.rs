//! Searching one account.

mod server;

use super::{Account, Shared};
use crate::api::{ApiError, ContentKind, SearchFilters, SearchHit};
use crate::search::merge::{Part, Place};
use crate::search::query::Query;
use crate::search::terms::Content;
use crate::store::locate;
use crate::store::search::{self, Ask, Hit, NamedRow};

/// Most days that one request asks about: a page of a calendar has 42.
const MAX_DAYS: usize = 62;

impl Account {
    /// What the cache has below a place, at most `limit` hits.
    ///
    /// # Errors
    /// [`crate::api::ErrorCode::CacheFailed`].
    pub(crate) async fn find(
        &self,
        query: Query,
        filters: &SearchFilters,
        place: Option<&Place>,
        limit: usize,
    ) -> Result<Part<SearchHit>, ApiError> {
        let account = self.shared.id.clone();
        let ask = Ask {
            query,
            conversation: filters.conversation.clone(),
            author: filters.author.clone(),
            content: filters.kind.map(content),
            from_ms: filters.from_ms,
            to_ms: filters.to_ms,
            below: place.map(|place| place.below(&account)),
            limit,
        };
        let store = &self.shared.store;
        let page = store.read(move |db| search::find(db, &ask)).await;
        let page = page.map_err(|error| Shared::cache_failed(&error))?;
        let hits = page.hits.into_iter();
        Ok(Part {
            hits: hits.map(|hit| (hit.key, hit_view(&account, hit))).collect(),
            account,
            reached: page.reached,
        })
    }

    /// On which days a conversation has messages here.
    ///
    /// # Errors
    /// [`crate::api::ErrorCode::CacheFailed`].
    pub(crate) async fn days(
        &self,
        conversation: String,
        mut starts_ms: Vec<i64>,
    ) -> Result<Vec<bool>, ApiError> {
        starts_ms.truncate(MAX_DAYS + 1);
        let days = self.shared.store.read(move |db| {
            starts_ms
                .array_windows()
                .map(|[from, to]| locate::has_between(db, &conversation, *from, *to))
                .collect()
        });
        days.await.map_err(|error| Shared::cache_failed(&error))
    }

    /// Everything of this account that has a name.
    ///
    /// # Errors
    /// [`crate::api::ErrorCode::CacheFailed`].
    pub(crate) async fn names(&self) -> Result<Vec<NamedRow>, ApiError> {
        let named = self.shared.store.read(search::named).await;
        named.map_err(|error| Shared::cache_failed(&error))
    }
}

fn content(kind: ContentKind) -> Content {
    match kind {
        ContentKind::Text => Content::Text,
        ContentKind::File => Content::File,
        ContentKind::Link => Content::Link,
        ContentKind::Image => Content::Image,
    }
}

fn hit_view(account: &str, hit: Hit) -> SearchHit {
    SearchHit {
        account: account.to_owned(),
        conversation: hit.conversation,
        conversation_name: hit.conversation_name,
        message: Some(hit.id),
        archive_id: None,
        author: hit.author,
        author_name: hit.author_name,
        time_ms: hit.time_ms,
        excerpt: hit.excerpt.text,
        highlights: hit.excerpt.highlights.into_iter().map(Into::into).collect(),
    }
}
