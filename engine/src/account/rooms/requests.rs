//! What the user interface asks about rooms.

mod being_in;

use std::collections::HashSet;

use jid::{BareJid, ResourcePart};
use xmpp_core::element::clean_text;
use xmpp_core::ns;
use xmpp_core::stanza_error::Condition;

use super::state::Stage;
use super::{discovery, members, settings};
use crate::account::handle::AskError;
use crate::account::{Account, Shared};
use crate::api::{
    ApiError, ErrorCode, InvitationView, LeftView, MemberView, OccupantView, Response,
    RoomFeatures, RoomRequest, RoomState, RoomView,
};
use crate::store::rooms::{self, Room, invitations, members as people};
use crate::store::{StoreError, contacts};

/// Most people of one invitation.
const MAX_INVITED: usize = 100;
/// Longest text that goes with something, in characters.
const LONGEST: usize = 2000;

fn failed(error: StoreError) -> ApiError {
    Shared::cache_failed(&error)
}

impl Account {
    /// Answers a request about rooms.
    pub(crate) async fn about_rooms(&self, request: RoomRequest) -> Result<Response, ApiError> {
        Ok(match request {
            RoomRequest::List { .. } => {
                let all = self.shared.store.read(rooms::all).await.map_err(failed)?;
                Response::Rooms(all.into_iter().map(|room| self.room_view(room)).collect())
            }
            RoomRequest::Get { room, .. } => {
                let room = self.known(&address(&room)?).await?;
                Response::Room(Box::new(self.room_view(room)))
            }
            RoomRequest::Discover {
                service,
                after,
                limit,
                ..
            } => {
                let handle = self.shared.handle()?;
                let found = discovery::discover(&self.shared, &handle, service, after, limit);
                Response::FoundRooms(found.await?)
            }
            RoomRequest::Create {
                address,
                nick,
                settings,
                ..
            } => Response::Room(Box::new(self.create(address, nick, settings).await?)),
            RoomRequest::Join {
                room,
                nick,
                password,
                ..
            } => Response::Room(Box::new(self.join_room(&room, nick, password).await?)),
            RoomRequest::Invitations { .. } => Response::Invitations(self.invitations().await?),
            RoomRequest::Decline { room, .. } => {
                self.decline(&address(&room)?).await?;
                Response::Done
            }
            RoomRequest::Occupants { room, .. } => {
                Response::Occupants(self.occupants(&address(&room)?))
            }
            RoomRequest::Members { room, .. } => {
                Response::Members(self.members(&address(&room)?).await?)
            }
            RoomRequest::NoticeReaders { room, .. } => {
                Response::NoticeReaders(self.notice_readers(&address(&room)?).await?)
            }
            RoomRequest::Settings { room, .. } => {
                let handle = self.shared.handle()?;
                let settings = settings::get(&handle, &address(&room)?)
                    .await
                    .map_err(api)?;
                Response::RoomSettings(Box::new(settings))
            }
            other => {
                self.change_room(other).await?;
                Response::Done
            }
        })
    }

    async fn change_room(&self, request: RoomRequest) -> Result<(), ApiError> {
        let shared = &self.shared;
        match request {
            RoomRequest::Leave { room, forget, .. } => self.leave(&address(&room)?, forget).await,
            RoomRequest::Destroy { room, reason, .. } => {
                self.destroy(&address(&room)?, &short(&reason)).await
            }
            RoomRequest::Invite {
                room,
                people,
                reason,
                ..
            } => {
                self.invite(&address(&room)?, &people, &short(&reason))
                    .await
            }
            RoomRequest::SetNick { room, nick, .. } => self.set_nick(&address(&room)?, &nick).await,
            RoomRequest::SetSubject { room, subject, .. } => {
                let room = self.joined(&address(&room)?)?;
                let (handle, id) = (shared.handle()?, shared.clock.random_id());
                members::set_subject(&handle, &room, &id, &short(&subject))
                    .await
                    .map_err(api)
            }
            RoomRequest::CloseNotice { room, .. } => self.close_notice(&address(&room)?).await,
            RoomRequest::Configure { room, settings, .. } => {
                let (handle, room) = (shared.handle()?, address(&room)?);
                settings::set(&handle, &room, &settings)
                    .await
                    .map_err(api)?;
                shared.rooms.look(&room);
                Ok(())
            }
            RoomRequest::SetAffiliation {
                room,
                person,
                affiliation,
                reason,
                ..
            } => {
                let (handle, room) = (shared.handle()?, address(&room)?);
                let person = person_of(&person)?;
                let reason = short(&reason);
                members::set_affiliation(&handle, &room, &person, affiliation, &reason)
                    .await
                    .map_err(api)?;
                shared.room_changed(&room);
                Ok(())
            }
            RoomRequest::SetRole {
                room,
                nick,
                role,
                reason,
                ..
            } => {
                let (handle, room) = (shared.handle()?, address(&room)?);
                members::set_role(&handle, &room, &nick, role, &short(&reason))
                    .await
                    .map_err(api)
            }
            RoomRequest::Moderate {
                room,
                message,
                reason,
                ..
            } => {
                let room = self.known(&address(&room)?).await?;
                let of = room.address.clone();
                let stanza_id = shared
                    .store
                    .read(move |db| rooms::stanza_id(db, &of, message))
                    .await
                    .map_err(failed)?
                    .ok_or(ErrorCode::NotFound)?;
                let handle = shared.handle()?;
                members::moderate(&handle, &room, &stanza_id, &short(&reason))
                    .await
                    .map_err(api)
            }
            // The rest is answered with something.
            _ => Ok(()),
        }
    }

    async fn known(&self, room: &str) -> Result<Room, ApiError> {
        let of = room.to_owned();
        let found = self.shared.store.read(move |db| rooms::get(db, &of)).await;
        found
            .map_err(failed)?
            .ok_or_else(|| ErrorCode::RoomUnknown.into())
    }

    /// The room, if we are in it.
    fn joined(&self, room: &str) -> Result<String, ApiError> {
        match self.shared.rooms.stage(room) {
            Some(Stage::In | Stage::Behind) => Ok(room.to_owned()),
            _ => Err(ErrorCode::NotInRoom.into()),
        }
    }

    fn room_view(&self, room: Room) -> RoomView {
        let shared = &self.shared;
        let connected = shared.handle().is_ok();
        let us = shared.rooms.us(&room.address);
        let state = match shared.rooms.stage(&room.address) {
            Some(Stage::In) if connected => RoomState::Joined,
            Some(Stage::Asked | Stage::Behind) if connected => RoomState::Joining,
            Some(_) => RoomState::Waiting,
            None if room.left.is_some() => RoomState::Left,
            None if room.autojoin => RoomState::Waiting,
            None => RoomState::NotJoined,
        };
        let local = room
            .address
            .split('@')
            .next()
            .unwrap_or_default()
            .to_owned();
        let (nick, affiliation, role, occupants) =
            us.unwrap_or_else(|| (room.nick.clone(), room.affiliation, room.role, 0));
        RoomView {
            features: features(&room),
            name: room.name.unwrap_or(local),
            description: room.description.unwrap_or_default(),
            subject: room.subject.unwrap_or_default(),
            notice_closed: room.is_notice_closed,
            notice_told: room.subject_id.is_some(),
            state,
            left: room.left.map(|(why, reason)| LeftView { why, reason }),
            nick,
            affiliation,
            role,
            autojoin: room.autojoin,
            occupants: u32::try_from(occupants).unwrap_or(u32::MAX),
            avatar: room.avatar,
            address: room.address,
        }
    }

    async fn invite(&self, room: &str, people: &[String], reason: &str) -> Result<(), ApiError> {
        if people.len() > MAX_INVITED {
            return Err(ApiError::new(ErrorCode::NotAllowed).value("limit", MAX_INVITED));
        }
        let people = people
            .iter()
            .map(|person| person_of(person))
            .collect::<Result<Vec<_>, _>>()?;
        let (handle, known) = (self.shared.handle()?, self.known(room).await?);
        for person in people {
            let id = self.shared.clock.random_id();
            members::invite(&handle, &known, &person, &id, reason)
                .await
                .map_err(api)?;
        }
        Ok(())
    }

    async fn invitations(&self) -> Result<Vec<InvitationView>, ApiError> {
        self.shared
            .store
            .read(|db| {
                invitations::open(db)?
                    .into_iter()
                    .map(|invitation| {
                        Ok(InvitationView {
                            inviter_name: contacts::name(db, &invitation.inviter)?,
                            room: invitation.room,
                            inviter: invitation.inviter,
                            reason: invitation.reason,
                            time_ms: invitation.time_ms,
                        })
                    })
                    .collect()
            })
            .await
            .map_err(failed)
    }

    async fn decline(&self, room: &str) -> Result<(), ApiError> {
        let of = room.to_owned();
        let found = self
            .shared
            .store
            .write(move |tx| {
                let found = invitations::get(tx, &of)?;
                invitations::answered(tx, &of)?;
                Ok(found)
            })
            .await
            .map_err(failed)?
            .ok_or(ErrorCode::NotFound)?;
        self.shared.invitations_changed();
        match self.shared.handle() {
            Ok(handle) => members::decline(&handle, &found).await.map_err(api),
            // It is gone here; that they wait for nothing matters less.
            Err(_) => Ok(()),
        }
    }

    fn occupants(&self, room: &str) -> Vec<OccupantView> {
        self.shared.rooms.occupants(room)
    }

    async fn members(&self, room: &str) -> Result<Vec<MemberView>, ApiError> {
        let shared = &self.shared;
        if let Ok(handle) = shared.handle() {
            members::refresh(shared, &handle, room)
                .await
                .map_err(failed)?;
        }
        let there: HashSet<String> = shared
            .rooms
            .occupants(room)
            .into_iter()
            .filter_map(|occupant| occupant.address)
            .collect();
        let of = room.to_owned();
        shared
            .store
            .read(move |db| {
                let mut views = Vec::new();
                for member in people::all(db, &of)? {
                    let Some(address) = member.address else {
                        continue;
                    };
                    views.push(MemberView {
                        is_there: there.contains(&address),
                        name: match member.nick {
                            Some(nick) => nick,
                            None => contacts::name(db, &address)?,
                        },
                        address,
                        affiliation: member.affiliation,
                    });
                }
                views.sort_by(|a, b| {
                    b.affiliation
                        .cmp(&a.affiliation)
                        .then_with(|| a.name.cmp(&b.name))
                });
                Ok(views)
            })
            .await
            .map_err(failed)
    }
}

fn features(room: &Room) -> RoomFeatures {
    RoomFeatures {
        archive: room.has_archive(),
        members_only: room.has("muc_membersonly"),
        hidden: room.has("muc_hidden"),
        persistent: room.has("muc_persistent"),
        moderated: room.has("muc_moderated"),
        password: room.has("muc_passwordprotected"),
        non_anonymous: room.has(rooms::NON_ANONYMOUS),
        moderation: room.has(ns::MODERATION) || room.has(ns::MODERATION_0),
        limit_everyone: room.limits_everyone,
    }
}

/// The address of a room, normalised.
fn address(text: &str) -> Result<String, ApiError> {
    BareJid::new(text)
        .ok()
        .filter(|address| address.node().is_some())
        .map(|address| address.to_string())
        .ok_or_else(|| ApiError::new(ErrorCode::RoomUnknown).detail("not an address"))
}

fn person_of(text: &str) -> Result<String, ApiError> {
    BareJid::new(text)
        .ok()
        .filter(|address| address.node().is_some())
        .map(|address| address.to_string())
        .ok_or_else(|| ApiError::new(ErrorCode::NotFound).detail("not an address"))
}

fn nick_of(text: &str) -> Result<String, ApiError> {
    ResourcePart::new(text.trim())
        .map(|nick| nick.to_string())
        .map_err(|error| ApiError::new(ErrorCode::NameInvalid).detail(error))
}

fn short(text: &str) -> String {
    clean_text(text).trim().chars().take(LONGEST).collect()
}

/// What a room's refusal means for whoever asked something of it.
fn api(error: AskError) -> ApiError {
    coded(error, |condition| match condition {
        Condition::Forbidden
        | Condition::NotAllowed
        | Condition::NotAuthorized
        | Condition::RegistrationRequired => ErrorCode::NotAllowed,
        Condition::NotAcceptable => ErrorCode::NotInRoom,
        Condition::Conflict => ErrorCode::NickTaken,
        Condition::ItemNotFound
        | Condition::Gone
        | Condition::JidMalformed
        | Condition::RemoteServerNotFound => ErrorCode::RoomUnknown,
        _ => ErrorCode::ServerRefused,
    })
}

/// Why it does not let us in (XEP-0045, section 7.2).
fn not_let_in(error: AskError) -> ApiError {
    coded(error, |condition| match condition {
        Condition::NotAuthorized => ErrorCode::RoomPassword,
        Condition::RegistrationRequired => ErrorCode::RoomMembersOnly,
        Condition::Forbidden => ErrorCode::RoomBanned,
        Condition::NotAllowed => ErrorCode::NotAllowed,
        Condition::Conflict => ErrorCode::NickTaken,
        Condition::ServiceUnavailable | Condition::ResourceConstraint => ErrorCode::RoomFull,
        Condition::ItemNotFound
        | Condition::Gone
        | Condition::JidMalformed
        | Condition::RemoteServerNotFound => ErrorCode::RoomUnknown,
        _ => ErrorCode::ServerRefused,
    })
}

fn coded(error: AskError, code: impl Fn(Condition) -> ErrorCode) -> ApiError {
    match error {
        AskError::Refused(error) => ApiError::new(code(error.condition))
            .detail(error.text.as_deref().unwrap_or(error.condition.as_str())),
        other => other.into(),
    }
}
