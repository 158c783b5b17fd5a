//! The notice on top of a room, and who has closed it.

use std::collections::HashSet;

use super::members;
use crate::account::{Account, Shared};
use crate::api::{Affiliation, ApiError, NoticeReaderView, NoticeReadersView};
use crate::store::StoreError;
use crate::store::contacts;
use crate::store::rooms::members::{self as people, Member};
use crate::store::rooms::notice::{self, Closed, Notice};

/// A room has another one.
pub(super) async fn came(shared: &Shared, room: &str, notice: Notice) -> Result<(), StoreError> {
    let of = room.to_owned();
    shared
        .store
        .write(move |tx| notice::put(tx, &of, notice))
        .await?;
    shared.room_changed(room);
    shared.conversations_changed();
    Ok(())
}

/// Whether it is this person who has closed it.
fn is(member: &Member, closed: &Closed) -> bool {
    let who = Some(&closed.who);
    member.occupant_id.as_ref() == who
        || member.address.as_ref() == who
        || member.nick.is_some() && member.nick == closed.name
}

impl Account {
    pub(super) async fn close_notice(&self, room: &str) -> Result<(), ApiError> {
        let shared = &self.shared;
        let (of, now_ms) = (room.to_owned(), shared.clock.now_ms());
        let own = shared.address.to_string();
        let is_closed = shared
            .store
            .write(move |tx| notice::close(tx, &of, &own, now_ms))
            .await
            .map_err(|error| Shared::cache_failed(&error))?;
        if is_closed {
            shared.outbox_bell.notify_one();
            shared.room_changed(room);
        }
        Ok(())
    }

    /// Who has closed it and who has not: of those who belong to the room, or are
    /// there. Whoever set it knows it, and so does the user.
    pub(super) async fn notice_readers(&self, room: &str) -> Result<NoticeReadersView, ApiError> {
        let shared = &self.shared;
        let failed = |error| Shared::cache_failed(&error);
        if let Ok(handle) = shared.handle() {
            members::refresh(shared, &handle, room)
                .await
                .map_err(failed)?;
        }
        let there: HashSet<String> = shared
            .rooms
            .occupants(room)
            .into_iter()
            .filter(|occupant| !occupant.is_me)
            .map(|occupant| occupant.nick)
            .collect();
        let us = shared.rooms.us(room).map(|(nick, ..)| nick);
        let (of, own) = (room.to_owned(), shared.address.to_string());
        let read = shared.store.read(move |db| {
            let (closed, by) = notice::readers(db, &of)?.unwrap_or_default();
            let members = people::all(db, &of)?;
            let mut view = NoticeReadersView {
                closed: Vec::new(),
                open: Vec::new(),
            };
            for one in closed.iter().filter(|one| !one.mine) {
                let member = members.iter().find(|member| is(member, one));
                let address = member.and_then(|member| member.address.clone());
                let name = match (&one.name, &address) {
                    (Some(name), _) => name.clone(),
                    (None, Some(address)) => contacts::name(db, address)?,
                    (None, None) => continue,
                };
                view.closed.push(NoticeReaderView {
                    name,
                    address,
                    time_ms: Some(one.time_ms),
                });
            }
            for member in members {
                let nick = member.nick.as_ref();
                let belongs = member.affiliation >= Affiliation::Member
                    || member.affiliation == Affiliation::None
                        && nick.is_some_and(|nick| there.contains(nick));
                let knows = member.address.as_ref() == Some(&own)
                    || nick.is_some() && (nick == by.as_ref() || nick == us.as_ref())
                    || closed.iter().any(|one| is(&member, one));
                if !belongs || knows {
                    continue;
                }
                let name = match (member.nick, &member.address) {
                    (Some(nick), _) => nick,
                    (None, Some(address)) => contacts::name(db, address)?,
                    (None, None) => continue,
                };
                view.open.push(NoticeReaderView {
                    name,
                    address: member.address,
                    time_ms: None,
                });
            }
            view.open.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(view)
        });
        read.await.map_err(failed)
    }
}
