//! A web client that sends what the test wrote, and a web server that keeps
//! what it was told.

use std::collections::VecDeque;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client::{Io, Place, TlsVersion, socket, tls, within};

/// A request or an answer.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    /// `GET /x HTTP/1.1`, `HTTP/1.1 200 OK`.
    pub(crate) first: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Http {
    pub(crate) fn status(&self) -> u16 {
        self.first.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// A header; empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut all = self.headers.iter().filter(|(known, _)| known == name);
        let value = all.next().map_or("", |(_, value)| value);
        assert!(all.next().is_none(), "{name} twice");
        value
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// A connection to the HTTPS port.
pub(crate) async fn connect(server: &impl Place) -> Box<dyn Io> {
    let socket = socket(server.https()).await;
    let (stream, _, _) = tls(socket, Some(b"http/1.1"), TlsVersion::V13)
        .await
        .unwrap();
    Box::new(stream)
}

/// Sends text and bytes as they are, and reads the answer up to the end of the
/// connection.
pub(crate) async fn raw(server: &impl Place, head: &str, body: &[u8]) -> Http {
    let mut io = connect(server).await;
    io.write_all(head.as_bytes()).await.unwrap();
    // The server may have answered before it has read everything.
    drop(io.write_all(body).await);
    drop(io.flush().await);
    let is_head = head.starts_with("HEAD");
    within("an answer", read(&mut io, is_head)).await.unwrap()
}

/// A request with these lines of headers.
pub(crate) async fn request(
    server: &impl Place,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &[u8],
) -> Http {
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nhost: team.example\r\nconnection: close\r\n");
    if method == "PUT" {
        head += &format!("content-length: {}\r\n", body.len());
    }
    for line in headers {
        head += &format!("{line}\r\n");
    }
    raw(server, &(head + "\r\n"), body).await
}

pub(crate) async fn get(server: &impl Place, path: &str) -> Http {
    request(server, "GET", path, &[], b"").await
}

/// Reads a request or an answer; `None` if the connection ended before one.
async fn read(io: &mut (impl AsyncReadExt + Unpin), without_body: bool) -> Option<Http> {
    let mut bytes = Vec::new();
    let end = loop {
        let found = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = found {
            break end;
        }
        if io.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    };
    let mut body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let first = lines.next().unwrap().to_owned();
    let headers: Vec<_> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, length)| length.parse().unwrap());
    while !without_body && body.len() < length && io.read_buf(&mut body).await.unwrap_or(0) > 0 {}
    Some(Http {
        first,
        headers,
        body,
    })
}

/// A web server in clear on this machine.
pub(crate) struct Hook {
    listener: TcpListener,
    /// What it answers, one after the other; then 200.
    pub(crate) answers: VecDeque<u16>,
}

impl Hook {
    pub(crate) async fn start() -> Self {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            listener: TcpListener::bind(loopback).await.unwrap(),
            answers: VecDeque::new(),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.listener.local_addr().unwrap())
    }

    /// The next request, answered.
    pub(crate) async fn next(&mut self) -> Http {
        within("a notification", async {
            let (mut socket, _): (TcpStream, _) = self.listener.accept().await.unwrap();
            let request = read(&mut socket, false).await.unwrap();
            let status = self.answers.pop_front().unwrap_or(200);
            let location = "location: http://127.0.0.1:1/\r\n";
            let answer = format!(
                "HTTP/1.1 {status} x\r\n{location}content-length: 0\r\nconnection: close\r\n\r\n"
            );
            socket.write_all(answer.as_bytes()).await.unwrap();
            socket.shutdown().await.unwrap();
            request
        })
        .await
    }
}
