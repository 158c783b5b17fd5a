//! Running a plan.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::{Instant, sleep, sleep_until};

use crate::device::Device;
use crate::dice::Dice;
use crate::judge::{self, Failure, Kind, Record};
use crate::plan::{Action, Plan};
use crate::server::address;
use crate::world::{Cut, Lost, Trace, World};

/// How often it is looked whether something still moves.
const ROUND: Duration = Duration::from_secs(75);
/// Rounds without any change after which nothing moves any more.
const STILL: u32 = 2;
/// Rounds after which something should have come to rest.
const PATIENCE: u32 = 60;

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// What is wrong at the end, if anything.
    pub failure: Option<Failure>,
    /// The same for two runs in which the same happened.
    pub hash: u64,
    /// What happened, if that was asked for.
    pub trace: String,
    /// Messages that were sent.
    pub sent: usize,
}

impl Plan {
    /// Runs the plan and judges what it has led to.
    ///
    /// # Errors
    /// What keeps a run from being carried out at all, such as a full disk.
    pub fn run(&self, readable: bool) -> Result<Outcome> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        let folder = folder()?;
        let trace = if readable {
            Trace::readable()
        } else {
            Trace::default()
        };
        runtime.block_on(async {
            let world = World::new(self.seed, self.flavour, self.accounts(), trace);
            let mut run = Run {
                plan: self,
                world,
                folder: folder.path(),
                devices: Vec::new(),
                record: Record::default(),
                dice: Dice::of(self.seed, "run", 0),
            };
            let failure = run.all().await?;
            let state = run.world.state();
            Ok(Outcome {
                failure,
                hash: state.trace.hash(),
                trace: state.trace.lines().to_owned(),
                sent: run.record.sent.len(),
            })
        })
    }
}

/// A folder for the caches, in memory where there is such a place: nothing of it
/// has to last.
fn folder() -> std::io::Result<tempfile::TempDir> {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() {
        return tempfile::tempdir_in(memory);
    }
    tempfile::tempdir()
}

struct Run<'a> {
    plan: &'a Plan,
    world: World,
    folder: &'a std::path::Path,
    devices: Vec<Device>,
    record: Record,
    dice: Dice,
}

impl Run<'_> {
    async fn all(&mut self) -> Result<Option<Failure>> {
        for name in &self.plan.devices {
            let mut device = Device::new(name, self.plan.seed, &self.world, self.folder)?;
            device.set_up()?;
            device.start().await?;
            self.devices.push(device);
        }
        // They have been there for long: each has read its archive.
        for device in &self.devices {
            while !device.is_online().await {
                sleep(Duration::from_millis(100)).await;
            }
        }
        for step in &self.plan.steps {
            self.wait_until(Instant::now() + Duration::from_millis(step.after_ms))
                .await?;
            self.world.note(&step.action.to_string());
            self.act(&step.action).await?;
        }
        self.world.note("from here on everything works");
        self.world.heal();
        let is_still = self.come_to_rest().await?;
        self.world.note("the judge");
        let failure = if is_still {
            judge::judge(&self.devices, &self.record, &self.world).await?
        } else {
            let mut text = String::new();
            for device in &self.devices {
                let online = device.is_online().await;
                text.push_str(&format!("{} online: {online}\n", device.name));
            }
            Some(Failure {
                kind: Kind::Restless,
                text,
            })
        };
        for device in &mut self.devices {
            device.kill().await;
        }
        Ok(failure)
    }

    fn device(&mut self, name: &str) -> Option<&mut Device> {
        self.devices.iter_mut().find(|device| device.name == name)
    }

    async fn join(&mut self, name: &str) -> Result<()> {
        if self.device(name).is_none() {
            let mut device = Device::new(name, self.plan.seed, &self.world, self.folder)?;
            device.start().await?;
            self.devices.push(device);
        }
        Ok(())
    }

    /// Waits; programs that come back meanwhile are started.
    async fn wait_until(&mut self, end: Instant) -> Result<()> {
        loop {
            let next = self
                .devices
                .iter_mut()
                .filter(|device| device.back_at.is_some_and(|at| at <= end))
                .min_by_key(|device| device.back_at);
            let Some(device) = next else {
                sleep_until(end).await;
                return Ok(());
            };
            if let Some(at) = device.back_at {
                sleep_until(at).await;
            }
            device.start().await.context("starting again")?;
            self.world.note(&format!("{} is back", device.name));
        }
    }

    async fn act(&mut self, action: &Action) -> Result<()> {
        let world = self.world.clone();
        let is_told = self.dice.one_in(2);
        match action {
            Action::Send { device, to, count } => {
                for _ in 0..*count {
                    self.send(device, to).await;
                }
            }
            Action::Read { device, with } => {
                if let Some(device) = self.device(device) {
                    let seen = device.newest_incoming(&address(with)).await;
                    let is_read = device.read(&address(with)).await.is_ok();
                    let seen = seen.ok().flatten().filter(|_| is_read);
                    let seen = seen.map(|text| device.saw(with, text));
                    self.record.seen.extend(seen);
                }
            }
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

    async fn send(&mut self, name: &str, to: &str) {
        let text = format!("{name}-{}", self.record.sent.len());
        let Some(device) = self.device(name) else {
            return;
        };
        let seen = device.newest_incoming(&address(to)).await;
        // What the engine has not taken is not sent; the user sees that.
        if device.send(&address(to), &text).await.is_ok() {
            let account = device.account.clone();
            // Whoever answers has read what is above.
            let seen = seen.ok().flatten().map(|text| device.saw(to, text));
            self.record.seen.extend(seen);
            self.record.sent.push(judge::Sent {
                from: account,
                device: name.to_owned(),
                to: to.to_owned(),
                text,
            });
        }
    }

    /// Everybody is there and everything works: time goes on until nothing
    /// changes. False if that never happens.
    async fn come_to_rest(&mut self) -> Result<bool> {
        for device in &mut self.devices {
            if let Some(at) = device.back_at {
                sleep_until(at).await;
                device.start().await?;
            }
        }
        let mut before = None;
        let mut still = 0;
        for _ in 0..PATIENCE {
            sleep(ROUND).await;
            let mut all_there = true;
            for device in &mut self.devices {
                all_there &= device.sign_in().await? && device.is_online().await;
            }
            let now = judge::look(&self.devices).await?;
            still = if all_there && before.as_ref() == Some(&now) {
                still + 1
            } else {
                0
            };
            if still >= STILL {
                return Ok(true);
            }
            before = Some(now);
        }
        Ok(false)
    }
}
