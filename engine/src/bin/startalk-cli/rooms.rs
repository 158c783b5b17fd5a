//! `startalk-cli rooms …`.

use anyhow::{Context, bail};
use clap::Subcommand;
use startalk_engine::Engine;
use startalk_engine::api::{
    Affiliation, Request, Response, Role, RoomRequest, RoomSettings, RoomView,
};

use crate::args::Cli;
use crate::commands::{account, ask, odd, online, show};

#[derive(Clone, Subcommand)]
pub(crate) enum Rooms {
    /// The rooms that this account is in or has noted.
    List,
    /// The public rooms of a service.
    Discover {
        /// Address of the service; else the server's own.
        service: Option<String>,
    },
    /// Makes a room.
    Create {
        /// What its address begins with, or the whole address.
        address: String,
        /// Name to show.
        #[arg(long)]
        name: Option<String>,
        /// As `set` has them: `members-only=yes`.
        settings: Vec<String>,
    },
    /// Joins a room, from now on with each connection.
    Join {
        /// Its address.
        room: String,
        /// Nickname in it.
        #[arg(long)]
        nick: Option<String>,
        /// Password of the room.
        #[arg(long)]
        room_password: Option<String>,
    },
    /// Leaves a room.
    Leave {
        /// Its address.
        room: String,
        /// Removes the note of it too, on all devices.
        #[arg(long)]
        forget: bool,
    },
    /// Removes a room for everybody.
    Destroy {
        /// Its address.
        room: String,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Invites people.
    Invite {
        /// Address of the room.
        room: String,
        /// Their addresses.
        people: Vec<String>,
        /// What to tell them.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Invitations that wait for an answer; `--decline` answers one.
    Invitations {
        /// Address of a room.
        #[arg(long)]
        decline: Option<String>,
    },
    /// Who is in the room now.
    Occupants {
        /// Its address.
        room: String,
    },
    /// Who belongs to the room.
    Members {
        /// Its address.
        room: String,
    },
    /// How the room is set up.
    Settings {
        /// Its address.
        room: String,
    },
    /// Changes that: name, description, password as text; members-only, public,
    /// persistent, moderated, members-invite, change-subject, non-anonymous,
    /// archive as yes or no.
    Set {
        /// Address of the room.
        room: String,
        /// `name=value`.
        settings: Vec<String>,
    },
    /// Sets the subject.
    Subject {
        /// Address of the room.
        room: String,
        /// The text; empty for none.
        text: String,
    },
    /// Takes another nickname.
    Nick {
        /// Address of the room.
        room: String,
        /// The new one.
        nick: String,
    },
    /// Makes somebody owner, admin, member, none or outcast (banned).
    Affiliation {
        /// Address of the room.
        room: String,
        /// Address of the person.
        person: String,
        /// What they are from now on.
        #[arg(value_parser = ["owner", "admin", "member", "none", "outcast"])]
        affiliation: String,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Makes somebody moderator, participant or visitor, or (none) removes them.
    Role {
        /// Address of the room.
        room: String,
        /// Nickname of the person.
        nick: String,
        /// What they are from now on.
        #[arg(value_parser = ["moderator", "participant", "visitor", "none"])]
        role: String,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Closes the notice on top of a room, or says who has.
    Notice {
        /// Address of the room.
        room: String,
        /// Closes it.
        #[arg(long)]
        close: bool,
    },
    /// Takes somebody's message back.
    Moderate {
        /// Address of the room.
        room: String,
        /// Number of the message, as `read --json` says.
        message: i64,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
    },
}

pub(crate) async fn run(engine: &Engine, cli: &Cli, command: &Rooms) -> anyhow::Result<()> {
    let account = account(engine, cli).await?;
    if !matches!(command, Rooms::List | Rooms::Invitations { decline: None }) {
        online(engine, &account).await?;
    }
    let request = request(account, command)?;
    match ask(engine, Request::Rooms(request)).await? {
        Response::Done => show(cli, &"done", || "done".to_owned()),
        Response::Rooms(rooms) => rooms.iter().try_for_each(|room| show_room(cli, room)),
        Response::Room(room) => show_room(cli, &room),
        Response::FoundRooms(found) => found
            .rooms
            .iter()
            .try_for_each(|room| show(cli, room, || format!("{}\t{}", room.address, room.name))),
        Response::RoomSettings(settings) => show(cli, &settings, || {
            serde_json::to_value(&settings)
                .ok()
                .and_then(|value| value.as_object().cloned())
                .into_iter()
                .flatten()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| format!("{}={value}", name.replace('_', "-")))
                .collect::<Vec<_>>()
                .join("\n")
        }),
        Response::Occupants(all) => all.iter().try_for_each(|one| {
            show(cli, one, || {
                let address = one.address.as_deref().unwrap_or_default();
                format!(
                    "{}\t{:?}\t{:?}\t{address}",
                    one.nick, one.role, one.affiliation
                )
            })
        }),
        Response::Members(all) => all.iter().try_for_each(|one| {
            show(cli, one, || {
                format!("{}\t{}\t{:?}", one.address, one.name, one.affiliation)
            })
        }),
        Response::NoticeReaders(readers) => readers
            .closed
            .iter()
            .chain(&readers.open)
            .try_for_each(|one| {
                show(cli, one, || {
                    let state = one.time_ms.map_or("open", |_| "closed");
                    format!("{}\t{state}", one.name)
                })
            }),
        Response::Invitations(all) => all.iter().try_for_each(|one| {
            show(cli, one, || {
                format!("{}\t{}\t{}", one.room, one.inviter_name, one.reason)
            })
        }),
        _ => odd(),
    }
}

fn show_room(cli: &Cli, room: &RoomView) -> anyhow::Result<()> {
    show(cli, room, || {
        format!(
            "{}\t{}\t{:?}\t{} there\t{}",
            room.address, room.name, room.state, room.occupants, room.subject
        )
    })
}

fn request(account: String, command: &Rooms) -> anyhow::Result<RoomRequest> {
    Ok(match command.clone() {
        Rooms::List => RoomRequest::List { account },
        Rooms::Discover { service } => RoomRequest::Discover {
            account,
            service,
            after: None,
            limit: 200,
        },
        Rooms::Create {
            address,
            name,
            settings,
        } => RoomRequest::Create {
            account,
            address: Some(address),
            nick: None,
            settings: RoomSettings {
                name,
                ..read_settings(&settings)?
            },
        },
        Rooms::Join {
            room,
            nick,
            room_password,
        } => RoomRequest::Join {
            account,
            room,
            nick,
            password: room_password,
        },
        Rooms::Leave { room, forget } => RoomRequest::Leave {
            account,
            room,
            forget,
        },
        Rooms::Destroy { room, reason } => RoomRequest::Destroy {
            account,
            room,
            reason,
        },
        Rooms::Invite {
            room,
            people,
            reason,
        } => RoomRequest::Invite {
            account,
            room,
            people,
            reason,
        },
        Rooms::Invitations { decline: None } => RoomRequest::Invitations { account },
        Rooms::Invitations {
            decline: Some(room),
        } => RoomRequest::Decline { account, room },
        Rooms::Occupants { room } => RoomRequest::Occupants { account, room },
        Rooms::Members { room } => RoomRequest::Members { account, room },
        Rooms::Settings { room } => RoomRequest::Settings { account, room },
        Rooms::Set { room, settings } => RoomRequest::Configure {
            account,
            room,
            settings: read_settings(&settings)?,
        },
        Rooms::Subject { room, text } => RoomRequest::SetSubject {
            account,
            room,
            subject: text,
        },
        Rooms::Nick { room, nick } => RoomRequest::SetNick {
            account,
            room,
            nick,
        },
        Rooms::Affiliation {
            room,
            person,
            affiliation,
            reason,
        } => RoomRequest::SetAffiliation {
            account,
            room,
            person,
            affiliation: Affiliation::from_name(&affiliation),
            reason,
        },
        Rooms::Role {
            room,
            nick,
            role,
            reason,
        } => RoomRequest::SetRole {
            account,
            room,
            nick,
            role: Role::from_name(&role),
            reason,
        },
        Rooms::Notice { room, close: true } => RoomRequest::CloseNotice { account, room },
        Rooms::Notice { room, close: false } => RoomRequest::NoticeReaders { account, room },
        Rooms::Moderate {
            room,
            message,
            reason,
        } => RoomRequest::Moderate {
            account,
            room,
            message,
            reason,
        },
    })
}

fn read_settings(words: &[String]) -> anyhow::Result<RoomSettings> {
    let mut settings = RoomSettings::default();
    for word in words {
        let (name, value) = word.split_once('=').context("settings are name=value")?;
        let truth = || match value {
            "yes" | "true" => Ok(Some(true)),
            "no" | "false" => Ok(Some(false)),
            _ => bail!("{name} is yes or no"),
        };
        match name {
            "name" => settings.name = Some(value.to_owned()),
            "description" => settings.description = Some(value.to_owned()),
            "password" => settings.password = Some(value.to_owned()),
            "members-only" => settings.members_only = truth()?,
            "public" => settings.public = truth()?,
            "persistent" => settings.persistent = truth()?,
            "moderated" => settings.moderated = truth()?,
            "members-invite" => settings.members_invite = truth()?,
            "change-subject" => settings.change_subject = truth()?,
            "non-anonymous" => settings.non_anonymous = truth()?,
            "archive" => settings.archive = truth()?,
            "limit-everyone" => settings.limit_everyone = truth()?,
            _ => bail!("no setting {name}"),
        }
    }
    Ok(settings)
}
