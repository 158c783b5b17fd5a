//! Several ways at once, the better ones a moment earlier (RFC 8305).

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;

use super::ConnectError;

/// Longest wait for the address of a name.
const LOOKUP: Duration = Duration::from_secs(5);
/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 16;

/// Tries one way after the other, each a moment after the one before or as soon
/// as one has failed. The first that leads somewhere wins, the others are given
/// up; `failed` hears of each that does not.
pub(super) async fn first_of<T, F>(
    ways: impl IntoIterator<Item = F>,
    head_start: Duration,
    mut failed: impl FnMut(ConnectError),
) -> Option<T>
where
    F: Future<Output = Result<T, ConnectError>>,
{
    let mut waiting = ways.into_iter().peekable();
    let mut tries = FuturesUnordered::new();
    loop {
        match waiting.next() {
            Some(way) => tries.push(way),
            None if tries.is_empty() => return None,
            None => {}
        }
        tokio::select! {
            Some(outcome) = tries.next() => match outcome {
                Ok(found) => return Some(found),
                Err(error) => failed(error),
            },
            () = tokio::time::sleep(head_start), if waiting.peek().is_some() => {}
        }
    }
}

/// Connects to a host by whichever of its addresses answers first.
pub(super) async fn reach(
    host: &str,
    port: u16,
    head_start: Duration,
) -> Result<TcpStream, ConnectError> {
    // Never in the DNS (RFC 6761, section 6.4).
    if host.trim_end_matches('.').ends_with(".invalid") {
        return Err(ConnectError::Unknown(format!("{host} is no host")));
    }
    let name = super::tls::ascii_host(host)?;
    let found = tokio::time::timeout(LOOKUP, tokio::net::lookup_host((name.as_str(), port))).await;
    let addresses = match found {
        Ok(Ok(addresses)) => interleave(addresses.take(MAX_ADDRESSES).collect()),
        Ok(Err(error)) => return Err(ConnectError::Unknown(format!("{host}: {error}"))),
        Err(_) => return Err(ConnectError::Unknown(format!("{host}: no answer"))),
    };
    let mut last = ConnectError::Unknown(format!("{host} has no address"));
    let ways = addresses.into_iter().map(async |address| {
        let socket = TcpStream::connect(address)
            .await
            .map_err(|error| refused(address, &error))?;
        // Stanzas are small and wanted at once.
        drop(socket.set_nodelay(true));
        Ok(socket)
    });
    let reached = first_of(ways, head_start, |error| last = error).await;
    reached.ok_or(last)
}

fn refused(address: SocketAddr, error: &std::io::Error) -> ConnectError {
    use std::io::ErrorKind;
    let text = format!("{address}: {error}");
    match error.kind() {
        ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => ConnectError::NoRoute(text),
        _ => ConnectError::Unreachable(text),
    }
}

/// The families in turn, beginning with that of the first address (RFC 8305,
/// section 4): if one of them leads nowhere, every other try is of use.
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let begins_with_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == begins_with_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = Vec::new();
    loop {
        let before = turns.len();
        turns.extend(first.next());
        turns.extend(second.next());
        if turns.len() == before {
            return turns;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let parse = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let mixed = parse(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"]);
        let turns = parse(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]);
        assert_eq!(interleave(mixed), turns);
        let single = parse(&["1.1.1.1:1", "2.2.2.2:1"]);
        assert_eq!(interleave(single.clone()), single);
        assert!(interleave(Vec::new()).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_fails_makes_room_at_once_and_one_that_hangs_after_a_moment() {
        let began = tokio::time::Instant::now();
        let second = Duration::from_secs(1);
        let ways = (0..5).map(async |number| match number {
            0 | 2 => Err(ConnectError::TimedOut),
            1 => std::future::pending().await,
            _ => Ok(number),
        });
        let mut failures = 0;
        let found = first_of(ways, second, |_| failures += 1).await;
        assert_eq!((found, failures), (Some(3), 2));
        assert_eq!(began.elapsed(), second);
    }
}
