//! All that is known of a person, and what we say of ourselves.

use std::collections::BTreeSet;

use jid::BareJid;
use rusqlite::Connection;
use xmpp_core::element::build;
use xmpp_core::{Element, ns};

use super::{card, failed, manager};
use crate::account::Shared;
use crate::account::handle::{AskError, Handle};
use crate::account::sync::pep::{self, Readers};
use crate::account::sync::profiles::nickname_of;
use crate::api::{ApiError, CardView, PresenceShow, ProfileView, Subscription};
use crate::store::{blocked, capabilities, contacts, profiles};

/// A card that was fetched this long ago is fetched again.
const CARD_LASTS_MS: i64 = 24 * 3600 * 1000;

pub(super) async fn get(
    shared: &Shared,
    address: &BareJid,
    refresh: bool,
) -> Result<ProfileView, ApiError> {
    let of = address.to_string();
    let known = shared.store.read(move |db| profiles::get(db, &of)).await;
    let now_ms = shared.clock.now_ms();
    let fetched = known.map_err(failed)?.card_ms;
    let fresh = fetched.is_some_and(|at| now_ms - at < CARD_LASTS_MS);
    if refresh || !fresh {
        fetch(shared, address, refresh).await?;
    }
    let (of, hashes) = (
        address.to_string(),
        shared.live.capabilities(address.as_str()),
    );
    let device = shared.live.device(address.as_str());
    let view = shared.store.read(move |db| {
        let profile = profiles::get(db, &of)?;
        let contact = contacts::get(db, &of)?;
        let mut features = BTreeSet::new();
        for hash in hashes {
            features.extend(capabilities::features(db, &hash)?.unwrap_or_default());
        }
        let name = match &contact {
            Some(contact) => contact.name.clone(),
            None if !profile.nickname.is_empty() => profile.nickname.clone(),
            None => contacts::name(db, &of)?,
        };
        Ok(ProfileView {
            name,
            nickname: profile.nickname,
            card: profile.card,
            avatar: profile.avatar.unwrap_or_default(),
            presence: device
                .as_ref()
                .map_or(PresenceShow::Offline, |device| device.show),
            idle_since_ms: device.as_ref().and_then(|device| device.idle_since_ms),
            status: device.map(|device| device.status).unwrap_or_default(),
            is_contact: contact.is_some(),
            subscription: contact
                .as_ref()
                .map_or(Subscription::None, |contact| contact.item.subscription),
            asked: contact.is_some_and(|contact| contact.item.ask),
            blocked: blocked::is_blocked(db, &of)?,
            features: features.into_iter().collect(),
            address: of,
        })
    });
    view.await.map_err(failed)
}

/// Fetches a card. Without a connection, or where the server says no, what is
/// known is all there is, unless that was not wanted.
async fn fetch(shared: &Shared, address: &BareJid, refresh: bool) -> Result<(), ApiError> {
    let handle = match shared.handle() {
        Ok(handle) => handle,
        Err(_) if !refresh => return Ok(()),
        Err(error) => return Err(error),
    };
    let own = *address == shared.address;
    let of = (!own).then_some(address.as_str());
    let (card, manager) = tokio::join!(
        card::fetch(&handle, of),
        manager::of(shared, &handle, address)
    );
    let mut card = match card {
        Ok(card) => card,
        // No such person, or none who would say.
        Err(AskError::Refused(_)) => CardView::default(),
        Err(_) if !refresh => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    // What nobody subscribed to us for does not come by itself.
    let nickname = match pep::fetch(&handle, of, ns::NICK, None).await {
        Ok(answer) => pep::items_of(&answer, ns::NICK)
            .iter()
            .filter_map(|item| item.payload)
            .find(|nick| nick.is("nick", ns::NICK))
            .map(|nick| nickname_of(&nick.text())),
        Err(_) => None,
    };
    let (of, now_ms) = (address.to_string(), shared.clock.now_ms());
    let renamed = shared.store.write(move |tx| {
        card.manager = match manager {
            Ok(manager) => manager,
            // What was known is more than nothing.
            Err(_) => known_manager(tx, &of)?,
        };
        profiles::set_card(tx, &of, &card, now_ms)?;
        match nickname {
            Some(nickname) => profiles::set_nickname(tx, &of, &nickname),
            None => Ok(false),
        }
    });
    if renamed.await.map_err(failed)? {
        shared.profile_changed(address.as_str());
    }
    Ok(())
}

fn known_manager(db: &Connection, of: &str) -> rusqlite::Result<Option<String>> {
    let card = profiles::get(db, of)?.card;
    Ok(card.and_then(|card| card.manager))
}

async fn publish(handle: &Handle, node: &str, payload: Element) -> Result<(), AskError> {
    pep::publish(handle, node, "current", payload, Readers::Contacts).await
}

/// Says who we are: the nickname in its own node, the card in both kinds.
///
/// The newer kind is written first, so that its node is made for our contacts: a
/// server that makes it of the older kind makes it for everybody. And it is written
/// last, since what such a server makes of the older kind says less.
pub(super) async fn set(shared: &Shared, nickname: &str, card: CardView) -> Result<(), ApiError> {
    let handle = shared.handle()?;
    let (nickname, mut card) = (nickname_of(nickname), card::cleaned(card));
    let nick = build("nick", ns::NICK).text(&nickname).done();
    let written = card::to_vcard4(&nickname, &card);
    publish(&handle, ns::NICK, nick).await?;
    publish(&handle, ns::VCARD4_NODE, written.clone()).await?;
    match card::set_temp(&handle, &nickname, &card).await {
        Ok(()) => publish(&handle, ns::VCARD4_NODE, written).await?,
        // A server that has the newer kind only.
        Err(AskError::Refused(error)) => tracing::info!(%error, "no old kind of card there"),
        Err(error) => return Err(error.into()),
    }
    let (own, now_ms) = (shared.address.to_string(), shared.clock.now_ms());
    shared
        .store
        .write(move |tx| {
            card.manager = known_manager(tx, &own)?;
            profiles::set_card(tx, &own, &card, now_ms)?;
            profiles::set_nickname(tx, &own, &nickname)
        })
        .await
        .map_err(failed)?;
    shared.profile_changed(shared.address.as_str());
    Ok(())
}
