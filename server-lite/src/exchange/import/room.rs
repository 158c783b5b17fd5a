//! One room of an import.

use rusqlite::Transaction;
use xmpp_core::{Element, element, names, ns};

use super::Import;
use super::user::insert;
use crate::clock;
use crate::exchange::ExchangeError;
use crate::exchange::message::{self, Owner};
use crate::exchange::reader::{Reader, Step, Tag};
use crate::store::exchange::{self, Taken};
use crate::store::rooms::{self, AffiliationRow, RoomRow};

/// A room under way.
struct Room<'c> {
    tx: Transaction<'c>,
    row: RoomRow,
    people: Vec<AffiliationRow>,
    /// Bare address.
    address: String,
    is_written: bool,
    /// Messages that were read, also those that were there.
    read: u64,
}

/// Reads a room. One that is there keeps what it has; messages that it lacks
/// are added.
pub(super) fn read(
    import: &mut Import<'_>,
    reader: &mut Reader,
    tag: &Tag,
) -> Result<(), ExchangeError> {
    let wanted = tag.attr("name").unwrap_or_default();
    let secret = tag.attr("secret").unwrap_or_default().to_owned();
    let Some(name) = names::normal_localpart(wanted).filter(|_| !secret.is_empty()) else {
        return import.not_taken(reader, tag);
    };
    let mut room = Room {
        tx: exchange::begin(import.db)?,
        address: format!("{name}@{}", crate::rooms::service(&import.domain)),
        row: RoomRow {
            name,
            config: "{}".to_owned(),
            subject: None,
            vcard: None,
            secret,
        },
        people: Vec::new(),
        is_written: false,
        read: 0,
    };
    loop {
        match reader.next()? {
            Step::Start(tag) => room.part(import, reader, &tag)?,
            Step::End => break,
            Step::Eof => return Err(reader.bad("the file ends in the middle")),
        }
    }
    room.write(import)?;
    if room.read > 0 {
        exchange::sort_archive(&room.tx, &room.address, || import.pause(&room.tx))?;
    }
    room.tx.commit()?;
    Ok(())
}

impl Room<'_> {
    fn part(
        &mut self,
        import: &mut Import<'_>,
        reader: &mut Reader,
        tag: &Tag,
    ) -> Result<(), ExchangeError> {
        match (tag.name.as_str(), tag.ns.as_str()) {
            ("config", ns::EXPORT) => {
                self.row.config = tag.attr("json").unwrap_or_default().to_owned();
                match crate::rooms::is_config(&self.row.config) {
                    true => reader.skip(),
                    false => Err(reader.bad("the configuration of a room cannot be read")),
                }
            }
            ("person", ns::EXPORT) => {
                self.people.extend(person(tag));
                reader.skip()
            }
            ("subject", ns::EXPORT) => {
                self.row.subject = only_child(&reader.element(tag)?);
                Ok(())
            }
            ("vcard", ns::EXPORT) => {
                self.row.vcard = only_child(&reader.element(tag)?);
                Ok(())
            }
            ("archive", ns::EXPORT) => {
                self.write(import)?;
                self.archive(import, reader)
            }
            _ => import.not_taken(reader, tag),
        }
    }

    /// Makes the room of what was read of it, if there is none.
    fn write(&mut self, import: &mut Import<'_>) -> Result<(), ExchangeError> {
        if self.is_written {
            return Ok(());
        }
        self.is_written = true;
        let (tx, row) = (&self.tx, &self.row);
        if !rooms::insert(tx, row, None, clock::now_ms())? {
            return Ok(());
        }
        for one in &self.people {
            rooms::set_affiliation(tx, &row.name, one)?;
        }
        if let Some(subject) = &row.subject {
            rooms::set_subject(tx, &row.name, subject)?;
        }
        rooms::set_vcard(tx, &row.name, row.vcard.as_deref())?;
        import.done.rooms_added += 1;
        import.has_news = true;
        Ok(())
    }

    fn archive(
        &mut self,
        import: &mut Import<'_>,
        reader: &mut Reader,
    ) -> Result<(), ExchangeError> {
        loop {
            match reader.next()? {
                Step::Start(tag) if tag.is("by", ns::EXPORT) => {
                    let element = reader.element(&tag)?;
                    let by = tag.attr("jid").unwrap_or_default();
                    let message = element
                        .get_child("result", ns::MAM)
                        .and_then(|result| message::read_result(result, Owner::Room { by }));
                    match message {
                        Some(message) => {
                            let taken = insert(&self.tx, &self.address, message)?;
                            import.done.messages_added += u64::from(taken == Taken::New);
                        }
                        None => import.done.messages_refused += 1,
                    }
                    self.read += 1;
                    if import.is_slice(self.read) {
                        import.pause(&self.tx)?;
                    }
                }
                Step::Start(tag) => import.not_taken(reader, &tag)?,
                Step::End => return Ok(()),
                Step::Eof => return Err(reader.bad("the file ends in the middle")),
            }
        }
    }
}

fn person(tag: &Tag) -> Option<AffiliationRow> {
    let member = jid::BareJid::new(tag.attr("jid")?).ok()?;
    let affiliation = tag.attr("affiliation")?;
    let is_known = matches!(
        affiliation,
        "owner" | "admin" | "member" | "outcast" | "none"
    );
    is_known.then(|| AffiliationRow {
        member: member.to_string(),
        affiliation: affiliation.to_owned(),
        nick: tag.attr("nick").map(str::to_owned),
        reason: tag.attr("reason").map(str::to_owned),
    })
}

fn only_child(element: &Element) -> Option<String> {
    element::write(element.children().next()?).ok()
}
