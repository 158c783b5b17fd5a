//! The network between one device and the server, below TLS: it can be cut
//! after any byte, stall, swallow what is sent and take bytes apart. Bytes are
//! never changed: TLS would notice, and a network that changes them is an
//! attacker, not a fault.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the device to the server.
    Up,
    /// From the server to the device.
    Down,
}

/// What happens to the bytes of a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// They arrive.
    Pass,
    /// They arrive each in a segment of its own.
    Split,
    /// Nothing is taken any more: the sender's buffers fill.
    Stall,
    /// They are taken and lost, ends of connections included: a half-open
    /// connection.
    Swallow,
}

/// Which byte is the last that a connection carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutAfter {
    /// Counted in this direction.
    pub way: Way,
    /// So many bytes arrive.
    pub bytes: u64,
}

#[derive(Debug, Clone, Copy)]
struct Mode {
    up: Flow,
    down: Flow,
    /// Whether connections are accepted; else they end at once.
    open: bool,
}

/// A port that leads to a server, whose faults are chosen by the test.
#[derive(Debug)]
pub struct Link {
    port: u16,
    inner: Arc<Inner>,
    _listening: DropGuard,
}

#[derive(Debug)]
struct Inner {
    mode: watch::Sender<Mode>,
    /// For connections to come, in turn.
    cuts: Mutex<VecDeque<CutAfter>>,
    /// For whatever is carried from now on.
    armed: Mutex<Option<CutAfter>>,
    /// Ends all connections that there are.
    cut: Mutex<CancellationToken>,
    accepted: AtomicUsize,
    /// Bytes that arrived on the newest connection.
    up: AtomicU64,
    down: AtomicU64,
}

impl Link {
    /// A link without faults to wherever `server` says, asked for each connection.
    ///
    /// # Errors
    /// If there is no port.
    pub async fn to(server: impl Fn() -> SocketAddr + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let inner = Arc::new(Inner {
            mode: watch::Sender::new(Mode {
                up: Flow::Pass,
                down: Flow::Pass,
                open: true,
            }),
            cuts: Mutex::default(),
            armed: Mutex::default(),
            cut: Mutex::default(),
            accepted: AtomicUsize::new(0),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
        });
        let listening = CancellationToken::new();
        let (end, shared) = (listening.clone(), Arc::clone(&inner));
        tokio::spawn(async move {
            tokio::select! {
                () = end.cancelled() => shared.cut(),
                () = accept(listener, &shared, &server) => {}
            }
        });
        Ok(Self {
            port,
            inner,
            _listening: listening.drop_guard(),
        })
    }

    /// Where the device connects, on the loopback address.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends all connections that there are, in the middle of whatever is said.
    pub fn cut(&self) {
        self.inner.cut();
    }

    /// The network is gone: connections end, and new ones too.
    pub fn down(&self) {
        self.inner.mode.send_modify(|mode| mode.open = false);
        self.cut();
    }

    /// The network is back, without faults.
    pub fn up(&self) {
        self.inner.mode.send_modify(|mode| {
            *mode = Mode {
                up: Flow::Pass,
                down: Flow::Pass,
                open: true,
            };
        });
    }

    /// What happens to the bytes of a direction from now on, on all connections.
    pub fn set(&self, way: Way, flow: Flow) {
        self.inner.mode.send_modify(|mode| match way {
            Way::Up => mode.up = flow,
            Way::Down => mode.down = flow,
        });
    }

    /// The next connections are cut so, one after the other.
    pub fn cut_next(&self, cuts: impl IntoIterator<Item = CutAfter>) {
        self.inner.cuts().extend(cuts);
    }

    /// Cuts that no connection has met yet.
    #[must_use]
    pub fn cuts_left(&self) -> usize {
        self.inner.cuts().len()
    }

    /// So many more bytes arrive, then the connection is cut.
    pub fn cut_in(&self, cut: CutAfter) {
        *self.inner.armed() = Some(cut);
    }

    /// Connections that were accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.inner.accepted.load(Ordering::SeqCst)
    }

    /// Bytes that arrived on the newest connection.
    #[must_use]
    pub fn carried(&self, way: Way) -> u64 {
        self.inner.carried(way).load(Ordering::SeqCst)
    }
}

impl Inner {
    fn cut(&self) {
        let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *cut).cancel();
    }

    fn cuts(&self) -> std::sync::MutexGuard<'_, VecDeque<CutAfter>> {
        self.cuts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn armed(&self) -> std::sync::MutexGuard<'_, Option<CutAfter>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many of these bytes may pass, and whether the cut comes behind them.
    fn until_cut(&self, way: Way, bytes: usize) -> (usize, bool) {
        let mut armed = self.armed();
        let Some(cut) = armed.as_mut().filter(|cut| cut.way == way) else {
            return (bytes, false);
        };
        let take = bytes.min(usize::try_from(cut.bytes).unwrap_or(usize::MAX));
        cut.bytes -= take as u64;
        let is_cut = cut.bytes == 0;
        if is_cut {
            *armed = None;
        }
        (take, is_cut)
    }

    fn carried(&self, way: Way) -> &AtomicU64 {
        match way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        }
    }

    fn flow(mode: Mode, way: Way) -> Flow {
        match way {
            Way::Up => mode.up,
            Way::Down => mode.down,
        }
    }
}

async fn accept(
    listener: TcpListener,
    inner: &Arc<Inner>,
    server: &(dyn Fn() -> SocketAddr + Send + Sync),
) {
    while let Ok((device, _)) = listener.accept().await {
        if !inner.mode.borrow().open {
            continue;
        }
        inner.accepted.fetch_add(1, Ordering::SeqCst);
        let end = {
            let cut = inner.cut.lock().unwrap_or_else(PoisonError::into_inner);
            cut.child_token()
        };
        let cut_after = inner.cuts().pop_front();
        let (inner, address) = (Arc::clone(inner), server());
        tokio::spawn(async move {
            if let Ok(server) = connect(address).await {
                inner.up.store(0, Ordering::SeqCst);
                inner.down.store(0, Ordering::SeqCst);
                carry(device, server, &inner, end, cut_after).await;
            }
        });
    }
}

/// From an address of its own for every fifty: servers limit what one may have.
async fn connect(address: SocketAddr) -> Result<TcpStream> {
    static CONNECTIONS: AtomicUsize = AtomicUsize::new(0);
    let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed) / 50 % 200;
    let from = Ipv4Addr::new(127, 0, 2, 1 + u8::try_from(number).context("at most 200")?);
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    Ok(socket.connect(address).await?)
}

async fn carry(
    device: TcpStream,
    server: TcpStream,
    inner: &Inner,
    end: CancellationToken,
    cut_after: Option<CutAfter>,
) {
    drop(device.set_nodelay(true));
    drop(server.set_nodelay(true));
    let (from_device, to_device) = device.into_split();
    let (from_server, to_server) = server.into_split();
    let limit = |way| {
        cut_after
            .filter(|cut| cut.way == way)
            .map_or(u64::MAX, |cut| cut.bytes)
    };
    let up = pump(from_device, to_server, inner, Way::Up, limit(Way::Up), &end);
    let down = pump(
        from_server,
        to_device,
        inner,
        Way::Down,
        limit(Way::Down),
        &end,
    );
    tokio::select! {
        () = end.cancelled() => {}
        _ = async { tokio::join!(up, down) } => {}
    }
}

/// Carries one direction to its end.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    inner: &Inner,
    way: Way,
    limit: u64,
    end: &CancellationToken,
) {
    let mut mode = inner.mode.subscribe();
    let mut buffer = vec![0; 16 * 1024];
    let mut left = limit;
    while left > 0 {
        let flow = Inner::flow(*mode.borrow_and_update(), way);
        let read = match flow {
            Flow::Stall => None,
            _ => tokio::select! {
                biased;
                _ = mode.changed() => continue,
                read = from.read(&mut buffer) => read.ok().filter(|read| *read > 0),
            },
        };
        let Some(read) = read else {
            match flow {
                Flow::Stall | Flow::Swallow => {
                    drop(mode.changed().await);
                    continue;
                }
                Flow::Pass | Flow::Split => break,
            }
        };
        if flow == Flow::Swallow {
            continue;
        }
        let most = read.min(usize::try_from(left).unwrap_or(usize::MAX));
        let (take, is_cut) = inner.until_cut(way, most);
        let pieces = match flow {
            Flow::Split => 1,
            _ => take.max(1),
        };
        for piece in buffer[..take].chunks(pieces) {
            if to.write_all(piece).await.is_err() {
                return;
            }
        }
        inner.carried(way).fetch_add(take as u64, Ordering::SeqCst);
        left = if is_cut { 0 } else { left - take as u64 };
    }
    if left == 0 {
        end.cancel();
    }
    drop(to.shutdown().await);
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = socket.split();
                    tokio::io::copy(&mut read, &mut write).await
                });
            }
        });
        address
    }

    async fn through(link: &Link) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, link.port()))
            .await
            .unwrap()
    }

    async fn said(socket: &mut TcpStream, text: &[u8]) -> Vec<u8> {
        socket.write_all(text).await.unwrap();
        let mut heard = vec![0; text.len()];
        socket.read_exact(&mut heard).await.unwrap();
        heard
    }

    #[tokio::test]
    async fn bytes_arrive_whole_or_one_by_one() {
        let address = echo().await;
        let link = Link::to(move || address).await.unwrap();
        let mut socket = through(&link).await;
        assert_eq!(said(&mut socket, b"hello").await, b"hello");
        link.set(Way::Up, Flow::Split);
        link.set(Way::Down, Flow::Split);
        assert_eq!(said(&mut socket, b"again").await, b"again");
        assert_eq!((link.carried(Way::Up), link.connections()), (10, 1));
    }

    #[tokio::test]
    async fn a_connection_ends_after_the_byte_that_was_chosen() {
        let address = echo().await;
        let link = Link::to(move || address).await.unwrap();
        for way in [Way::Up, Way::Down] {
            link.cut_next([CutAfter { way, bytes: 3 }]);
            let mut socket = through(&link).await;
            socket.write_all(b"hello").await.unwrap();
            let mut heard = Vec::new();
            // A reset is an end too.
            drop(socket.read_to_end(&mut heard).await);
            assert!(heard.len() <= 3, "{way:?} {heard:?}");
            assert_eq!(link.carried(way), 3, "{way:?}");
        }
        assert_eq!(link.cuts_left(), 0);
        let mut socket = through(&link).await;
        assert_eq!(said(&mut socket, b"hello").await, b"hello");
        let (way, bytes) = (Way::Up, 2);
        link.cut_in(CutAfter { way, bytes });
        socket.write_all(b"again").await.unwrap();
        let mut heard = Vec::new();
        drop(socket.read_to_end(&mut heard).await);
        assert_eq!(link.carried(Way::Up), 7);
    }

    #[tokio::test]
    async fn what_is_swallowed_is_lost_and_what_stalls_comes_later() {
        let address = echo().await;
        let link = Link::to(move || address).await.unwrap();
        let mut socket = through(&link).await;
        assert_eq!(said(&mut socket, b"a").await, b"a");
        link.set(Way::Down, Flow::Stall);
        socket.write_all(b"b").await.unwrap();
        link.up();
        let mut heard = [0; 1];
        socket.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"b");
        link.set(Way::Up, Flow::Swallow);
        socket.write_all(b"c").await.unwrap();
        link.cut();
        assert!(!matches!(socket.read(&mut heard).await, Ok(1)));
    }

    #[tokio::test]
    async fn a_network_that_is_down_comes_back() {
        let address = echo().await;
        let link = Link::to(move || address).await.unwrap();
        let mut socket = through(&link).await;
        assert_eq!(said(&mut socket, b"a").await, b"a");
        link.down();
        let mut heard = Vec::new();
        drop(socket.read_to_end(&mut heard).await);
        let mut refused = through(&link).await;
        drop(refused.read_to_end(&mut heard).await);
        assert_eq!(heard, b"");
        link.up();
        let mut socket = through(&link).await;
        assert_eq!(said(&mut socket, b"b").await, b"b");
    }
}
