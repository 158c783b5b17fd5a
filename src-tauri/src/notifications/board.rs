//! What is on the screen, and what a message that comes in does to it. Knows no
//! desktop: it gives effects, and `desk` carries them out.
//!
//! One notification a conversation, replaced by what is newer; past a few, one
//! speaks for all others. What came while nobody was connected makes one
//! notification and no sound.

use std::collections::{BTreeMap, HashSet};

use engine::api::PreviewLimit;

use super::words::Words;
use super::{quiet, rules};
use crate::clock::Wall;
use crate::contract::{ConversationKey, PreviewLevel, Settings};

/// So many conversations have a notification of their own at a time.
const MAX_SEPARATE: usize = 4;
/// At most one sound in this time.
const SOUND_EVERY_MS: i64 = 5_000;

/// A message that the engine thinks the user may want to be told of: it is not
/// ours, not muted, not of somebody blocked.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) key: ConversationKey,
    pub(crate) message: i64,
    pub(crate) author: String,
    /// Name of the room; none in a direct conversation.
    pub(crate) room: Option<String>,
    pub(crate) mentions_me: bool,
    pub(crate) text: String,
    /// How many are unread in the conversation, this one included.
    pub(crate) unread: u32,
    /// How much of it whoever runs the server lets be shown.
    pub(crate) limit: PreviewLimit,
}

/// The circumstances.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    pub(crate) now_ms: i64,
    pub(crate) wall: Wall,
    /// The window has the focus.
    pub(crate) focused: bool,
    /// What somebody is reading right now.
    pub(crate) reading: Option<ConversationKey>,
    /// The screen, or our window, is locked.
    pub(crate) locked: bool,
}

/// A place for a notification.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    /// Of a conversation.
    Conversation(ConversationKey),
    /// The one for all others.
    Summary,
    /// That the program goes on without its window.
    Hint,
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) sound: bool,
    /// Can be answered in place.
    pub(crate) reply: bool,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    Show(Slot, Card),
    /// What is there already says something else; nothing has come.
    Amend(Slot, Card),
    Close(Slot),
    /// The task bar asks for attention.
    Flash,
}

/// The notification of a conversation.
#[derive(Debug)]
struct Told {
    /// Its newest message.
    note: Note,
    /// How much of it is said.
    preview: PreviewLevel,
}

/// What is on the screen.
#[derive(Debug, Default)]
pub(crate) struct Board {
    /// By conversation with a notification of its own.
    separate: BTreeMap<ConversationKey, Told>,
    /// Unread messages by conversation that the summary speaks for.
    folded: BTreeMap<ConversationKey, u32>,
    /// Accounts that fetch what they missed, and what they told meanwhile.
    catching_up: HashSet<String>,
    held: BTreeMap<ConversationKey, Note>,
    flashed: HashSet<ConversationKey>,
    last_sound_ms: Option<i64>,
}

impl Board {
    /// A message came in.
    pub(crate) fn arrived(
        &mut self,
        note: Note,
        settings: &Settings,
        words: Words,
        moment: &Moment,
    ) -> Vec<Effect> {
        if moment.reading.as_ref() == Some(&note.key) {
            return Vec::new();
        }
        let rules = rules::of(&settings.notifications, &note.key.account);
        if !rules::tell_of(rules.about, &note) {
            return Vec::new();
        }
        let passes = settings.notifications.enabled
            && settings.notifications.mentions_pass
            && note.mentions_me;
        if !passes && quiet::is_quiet(&settings.notifications, moment.now_ms, moment.wall) {
            return Vec::new();
        }
        if self.catching_up.contains(&note.key.account) {
            self.held.insert(note.key.clone(), note);
            return Vec::new();
        }
        let mut effects = Vec::new();
        if settings.desktop.flash && !moment.focused && self.flashed.insert(note.key.clone()) {
            effects.push(Effect::Flash);
        }
        let sound = rules.sound && self.may_sound(moment);
        effects.extend(self.show(note, sound, settings, words, moment));
        effects
    }

    /// An account begins to fetch what it missed.
    pub(crate) fn catching_up(&mut self, account: &str) {
        self.catching_up.insert(account.to_owned());
    }

    /// It is done, or the connection is gone again.
    pub(crate) fn caught_up(
        &mut self,
        account: &str,
        settings: &Settings,
        words: Words,
        moment: &Moment,
    ) -> Vec<Effect> {
        self.catching_up.remove(account);
        let held: Vec<Note> = self
            .held
            .extract_if(.., |key, _| key.account == account)
            .map(|(_, note)| note)
            .collect();
        let few = held.len() == 1;
        let mut effects = Vec::new();
        let mut folds = false;
        for note in held {
            if few || self.separate.contains_key(&note.key) {
                effects.extend(self.show(note, false, settings, words, moment));
            } else {
                self.folded.insert(note.key, note.unread);
                folds = true;
            }
        }
        // Not for what it said before: each change of a connection comes by here.
        if folds {
            effects.push(self.show_summary(false, words));
        }
        effects
    }

    /// So many are unread in a conversation now, wherever they were read.
    pub(crate) fn unread(
        &mut self,
        key: &ConversationKey,
        unread: u32,
        words: Words,
    ) -> Vec<Effect> {
        if unread > 0 {
            return Vec::new();
        }
        self.held.remove(key);
        let mut effects = Vec::new();
        if self.separate.remove(key).is_some() {
            effects.push(Effect::Close(Slot::Conversation(key.clone())));
        }
        effects.extend(self.unfold(key, words));
        effects
    }

    /// The desktop has taken a notification away: it was clicked, closed, or is
    /// too old. Gives the message that it was about.
    pub(crate) fn gone(&mut self, slot: &Slot) -> Option<i64> {
        match slot {
            Slot::Conversation(key) => self.separate.remove(key).map(|told| told.note.message),
            Slot::Summary => {
                self.folded.clear();
                None
            }
            Slot::Hint => None,
        }
    }

    /// The window was locked: what is on the screen no longer says what was written, and
    /// cannot be answered in place.
    pub(crate) fn locked(&mut self, words: Words) -> Vec<Effect> {
        let all = self.separate.iter_mut();
        all.filter(|(_, told)| told.preview == PreviewLevel::Text)
            .map(|(key, told)| {
                told.preview = PreviewLevel::Name;
                let card = card(&told.note, told.preview, false, words);
                Effect::Amend(Slot::Conversation(key.clone()), card)
            })
            .collect()
    }

    /// Somebody looks at the window.
    pub(crate) fn focused(&mut self) {
        self.flashed.clear();
    }

    /// The conversations that are waited for to be read.
    pub(crate) fn watched(&self, account: &str) -> Vec<ConversationKey> {
        let keys = self.separate.keys().chain(self.folded.keys());
        keys.chain(self.held.keys())
            .filter(|key| key.account == account)
            .cloned()
            .collect()
    }

    /// These accounts are left: what is told of others goes.
    pub(crate) fn only_of(&mut self, accounts: &[String], words: Words) -> Vec<Effect> {
        let keys = self.separate.keys().chain(self.folded.keys());
        let gone: Vec<_> = keys
            .chain(self.held.keys())
            .filter(|key| !accounts.contains(&key.account))
            .cloned()
            .collect();
        gone.iter()
            .flat_map(|key| self.unread(key, 0, words))
            .collect()
    }

    fn may_sound(&mut self, moment: &Moment) -> bool {
        let rests = self
            .last_sound_ms
            .is_some_and(|last| (0..SOUND_EVERY_MS).contains(&(moment.now_ms - last)));
        if rests {
            return false;
        }
        self.last_sound_ms = Some(moment.now_ms);
        true
    }

    fn show(
        &mut self,
        note: Note,
        sound: bool,
        settings: &Settings,
        words: Words,
        moment: &Moment,
    ) -> Vec<Effect> {
        let is_new = !self.separate.contains_key(&note.key);
        if is_new && self.separate.len() >= MAX_SEPARATE {
            self.folded.insert(note.key, note.unread);
            return vec![self.show_summary(sound, words)];
        }
        let mut effects = self.unfold(&note.key, words);
        let mut preview = rules::of(&settings.notifications, &note.key.account).preview;
        let hides_text = moment.locked || note.limit != PreviewLimit::Anything;
        if note.limit == PreviewLimit::Nothing {
            preview = PreviewLevel::Nothing;
        } else if hides_text && preview == PreviewLevel::Text {
            preview = PreviewLevel::Name;
        }
        let card = card(&note, preview, sound, words);
        effects.push(Effect::Show(Slot::Conversation(note.key.clone()), card));
        self.separate
            .insert(note.key.clone(), Told { note, preview });
        effects
    }

    /// The summary no longer speaks for a conversation.
    fn unfold(&mut self, key: &ConversationKey, words: Words) -> Vec<Effect> {
        if self.folded.remove(key).is_none() {
            return Vec::new();
        }
        vec![if self.folded.is_empty() {
            Effect::Close(Slot::Summary)
        } else {
            Effect::Amend(Slot::Summary, self.summary(false, words))
        }]
    }

    fn show_summary(&self, sound: bool, words: Words) -> Effect {
        Effect::Show(Slot::Summary, self.summary(sound, words))
    }

    fn summary(&self, sound: bool, words: Words) -> Card {
        let messages = self.folded.values().sum();
        Card {
            title: "Startalk".to_owned(),
            body: words.messages_in(messages, self.folded.len()),
            sound,
            reply: false,
        }
    }
}

fn card(note: &Note, preview: PreviewLevel, sound: bool, words: Words) -> Card {
    let (title, body) = said(note, preview, words);
    Card {
        title,
        body,
        sound,
        reply: preview == PreviewLevel::Text,
    }
}

/// Title and body.
fn said(note: &Note, preview: PreviewLevel, words: Words) -> (String, String) {
    let name = note.room.as_ref().unwrap_or(&note.author);
    let title = match note.unread {
        0 | 1 => name.clone(),
        several => format!("{name} ({several})"),
    };
    match preview {
        PreviewLevel::Nothing => ("Startalk".to_owned(), words.new_messages(1)),
        PreviewLevel::Name => (title, words.new_messages(note.unread)),
        PreviewLevel::Text if note.room.is_some() => (title, words.says(&note.author, &note.text)),
        PreviewLevel::Text => (title, note.text.clone()),
    }
}

#[cfg(test)]
mod tests;
