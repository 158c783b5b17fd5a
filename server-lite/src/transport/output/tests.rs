use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, DuplexStream, ReadBuf};

use super::*;
use crate::Limits;
use crate::transport::{Channel, Transport};

/// Counts how often it is written to.
struct Counting(DuplexStream, Arc<AtomicUsize>);

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[tokio::test]
async fn a_burst_of_stanzas_is_one_write() {
    let (ours, mut theirs) = tokio::io::duplex(1 << 20);
    let writes = Arc::new(AtomicUsize::new(0));
    let io = Box::new(Counting(ours, Arc::clone(&writes)));
    let peer = IpAddr::from(Ipv4Addr::LOCALHOST);
    let mut transport = Transport::tcp(io, Channel::default(), peer, &Limits::default());
    let stanza = "<message><body>hi</body></message>";
    for _ in 0..100 {
        assert!(!transport.write(stanza));
    }
    assert_eq!(writes.load(Ordering::Relaxed), 0);
    transport.flush().await.unwrap();
    transport.flush().await.unwrap();
    assert_eq!(writes.load(Ordering::Relaxed), 1);
    transport.send(stanza).await.unwrap();
    assert_eq!(writes.load(Ordering::Relaxed), 2);
    let mut read = vec![0; stanza.len() * 101];
    theirs.read_exact(&mut read).await.unwrap();
    assert_eq!(read, stanza.repeat(101).as_bytes());
}

#[test]
fn elements_are_apart_where_they_have_to_be() {
    let mut output = Output::default();
    assert!(output.is_empty());
    for xml in ["<a/>", "<b>\u{4e2d}</b>", "<c/>"] {
        assert!(!output.add(xml, true));
    }
    let texts: Vec<_> = output.texts().collect();
    assert_eq!(texts, ["<a/>", "<b>\u{4e2d}</b>", "<c/>"]);
    assert!(output.add(&"x".repeat(ENOUGH), false));
}
