//! Ports for programs that have to be told one.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below those that the system hands out by itself (32,768 on Linux): whoever
/// connects or asks for any port takes none of these while a program that was told
/// its port is stopped.
const FIRST: u16 = 10_000;
const NUMBER: u16 = 22_000;
/// Where one test process begins; many run at the same time.
const APART: u16 = 40;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// One where nobody listens now.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn free() -> SocketAddr {
    let blocks = u32::from(NUMBER / APART);
    let begin = u16::try_from(std::process::id() % blocks).unwrap_or_default() * APART;
    let mut ports = (0..NUMBER).map(|_| {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (begin + next % NUMBER) % NUMBER;
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    });
    let is_free = |address: &SocketAddr| TcpListener::bind(address).is_ok();
    ports.find(is_free).expect("a free port")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_another_one_and_none_that_the_system_gives() {
        let (one, other) = (free(), free());
        assert_ne!(one, other);
        let held = TcpListener::bind(one).unwrap();
        assert!(one.port() >= FIRST && one.port() < FIRST + NUMBER);
        assert!(held.local_addr().unwrap() == one);
    }
}
