//! Running a plan.

mod acts;

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::{Instant, sleep, sleep_until};

use crate::device::Device;
use crate::dice::Dice;
use crate::judge::{self, Failure, Kind, Record};
use crate::plan::{Plan, Room};
use crate::world::{Trace, World};

/// How often it is looked whether something still moves.
const ROUND: Duration = Duration::from_secs(75);
/// Silence after which each device has asked its rooms whether they have it.
const SILENCE: Duration = Duration::from_secs(20 * 60);
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
            for room in &self.rooms {
                let mut state = world.state();
                state.server.open_room(&room.name, &room.members);
            }
            let mut run = Run {
                plan: self,
                world,
                folder: folder.path(),
                devices: Vec::new(),
                record: Record::of(self),
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
            let is_member = |room: &&Room| room.members.contains(&device.account);
            let rooms = self.plan.rooms.iter().filter(is_member).count();
            while !(device.is_online().await && device.rooms_joined().await == rooms) {
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

    /// Everybody is there and everything works: time goes on until nothing
    /// changes. False if that never happens.
    async fn come_to_rest(&mut self) -> Result<bool> {
        for device in &mut self.devices {
            if let Some(at) = device.back_at {
                sleep_until(at).await;
                device.start().await?;
            }
        }
        if self.record.is_scattered {
            // Whoever hears nothing of a room asks whether it has them (XEP-0410).
            sleep(SILENCE).await;
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
