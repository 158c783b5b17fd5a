//! What goes wrong.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::link::Direction;
use super::{State, World};

/// Who notices at once that a connection is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Both ends.
    Both,
    /// The device alone; the server holds the connection for a while.
    Device,
    /// The server alone.
    Server,
}

/// Which bytes vanish on a connection that seems to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Those to the server.
    Up,
    /// Those to the device.
    Down,
    /// All.
    Both,
}

/// How long a side holds a connection of which it hears nothing.
const NOTICED: Duration = Duration::from_secs(150);

impl State {
    fn of(&self, device: &str) -> Vec<u64> {
        self.links
            .iter()
            .filter(|(_, link)| link.device == device)
            .map(|(stream, _)| *stream)
            .collect()
    }

    /// Breaks a connection; what was on its way is lost, both ends know.
    pub(super) fn cut_link(&mut self, stream: u64) {
        if let Some(link) = self.links.get_mut(&stream) {
            link.up.break_off();
            link.down.break_off();
            self.server.hang_up(stream);
            self.links.remove(&stream);
        }
    }
}

impl World {
    /// Breaks the connections of a device.
    pub(crate) fn cut(&self, device: &str, who: Cut) {
        let streams = {
            let mut state = self.state();
            let streams = state.of(device);
            for stream in &streams {
                match who {
                    Cut::Both => state.cut_link(*stream),
                    Cut::Device => {
                        if let Some(link) = state.links.get_mut(stream) {
                            link.up.swallow();
                            link.up.break_off();
                            link.down.break_off();
                        }
                    }
                    Cut::Server => {
                        if let Some(link) = state.links.get_mut(stream) {
                            link.up.swallow();
                            link.down.swallow();
                        }
                        state.server.hang_up(*stream);
                    }
                }
            }
            streams
        };
        self.inner.arrived.notify_one();
        if who != Cut::Both {
            self.notice_later(streams, NOTICED);
        }
    }

    /// The connection of a device breaks after so many more bytes.
    pub(crate) fn cut_after(&self, device: &str, direction: Direction, bytes: u64) {
        let mut state = self.state();
        for stream in state.of(device) {
            if let Some(link) = state.links.get_mut(&stream) {
                match direction {
                    Direction::Up => link.up.cut_after = Some(bytes),
                    Direction::Down => link.down.cut_after = Some(bytes),
                }
            }
        }
    }

    /// Nothing moves for a while; nothing is lost.
    pub(crate) fn stall(&self, device: &str, time: Duration) {
        let until = Instant::now() + time;
        let mut state = self.state();
        for stream in state.of(device) {
            if let Some(link) = state.links.get_mut(&stream) {
                link.up.stall_until(until);
                link.down.stall_until(until);
            }
        }
    }

    /// Bytes vanish, and nobody knows; after a while the connection breaks.
    pub(crate) fn lose(&self, device: &str, which: Lost, time: Duration) {
        let streams = {
            let mut state = self.state();
            let streams = state.of(device);
            for stream in &streams {
                if let Some(link) = state.links.get_mut(stream) {
                    if which != Lost::Down {
                        link.up.swallow();
                    }
                    if which != Lost::Up {
                        link.down.swallow();
                    }
                }
            }
            streams
        };
        self.notice_later(streams, time);
    }

    fn notice_later(&self, streams: Vec<u64>, time: Duration) {
        let world = self.clone();
        tokio::spawn(async move {
            sleep(time).await;
            let mut state = world.state();
            for stream in streams {
                state.cut_link(stream);
            }
            world.inner.arrived.notify_one();
        });
    }

    /// The server ends without a word and is back after a while. Unless they are
    /// told, devices do not notice.
    pub(crate) fn restart_server(&self, time: Duration, told: bool) {
        let at = self.elapsed_ms();
        let streams: Vec<u64> = {
            let mut state = self.state();
            let waiting = state.server.waiting();
            let lucky = state.dice.index(waiting + 1);
            state.server.crash(lucky);
            state.server_is_up = false;
            state
                .trace
                .line(at, &format!("server down, {lucky} of {waiting} on disk"));
            let streams: Vec<u64> = state.links.keys().copied().collect();
            for stream in &streams {
                if told {
                    state.cut_link(*stream);
                } else if let Some(link) = state.links.get_mut(stream) {
                    link.up.swallow();
                    link.down.swallow();
                }
            }
            streams
        };
        if !told {
            self.notice_later(streams, NOTICED);
        }
        let world = self.clone();
        tokio::spawn(async move {
            sleep(time).await;
            let at = world.elapsed_ms();
            let mut state = world.state();
            state.server_is_up = true;
            state.trace.line(at, "server up");
        });
    }

    /// The connection of a device breaks, and its session cannot be resumed.
    pub(crate) fn forget(&self, device: &str) {
        let sessions: Vec<u64> = {
            let state = self.state();
            let streams = state.of(device);
            streams
                .into_iter()
                .filter_map(|stream| state.server.session_of(stream))
                .collect()
        };
        self.cut(device, Cut::Both);
        let world = self.clone();
        // Once the cut has come through.
        let time = self.inner.commit + Duration::from_millis(1);
        tokio::spawn(async move {
            sleep(time).await;
            world.with_server(|server| server.forget(&sessions));
        });
    }

    /// A room forgets who is in it.
    pub(crate) fn scatter(&self, room: &str, told: bool) {
        if let Some(room) = room.strip_prefix('#') {
            self.with_server(|server| server.scatter(room, told));
        }
    }

    /// Everything works from here on.
    pub(crate) fn heal(&self) {
        let mut state = self.state();
        for way in state.ways.values_mut() {
            *way = super::Way::default();
        }
        for link in state.links.values_mut() {
            for pipe in [&mut link.up, &mut link.down] {
                pipe.cut_after = None;
            }
        }
    }
}
