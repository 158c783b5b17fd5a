//! What the user interface asks about people.

pub(super) mod avatar;
mod blocking;
mod card;
mod contacts;
mod directory;
pub(super) mod manager;
mod profile;

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jid::BareJid;
use tokio::sync::Notify;
use xmpp_core::element::clean_text;
use xmpp_core::{Element, ns};

use self::manager::Managers;
use super::sync::{capabilities::Wanted, presence};
use super::{Account, Shared};
use crate::api::{ApiError, ErrorCode, OwnPresenceView, PeopleRequest, Response};
use crate::store::blocked;

/// Longest words with our presence, in characters.
const MAX_STATUS: usize = 500;
/// Places up to which was read that are said again, each once: two devices that see
/// messages in another order would go on for ever.
const MAX_SAID_AGAIN: usize = 1_000;
/// Pictures that are fetched at once.
const AVATARS_AT_ONCE: usize = 4;

/// What the account's tasks and requests share about people.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// Rings when our presence may be another one.
    pub(super) presence_bell: Notify,
    /// Rings when something was read.
    pub(super) displayed_bell: Notify,
    /// Rings when something was decided about a conversation between two.
    pub(super) decided_bell: Notify,
    /// Rings when there is something in `wanted`.
    pub(super) wanted_bell: Notify,
    wanted: Mutex<Wanted>,
    said: Mutex<Option<Said>>,
    said_again: Mutex<HashSet<(String, String)>>,
    offers: Mutex<Offers>,
    managers: Mutex<Managers>,
    /// Each for some of the pictures, so that none is fetched twice at once.
    avatars: [tokio::sync::Mutex<()>; AVATARS_AT_ONCE],
}

/// What was said to the server in this session.
#[derive(Debug, Clone)]
pub(super) struct Said {
    /// The presence, as it was written.
    pub(super) presence: String,
    pub(super) active: bool,
}

/// What the server offers for the session.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Offers {
    /// RFC 6121, section 2.6.1.
    pub(super) roster_versions: bool,
    /// RFC 6121, section 3.4.1.
    pub(super) pre_approval: bool,
}

impl Offers {
    /// By the features of the stream.
    pub(super) fn of(features: &Element) -> Self {
        Self {
            roster_versions: features.has_child("ver", ns::ROSTER_VERSIONING),
            pre_approval: features.has_child("sub", ns::PRE_APPROVAL),
        }
    }
}

fn locked<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

impl People {
    /// Whether how far a conversation was read, up to a message, may be said again.
    pub(super) fn may_say_again(&self, place: &(String, String)) -> bool {
        let mut said = locked(&self.said_again);
        said.len() < MAX_SAID_AGAIN && said.insert(place.clone())
    }

    pub(super) fn wanted(&self) -> MutexGuard<'_, Wanted> {
        locked(&self.wanted)
    }

    pub(super) fn said(&self) -> MutexGuard<'_, Option<Said>> {
        locked(&self.said)
    }

    pub(super) fn managers(&self) -> Managers {
        locked(&self.managers).clone()
    }

    pub(super) fn set_managers(&self, managers: Managers) {
        *locked(&self.managers) = managers;
    }

    pub(super) fn offers(&self) -> Offers {
        *locked(&self.offers)
    }

    pub(super) fn set_offers(&self, offers: Offers) {
        *locked(&self.offers) = offers;
    }
}

impl Account {
    pub(crate) async fn people(&self, request: PeopleRequest) -> Result<Response, ApiError> {
        let shared = &self.shared;
        match request {
            PeopleRequest::Add {
                address,
                name,
                groups,
                ..
            } => contacts::add(shared, &person(&address)?, &name, &groups).await?,
            PeopleRequest::Change {
                address,
                name,
                groups,
                ..
            } => contacts::change(shared, &person(&address)?, &name, &groups).await?,
            PeopleRequest::Remove { address, .. } => {
                contacts::remove(shared, &person(&address)?).await?;
            }
            PeopleRequest::Requests { .. } => {
                return Ok(Response::SubscriptionRequests(
                    contacts::requests(shared).await?,
                ));
            }
            PeopleRequest::Accept { address, .. } => {
                contacts::accept(shared, &person(&address)?).await?;
            }
            PeopleRequest::Decline { address, .. } => {
                contacts::decline(shared, &person(&address)?).await?;
            }
            PeopleRequest::Approve { address, .. } => {
                contacts::approve(shared, &person(&address)?).await?;
            }
            PeopleRequest::Unsubscribe { address, .. } => {
                contacts::unsubscribe(shared, &person(&address)?).await?;
            }
            PeopleRequest::Profile {
                address, refresh, ..
            } => {
                let profile = profile::get(shared, &person(&address)?, refresh).await?;
                return Ok(Response::Profile(Box::new(profile)));
            }
            PeopleRequest::Avatar { address, .. } => {
                return Ok(Response::Avatar(
                    avatar::get(shared, &person(&address)?).await?,
                ));
            }
            PeopleRequest::SetProfile { nickname, card, .. } => {
                profile::set(shared, &nickname, card).await?;
            }
            PeopleRequest::SetAvatar { data, .. } => avatar::set(shared, &data).await?,
            PeopleRequest::OwnPresence { .. } => {
                let wanted = shared.store.read(presence::wanted).await.map_err(failed)?;
                return Ok(Response::OwnPresence(wanted));
            }
            PeopleRequest::SetPresence { presence: new, .. } => {
                let status = clean_text(&new.status);
                let new = OwnPresenceView {
                    status: status.trim().chars().take(MAX_STATUS).collect(),
                    ..new
                };
                presence::want(shared, &new).await.map_err(failed)?;
            }
            PeopleRequest::Blocked { .. } => {
                let all = shared.store.read(blocked::all).await.map_err(failed)?;
                return Ok(Response::Blocked(all));
            }
            PeopleRequest::Block { address, .. } => blocking::set(shared, &address, true).await?,
            PeopleRequest::Unblock { address, .. } => {
                blocking::set(shared, &address, false).await?;
            }
            PeopleRequest::DirectoryForm { .. } => {
                return Ok(Response::DirectoryForm(directory::form(shared).await?));
            }
            PeopleRequest::SearchDirectory {
                service, fields, ..
            } => {
                let found = directory::search(shared, &service, &fields).await?;
                return Ok(Response::Directory(found));
            }
        }
        Ok(Response::Done)
    }
}

/// The address of a person.
fn person(text: &str) -> Result<BareJid, ApiError> {
    BareJid::new(text.trim())
        .ok()
        .filter(|address| address.node().is_some())
        .ok_or_else(|| ApiError::new(ErrorCode::NotFound).detail("not an address"))
}

fn failed(error: crate::store::StoreError) -> ApiError {
    Shared::cache_failed(&error)
}
