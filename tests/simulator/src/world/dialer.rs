//! How a device reaches the server.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use engine::{Dialer, SecureStream};
use navigation::ServerTarget;
use tokio::time::sleep;

use super::World;
use super::link::{DeviceEnd, Direction, Link};
use crate::dice::Dice;

/// What the network of a device is like, now and for connections to come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Way {
    pub(crate) offline: bool,
    /// Longest time that a piece is on its way, in milliseconds.
    pub(crate) latency_ms: u64,
    /// Longest piece in bytes; 0 for as much as there is.
    pub(crate) piece: u64,
}

impl Way {
    pub(super) fn latency(&self, dice: &mut Dice) -> Duration {
        Duration::from_millis(dice.between(self.latency_ms / 2, self.latency_ms))
    }

    pub(super) fn piece(&self, dice: &mut Dice) -> usize {
        match self.piece {
            0 => usize::MAX,
            longest => usize::try_from(dice.between(1, longest)).unwrap_or(1),
        }
    }
}

/// Dials for one device.
pub(crate) struct DeviceDialer {
    pub(crate) world: World,
    pub(crate) device: String,
}

type Dialing<'a> = Pin<Box<dyn Future<Output = std::io::Result<SecureStream>> + Send + 'a>>;

impl Dialer for DeviceDialer {
    fn dial<'a>(&'a self, _: &'a ServerTarget) -> Dialing<'a> {
        Box::pin(async {
            let mut dice = self.world.dial_dice(&self.device);
            let latency = self.world.way(&self.device).latency(&mut dice);
            sleep(latency).await;
            match self.world.connect(&self.device) {
                Some(end) => Ok(SecureStream::unbound(end)),
                // Packets that go nowhere.
                None if dice.one_in(2) => std::future::pending().await,
                None => Err(std::io::ErrorKind::ConnectionRefused.into()),
            }
        })
    }
}

impl World {
    fn dial_dice(&self, device: &str) -> Dice {
        let mut state = self.state();
        state.connections += 1;
        Dice::of(self.inner.seed, device, state.connections)
    }

    pub(crate) fn way(&self, device: &str) -> Way {
        self.state().ways.get(device).cloned().unwrap_or_default()
    }

    /// Changes what the network of a device is like.
    pub(crate) fn change_way(&self, device: &str, change: impl FnOnce(&mut Way)) {
        change(self.state().ways.entry(device.to_owned()).or_default());
    }

    fn connect(&self, device: &str) -> Option<DeviceEnd> {
        let stream = {
            let mut state = self.state();
            let offline = state.ways.get(device).is_some_and(|way| way.offline);
            if offline || !state.server_is_up {
                return None;
            }
            let stream = state.server.connect();
            state.links.insert(stream, Link::new(device));
            stream
        };
        for (direction, name) in [(Direction::Up, "up"), (Direction::Down, "down")] {
            let dice = Dice::of(self.inner.seed, name, stream);
            tokio::spawn(self.clone().carry(stream, direction, dice));
        }
        Some(DeviceEnd {
            world: self.clone(),
            stream,
        })
    }
}
