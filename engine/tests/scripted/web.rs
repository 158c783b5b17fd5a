//! The web side of the server: requests for files, byte by byte. It listens where
//! the streams do and proves itself by the same key.

use startalk_engine::ByteStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::peer::{Server, within};

/// A request, up to its body.
pub(crate) struct Web {
    io: Box<dyn ByteStream>,
    /// Its first line and its headers.
    pub(crate) head: String,
    /// What came of its body so far.
    body: Vec<u8>,
}

impl Web {
    /// The next request.
    pub(crate) async fn accept(server: &Server) -> Self {
        let mut io = server.accept().await.into_io();
        let mut read = Vec::new();
        let end = loop {
            let at = read.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(at) = at {
                break at;
            }
            let more = within("a request", io.read_buf(&mut read)).await.unwrap();
            assert!(more > 0, "closed before its request");
        };
        let body = read.split_off(end + 4);
        let head = String::from_utf8(read).unwrap();
        Self { io, head, body }
    }

    /// A header, if it is there once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.head.lines().filter_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        });
        let first = found.next();
        assert!(found.next().is_none(), "{name} twice");
        first
    }

    /// Reads so much of the body.
    pub(crate) async fn read(&mut self, length: usize) {
        while self.body.len() < length {
            let more = within("a body", self.io.read_buf(&mut self.body)).await;
            assert!(more.unwrap() > 0, "closed in its body");
        }
    }

    /// Reads the whole body.
    pub(crate) async fn body(&mut self) -> Vec<u8> {
        let length = self.header("content-length").unwrap().parse().unwrap();
        self.read(length).await;
        self.body.clone()
    }

    /// Whether the other side breaks it off.
    pub(crate) async fn breaks_off(mut self) -> bool {
        loop {
            match within("the end", self.io.read_buf(&mut self.body)).await {
                Ok(0) | Err(_) => return true,
                Ok(_) => {}
            }
        }
    }

    /// Answers with these lines of a head and this body, and closes.
    pub(crate) async fn answer(self, head: &str, body: &[u8]) {
        let length = format!("Content-Length: {}", body.len());
        self.answer_as(&format!("{head}\n{length}"), body).await;
    }

    /// The same, with a length of one's own.
    pub(crate) async fn answer_as(mut self, head: &str, body: &[u8]) {
        let head = head.trim().replace('\n', "\r\n");
        let whole = format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n");
        // Whoever has enough may be gone.
        drop(self.io.write_all(whole.as_bytes()).await);
        drop(self.io.write_all(body).await);
        drop(self.io.flush().await);
        drop(self.io.shutdown().await);
    }
}
