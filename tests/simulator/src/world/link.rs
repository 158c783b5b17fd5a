//! One connection: two pipes, and a task for each that carries the bytes.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use super::World;
use crate::dice::Dice;

/// Bytes that one side may write before the other has read some.
const WINDOW: usize = 64 * 1024;

/// A connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) device: String,
    pub(super) up: Pipe,
    pub(super) down: Pipe,
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    /// Written and not carried yet.
    bytes: VecDeque<u8>,
    /// Carried and not read yet; only on the way down.
    ready: VecDeque<u8>,
    /// The writer has closed its end.
    closed: bool,
    /// The reader has seen or will see the end.
    ended: bool,
    /// The connection is broken, and the device knows it.
    pub(super) broken: bool,
    /// Whatever is written vanishes.
    pub(super) swallows: bool,
    pub(super) stalled_until: Option<Instant>,
    /// The connection breaks after so many more bytes.
    pub(super) cut_after: Option<u64>,
    reader: Option<Waker>,
    writer: Option<Waker>,
    bell: Arc<Notify>,
}

impl Pipe {
    fn wake(&mut self) {
        let waiting = [self.reader.take(), self.writer.take()];
        for waker in waiting.into_iter().flatten() {
            waker.wake();
        }
        self.bell.notify_one();
    }

    pub(super) fn break_off(&mut self) {
        self.broken = true;
        self.bytes.clear();
        self.ready.clear();
        self.wake();
    }

    pub(super) fn swallow(&mut self) {
        self.swallows = true;
        self.bytes.clear();
        self.wake();
    }

    pub(super) fn stall_until(&mut self, until: Instant) {
        self.stalled_until = Some(until);
    }
}

impl Link {
    pub(super) fn new(device: &str) -> Self {
        Self {
            device: device.to_owned(),
            up: Pipe::default(),
            down: Pipe::default(),
        }
    }

    /// The server says something.
    pub(super) fn say(&mut self, bytes: &[u8], is_over: bool) {
        if !self.down.swallows && !self.down.broken {
            self.down.bytes.extend(bytes);
            self.down.closed |= is_over;
            self.down.bell.notify_one();
        }
    }
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To the server.
    Up,
    /// To the device.
    Down,
}

/// What a pipe wants done.
enum Next {
    Wait(Arc<Notify>),
    Until(Instant),
    Carry,
    Over,
}

impl World {
    /// Carries the bytes of one direction, as fast as the device's way allows.
    pub(super) async fn carry(self, stream: u64, direction: Direction, mut dice: Dice) {
        loop {
            match self.next(stream, direction) {
                Next::Wait(bell) => bell.notified().await,
                Next::Until(time) => sleep_until(time).await,
                Next::Carry => {
                    let latency = self.latency(stream, &mut dice);
                    if !latency.is_zero() {
                        sleep(latency).await;
                    }
                    if let Next::Until(time) = self.next(stream, direction) {
                        sleep_until(time).await;
                    }
                    self.carry_some(stream, direction, &mut dice);
                    // Whoever reads sees each piece by itself.
                    tokio::task::yield_now().await;
                }
                Next::Over => return self.over(stream, direction),
            }
        }
    }

    fn next(&self, stream: u64, direction: Direction) -> Next {
        let mut state = self.state();
        let Some(link) = state.links.get_mut(&stream) else {
            return Next::Over;
        };
        let pipe = match direction {
            Direction::Up => &mut link.up,
            Direction::Down => &mut link.down,
        };
        if pipe.broken || pipe.closed && pipe.bytes.is_empty() {
            return Next::Over;
        }
        if pipe
            .stalled_until
            .is_some_and(|until| until <= Instant::now())
        {
            pipe.stalled_until = None;
        }
        if pipe.bytes.is_empty() {
            return Next::Wait(Arc::clone(&pipe.bell));
        }
        pipe.stalled_until.map_or(Next::Carry, Next::Until)
    }

    fn latency(&self, stream: u64, dice: &mut Dice) -> Duration {
        let state = self.state();
        let way = state
            .links
            .get(&stream)
            .and_then(|link| state.ways.get(&link.device));
        way.map_or(Duration::ZERO, |way| way.latency(dice))
    }

    fn carry_some(&self, stream: u64, direction: Direction, dice: &mut Dice) {
        let at = self.elapsed_ms();
        let mut state = self.state();
        let state = &mut *state;
        let Some(link) = state.links.get_mut(&stream) else {
            return;
        };
        let device = link.device.clone();
        let piece = state
            .ways
            .get(&device)
            .map_or(usize::MAX, |way| way.piece(dice));
        let pipe = match direction {
            Direction::Up => &mut link.up,
            Direction::Down => &mut link.down,
        };
        let mut length = piece.min(pipe.bytes.len());
        let mut cut = false;
        if let Some(after) = &mut pipe.cut_after {
            let left = usize::try_from(*after).unwrap_or(usize::MAX);
            cut = left <= length;
            length = length.min(left);
            *after = after.saturating_sub(length as u64);
        }
        let bytes: Vec<u8> = pipe.bytes.drain(..length).collect();
        if let Some(writer) = pipe.writer.take() {
            writer.wake();
        }
        if !bytes.is_empty() {
            state.trace.bytes(at, &device, direction, &bytes);
        }
        match direction {
            Direction::Down => {
                pipe.ready.extend(&bytes);
                if let Some(reader) = pipe.reader.take() {
                    reader.wake();
                }
            }
            Direction::Up => {
                state.server.input(stream, &bytes);
                state.send_output();
                if state.server.has_arrived() {
                    self.inner.arrived.notify_one();
                }
            }
        }
        if cut {
            state.trace.line(at, &format!("{device} is cut"));
            state.cut_link(stream);
            self.inner.arrived.notify_one();
        }
    }

    /// Nothing comes this way any more.
    fn over(&self, stream: u64, direction: Direction) {
        let mut state = self.state();
        match direction {
            Direction::Up => {
                let Some(link) = state.links.get(&stream) else {
                    return;
                };
                if link.up.closed && !link.up.swallows {
                    if link.down.broken {
                        state.links.remove(&stream);
                    }
                    state.server.hang_up(stream);
                    self.inner.arrived.notify_one();
                }
            }
            Direction::Down => {
                if let Some(link) = state.links.get_mut(&stream) {
                    link.down.ended = true;
                    link.down.wake();
                }
            }
        }
    }
}

/// The device's end of a connection.
pub(super) struct DeviceEnd {
    pub(super) world: World,
    pub(super) stream: u64,
}

fn gone() -> std::io::Error {
    std::io::ErrorKind::ConnectionReset.into()
}

impl AsyncRead for DeviceEnd {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let mut state = self.world.state();
        let Some(link) = state.links.get_mut(&self.stream) else {
            return Poll::Ready(Err(gone()));
        };
        let pipe = &mut link.down;
        if !pipe.ready.is_empty() {
            let length = buffer.remaining().min(pipe.ready.len());
            let bytes: Vec<u8> = pipe.ready.drain(..length).collect();
            buffer.put_slice(&bytes);
            return Poll::Ready(Ok(()));
        }
        if pipe.broken {
            return Poll::Ready(Err(gone()));
        }
        if pipe.ended {
            return Poll::Ready(Ok(()));
        }
        pipe.reader = Some(context.waker().clone());
        Poll::Pending
    }
}

impl AsyncWrite for DeviceEnd {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let mut state = self.world.state();
        let Some(link) = state.links.get_mut(&self.stream) else {
            return Poll::Ready(Err(gone()));
        };
        let pipe = &mut link.up;
        if pipe.broken || pipe.closed {
            return Poll::Ready(Err(gone()));
        }
        if pipe.swallows {
            return Poll::Ready(Ok(bytes.len()));
        }
        let room = WINDOW.saturating_sub(pipe.bytes.len()).min(bytes.len());
        let Some(taken) = bytes.get(..room).filter(|taken| !taken.is_empty()) else {
            pipe.writer = Some(context.waker().clone());
            return Poll::Pending;
        };
        pipe.bytes.extend(taken);
        pipe.bell.notify_one();
        Poll::Ready(Ok(room))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let mut state = self.world.state();
        if let Some(link) = state.links.get_mut(&self.stream) {
            link.up.closed = true;
            link.up.bell.notify_one();
        }
        Poll::Ready(Ok(()))
    }
}

/// What was written still goes its way; then the server sees the end.
impl Drop for DeviceEnd {
    fn drop(&mut self) {
        let mut state = self.world.state();
        if let Some(link) = state.links.get_mut(&self.stream) {
            link.up.closed = true;
            link.up.bell.notify_one();
            link.down.break_off();
        }
    }
}
