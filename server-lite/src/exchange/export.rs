//! Writing an export. All of it is one view of the database, whatever a running
//! server does meanwhile.

mod choices;
mod personal;
mod roster;
mod user;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use rusqlite::Connection;
use serde::Serialize;
use xmpp_core::ns;

use self::user::write_user;
use super::ExchangeError;
use super::message::result;
use super::output::{Between, Output};
use crate::store::directory::{self, Person};
use crate::store::exchange::{self, Which, WholeAccount};
use crate::store::{self, accounts, rooms};
use crate::{data_dir, whole_file};

/// For whom an export is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// XEP-0227, with everything; what it has no place for in elements of ours.
    #[default]
    Standard,
    /// COMPAT: what ejabberd's import reads. It wants one kind of credentials,
    /// encoded twice, and stumbles over what it does not know.
    Ejabberd,
    /// COMPAT: a folder with a file for each user, for Prosody's migrator.
    Prosody,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Domain of the accounts.
    pub domain: String,
    /// Accounts.
    pub users: u64,
    /// Messages in the archives of accounts and rooms.
    pub messages: u64,
    /// Rooms.
    pub rooms: u64,
}

/// What is the same for all users.
pub(super) struct Team<'a> {
    pub(super) db: &'a Connection,
    pub(super) domain: &'a str,
    pub(super) name: &'a str,
    pub(super) dialect: Dialect,
    pub(super) accounts: &'a [WholeAccount],
    /// Those of them who may sign in, as colleagues see them.
    pub(super) people: &'a [Person],
    /// Whether the team sees itself without asking.
    pub(super) is_shared: bool,
}

impl From<io::Error> for ExchangeError {
    fn from(source: io::Error) -> Self {
        Self::of_file(Path::new("export"), source)
    }
}

/// Writes what is in a data folder to a file, or in Prosody's dialect to a
/// folder. Blocks.
///
/// # Errors
/// [`ExchangeError`]. Nothing stays of a file that was not finished.
pub fn export(
    data_dir: &Path,
    file: &Path,
    dialect: Dialect,
    replace: bool,
) -> Result<Exported, ExchangeError> {
    let database = data_dir::database(data_dir);
    if !database.exists() {
        let path = data_dir.to_owned();
        return Err(ExchangeError::NotFound { path });
    }
    let connection = store::connect(&database)?;
    let db = exchange::snapshot(&connection)?;
    let meta = |key| accounts::meta(&db, key).map(Option::unwrap_or_default);
    let (domain, name) = (meta("domain")?, meta("team_name")?);
    let all = exchange::accounts(&db)?;
    let people = directory::all(&db)?;
    let is_shared = store::roster::is_shared(&db)?;
    let team = Team {
        db: &db,
        domain: &domain,
        name: &name,
        dialect,
        accounts: &all,
        people: &people,
        is_shared,
    };
    let written = match dialect {
        Dialect::Prosody => folder(&team, file),
        _ => whole_file::write(file, replace, |writer| document(&team, writer), |_| Ok(())),
    };
    written.map_err(|error| match error {
        // The file that was asked for, not the one under way.
        ExchangeError::File { source, .. } => ExchangeError::of_file(file, source),
        ExchangeError::NotFound { .. } => ExchangeError::NoFolder {
            path: whole_file::folder_of(file),
        },
        ExchangeError::Exists { .. } => ExchangeError::Exists {
            path: file.to_owned(),
        },
        other => other,
    })
}

const HEAD: &str = "<?xml version='1.0' encoding='UTF-8'?>";

fn document(team: &Team<'_>, writer: &mut dyn io::Write) -> Result<Exported, ExchangeError> {
    let mut out = Output::new(writer, Between::Line);
    let mut done = Exported {
        domain: team.domain.to_owned(),
        ..Exported::default()
    };
    out.raw(HEAD)?;
    out.start("server-data", Some(ns::PIE), &[])?;
    out.start("host", None, &[("jid", team.domain)])?;
    if team.dialect == Dialect::Standard {
        out.start("team", Some(ns::EXPORT), &[("name", team.name)])?;
        out.end("team")?;
    }
    for account in team.accounts {
        done.messages += write_user(&mut out, team, account)?;
        done.users += 1;
    }
    if team.dialect == Dialect::Standard {
        write_rooms(&mut out, team, &mut done)?;
    }
    out.end("host")?;
    out.end("server-data")?;
    Ok(done)
}

/// One file for each user, as Prosody's migrator wants them.
fn folder(team: &Team<'_>, path: &Path) -> Result<Exported, ExchangeError> {
    std::fs::create_dir(path)?;
    let mut done = Exported {
        domain: team.domain.to_owned(),
        ..Exported::default()
    };
    for account in team.accounts {
        let file = path.join(format!("{}@{}.xml", account.localpart, team.domain));
        let write = |writer: &mut io::BufWriter<&std::fs::File>| -> Result<u64, ExchangeError> {
            let mut out = Output::new(writer, Between::Nothing);
            out.raw(HEAD)?;
            out.start("server-data", Some(ns::PIE), &[])?;
            out.start("host", None, &[("jid", team.domain)])?;
            let messages = write_user(&mut out, team, account)?;
            out.end("host")?;
            out.end("server-data")?;
            Ok(messages)
        };
        done.messages += whole_file::write(&file, false, write, |_| Ok(()))?;
        done.users += 1;
    }
    Ok(done)
}

/// Rooms, in elements of our own: other servers have no import for them.
fn write_rooms(
    out: &mut Output<'_>,
    team: &Team<'_>,
    done: &mut Exported,
) -> Result<(), ExchangeError> {
    let service = crate::rooms::service(team.domain);
    out.start("rooms", Some(ns::EXPORT), &[("jid", &service)])?;
    for (room, mut people) in rooms::all(team.db)? {
        let attrs = [("name", room.name.as_str()), ("secret", &room.secret)];
        out.start("room", None, &attrs)?;
        out.start("config", None, &[("json", &room.config)])?;
        out.end("config")?;
        people.sort_by(|a, b| a.member.cmp(&b.member));
        for one in &people {
            let mut attrs = BTreeMap::from([
                ("jid", one.member.as_str()),
                ("affiliation", &one.affiliation),
            ]);
            attrs.extend(one.nick.as_deref().map(|nick| ("nick", nick)));
            attrs.extend(one.reason.as_deref().map(|reason| ("reason", reason)));
            let attrs: Vec<(&str, &str)> = attrs.into_iter().collect();
            out.start("person", None, &attrs)?;
            out.end("person")?;
        }
        for (name, stanza) in [("subject", &room.subject), ("vcard", &room.vcard)] {
            if let Some(stanza) = stanza {
                out.start(name, None, &[])?;
                out.raw(stanza)?;
                out.end(name)?;
            }
        }
        let address = format!("{}@{service}", room.name);
        out.start("archive", None, &[])?;
        exchange::messages::<ExchangeError>(team.db, &address, Which::Archive, |message| {
            out.start("by", None, &[("jid", &message.peer)])?;
            out.raw(&result(&message))?;
            out.end("by")?;
            done.messages += 1;
            Ok(())
        })?;
        out.end("archive")?;
        out.end("room")?;
        done.rooms += 1;
    }
    out.end("rooms")?;
    Ok(())
}
