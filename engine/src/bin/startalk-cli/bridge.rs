//! `startalk-cli bridge`: the contract over a WebSocket of this machine, so that a
//! browser can be the window while one works on it. Development builds alone have
//! it.
//!
//! Whoever speaks to it is the user. So it listens on 127.0.0.1, lets in only
//! scripts of the page that it was started for (RFC 6455, section 10.2), and
//! answers nobody who does not begin with the token. That is made at each start
//! and printed in the fragment of the page's address, which browsers send to no
//! server.
//!
//! Frames are JSON: first `{"token": "…"}`, then [`Call`]s one way, and [`Said`]
//! the other.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use startalk_engine::Engine;
use startalk_engine::api::{ApiError, Event, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use url::Url;

use crate::args::Cli;
use crate::commands::show;

/// Largest request: a picture of one's own in base64, and more.
const MAX_REQUEST: usize = 1024 * 1024;
/// Pages at once.
const MAX_PAGES: usize = 8;
/// Requests of one page that are answered at the same time.
const AT_ONCE: usize = 64;
/// For the handshake, and for the token.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Args)]
pub(crate) struct Bridge {
    /// Port on 127.0.0.1; 0 takes one that is free.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The page, as `npx vite --mode web` serves it.
    #[arg(long, default_value = "http://127.0.0.1:5174/web.html")]
    page: Url,
}

/// A request of the page.
#[derive(Deserialize)]
struct Call {
    /// Names it in the answer.
    id: u64,
    request: Request,
}

/// What the page is told.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Said {
    Answer { id: u64, response: Box<Response> },
    Refused { id: u64, error: ApiError },
    Event { event: Event },
}

#[derive(Deserialize)]
struct Hello {
    token: String,
}

/// Whom to let in.
struct Door {
    origin: String,
    token: String,
}

/// Serves until Ctrl-C.
pub(crate) async fn run(engine: &Engine, cli: &Cli, bridge: &Bridge) -> anyhow::Result<()> {
    let here = ["127.0.0.1", "localhost", "[::1]"];
    if !bridge
        .page
        .host_str()
        .is_some_and(|host| here.contains(&host))
    {
        bail!("the page has to be one of this machine");
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, bridge.port))
        .await
        .with_context(|| format!("port {}", bridge.port))?;
    let port = listener.local_addr()?.port();
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    let door = Arc::new(Door {
        origin: bridge.page.origin().ascii_serialization(),
        token: URL_SAFE_NO_PAD.encode(random),
    });
    let mut page = bridge.page.clone();
    page.set_fragment(Some(&format!("bridge={port}&token={}", door.token)));
    show(cli, &page.as_str(), || page.to_string())?;

    let pages = Arc::new(Semaphore::new(MAX_PAGES));
    loop {
        let socket = tokio::select! {
            accepted = listener.accept() => accepted?.0,
            ended = tokio::signal::ctrl_c() => return Ok(ended?),
        };
        let Ok(place) = Arc::clone(&pages).try_acquire_owned() else {
            continue;
        };
        let (engine, door) = (engine.clone(), Arc::clone(&door));
        tokio::spawn(async move {
            if let Err(error) = serve(&engine, &door, socket).await {
                tracing::info!(%error, "a page is gone");
            }
            drop(place);
        });
    }
}

async fn serve(engine: &Engine, door: &Door, socket: TcpStream) -> anyhow::Result<()> {
    let mut events = engine.subscribe();
    let stream = tokio::time::timeout(PATIENCE, let_in(door, socket)).await??;
    let (mut out, mut incoming) = stream.split();
    let (answers, mut answered) = mpsc::channel(AT_ONCE);
    let running = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let said = tokio::select! {
            event = events.next() => match event {
                Some(event) => Said::Event { event },
                None => return Ok(()),
            },
            Some(said) = answered.recv() => said,
            message = incoming.next(), if running.available_permits() > 0 => match message {
                Some(Ok(Message::Text(text))) => {
                    let call = read(&text)?;
                    let place = Arc::clone(&running).acquire_owned().await?;
                    let (engine, answers) = (engine.clone(), answers.clone());
                    // It goes on when the page is gone, as in the app.
                    tokio::spawn(async move {
                        let said = answer(&engine, call).await;
                        drop(answers.send(said).await);
                        drop(place);
                    });
                    continue;
                }
                Some(Ok(Message::Close(_))) | None => return Ok(()),
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(error.into()),
            },
        };
        out.send(Message::text(serde_json::to_string(&said)?))
            .await?;
    }
}

async fn answer(engine: &Engine, call: Call) -> Said {
    let id = call.id;
    match Box::pin(engine.handle(call.request)).await {
        Ok(response) => Said::Answer {
            id,
            response: Box::new(response),
        },
        Err(error) => Said::Refused { id, error },
    }
}

/// The stream of a page that may speak.
async fn let_in(door: &Door, socket: TcpStream) -> anyhow::Result<WebSocketStream<TcpStream>> {
    #[expect(clippy::result_large_err, reason = "the library wants it so")]
    let check = |request: &server::Request, response: server::Response| {
        let origin = request.headers().get("origin");
        if origin.is_some_and(|origin| origin.as_bytes() == door.origin.as_bytes()) {
            return Ok(response);
        }
        let mut refusal = server::ErrorResponse::new(None);
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        Err(refusal)
    };
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_REQUEST))
        .max_frame_size(Some(MAX_REQUEST));
    let mut stream =
        tokio_tungstenite::accept_hdr_async_with_config(socket, check, Some(config)).await?;
    match stream.next().await {
        Some(Ok(Message::Text(first)))
            if serde_json::from_str::<Hello>(&first)
                .is_ok_and(|hello| hello.token == door.token) =>
        {
            Ok(stream)
        }
        _ => {
            drop(stream.close(None).await);
            bail!("no token, or another one")
        }
    }
}

/// What cannot be read is not repeated: it may hold a password.
fn read(text: &Utf8Bytes) -> anyhow::Result<Call> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        anyhow::anyhow!("no request of the contract: line {line}, column {column}")
    })
}
