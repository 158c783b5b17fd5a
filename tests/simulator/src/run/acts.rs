//! Carrying out the steps of a plan.

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use super::Run;
use crate::device::Shown;
use crate::judge::Sent;
use crate::plan::{Action, Change, Decision};
use crate::server::address;
use crate::world::{Cut, Lost};

/// What a message is like.
enum Words<'a> {
    Plain,
    Naming(&'a str),
    /// The so-many-th before the newest.
    Answering(usize),
}

impl Run<'_> {
    pub(super) async fn act(&mut self, action: &Action) -> Result<()> {
        let world = self.world.clone();
        let is_told = self.dice.one_in(2);
        match action {
            Action::Send { device, to, count } => {
                for _ in 0..*count {
                    self.send(device, to, &Words::Plain).await;
                }
            }
            Action::Mention { device, to, whom } => {
                self.send(device, to, &Words::Naming(whom)).await;
            }
            Action::Reply { device, to, place } => {
                self.send(device, to, &Words::Answering(*place)).await;
            }
            Action::Change {
                device,
                with,
                place,
                what,
            } => self.change(device, with, *place, what).await,
            Action::Read { device, with } => {
                if let Some(device) = self.device(device) {
                    let seen = device.newest_incoming(&address(with)).await;
                    let is_read = device.read(&address(with)).await.is_ok();
                    let seen = seen.ok().flatten().filter(|_| is_read);
                    let seen = seen.map(|message| device.saw(with, &message));
                    let name = device.name.clone();
                    self.record.look(&name, with);
                    self.record.seen.extend(seen);
                }
            }
            Action::Decide { device, with, what } => self.decide(device, with, *what).await,
            Action::Block {
                device,
                whom,
                blocks,
            } => {
                if let Some(device) = self.device(device) {
                    device.block(whom, *blocks).await;
                }
            }
            Action::Enter { device, room } => {
                if let Some(device) = self.device(device) {
                    device.enter(room).await;
                }
            }
            Action::Leave { device, room } => {
                if let Some(device) = self.device(device) {
                    device.leave(room).await;
                }
            }
            Action::Nick { device, room, nick } => {
                if let Some(device) = self.device(device) {
                    device.set_nick(room, nick).await;
                }
            }
            Action::Manage {
                device,
                room,
                whom,
                what,
            } => {
                if let Some(device) = self.device(device) {
                    device.manage(room, whom, *what).await;
                }
            }
            Action::Scatter { room, told } => world.scatter(room, *told),
            Action::Type { device, to } => {
                if let Some(device) = self.device(device) {
                    drop(device.set_typing(&address(to)).await);
                }
            }
            Action::Join { device } => {
                self.join(device).await?;
                if let Some(device) = self.device(device) {
                    device.came_later = true;
                    // If it cannot now, it will at the end.
                    device.sign_in().await?;
                }
            }
            Action::Cut { device, who } => world.cut(device, *who),
            Action::CutAfter {
                device,
                direction,
                bytes,
            } => world.cut_after(device, *direction, *bytes),
            Action::Stall { device, ms } => world.stall(device, Duration::from_millis(*ms)),
            Action::Lose { device, which, ms } => {
                world.lose(device, *which, Duration::from_millis(*ms));
            }
            Action::Slow { device, ms, piece } => world.change_way(device, |way| {
                way.latency_ms = *ms;
                way.piece = *piece;
            }),
            Action::Offline { device } => {
                world.change_way(device, |way| way.offline = true);
                if is_told {
                    world.cut(device, Cut::Device);
                } else {
                    world.lose(device, Lost::Both, Duration::from_secs(150));
                }
            }
            Action::Online { device } => {
                world.change_way(device, |way| way.offline = false);
                if let Some(device) = self.device(device).filter(|_| is_told) {
                    device.network_changed().await;
                }
            }
            Action::Roam { device } => {
                world.lose(device, Lost::Both, Duration::from_secs(150));
                if let Some(device) = self.device(device) {
                    device.network_changed().await;
                }
            }
            Action::Clock { device, ms } => {
                if let Some(device) = self.device(device) {
                    device.set_clock(*ms);
                }
            }
            Action::Kill { device, ms } | Action::Close { device, ms } => {
                let is_kill = matches!(action, Action::Kill { .. });
                if let Some(device) = self.device(device).filter(|device| device.is_running()) {
                    if is_kill {
                        device.kill().await;
                    } else {
                        device.close().await;
                    }
                    device.back_at = Some(Instant::now() + Duration::from_millis(*ms));
                }
            }
            Action::Forget { device } => world.forget(device),
            Action::Restart { ms, told } => {
                world.restart_server(Duration::from_millis(*ms), *told);
            }
        }
        Ok(())
    }

    async fn send(&mut self, name: &str, to: &str, words: &Words<'_>) {
        let key = format!("{name}-{}", self.record.sent.len());
        let text = match words {
            Words::Naming(whom) => format!("{key} @{whom}"),
            Words::Plain | Words::Answering(_) => key.clone(),
        };
        let Some(device) = self.device(name) else {
            return;
        };
        // Nobody writes to a room that the list does not have.
        if to.starts_with('#') && !device.has_room(&address(to)).await {
            return;
        }
        let seen = device.newest_incoming(&address(to)).await;
        // What the engine has not taken is not sent; the user sees that.
        let sent = match words {
            Words::Answering(place) => device.reply(&address(to), *place, &text).await,
            Words::Plain | Words::Naming(_) => device.send(&address(to), &text).await,
        };
        if sent.is_ok() {
            let account = device.account.clone();
            // Whoever answers has read what is above.
            let seen = seen.ok().flatten().map(|message| device.saw(to, &message));
            self.record.look(name, to);
            self.record.seen.extend(seen);
            self.record.sent.push(Sent {
                from: account,
                device: name.to_owned(),
                to: to.to_owned(),
                key,
                text,
            });
        }
    }

    async fn change(&mut self, name: &str, with: &str, place: usize, what: &Change) {
        let number = self.record.edits;
        self.record.edits += 1;
        let text = |message: &Shown| format!("{}~{number}", message.key());
        let Some(device) = self.device(name) else {
            return;
        };
        let account = device.account.clone();
        let changed = device.change(with, place, what, text).await;
        let Ok(Some(message)) = changed else {
            return;
        };
        let text = text(&message);
        let record = self.record.changed.entry(message.key().to_owned());
        let record = record.or_default();
        match what {
            Change::Edit => {
                record.edits.insert(name.to_owned(), text);
            }
            Change::React(emojis) => {
                let by = record.reactions.entry(account).or_default();
                by.insert(name.to_owned(), emojis.iter().cloned().collect());
            }
            Change::Retract => record.retracted = true,
            Change::Moderate => record.moderated = true,
        }
    }

    async fn decide(&mut self, name: &str, with: &str, what: Decision) {
        let Some(device) = self.device(name) else {
            return;
        };
        if device.decide(with, what).await.is_err() {
            return;
        }
        let shown = device.conversation(&address(with)).await;
        let (looked, _) = self.record.looks(name, with);
        let of = (name.to_owned(), with.to_owned());
        let decided = self.record.decided.entry(of).or_default();
        match what {
            Decision::Mute => (decided.muted, decided.was_muted) = (true, true),
            Decision::Unmute => decided.muted = false,
            Decision::PutAway => {
                let known = shown.unwrap_or_default().into_iter();
                let known = known.map(|message| message.key().to_owned());
                decided.put_away = Some(known.collect());
            }
            Decision::TakeOut => decided.put_away = None,
            Decision::MarkUnread => decided.marked = Some(looked),
        }
    }
}
