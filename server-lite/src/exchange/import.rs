//! Reading an export, of this server or of another. One transaction for each
//! user and room; beside a running server long archives are written in slices,
//! so that it can write too. What is there already stays as it is: the same
//! file twice changes nothing.

mod choices;
mod personal;
mod room;
mod roster;
mod user;
mod vcard;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, Transaction};
use serde::Serialize;
use xmpp_core::ns;

use super::ExchangeError;
use super::reader::{Reader, Step, Tag};
use crate::store::{self, accounts, directory, exchange};
use crate::{clock, data_dir};

/// Messages in one transaction beside a running server.
const SLICE: u64 = 500;
/// Between two of those, so that the server gets its turn.
const PAUSE: Duration = Duration::from_millis(20);
/// Files in files.
const MAX_INCLUDES: usize = 3;
const ENDLESS: &str = "files are included in files without an end";
/// Names in each list of the answer.
const MAX_LISTED: usize = 100;

/// What was taken in, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Domain of the accounts.
    pub domain: String,
    /// Accounts that were made.
    pub users_added: u64,
    /// Accounts that were there; what they lacked was added.
    pub users_known: u64,
    /// Accounts with a name that cannot be one here.
    pub users_refused: BTreeSet<String>,
    /// New accounts that need a password (`user passwd`).
    pub without_password: BTreeSet<String>,
    /// Messages that were added to archives of accounts and rooms.
    pub messages_added: u64,
    /// Messages that cannot be read, or are no messages.
    pub messages_refused: u64,
    /// Rooms that were made.
    pub rooms_added: u64,
    /// Domains in the file that are not this server's.
    pub other_domains: BTreeSet<String>,
    /// Kinds of data that have no place here, and who administers another server
    /// and not this one.
    pub not_taken: BTreeSet<String>,
}

/// Notes a name, as long as there are not too many.
fn note(list: &mut BTreeSet<String>, name: &str) {
    if list.len() < MAX_LISTED {
        list.insert(name.chars().take(MAX_LISTED).collect());
    }
}

/// An import under way.
struct Import<'c> {
    db: &'c Connection,
    domain: String,
    has_server: bool,
    /// Whether nobody was here before: nobody who could say who administers this
    /// server, and a file may.
    was_empty: bool,
    /// Whether there is something that a running server keeps in memory.
    has_news: bool,
    done: Imported,
    /// New accounts and who leads them: who may come later in the file.
    led: BTreeMap<String, String>,
    /// How deep in included files.
    includes: usize,
}

/// Where included elements belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Hosts,
    Users,
}

/// Reads a file into a data folder, which is made if it is missing: then for
/// `domain`, or the first in the file. Blocks.
///
/// # Errors
/// [`ExchangeError`]. Users that were read before the error stay.
pub fn import(
    data_dir: &Path,
    file: &Path,
    domain: Option<&str>,
) -> Result<Imported, ExchangeError> {
    // Before a folder is made for nothing.
    let first = first_domain(file)?;
    let has_server = data_dir::is_in_use(data_dir);
    data_dir::create(data_dir).map_err(|error| ExchangeError::of_file(data_dir, error))?;
    let connection = store::connect(&data_dir::database(data_dir))?;
    let wanted = domain.map_or(first, str::to_lowercase);
    let kept = {
        let tx = exchange::begin(&connection)?;
        let kept = accounts::meta_or_insert(&tx, "domain", &wanted)?;
        tx.commit()?;
        kept
    };
    if domain.is_some() && kept != wanted {
        return Err(ExchangeError::OtherDomain {
            domain: kept,
            held: wanted,
        });
    }
    let was_empty = exchange::accounts(&connection)?.is_empty();
    let mut import = Import {
        db: &connection,
        was_empty,
        domain: kept.clone(),
        has_server,
        has_news: false,
        done: Imported {
            domain: kept,
            ..Imported::default()
        },
        led: BTreeMap::new(),
        includes: 0,
    };
    let read = import.file(file, Level::Hosts);
    import.set_managers()?;
    if import.has_news {
        import.tell()?;
    }
    read?;
    let done = import.done;
    if done.users_added + done.users_known == 0 && !done.other_domains.is_empty() {
        let held: Vec<String> = done.other_domains.into_iter().collect();
        return Err(ExchangeError::OtherDomain {
            domain: done.domain,
            held: held.join(", "),
        });
    }
    Ok(done)
}

/// The domain of the first host; the name of the file that it is in, if it is
/// in another.
fn first_domain(file: &Path) -> Result<String, ExchangeError> {
    let mut reader = Reader::open(file)?;
    let mut includes = 0;
    loop {
        match reader.next()? {
            Step::Start(tag) if tag.is("host", ns::PIE) => {
                let domain = tag.attr("jid").unwrap_or_default().to_lowercase();
                return match jid::DomainPart::new(&domain) {
                    Ok(_) => Ok(domain),
                    Err(_) => Err(reader.bad("the host has no domain")),
                };
            }
            Step::Start(tag) if tag.is("include", ns::XINCLUDE) => {
                let path = included(&reader, &tag)?;
                if includes >= MAX_INCLUDES {
                    return Err(reader.bad(ENDLESS));
                }
                includes += 1;
                reader = Reader::open(&path)?;
            }
            Step::Start(tag) if tag.is("server-data", ns::PIE) => {}
            Step::Start(tag) if tag.ns == ns::PIE => {
                return Err(reader.bad("the file holds no host"));
            }
            Step::Start(_) => return Err(reader.bad("this is not an export (XEP-0227)")),
            Step::End => {}
            Step::Eof => return Err(reader.bad("the file holds no host")),
        }
    }
}

/// A file beside or below the one that names it.
fn included(reader: &Reader, tag: &Tag) -> Result<PathBuf, ExchangeError> {
    let is_plain = tag.attr("parse").is_none_or(|parse| parse == "xml");
    let href = tag.attr("href").map(Path::new);
    match href.filter(|_| is_plain && tag.attr("xpointer").is_none()) {
        Some(href)
            if href
                .components()
                .all(|part| matches!(part, Component::Normal(_))) =>
        {
            let folder = crate::whole_file::folder_of(reader.path());
            Ok(folder.join(href))
        }
        _ => Err(reader.bad("only files beside or below this one can be included")),
    }
}

impl Import<'_> {
    /// Reads a file with one root: everything, a host or a user.
    fn file(&mut self, path: &Path, level: Level) -> Result<(), ExchangeError> {
        let mut reader = Reader::open(path)?;
        let mut has_root = false;
        loop {
            match reader.next()? {
                Step::Start(tag) => {
                    has_root = true;
                    if level == Level::Hosts && tag.is("server-data", ns::PIE) {
                        self.server_data(&mut reader)?;
                    } else {
                        self.part(&mut reader, &tag, level)?;
                    }
                }
                // The parser has seen to it that tags fit.
                Step::End => {}
                Step::Eof if has_root => return Ok(()),
                Step::Eof => return Err(reader.bad("the file is empty")),
            }
        }
    }

    fn server_data(&mut self, reader: &mut Reader) -> Result<(), ExchangeError> {
        self.children(reader, |this, reader, tag| {
            this.part(reader, tag, Level::Hosts)
        })
    }

    /// Does something with each child of the element around. Nothing but the
    /// end of the file ends it early.
    fn children(
        &mut self,
        reader: &mut Reader,
        mut each: impl FnMut(&mut Self, &mut Reader, &Tag) -> Result<(), ExchangeError>,
    ) -> Result<(), ExchangeError> {
        loop {
            match reader.next()? {
                Step::Start(tag) => each(self, reader, &tag)?,
                Step::End => return Ok(()),
                Step::Eof => return Err(reader.bad("the file ends in the middle")),
            }
        }
    }

    /// A host, a user, or a file that holds one.
    fn part(&mut self, reader: &mut Reader, tag: &Tag, level: Level) -> Result<(), ExchangeError> {
        if tag.is("include", ns::XINCLUDE) {
            let path = included(reader, tag)?;
            reader.skip()?;
            if self.includes >= MAX_INCLUDES {
                return Err(reader.bad(ENDLESS));
            }
            self.includes += 1;
            self.file(&path, level)?;
            self.includes -= 1;
            return Ok(());
        }
        match level {
            Level::Hosts if tag.is("host", ns::PIE) => self.host(reader, tag),
            Level::Users if tag.is("user", ns::PIE) => user::read(self, reader, tag),
            Level::Users if tag.is("team", ns::EXPORT) => {
                if let Some(name) = tag.attr("name") {
                    let tx = exchange::begin(self.db)?;
                    accounts::meta_or_insert(&tx, "team_name", name)?;
                    tx.commit()?;
                }
                reader.skip()
            }
            Level::Users if tag.is("rooms", ns::EXPORT) => self.rooms(reader, tag),
            _ => self.not_taken(reader, tag),
        }
    }

    fn host(&mut self, reader: &mut Reader, tag: &Tag) -> Result<(), ExchangeError> {
        let domain = tag.attr("jid").unwrap_or_default().to_lowercase();
        if domain != self.domain {
            note(&mut self.done.other_domains, &domain);
            return reader.skip();
        }
        self.children(reader, |this, reader, tag| {
            this.part(reader, tag, Level::Users)
        })
    }

    fn rooms(&mut self, reader: &mut Reader, tag: &Tag) -> Result<(), ExchangeError> {
        let service = crate::rooms::service(&self.domain);
        if tag.attr("jid") != Some(&service) {
            return self.not_taken(reader, tag);
        }
        self.children(reader, |this, reader, tag| {
            match tag.is("room", ns::EXPORT) {
                true => room::read(this, reader, tag),
                false => this.not_taken(reader, tag),
            }
        })
    }

    /// Says who leads whom, of those who are here by now.
    fn set_managers(&mut self) -> Result<(), ExchangeError> {
        if self.led.is_empty() {
            return Ok(());
        }
        let tx = exchange::begin(self.db)?;
        for (user, manager) in std::mem::take(&mut self.led) {
            directory::set_manager(&tx, &user, Some(&manager))?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Makes a running server read anew what it keeps in memory.
    fn tell(&self) -> Result<(), ExchangeError> {
        let tx = exchange::begin(self.db)?;
        let mark = clock::random_id()?;
        accounts::set_meta(&tx, crate::brought::MARK, &mark)?;
        tx.commit()?;
        Ok(())
    }

    /// Passes over what has no place here, and says so at the end.
    fn not_taken(&mut self, reader: &mut Reader, tag: &Tag) -> Result<(), ExchangeError> {
        self.note_not_taken(tag);
        reader.skip()
    }

    fn note_not_taken(&mut self, tag: &Tag) {
        note(
            &mut self.done.not_taken,
            &format!("{} {}", tag.name, tag.ns),
        );
    }

    /// Whether the transaction has to end for a while.
    fn is_slice(&self, count: u64) -> bool {
        self.has_server && count > 0 && count.is_multiple_of(SLICE)
    }

    /// Lets a running server write, between two transactions.
    fn pause(&self, tx: &Transaction<'_>) -> Result<(), ExchangeError> {
        exchange::pause(tx, || std::thread::sleep(PAUSE))?;
        Ok(())
    }
}
