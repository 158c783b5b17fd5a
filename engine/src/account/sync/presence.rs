//! How we show ourselves (RFC 6121, section 4), and whether somebody looks
//! (XEP-0352).

use xmpp_core::element::{self, build};
use xmpp_core::{Element, datetime, ns};

use crate::account::handle::Handle;
use crate::account::people::Said;
use crate::account::{Shared, identity};
use crate::api::{OwnPresenceView, OwnShow};
use crate::connection::ConnectError;
use crate::store::{StoreError, contacts, profiles};
use crate::surroundings::Attention;

const KEY: &str = "own_presence";

/// What the user wants to be shown as.
pub(in crate::account) fn wanted(db: &rusqlite::Connection) -> rusqlite::Result<OwnPresenceView> {
    let kept = contacts::meta(db, KEY)?;
    Ok(kept
        .and_then(|kept| serde_json::from_str(&kept).ok())
        .unwrap_or_default())
}

/// Keeps what the user wants to be shown as.
pub(in crate::account) async fn want(
    shared: &Shared,
    presence: &OwnPresenceView,
) -> Result<(), StoreError> {
    let kept = serde_json::to_string(presence).unwrap_or_default();
    shared
        .store
        .write(move |tx| contacts::set_meta(tx, KEY, &kept))
        .await?;
    shared.people.presence_bell.notify_one();
    Ok(())
}

/// A new session: nothing was said in it yet.
pub(super) async fn begin(shared: &Shared, handle: &Handle) -> Result<(), ConnectError> {
    *shared.people.said() = None;
    tell(shared, handle).await?;
    // What changed meanwhile.
    shared.people.presence_bell.notify_one();
    Ok(())
}

/// The old session goes on; but the server takes whoever comes for somebody who
/// looks (XEP-0352, section 5.2).
pub(super) async fn resumed(shared: &Shared, handle: &Handle) -> Result<(), ConnectError> {
    if let Some(said) = &mut *shared.people.said() {
        said.active = true;
    }
    tell(shared, handle).await
}

/// Tells what changes, as long as the session runs.
pub(super) async fn follow(shared: &Shared, handle: &Handle) -> Result<(), ConnectError> {
    let mut attention = shared.surroundings.attention();
    loop {
        tokio::select! {
            changed = attention.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
            }
            () = shared.people.presence_bell.notified() => {}
        }
        if shared.people.said().is_some() {
            tell(shared, handle).await?;
        }
    }
}

/// Says what was not said yet.
async fn tell(shared: &Shared, handle: &Handle) -> Result<(), ConnectError> {
    let attention = *shared.surroundings.attention().borrow();
    let own = shared.address.to_string();
    let (wanted, avatar) = shared
        .store
        .read(move |db| Ok((wanted(db)?, profiles::get(db, &own)?.avatar)))
        .await?;
    let presence = stanza(&wanted, attention, avatar.as_deref());
    let text = element::write(&presence)?;
    let before = shared.people.said().clone();
    if before.as_ref().is_none_or(|said| said.presence != text) {
        handle.send(presence).await?;
    }
    let was_active = before.is_none_or(|said| said.active);
    if was_active != attention.active {
        handle.active(attention.active).await?;
    }
    *shared.people.said() = Some(Said {
        presence: text,
        active: attention.active,
    });
    Ok(())
}

fn stanza(wanted: &OwnPresenceView, attention: Attention, avatar: Option<&str>) -> Element {
    let show = match wanted.show {
        // Nobody sees what comes: colleagues should not wait for an answer.
        OwnShow::Available if attention.silent => Some("xa"),
        OwnShow::Available if attention.away_since_ms.is_some() => Some("away"),
        OwnShow::Available => None,
        OwnShow::Away => Some("away"),
        OwnShow::ExtendedAway => Some("xa"),
        OwnShow::DoNotDisturb => Some("dnd"),
    };
    let mut presence = build("presence", ns::CLIENT);
    if let Some(show) = show {
        presence = presence.child(build("show", ns::CLIENT).text(show));
    }
    if !wanted.status.is_empty() {
        presence = presence.child(build("status", ns::CLIENT).text(&wanted.status));
    }
    if let Some(since) = attention.away_since_ms {
        let since = datetime::format_ms(since);
        presence = presence.child(build("idle", ns::IDLE).attr("since", since));
    }
    // XEP-0153, section 4.1: an empty element where we do not know (yet).
    let mut update = build("x", ns::VCARD_UPDATE);
    if let Some(hash) = avatar {
        update = update.child(build("photo", ns::VCARD_UPDATE).text(hash));
    }
    presence
        .child(identity::capabilities())
        .child(update)
        .done()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(show: OwnShow, away_since_ms: Option<i64>, silent: bool) -> String {
        let wanted = OwnPresenceView {
            show,
            status: String::new(),
        };
        let attention = Attention {
            active: !silent,
            away_since_ms,
            silent,
        };
        let presence = stanza(&wanted, attention, None);
        assert_eq!(
            presence.has_child("idle", ns::IDLE),
            away_since_ms.is_some()
        );
        presence
            .get_child("show", ns::CLIENT)
            .map(Element::text)
            .unwrap_or_default()
    }

    #[test]
    fn away_by_itself_only_for_who_is_available() {
        assert_eq!(show(OwnShow::Available, None, false), "");
        assert_eq!(show(OwnShow::Available, Some(0), false), "away");
        assert_eq!(show(OwnShow::Available, Some(0), true), "xa");
        assert_eq!(show(OwnShow::DoNotDisturb, Some(0), true), "dnd");
        assert_eq!(show(OwnShow::Away, None, true), "away");
    }
}
