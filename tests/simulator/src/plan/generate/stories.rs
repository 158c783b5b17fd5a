//! Stories: steps that belong together, and that chance alone would rarely throw
//! one after the other.

use super::Thrower;
use crate::plan::{Action, Change, Decision, Step, account_of};

/// A story that is being told.
struct Story(Vec<Step>);

impl Story {
    fn then(&mut self, after_ms: u64, action: Action) {
        self.0.push(Step { after_ms, action });
    }
}

impl Thrower<'_> {
    pub(super) fn story(&mut self) -> Vec<Step> {
        let mut story = Story(Vec::new());
        let device = self.dice.pick(&self.devices);
        let with = self.conversation(&device);
        if let Some(room) = self.room().filter(|_| self.dice.one_in(4)) {
            self.by_another_name(&mut story, device, room);
            return story.0;
        }
        match self.dice.below(4) {
            0 => self.taken_back_behind_somebody(&mut story, device, with),
            1 => self.changed_without_a_network(&mut story, device, with),
            2 => self.at_the_same_time(&mut story, device, with),
            _ => self.silent_and_loud_again(&mut story, device, with),
        }
        story.0
    }

    /// The device itself or another one of the same account.
    fn same_account(&mut self, device: &str) -> String {
        let account = account_of(device);
        let same = |other: &&String| account_of(other) == account;
        let devices: Vec<String> = self.devices.iter().filter(same).cloned().collect();
        self.dice.pick(&devices)
    }

    fn change_of(&self, device: &str, with: &str, what: Change) -> Action {
        Action::Change {
            device: device.to_owned(),
            with: with.to_owned(),
            place: 0,
            what,
        }
    }

    fn some_emojis(&mut self) -> Change {
        let some = ["👍", "❤", "🎉"].into_iter();
        let some = some.filter(|_| self.dice.one_in(2));
        Change::React(some.map(str::to_owned).collect())
    }

    /// While a device is away a message comes, is changed, and taken back.
    fn taken_back_behind_somebody(&mut self, story: &mut Story, device: String, with: String) {
        let away = self.dice.pick(&self.devices);
        if away != device {
            let ms = self.dice.between(20_000, 60_000);
            story.then(0, Action::Close { device: away, ms });
        }
        let count = self.dice.pick(&[1, 1, 2]);
        story.then(
            100,
            Action::Send {
                device: device.clone(),
                to: with.clone(),
                count,
            },
        );
        if self.dice.one_in(3) {
            story.then(2_000, self.change_of(&device, &with, Change::Edit));
        }
        story.then(4_000, self.change_of(&device, &with, Change::Retract));
    }

    /// Somebody without a network changes a message, and reacts to it.
    fn changed_without_a_network(&mut self, story: &mut Story, device: String, with: String) {
        story.then(
            0,
            Action::Send {
                device: device.clone(),
                to: with.clone(),
                count: 1,
            },
        );
        let offline = Action::Offline {
            device: device.clone(),
        };
        story.then(3_000, offline);
        for _ in 0..self.dice.between(2, 4) {
            let what = match self.dice.one_in(2) {
                true => Change::Edit,
                false => self.some_emojis(),
            };
            let after = self.dice.below(500);
            story.then(after, self.change_of(&device, &with, what));
        }
        let after = self.dice.below(20_000);
        story.then(after, Action::Online { device });
    }

    /// Two devices of an account change a message nearly at once.
    fn at_the_same_time(&mut self, story: &mut Story, device: String, with: String) {
        if self.dice.one_in(2) {
            story.then(
                0,
                Action::Send {
                    device: device.clone(),
                    to: with.clone(),
                    count: 1,
                },
            );
        }
        let first = match self.dice.one_in(2) {
            true => Change::Edit,
            false => self.some_emojis(),
        };
        let longest = self.dice.pick(&[1, 20, 100, 400]);
        for turn in 0..self.dice.between(2, 4) {
            let what = match &first {
                Change::Edit => Change::Edit,
                _ => self.some_emojis(),
            };
            let after = match turn {
                0 => 3_000,
                _ => self.dice.below(longest),
            };
            let by = self.same_account(&device);
            story.then(after, self.change_of(&by, &with, what));
        }
    }

    /// Somebody writes under one name, goes by another, and changes what they wrote;
    /// perhaps another takes the first name.
    fn by_another_name(&mut self, story: &mut Story, device: String, room: String) {
        let send = |device: &str| Action::Send {
            device: device.to_owned(),
            to: room.clone(),
            count: 1,
        };
        let nick = |device: &str, nick: &str| Action::Nick {
            device: device.to_owned(),
            room: room.clone(),
            nick: nick.to_owned(),
        };
        let account = account_of(&device).to_owned();
        story.then(0, send(&device));
        story.then(2_000, nick(&device, "kit"));
        let others = self
            .devices
            .iter()
            .filter(|other| account_of(other) != account);
        let others: Vec<String> = others.cloned().collect();
        if self.dice.one_in(2) && !others.is_empty() {
            let other = self.dice.pick(&others);
            story.then(2_000, nick(&other, &account));
            story.then(2_000, send(&other));
            story.then(2_000, self.change_of(&other, &room, Change::Edit));
        }
        let what = match self.dice.below(3) {
            0 => Change::Retract,
            1 => Change::Edit,
            _ => self.some_emojis(),
        };
        story.then(2_000, self.change_of(&device, &room, what));
    }

    /// Somebody wants to hear nothing of a conversation, and does again.
    fn silent_and_loud_again(&mut self, story: &mut Story, device: String, with: String) {
        let decide = |device: &str, what| Action::Decide {
            device: device.to_owned(),
            with: with.clone(),
            what,
        };
        story.then(0, decide(&device, Decision::Mute));
        let other = self.same_account(&device);
        let after = self.dice.pick(&[50, 3_000, 30_000]);
        story.then(after, decide(&other, Decision::Unmute));
    }
}
