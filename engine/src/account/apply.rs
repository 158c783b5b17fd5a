//! What the meaning of a stanza does to the cache. One stanza, one transaction;
//! what changed is told after its commit.

mod step;

use jid::Jid;
use rusqlite::Transaction;
use tokio::time::Instant;

use super::{Shared, refusal};
use crate::api::{Event, NotificationView, PreviewLimit};
use crate::inbound::Meaning;
use crate::store::messages::{self, Place, Said};
use crate::store::rooms::{self, invitations};
use crate::store::{StoreError, blocked, contacts, conversations, displayed};

pub(super) use step::Step;

/// More conversations than this are not told one by one: the list is read anew.
const MANY: usize = 20;
/// Longest text of a notification, in characters.
const NOTIFICATION_CHARS: usize = 160;
/// A message older than this comes without a notification: it is history.
const FRESH_MS: i64 = 3 * 24 * 3600 * 1000;
/// An invitation may be older than that by so much.
const INVITATION_MS: i64 = 30 * 24 * 3600 * 1000;

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
                self.conversation_changed(&conversation);
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
        if changes.conversations.len() > MANY {
            self.conversations_changed();
        } else {
            for conversation in &changes.conversations {
                self.conversation_changed(conversation);
            }
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
        Meaning::Refused { by, wire_id, error } => {
            tracing::info!(%error, "message refused");
            let code = serde_json::to_value(refusal::code(error)).unwrap_or_default();
            let code = code.as_str().unwrap_or_default();
            let conversation = refused_in(tx, by)?;
            if messages::failed(tx, &conversation, wire_id, code)? {
                changes.touch(&conversation);
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

/// The conversation whose messages somebody can refuse. What was said to a room is
/// refused by the room: others in it know the ids of what we say, too.
fn refused_in(tx: &Transaction<'_>, by: &Jid) -> rusqlite::Result<String> {
    let bare = by.to_bare().to_string();
    Ok(match rooms::is_there(tx, &bare)? {
        true => by.to_string(),
        false => bare,
    })
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
