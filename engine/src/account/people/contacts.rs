//! Changes of the roster (RFC 6121, section 2), and requests to see presence
//! (section 3). The server's push, which follows, is what changes the cache.

use jid::BareJid;
use xmpp_core::element::{build, clean_text};
use xmpp_core::ns;

use super::failed;
use crate::account::Shared;
use crate::account::sync::roster::{MAX_GROUPS, MAX_NAME, subscription};
use crate::api::{ApiError, ErrorCode, SubscriptionRequestView};
use crate::store::{contacts, profiles};

/// Section 2.3, then section 3.1.
pub(super) async fn add(
    shared: &Shared,
    address: &BareJid,
    name: &str,
    groups: &[String],
) -> Result<(), ApiError> {
    if *address == shared.address {
        return Err(ApiError::new(ErrorCode::NotFound).detail("that is ourselves"));
    }
    set(shared, address, name, groups).await?;
    ask(shared, address).await
}

/// Asks to see somebody's presence.
async fn ask(shared: &Shared, address: &BareJid) -> Result<(), ApiError> {
    let own = shared.address.to_string();
    let profile = shared.store.read(move |db| profiles::get(db, &own)).await;
    let nickname = profile.map_err(failed)?.nickname;
    let mut request = subscription("subscribe", address);
    if !nickname.is_empty() {
        // XEP-0172, section 4.1: who that is.
        request.append_child(build("nick", ns::NICK).text(&nickname).done());
    }
    Ok(shared.handle()?.send(request).await?)
}

/// Sections 2.3 and 2.4.
pub(super) async fn change(
    shared: &Shared,
    address: &BareJid,
    name: &str,
    groups: &[String],
) -> Result<(), ApiError> {
    let known = address.to_string();
    let found = shared.store.read(move |db| contacts::get(db, &known)).await;
    if found.map_err(failed)?.is_none() {
        return Err(ErrorCode::NotFound.into());
    }
    set(shared, address, name, groups).await
}

async fn set(
    shared: &Shared,
    address: &BareJid,
    name: &str,
    groups: &[String],
) -> Result<(), ApiError> {
    let short = |text: &str| -> String { clean_text(text).trim().chars().take(MAX_NAME).collect() };
    let name = Some(short(name)).filter(|name| !name.is_empty());
    // Each group once (section 2.1.2.6).
    let groups: std::collections::BTreeSet<String> = groups
        .iter()
        .map(|group| short(group))
        .filter(|group| !group.is_empty())
        .take(MAX_GROUPS)
        .collect();
    let item = build("item", ns::ROSTER)
        .attr("jid", address.as_str())
        .attr_opt("name", name)
        .children(
            groups
                .into_iter()
                .map(|group| build("group", ns::ROSTER).text(group)),
        );
    let query = build("query", ns::ROSTER).child(item).done();
    shared.handle()?.ask("set", None, query).await?;
    Ok(())
}

/// Section 2.5.
pub(super) async fn remove(shared: &Shared, address: &BareJid) -> Result<(), ApiError> {
    let item = build("item", ns::ROSTER)
        .attr("jid", address.as_str())
        .attr("subscription", "remove");
    let query = build("query", ns::ROSTER).child(item).done();
    shared.handle()?.ask("set", None, query).await?;
    Ok(())
}

pub(super) async fn requests(shared: &Shared) -> Result<Vec<SubscriptionRequestView>, ApiError> {
    let all = shared.store.read(|db| {
        let all = contacts::requests(db)?.into_iter().map(|request| {
            Ok(SubscriptionRequestView {
                name: contacts::name(db, &request.address)?,
                address: request.address,
                text: request.text,
                time_ms: request.time_ms,
            })
        });
        all.collect::<rusqlite::Result<Vec<_>>>()
    });
    all.await.map_err(failed)
}

/// Section 3.1.4; and ours in return, where there is none yet.
pub(super) async fn accept(shared: &Shared, address: &BareJid) -> Result<(), ApiError> {
    let handle = shared.handle()?;
    handle.send(subscription("subscribed", address)).await?;
    let known = address.to_string();
    let contact = shared.store.read(move |db| contacts::get(db, &known)).await;
    let in_return = contact
        .map_err(failed)?
        .is_none_or(|contact| !contact.item.ask && !contact.item.subscription.shows_theirs());
    if in_return {
        ask(shared, address).await?;
    }
    settled(shared, address).await
}

/// Sections 3.1.4 and 3.2.
pub(super) async fn decline(shared: &Shared, address: &BareJid) -> Result<(), ApiError> {
    let answer = subscription("unsubscribed", address);
    shared.handle()?.send(answer).await?;
    settled(shared, address).await
}

/// Section 3.4.
pub(super) async fn approve(shared: &Shared, address: &BareJid) -> Result<(), ApiError> {
    let handle = shared.handle()?;
    if !shared.people.offers().pre_approval {
        return Err(ApiError::new(ErrorCode::NotSupported).detail("no approval beforehand"));
    }
    handle.send(subscription("subscribed", address)).await?;
    settled(shared, address).await
}

/// Section 3.3.
pub(super) async fn unsubscribe(shared: &Shared, address: &BareJid) -> Result<(), ApiError> {
    let request = subscription("unsubscribe", address);
    Ok(shared.handle()?.send(request).await?)
}

/// A request was answered.
async fn settled(shared: &Shared, address: &BareJid) -> Result<(), ApiError> {
    let address = address.to_string();
    let settled = shared
        .store
        .write(move |tx| contacts::settle_request(tx, &address))
        .await
        .map_err(failed)?;
    if settled {
        shared.requests_changed();
    }
    Ok(())
}
