//! A proxy that does as it is told: HTTP `CONNECT` or SOCKS5, with or without a
//! password. Wherever a client wants to go, it leads to one place.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use startalk_engine::{ManualProxy, ProxyKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// User name and password that the proxy wants.
pub(crate) const USER: &str = "rosa";
pub(crate) const SECRET: &str = "pro:xy 密";

#[derive(Clone)]
struct Rules {
    kind: ProxyKind,
    password: bool,
    leads_to: SocketAddr,
    /// Ports that it lets through; all, if there are none.
    ports: Vec<u16>,
    asked: Arc<Mutex<Vec<String>>>,
}

pub(crate) struct ScriptedProxy {
    address: SocketAddr,
    kind: ProxyKind,
    asked: Arc<Mutex<Vec<String>>>,
}

impl ScriptedProxy {
    pub(crate) async fn start(
        kind: ProxyKind,
        password: bool,
        leads_to: u16,
        ports: &[u16],
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::default();
        let rules = Rules {
            kind,
            password,
            leads_to: SocketAddr::from(([127, 0, 0, 1], leads_to)),
            ports: ports.to_vec(),
            asked: Arc::clone(&asked),
        };
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let rules = rules.clone();
                tokio::spawn(async move {
                    match rules.kind {
                        ProxyKind::Http => rules.http(socket).await,
                        ProxyKind::Socks5 => rules.socks(socket).await,
                    }
                });
            }
        });
        Self {
            address,
            kind,
            asked,
        }
    }

    /// As a person enters it.
    pub(crate) fn manual(&self, username: Option<&str>) -> ManualProxy {
        ManualProxy {
            kind: self.kind,
            host: self.address.ip().to_string(),
            port: self.address.port(),
            username: username.map(str::to_owned),
        }
    }

    /// Where clients wanted to go, by the words that they used.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Rules {
    fn note(&self, place: &str) -> bool {
        self.asked.lock().unwrap().push(place.to_owned());
        let port: u16 = place.rsplit_once(':').unwrap().1.parse().unwrap();
        self.ports.is_empty() || self.ports.contains(&port)
    }

    async fn lead(&self, mut socket: TcpStream) {
        let mut server = TcpStream::connect(self.leads_to).await.unwrap();
        drop(copy_bidirectional(&mut socket, &mut server).await);
    }

    async fn http(&self, mut socket: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = socket.read_u8().await else {
                return;
            };
            head.push(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let place = head.split(' ').nth(1).unwrap();
        let wanted = STANDARD.encode(format!("{USER}:{SECRET}"));
        let header = format!("proxy-authorization: basic {wanted}").to_lowercase();
        let knows = head.lines().any(|line| line.to_lowercase() == header);
        let answer = if self.password && !knows {
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n"
        } else if self.note(place) {
            drop(
                socket
                    .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    .await,
            );
            return self.lead(socket).await;
        } else {
            "HTTP/1.1 403 Forbidden\r\n"
        };
        let answer = format!("{answer}Content-Length: 0\r\n\r\n");
        drop(socket.write_all(answer.as_bytes()).await);
    }

    async fn socks(&self, mut socket: TcpStream) {
        drop(self.try_socks(&mut socket).await.map(|()| socket));
    }

    async fn try_socks(&self, socket: &mut TcpStream) -> std::io::Result<()> {
        assert_eq!(socket.read_u8().await?, 5);
        let mut methods = vec![0; usize::from(socket.read_u8().await?)];
        socket.read_exact(&mut methods).await?;
        let method = match self.password {
            true => 2,
            false => 0,
        };
        if !methods.contains(&method) {
            return socket.write_all(&[5, 0xff]).await;
        }
        socket.write_all(&[5, method]).await?;
        if self.password {
            assert_eq!(socket.read_u8().await?, 1);
            let user = text(socket).await?;
            let secret = text(socket).await?;
            let knows = user == USER && secret == SECRET;
            socket.write_all(&[1, u8::from(!knows)]).await?;
            if !knows {
                return Ok(());
            }
        }
        let mut head = [0; 4];
        socket.read_exact(&mut head).await?;
        // A name: the client has not looked it up.
        assert_eq!(head, [5, 1, 0, 3]);
        let host = text(socket).await?;
        let port = socket.read_u16().await?;
        let granted = self.note(&format!("{host}:{port}"));
        let reply = u8::from(!granted) * 2;
        socket
            .write_all(&[5, reply, 0, 1, 127, 0, 0, 1, 0, 0])
            .await?;
        if granted {
            let mut server = TcpStream::connect(self.leads_to).await?;
            drop(copy_bidirectional(socket, &mut server).await);
        }
        Ok(())
    }
}

async fn text(socket: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = vec![0; usize::from(socket.read_u8().await?)];
    socket.read_exact(&mut bytes).await?;
    Ok(String::from_utf8(bytes).unwrap())
}
