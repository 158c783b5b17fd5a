//! What the meaning of a stanza does to the cache. One stanza, one transaction;
//! what changed is told after its commit.

use rusqlite::Transaction;
use tokio::time::Instant;

use super::{Shared, refusal};
use crate::api::{Event, NotificationView, PreviewLimit};
use crate::inbound::Meaning;
use crate::store::archive;
use crate::store::messages::{self, Place, Said};
use crate::store::order;
use crate::store::rooms::{self, invitations};
use crate::store::{StoreError, blocked, contacts, conversations, displayed};

/// Longest text of a notification, in characters.
const NOTIFICATION_CHARS: usize = 160;
/// A message older than this comes without a notification: it is history.
const FRESH_MS: i64 = 3 * 24 * 3600 * 1000;
/// An invitation may be older than that by so much.
const INVITATION_MS: i64 = 30 * 24 * 3600 * 1000;

/// What came together, and where it belongs.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Now.
    Live {
        /// The last id that the archive gave to it, if all before it is here.
        cursor: Option<String>,
    },
    /// Now, in a room; up to where its archive is known by that.
    Room {
        room: String,
        cursor: Option<String>,
    },
    /// The newest page of an archive.
    Newest {
        archive: String,
        cursor: Option<String>,
        /// What is missing before it: after which id (none: from the beginning),
        /// and before which.
        gap: Option<(Option<String>, String)>,
    },
    /// A page of a gap.
    Fill {
        gap: i64,
        before: Option<String>,
        closed: bool,
    },
    /// A page of a gap that has messages of one conversation only.
    FillConversation {
        gap: i64,
        conversation: String,
        before: String,
        complete: bool,
    },
}

impl Step {
    /// Where messages of it belong.
    fn begin(&self, tx: &Transaction<'_>) -> rusqlite::Result<Place> {
        Ok(match self {
            Self::Live { .. } | Self::Room { .. } => Place::Newest,
            Self::Newest { archive, gap, .. } => {
                if let Some((after, before)) = gap {
                    archive::open_gap(tx, archive, after.as_deref(), before)?;
                }
                Place::Newest
            }
            Self::Fill { gap, .. } | Self::FillConversation { gap, .. } => Place::Gap(*gap),
        })
    }

    /// Where all of it belongs behind.
    fn floor(&self, tx: &Transaction<'_>) -> rusqlite::Result<i64> {
        match self {
            // Behind what is missing.
            Self::Newest {
                gap: Some((Some(_), _)),
                ..
            } => archive::end_position(tx),
            _ => Ok(i64::MIN),
        }
    }

    fn finish(&self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        match self {
            Self::Live { cursor: None } | Self::Room { cursor: None, .. } => Ok(()),
            Self::Live {
                cursor: Some(cursor),
            } => archive::set_cursor(tx, archive::OWN, cursor),
            Self::Room {
                room,
                cursor: Some(cursor),
            } => archive::set_cursor(tx, room, cursor),
            Self::Newest {
                archive, cursor, ..
            } => match cursor {
                Some(cursor) => archive::set_cursor(tx, archive, cursor),
                None => Ok(()),
            },
            Self::Fill {
                gap, closed: true, ..
            } => archive::close_gap(tx, *gap),
            Self::Fill { gap, before, .. } => match before {
                Some(before) => archive::shrink(tx, *gap, before),
                None => Ok(()),
            },
            Self::FillConversation {
                gap,
                conversation,
                before,
                complete,
            } => archive::shrink_conversation(tx, *gap, conversation, before, *complete),
        }
    }

    fn write(
        &self,
        tx: &Transaction<'_>,
        account: &str,
        meanings: &[Meaning],
        changes: &mut Changes,
    ) -> rusqlite::Result<()> {
        let place = self.begin(tx)?;
        let floor = self.floor(tx)?;
        if let Place::Gap(_) = place {
            let texts = meanings.iter().filter(|meaning| meaning.is_message());
            let said = meanings.iter().filter(|meaning| !meaning.is_message());
            // Each goes below the one before; what is said about them comes when
            // they are there, the last of it first, too.
            for meaning in texts.rev().chain(said.rev()) {
                write(tx, account, meaning, place, changes)?;
            }
        } else {
            let (last, others): (Vec<_>, Vec<_>) =
                meanings.iter().partition(|meaning| meaning.replaces());
            for meaning in others {
                write(tx, account, meaning, place, changes)?;
            }
            // The last of it first: what it replaces is not shown in between.
            if !last.is_empty() {
                let places: Vec<_> = (archive::end_position(tx)? + 1..).zip(last).collect();
                for (position, meaning) in places.into_iter().rev() {
                    write(tx, account, meaning, Place::At(position), changes)?;
                }
            }
        }
        if matches!(self, Self::Newest { .. }) {
            order::follow(tx, floor, meanings.iter().filter_map(Meaning::place))?;
        }
        self.finish(tx)
    }
}

/// What changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    now_ms: i64,
    /// Messages from before come without a notification.
    fresh_ms: i64,
    conversations: Vec<String>,
    notifications: Vec<NotificationView>,
    /// Rooms whose notice was closed by somebody.
    rooms: Vec<String>,
    /// An invitation came.
    invited: bool,
    /// New rows for the outbox (receipts), or one less that is waited for.
    pub(super) outbox: bool,
}

impl Changes {
    fn touch(&mut self, conversation: &str) {
        if !self.conversations.iter().any(|known| known == conversation) {
            self.conversations.push(conversation.to_owned());
        }
    }

    /// Some of it was read elsewhere: of that there is nothing to be told.
    fn seen_up_to(&mut self, tx: &Transaction<'_>, conversation: &str) -> rusqlite::Result<()> {
        self.touch(conversation);
        let read = conversations::read_position(tx, conversation)?;
        let mut left = Vec::with_capacity(self.notifications.len());
        for waiting in std::mem::take(&mut self.notifications) {
            let message = messages::get(tx, waiting.message)?;
            if waiting.conversation != conversation
                || message.is_some_and(|message| message.position > read)
            {
                left.push(waiting);
            }
        }
        self.notifications = left;
        Ok(())
    }
}

impl Shared {
    /// Writes meanings into the cache and tells what changed.
    pub(super) async fn apply(&self, meanings: Vec<Meaning>, step: Step) -> Result<(), StoreError> {
        self.apply_all(vec![(step, meanings)]).await
    }

    /// The same for several steps, in their order and in one transaction.
    pub(super) async fn apply_all(
        &self,
        mut steps: Vec<(Step, Vec<Meaning>)>,
    ) -> Result<(), StoreError> {
        let typing = last_typing(steps.iter().flat_map(|(_, meanings)| meanings));
        for (_, meanings) in &mut steps {
            meanings.retain(|meaning| !matches!(meaning, Meaning::Typing { .. }));
        }
        steps.retain(|(step, meanings)| {
            !meanings.is_empty() || !matches!(step, Step::Live { cursor: None })
        });
        if !steps.is_empty() {
            let account = self.id.clone();
            let now_ms = self.clock.now_ms();
            let changes = self
                .store
                .write(move |tx| {
                    let mut changes = Changes {
                        now_ms,
                        fresh_ms: now_ms - FRESH_MS,
                        ..Changes::default()
                    };
                    for (step, meanings) in &steps {
                        step.write(tx, &account, meanings, &mut changes)?;
                    }
                    for conversation in displayed::settle(tx)? {
                        changes.seen_up_to(tx, &conversation)?;
                    }
                    Ok(changes)
                })
                .await?;
            self.tell(changes);
        }
        for (conversation, is_typing) in typing {
            if !(is_typing && self.is_blocked(&conversation).await?)
                && self
                    .live
                    .set_typing(&conversation, is_typing, Instant::now())
            {
                self.conversations_changed();
            }
        }
        Ok(())
    }

    async fn is_blocked(&self, address: &str) -> Result<bool, StoreError> {
        let address = address.to_owned();
        self.store
            .read(move |db| blocked::is_blocked(db, &address))
            .await
    }

    fn tell(&self, changes: Changes) {
        for conversation in &changes.conversations {
            // Whoever has sent has stopped typing.
            self.live.set_typing(conversation, false, Instant::now());
            self.events.publish(Event::MessagesChanged {
                account: self.id.clone(),
                conversation: conversation.clone(),
            });
        }
        if !changes.conversations.is_empty() {
            self.conversations_changed();
        }
        let limit = self.managed().preview;
        for mut notification in changes.notifications {
            notification.limit = limit;
            self.events.publish(Event::Notify { notification });
        }
        for room in &changes.rooms {
            self.room_changed(room);
        }
        if changes.invited {
            self.invitations_changed();
        }
        if changes.outbox {
            self.outbox_bell.notify_one();
        }
    }
}

/// Who types after all of it. Whoever has sent has stopped.
fn last_typing<'a>(meanings: impl Iterator<Item = &'a Meaning>) -> Vec<(String, bool)> {
    let mut last: Vec<(String, bool)> = Vec::new();
    for meaning in meanings {
        let (conversation, is_typing, is_said) = match meaning {
            Meaning::Typing {
                conversation,
                typing,
            } => (conversation, *typing, true),
            Meaning::Message(received) => (&received.conversation, false, false),
            _ => continue,
        };
        match last.iter_mut().find(|(known, _)| known == conversation) {
            Some(known) => known.1 = is_typing,
            None if is_said => last.push((conversation.clone(), is_typing)),
            None => {}
        }
    }
    last
}

fn write(
    tx: &Transaction<'_>,
    account: &str,
    meaning: &Meaning,
    place: Place,
    changes: &mut Changes,
) -> rusqlite::Result<()> {
    match meaning {
        Meaning::Message(received) => {
            let mut received = received.as_ref().clone();
            rooms::settle(tx, &mut received.conversation, &mut received.author)?;
            // Nobody waits for a receipt of last year.
            received.wants_receipt &= received.time_ms > changes.fresh_ms;
            let stored = messages::receive(tx, &received, place)?;
            changes.touch(&received.conversation);
            changes.outbox |= received.outgoing;
            if let Some(id) = stored
                && !received.outgoing
            {
                changes.outbox |= received.wants_receipt;
                if place == Place::Newest && received.time_ms > changes.fresh_ms {
                    notify(tx, account, &received, id, changes)?;
                }
            }
        }
        Meaning::About(about) => {
            let mut about = about.as_ref().clone();
            rooms::settle(tx, &mut about.conversation, &mut about.author.address)?;
            let about = &about;
            if messages::say(tx, about, place)? {
                if about.room && rooms::notice::is(tx, &about.conversation, &about.target)? {
                    changes.rooms.push(about.conversation.clone());
                    return Ok(());
                }
                changes.touch(&about.conversation);
                if matches!(about.said, Said::Displayed) && about.author.outgoing {
                    // Read elsewhere: nothing to be told of any more.
                    changes
                        .notifications
                        .retain(|waiting| waiting.conversation != about.conversation);
                }
            }
        }
        Meaning::Refused {
            conversation,
            wire_id,
            error,
        } => {
            tracing::info!(%error, "message refused");
            let code = serde_json::to_value(refusal::code(error)).unwrap_or_default();
            let code = code.as_str().unwrap_or_default();
            if messages::failed(tx, conversation, wire_id, code)? {
                changes.touch(conversation);
            }
        }
        Meaning::Invited(invitation) => {
            let is_old = invitation.time_ms <= changes.fresh_ms - INVITATION_MS;
            changes.invited |= !is_old && invitations::put(tx, invitation)?;
        }
        Meaning::Typing { .. } => {}
    }
    Ok(())
}

/// One notification a conversation and batch: after an absence the newest
/// message speaks for all. Nothing of what the user does not want to be told of.
fn notify(
    tx: &Transaction<'_>,
    account: &str,
    received: &messages::Received,
    id: i64,
    changes: &mut Changes,
) -> rusqlite::Result<()> {
    // As it is by now: an edit or a retraction may have waited for it.
    let Some(message) = messages::get(tx, id)? else {
        return Ok(());
    };
    let read = conversations::read_position(tx, &received.conversation)?;
    if message.position <= read
        || message.retracted.is_some()
        || blocked::is_blocked(tx, &received.author)?
    {
        return Ok(());
    }
    let conversation = &received.conversation;
    let is_room = rooms::is_room(tx, conversation)?;
    let quiet = conversations::quiet(tx, conversation)?;
    if !quiet.tells(changes.now_ms, is_room, message.extras.mentions_me) {
        return Ok(());
    }
    let mut one_line = message
        .text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    if one_line.is_empty() {
        let files = message.extras.attachments.into_iter();
        let names: Vec<_> = files.filter_map(|file| file.name.or(file.url)).collect();
        one_line = names.join(", ");
    }
    let mut mentions_me = message.extras.mentions_me;
    changes.notifications.retain(|waiting| {
        let is_same = waiting.conversation == received.conversation;
        mentions_me |= is_same && waiting.mentions_me;
        !is_same
    });
    let room = match is_room {
        true => conversations::name(tx, conversation)?,
        false => None,
    };
    changes.notifications.push(NotificationView {
        account: account.to_owned(),
        conversation: received.conversation.clone(),
        message: id,
        title: match &received.author_name {
            Some(name) => name.clone(),
            None => contacts::name(tx, &received.author)?,
        },
        room,
        mentions_me,
        body: one_line.chars().take(NOTIFICATION_CHARS).collect(),
        limit: PreviewLimit::default(),
    });
    Ok(())
}
