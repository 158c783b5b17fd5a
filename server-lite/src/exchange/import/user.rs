//! One user of an import.

use rusqlite::Transaction;
use xmpp_core::sasl::{ScramHash, ScramVerifier};
use xmpp_core::{Element, datetime, names, ns};

use super::personal::Nodes;
use super::roster::Roster;
use super::{Import, choices, note, vcard};
use crate::accounts::ITERATIONS;
use crate::clock;
use crate::exchange::message::{self, Owner, derived_id};
use crate::exchange::reader::{Reader, Step, Tag};
use crate::exchange::{ExchangeError, credentials};
use crate::roster::department;
use crate::store::accounts;
use crate::store::exchange::{self, Taken, WholeAccount, WholeMessage};

/// A user under way.
struct User<'c> {
    tx: Transaction<'c>,
    account: WholeAccount,
    /// Bare address.
    address: String,
    is_new: bool,
    /// Whether there is no password yet: the account is new, or was left so by an
    /// import that did not get to its end.
    is_bare: bool,
    verifiers: Vec<ScramVerifier>,
    /// What of all this was written, and with how many verifiers.
    written: Option<(WholeAccount, usize)>,
    /// The last row of all archives before.
    row_before: i64,
    messages: u64,
    /// All that were read, also those that were there.
    read: u64,
    /// Whether one of them only waits: those that wait keep their order.
    has_passing: bool,
    roster: Roster,
    nodes: Nodes,
    /// Whether the name that others see is known.
    is_named: bool,
}

/// Reads a user.
pub(super) fn read(
    import: &mut Import<'_>,
    reader: &mut Reader,
    tag: &Tag,
) -> Result<(), ExchangeError> {
    let name = tag.attr("name").unwrap_or_default();
    let Some(localpart) = names::normal_localpart(name) else {
        note(&mut import.done.users_refused, name);
        return reader.skip();
    };
    let tx = exchange::begin(import.db)?;
    let account = WholeAccount {
        display_name: names::clean_display_name(&localpart).unwrap_or_else(|| localpart.clone()),
        localpart,
        created_ms: clock::now_ms(),
        disabled: false,
        department: None,
        manager: None,
        administrator: false,
    };
    let is_new = exchange::insert_account(&tx, &account)?;
    let mut user = User {
        address: format!("{}@{}", account.localpart, import.domain),
        is_new,
        is_bare: is_new || exchange::verifiers(&tx, &account.localpart)?.is_empty(),
        row_before: exchange::last_row(&tx)?,
        tx,
        account,
        verifiers: Vec::new(),
        written: None,
        messages: 0,
        read: 0,
        has_passing: false,
        roster: Roster::default(),
        nodes: Nodes::default(),
        is_named: false,
    };
    if let Some(password) = tag.attr("password").filter(|_| user.is_bare) {
        user.verifiers = derive(password)?;
    }
    loop {
        match reader.next()? {
            Step::Start(tag) => user.part(import, reader, &tag)?,
            Step::End => break,
            Step::Eof => return Err(reader.bad("the file ends in the middle")),
        }
    }
    user.finish(import)
}

/// The verifiers of a password that the file holds in clear; none if it cannot
/// be one.
fn derive(password: &str) -> Result<Vec<ScramVerifier>, ExchangeError> {
    let mut verifiers = Vec::new();
    for hash in [ScramHash::Sha1, ScramHash::Sha256] {
        let salt = clock::random::<16>()?;
        verifiers.extend(ScramVerifier::derive(hash, password, &salt, ITERATIONS).ok());
    }
    Ok(verifiers)
}

impl User<'_> {
    fn part(
        &mut self,
        import: &mut Import<'_>,
        reader: &mut Reader,
        tag: &Tag,
    ) -> Result<(), ExchangeError> {
        match (tag.name.as_str(), tag.ns.as_str()) {
            ("account", ns::EXPORT) => {
                self.about(import, &reader.element(tag)?);
                Ok(())
            }
            ("scram-credentials", ns::PIE_SCRAM) => {
                self.credentials(&reader.element(tag)?);
                Ok(())
            }
            ("archive", ns::PIE_ARCHIVE) => self.archive(import, reader),
            ("offline-messages", ns::PIE) => self.waiting(import, reader),
            ("contacts", ns::EXPORT) => {
                let (tx, owner) = (&self.tx, &self.account.localpart);
                self.roster.contacts(tx, owner, &reader.element(tag)?)
            }
            ("query", ns::ROSTER) => {
                let (tx, owner) = (&self.tx, &self.account.localpart);
                self.roster.query(tx, owner, &reader.element(tag)?)
            }
            ("query", ns::PRIVATE) => {
                let owner = (self.account.localpart.as_str(), self.address.as_str());
                import.children(reader, |_, reader, tag| {
                    let stored = reader.element(tag)?;
                    vcard::private(&self.tx, &mut self.nodes, owner, stored)
                })
            }
            ("vCard", ns::VCARD_TEMP) => {
                let owner = (self.account.localpart.as_str(), self.address.as_str());
                let name = vcard::vcard(&self.tx, &mut self.nodes, owner, reader.element(tag)?)?;
                // The better name stands in an element of ours.
                if let Some(name) = name.filter(|_| !self.is_named) {
                    self.account.display_name = name;
                }
                Ok(())
            }
            ("pubsub", ns::PUBSUB_OWNER) => {
                let owner = &self.account.localpart;
                self.nodes.owner(&self.tx, owner, import, reader)
            }
            ("pubsub", ns::PUBSUB) => {
                let owner = &self.account.localpart;
                self.nodes.items(&self.tx, owner, import, reader)
            }
            ("query", ns::PRIVACY) | ("blocklist", ns::BLOCKING) | ("prefs", ns::MAM) => {
                let (tx, owner) = (&self.tx, &self.account.localpart);
                let chosen = reader.element(tag)?;
                let taken = match tag.ns.as_str() {
                    ns::PRIVACY => choices::privacy(tx, owner, &chosen)?,
                    ns::BLOCKING => choices::blocklist(tx, owner, &chosen)?,
                    _ => choices::archiving(tx, owner, &chosen)?,
                };
                import.has_news |= taken.added;
                if taken.left_out {
                    import.note_not_taken(tag);
                }
                Ok(())
            }
            ("presence", ns::CLIENT) => {
                let (tx, owner) = (&self.tx, &self.account.localpart);
                self.roster.request(tx, owner, &reader.element(tag)?)
            }
            _ => import.not_taken(reader, tag),
        }
    }

    fn about(&mut self, import: &mut Import<'_>, about: &Element) {
        let name = about.attr("name").and_then(names::clean_display_name);
        if let Some(name) = name {
            self.account.display_name = name;
            self.is_named = true;
        }
        let created = about.attr("created").and_then(datetime::parse_ms);
        self.account.created_ms = created.unwrap_or(self.account.created_ms);
        let department = about.attr("department").map(department::clean);
        self.account.department = department.and_then(Result::ok).flatten();
        self.account.manager = about.attr("manager").and_then(names::normal_localpart);
        let is_admin = about.attr("administrator") == Some("true");
        self.account.administrator = is_admin && import.was_empty;
        if is_admin && self.is_new && !import.was_empty {
            let name = format!("administrator {}", self.account.localpart);
            note(&mut import.done.not_taken, &name);
        }
        self.account.disabled = about.attr("disabled") == Some("true");
    }

    /// The first of each kind counts.
    fn credentials(&mut self, element: &Element) {
        let Some(read) = credentials::read(element) else {
            return;
        };
        if self.verifiers.iter().all(|one| one.hash != read.hash) {
            self.verifiers.push(read);
        }
    }

    fn archive(
        &mut self,
        import: &mut Import<'_>,
        reader: &mut Reader,
    ) -> Result<(), ExchangeError> {
        loop {
            match reader.next()? {
                Step::Start(tag) if tag.is("result", ns::MAM) => {
                    let result = reader.element(&tag)?;
                    let owner = Owner::Account(&self.address);
                    match message::read_result(&result, owner) {
                        Some(message) => self.put(import, message)?,
                        None => import.done.messages_refused += 1,
                    }
                    self.count(import)?;
                }
                Step::Start(tag) => import.not_taken(reader, &tag)?,
                Step::End => return Ok(()),
                Step::Eof => return Err(reader.bad("the file ends in the middle")),
            }
        }
    }

    fn put(&mut self, import: &mut Import<'_>, message: WholeMessage) -> Result<(), ExchangeError> {
        let is_kept = message.kept;
        let taken = insert(&self.tx, &self.account.localpart, message)?;
        if taken == Taken::New {
            import.done.messages_added += u64::from(is_kept);
            self.has_passing |= !is_kept;
            self.messages += 1;
        }
        Ok(())
    }

    /// One more was read: after many others have their turn. What is known of a
    /// new account by then stays, whatever becomes of the rest of the file.
    fn count(&mut self, import: &mut Import<'_>) -> Result<(), ExchangeError> {
        self.read += 1;
        if import.is_slice(self.read) {
            self.complete(import)?;
            import.pause(&self.tx)?;
        }
        Ok(())
    }

    /// Writes what the account is, as far as it was read. Not twice: whoever has
    /// signed in meanwhile would be signed out by a change of the account.
    fn complete(&mut self, import: &mut Import<'_>) -> Result<(), ExchangeError> {
        let known = (self.account.clone(), self.verifiers.len());
        if self.written.as_ref() == Some(&known) {
            return Ok(());
        }
        self.written = Some(known);
        let localpart = &self.account.localpart;
        if self.is_new {
            exchange::complete_account(&self.tx, &self.account, &self.verifiers)?;
            if let Some(manager) = self.account.manager.clone() {
                import.led.insert(localpart.clone(), manager);
            }
        } else if self.is_bare {
            accounts::set_verifiers(&self.tx, localpart, &self.verifiers)?;
        }
        // What is offered to all may change with the kinds of passwords.
        import.has_news |= self.is_new || self.is_bare && !self.verifiers.is_empty();
        Ok(())
    }

    /// Messages that wait. Most of our own exports stand in the archive too.
    fn waiting(
        &mut self,
        import: &mut Import<'_>,
        reader: &mut Reader,
    ) -> Result<(), ExchangeError> {
        loop {
            match reader.next()? {
                Step::Start(tag) if tag.is("message", ns::CLIENT) => {
                    let stanza = reader.element(&tag)?;
                    let now_ms = clock::now_ms();
                    match message::read_waiting(&stanza, &self.address, now_ms) {
                        Some(message) => self.wait(import, message)?,
                        None => import.done.messages_refused += 1,
                    }
                    self.count(import)?;
                }
                Step::Start(tag) => import.not_taken(reader, &tag)?,
                Step::End => return Ok(()),
                Step::Eof => return Err(reader.bad("the file ends in the middle")),
            }
        }
    }

    fn wait(
        &mut self,
        import: &mut Import<'_>,
        message: WholeMessage,
    ) -> Result<(), ExchangeError> {
        let owner = &self.account.localpart;
        let id = &message.stanza_id;
        // What was read from here before has been delivered since, perhaps.
        if exchange::has_message(&self.tx, owner, id)? {
            exchange::wait_if_new(&self.tx, owner, id, self.row_before, self.has_passing)?;
            return Ok(());
        }
        self.put(import, message)
    }

    fn finish(mut self, import: &mut Import<'_>) -> Result<(), ExchangeError> {
        self.complete(import)?;
        let localpart = &self.account.localpart;
        if self.is_new {
            import.done.users_added += 1;
            if self.verifiers.is_empty() {
                note(&mut import.done.without_password, localpart);
            }
        } else {
            import.done.users_known += 1;
        }
        if self.read > 0 {
            exchange::sort_archive(&self.tx, localpart, || import.pause(&self.tx))?;
        }
        import.has_news |= self.roster.finish(&self.tx, localpart)?;
        self.tx.commit()?;
        Ok(())
    }
}

/// Puts a message into an archive, under another id if its own is taken.
pub(super) fn insert(
    tx: &Transaction<'_>,
    owner: &str,
    message: WholeMessage,
) -> Result<Taken, ExchangeError> {
    match exchange::insert_message(tx, owner, &message)? {
        Taken::Elsewhere => {
            let text = format!("{}\n{}", message.stanza_id, message.xml);
            let stanza_id = derived_id(owner, Some(message.time_ms), &text);
            let message = WholeMessage {
                stanza_id,
                ..message
            };
            Ok(exchange::insert_message(tx, owner, &message)?)
        }
        taken => Ok(taken),
    }
}
