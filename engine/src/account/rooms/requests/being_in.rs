//! Joining, making, leaving and removing a room.

use tokio::time::timeout;
use xmpp_core::element::build;
use xmpp_core::ns;
use xmpp_core::stanza_error::Condition;

use super::{address, api, failed, features, nick_of, not_let_in};
use crate::account::handle::{AskError, Handle};
use crate::account::rooms::enter::enter;
use crate::account::rooms::state::Stage;
use crate::account::rooms::{bookmarks, discovery, keep, settings};
use crate::account::{Account, Shared};
use crate::api::{ApiError, ErrorCode, Event, RoomSettings, RoomView};
use crate::store::rooms::{self, Room, invitations, wish};
use crate::store::{StoreError, conversations, outbox};

impl Account {
    pub(super) async fn join_room(
        &self,
        room: &str,
        nick: Option<String>,
        password: Option<String>,
    ) -> Result<RoomView, ApiError> {
        let shared = &self.shared;
        let (room, handle) = (address(room)?, shared.handle()?);
        let door = shared.rooms.door(&room);
        let _one_at_a_time = door.lock().await;
        let of = room.clone();
        let (known, invitation) = shared
            .store
            .read(move |db| Ok((rooms::get(db, &of)?, invitations::get(db, &of)?)))
            .await
            .map_err(failed)?;
        let mut wanted = known.unwrap_or_else(|| Room {
            address: room.clone(),
            ..Room::default()
        });
        if let Some(nick) = nick {
            wanted.nick = nick_of(&nick)?;
        } else if wanted.nick.is_empty() {
            wanted.nick = bookmarks::own_nick(shared);
        }
        let invited = invitation.and_then(|invitation| invitation.password);
        if let Some(password) = password.or(invited) {
            wanted.password = Some(password).filter(|password| !password.is_empty());
        }
        // Else to join would make one that nobody knows.
        let is_known = match discovery::look(shared, &handle, &mut wanted).await {
            // COMPAT: some rooms tell strangers nothing of themselves.
            Err(AskError::Refused(error)) if error.condition != Condition::ItemNotFound => {
                tracing::debug!(%error, "what a room is like");
                false
            }
            other => other.map(|()| true).map_err(api)?,
        };
        let view = self.enter_and_note(&handle, wanted, false).await?;
        if !is_known {
            shared.rooms.look(&room);
        }
        let room = self.known(&room).await?;
        bookmarks::note(shared, &handle, &room).await;
        Ok(view)
    }

    async fn enter_and_note(
        &self,
        handle: &Handle,
        mut room: Room,
        is_new: bool,
    ) -> Result<RoomView, ApiError> {
        let shared = &self.shared;
        room.autojoin = true;
        let now = shared.rooms.us(&room.address).map(|(nick, ..)| nick);
        let changed_nick = Some(room.nick.clone()).filter(|nick| now.as_ref() != Some(nick));
        if shared.rooms.stage(&room.address) != Some(Stage::In) {
            let entered = enter(shared, handle, &room, is_new)
                .await
                .map_err(not_let_in)?;
            if is_new && !entered.created {
                leave_now(shared, handle, &room.address).await;
                return Err(ErrorCode::RoomExists.into());
            }
        } else if let Some(nick) = changed_nick {
            self.set_nick(&room.address, &nick).await?;
        }
        let of = room.address.clone();
        let was_invited = shared
            .store
            .write(move |tx| {
                // Until the bookmark says so, it counts for more than the bookmark.
                wish::put(tx, &of, true)?;
                rooms::update(tx, &of, |room| {
                    room.autojoin = true;
                    room.unnoted |= room.bookmarked;
                })?;
                conversations::show(tx, &of)?;
                invitations::answered(tx, &of)
            })
            .await
            .map_err(failed)?;
        if was_invited {
            shared.invitations_changed();
        }
        shared.room_changed(&room.address);
        shared.conversations_changed();
        Ok(self.room_view(self.known(&room.address).await?))
    }

    pub(super) async fn create(
        &self,
        wanted: Option<String>,
        nick: Option<String>,
        settings: RoomSettings,
    ) -> Result<RoomView, ApiError> {
        let shared = &self.shared;
        let handle = shared.handle()?;
        let address = match wanted {
            Some(wanted) if wanted.contains('@') => address(&wanted)?,
            wanted => {
                let local = wanted.unwrap_or_else(|| shared.clock.random_id().to_lowercase());
                let service = discovery::service(shared, &handle).await?;
                address(&format!("{local}@{service}"))?
            }
        };
        match discovery::info(&handle, &address).await {
            Ok(_) => return Err(ErrorCode::RoomExists.into()),
            Err(AskError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let nick = match nick {
            Some(nick) => nick_of(&nick)?,
            None => bookmarks::own_nick(shared),
        };
        let room = Room {
            address: address.clone(),
            nick,
            name: settings.name.clone().filter(|name| !name.is_empty()),
            password: settings.password.clone().filter(|one| !one.is_empty()),
            ..Room::default()
        };
        let door = shared.rooms.door(&address);
        let _one_at_a_time = door.lock().await;
        let mut view = self.enter_and_note(&handle, room, true).await?;
        if let Err(error) = settings::set(&handle, &address, &settings).await {
            // Half a room is none.
            drop(settings::destroy(&handle, &address, "").await);
            self.leave(&address, true).await?;
            return Err(api(error));
        }
        let mut room = self.known(&address).await?;
        discovery::look(shared, &handle, &mut room)
            .await
            .map_err(api)?;
        bookmarks::note(shared, &handle, &room).await;
        view.features = features(&room);
        view.name = room.name.unwrap_or(view.name);
        view.description = room.description.unwrap_or_default();
        Ok(view)
    }

    pub(super) async fn leave(&self, room: &str, forget: bool) -> Result<(), ApiError> {
        let shared = &self.shared;
        let known = self.known(room).await?;
        let handle = shared.handle()?;
        let of = room.to_owned();
        let changed = shared
            .store
            .write(move |tx| {
                match known.bookmarked {
                    // Until the bookmark says so, it counts for more than the bookmark.
                    true => wish::put(tx, &of, false)?,
                    false => wish::forget(tx, &of)?,
                }
                rooms::update(tx, &of, |room| {
                    room.autojoin = false;
                    room.left = None;
                    room.unnoted |= room.bookmarked;
                    room.bookmarked &= !forget;
                })
            })
            .await
            .map_err(failed)?;
        shared.conversations_changed();
        leave_now(shared, &handle, room).await;
        match changed.filter(|_| known.bookmarked) {
            Some(_) if forget => self.forget_bookmark(&handle, room).await,
            Some(changed) => {
                bookmarks::note(shared, &handle, &changed).await;
                Ok(())
            }
            None => Ok(()),
        }
    }

    async fn forget_bookmark(&self, handle: &Handle, room: &str) -> Result<(), ApiError> {
        let shared = &self.shared;
        bookmarks::forget(shared, handle, room).await.map_err(api)?;
        let of = room.to_owned();
        let forgotten = shared.store.write(move |tx| wish::forget(tx, &of));
        forgotten.await.map_err(failed)
    }

    pub(super) async fn destroy(&self, room: &str, reason: &str) -> Result<(), ApiError> {
        let handle = self.shared.handle()?;
        settings::destroy(&handle, room, reason)
            .await
            .map_err(api)?;
        match self.leave(room, true).await {
            // It was none of ours.
            Err(error) if error.code == ErrorCode::RoomUnknown => Ok(()),
            other => other,
        }
    }

    pub(super) async fn set_nick(&self, room: &str, nick: &str) -> Result<(), ApiError> {
        let shared = &self.shared;
        let (room, nick) = (self.joined(room)?, nick_of(nick)?);
        let handle = shared.handle()?;
        // The name that we have would let us into a room that has lost us, past all
        // that was said since, and nothing of it would show.
        if !shared.rooms.is_called(&room, &nick) {
            let renaming = rename(shared, &handle, &room, &nick);
            timeout(shared.timeouts.answer, renaming)
                .await
                .map_err(|_| ErrorCode::TimedOut)??;
        }
        let known = self.known(&room).await?;
        if known.bookmarked {
            bookmarks::note(shared, &handle, &Room { nick, ..known }).await;
        }
        Ok(())
    }
}

/// XEP-0045, section 7.6.
async fn rename(shared: &Shared, handle: &Handle, room: &str, nick: &str) -> Result<(), ApiError> {
    nothing_on_its_way(shared, room).await.map_err(failed)?;
    let renamed = shared.rooms.rename(room).ok_or(ErrorCode::NotInRoom)?;
    let presence = build("presence", ns::CLIENT).attr("to", format!("{room}/{nick}"));
    handle.send(presence.done()).await.map_err(api)?;
    match renamed.await {
        Ok(renamed) => renamed.map_err(|error| api(error.into())),
        Err(_) => Err(ErrorCode::TimedOut.into()),
    }
}

/// Waits until the room has taken or refused what was said to it. Where it has lost us
/// it refuses that; and if another nickname let us in before it has said so, it would
/// take what is said next, and have what it refused behind that.
async fn nothing_on_its_way(shared: &Shared, room: &str) -> Result<(), StoreError> {
    let mut events = shared.events.subscribe();
    loop {
        let of = room.to_owned();
        let query = move |db: &rusqlite::Connection| outbox::is_on_its_way(db, &of);
        if !shared.store.read(query).await? {
            return Ok(());
        }
        while let Some(event) = events.next().await {
            match event {
                Event::MessagesChanged { conversation, .. } if conversation == room => break,
                Event::Lagged => break,
                _ => {}
            }
        }
    }
}

async fn leave_now(shared: &Shared, handle: &Handle, room: &str) {
    if let Some((nick, ..)) = shared.rooms.us(room) {
        shared.rooms.forget(room);
        // Without a session we are in no room.
        drop(handle.send(keep::goodbye(room, &nick)).await);
    }
    shared.room_changed(room);
}
