//! Searching over the accounts of a profile.

use std::sync::Arc;

use super::Engine;
use crate::account::Account;
use crate::api::{
    ApiError, ConversationKind, NameHit, Response, SearchFilters, SearchPage, SearchRequest,
};
use crate::search::merge::{Place, merge};
use crate::search::names::{self, Named};
use crate::search::query::Query;

/// Most hits of one page.
const MAX_HITS: u32 = 50;

fn at_most(limit: u32) -> usize {
    limit.clamp(1, MAX_HITS) as usize
}

impl Engine {
    pub(super) async fn search(&self, request: SearchRequest) -> Result<Response, ApiError> {
        Ok(match request {
            SearchRequest::Find {
                account,
                text,
                filters,
                before,
                limit,
            } => {
                let accounts = self.searched(account.as_deref())?;
                let place = before.as_deref().and_then(Place::read);
                Response::SearchPage(find(&accounts, &text, &filters, place, at_most(limit)).await?)
            }
            SearchRequest::FindOnServer {
                account,
                text,
                filters,
                before,
                limit,
            } => {
                let account = self.account(&account)?;
                let page =
                    account.find_on_server(&text, &filters, before.as_deref(), at_most(limit));
                Response::SearchPage(page.await?)
            }
            SearchRequest::Days {
                account,
                conversation,
                starts_ms,
            } => {
                let account = self.account(&account)?;
                Response::Days(account.days(conversation, starts_ms).await?)
            }
            SearchRequest::Names {
                account,
                text,
                limit,
            } => {
                let accounts = self.searched(account.as_deref())?;
                Response::Names(find_names(&accounts, &text, at_most(limit)).await?)
            }
        })
    }

    /// The account that was named, or all that are open.
    fn searched(&self, account: Option<&str>) -> Result<Vec<Arc<Account>>, ApiError> {
        match account {
            Some(account) => Ok(vec![self.account(account)?]),
            None => Ok(self.with(|state| state.open.values().cloned().collect())),
        }
    }
}

async fn find(
    accounts: &[Arc<Account>],
    text: &str,
    filters: &SearchFilters,
    place: Option<Place>,
    limit: usize,
) -> Result<SearchPage, ApiError> {
    let query = Query::parse(text);
    let mut parts = Vec::with_capacity(accounts.len());
    for account in accounts {
        parts.push(
            account
                .find(query.clone(), filters, place.as_ref(), limit)
                .await?,
        );
    }
    let (hits, next) = merge(parts, limit);
    Ok(SearchPage {
        hits: hits.into_iter().map(|(_, hit)| hit).collect(),
        next: next.map(|place| place.write()),
    })
}

async fn find_names(
    accounts: &[Arc<Account>],
    text: &str,
    limit: usize,
) -> Result<Vec<NameHit>, ApiError> {
    let mut all = Vec::new();
    for account in accounts {
        let named = account.names().await?;
        all.extend(
            named
                .into_iter()
                .map(|row| (account.shared.id.clone(), row)),
        );
    }
    let among = all.iter().map(|(_, row)| Named {
        name: &row.name,
        also: &row.id,
        recency: row.last_time_ms.unwrap_or(i64::MIN),
    });
    let found = names::find(text, among, limit).into_iter();
    Ok(found
        .filter_map(|found| {
            let (account, row) = all.get(found.index)?;
            Some(NameHit {
                account: account.clone(),
                id: row.id.clone(),
                kind: if row.is_room {
                    ConversationKind::Room
                } else {
                    ConversationKind::Direct
                },
                name: row.name.clone(),
                highlights: found.highlights.into_iter().map(Into::into).collect(),
                in_list: row.in_list,
                last_activity_ms: row.last_time_ms,
            })
        })
        .collect())
}
