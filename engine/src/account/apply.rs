//! What the meaning of a stanza does to the cache. One stanza, one transaction;
//! what changed is told after its commit.

use rusqlite::Transaction;
use tokio::time::Instant;

use super::{Shared, refusal};
use crate::api::{Event, NotificationView};
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
    Live,
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
            Self::Live | Self::Room { .. } => Place::Newest,
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
            Self::Live | Self::Room { cursor: None, .. } => Ok(()),
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
}

/// What changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Messages from before come without a notification.
    fresh_ms: i64,
    conversations: Vec<String>,
    notifications: Vec<NotificationView>,
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
        let (typing, lasting): (Vec<_>, Vec<_>) = meanings
            .into_iter()
            .partition(|meaning| matches!(meaning, Meaning::Typing { .. }));
        if !lasting.is_empty() || !matches!(step, Step::Live) {
            let account = self.id.clone();
            let fresh_ms = self.clock.now_ms() - FRESH_MS;
            let changes = self
                .store
                .write(move |tx| {
                    let mut changes = Changes {
                        fresh_ms,
                        ..Changes::default()
                    };
                    let place = step.begin(tx)?;
                    let floor = step.floor(tx)?;
                    let texts = lasting.iter().filter(|meaning| meaning.is_message());
                    let said = lasting.iter().filter(|meaning| !meaning.is_message());
                    if let Place::Gap(_) = place {
                        // Each goes below the one before; what is said about them
                        // comes when they are there.
                        for meaning in texts.rev().chain(said) {
                            write(tx, &account, meaning, place, &mut changes)?;
                        }
                    } else {
                        for meaning in &lasting {
                            write(tx, &account, meaning, place, &mut changes)?;
                        }
                    }
                    if matches!(step, Step::Newest { .. }) {
                        let page = lasting.iter().filter_map(Meaning::place);
                        order::follow(tx, floor, page)?;
                    }
                    step.finish(tx)?;
                    for conversation in displayed::settle(tx)? {
                        changes.seen_up_to(tx, &conversation)?;
                    }
                    Ok(changes)
                })
                .await?;
            self.tell(changes);
        }
        for meaning in typing {
            if let Meaning::Typing {
                conversation,
                typing,
            } = meaning
                && !(typing && self.is_blocked(&conversation).await?)
                && self.live.set_typing(&conversation, typing, Instant::now())
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
        for notification in changes.notifications {
            self.events.publish(Event::Notify { notification });
        }
        if changes.invited {
            self.invitations_changed();
        }
        if changes.outbox {
            self.outbox_bell.notify_one();
        }
    }
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
            if messages::say(tx, about)? {
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
/// message speaks for all.
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
    if rooms::is_room(tx, conversation)?
        && !message.extras.mentions_me
        && !rooms::notifies_of_all(tx, conversation)?
    {
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
    changes
        .notifications
        .retain(|waiting| waiting.conversation != received.conversation);
    changes.notifications.push(NotificationView {
        account: account.to_owned(),
        conversation: received.conversation.clone(),
        message: id,
        title: match &received.author_name {
            Some(name) => name.clone(),
            None => contacts::name(tx, &received.author)?,
        },
        body: one_line.chars().take(NOTIFICATION_CHARS).collect(),
    });
    Ok(())
}
