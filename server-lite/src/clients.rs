//! What has access to an account, for its owner to see and to end: sessions, and
//! clients that may come back without being asked for the password.

use crate::StoreError;
use crate::clock;
use crate::router::{Entry, Origin, Present};
use crate::server::Server;
use crate::session::ClientId;
use crate::store::clients::{self as rows, ClientRow};

/// One of them.
pub(crate) struct Access {
    /// By what it is named when it is to be ended.
    pub(crate) id: String,
    /// What it calls itself; empty if it has not said.
    pub(crate) software: String,
    pub(crate) device: String,
    pub(crate) address: String,
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
    pub(crate) has_token: bool,
    /// Its session: number and resource.
    pub(crate) session: Option<(u64, String)>,
}

/// What came of ending one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It has to ask a person before it comes back.
    Out,
    /// Its session is over, but it has never said which client it is: if it has
    /// kept the password, it can come back.
    MayComeBack,
    /// There is none of that name.
    Unknown,
}

/// All of an account: those with a session first, then by when they were here.
pub(crate) async fn list(server: &Server, user: &str) -> Result<Vec<Access>, StoreError> {
    let now_ms = clock::now_ms();
    let owner = user.to_owned();
    let kept = server
        .store
        .read(move |db| rows::all(db, &owner, now_ms))
        .await?;
    let mut present = server.router.present(user);
    let mut all: Vec<Access> = kept
        .into_iter()
        .map(|row| {
            let is_its = |session: &Present| session.client.is_some_and(|id| id[..] == row.client);
            let place = present.iter().position(is_its);
            let session = place.map(|place| present.swap_remove(place));
            of_client(server, user, row, session, now_ms)
        })
        .collect();
    all.extend(
        present
            .into_iter()
            .map(|session| of_session(session, now_ms)),
    );
    all.sort_by_key(|access| (access.session.is_none(), -access.last_ms, access.first_ms));
    Ok(all)
}

fn of_client(
    server: &Server,
    user: &str,
    row: ClientRow,
    session: Option<Present>,
    now_ms: i64,
) -> Access {
    Access {
        id: client_reference(server, user, &row.client),
        software: row.software,
        device: row.device,
        address: row.address,
        first_ms: row.first_ms,
        last_ms: if session.is_some() {
            now_ms
        } else {
            row.last_ms
        },
        has_token: row.has_token,
        session: session.map(|session| (session.number, session.resource)),
    }
}

fn of_session(session: Present, now_ms: i64) -> Access {
    let Origin { peer, since_ms } = session.origin;
    Access {
        id: session_reference(session.number),
        software: String::new(),
        device: String::new(),
        address: peer.to_canonical().to_string(),
        first_ms: since_ms,
        last_ms: now_ms,
        has_token: false,
        session: Some((session.number, session.resource)),
    }
}

fn client_reference(server: &Server, user: &str, client: &[u8]) -> String {
    format!("client/{}", server.token_key.reference(user, client))
}

fn session_reference(number: u64) -> String {
    format!("session/{number}")
}

/// Signs one out.
pub(crate) async fn end(server: &Server, user: &str, id: &str) -> Result<Ended, StoreError> {
    if let Some(number) = id.strip_prefix("session/") {
        let number: Option<u64> = number.parse().ok();
        let is_it = |entry: &Entry| Some(entry.number) == number && entry.client.is_none();
        return Ok(match server.router.sign_out(user, is_it) {
            0 => Ended::Unknown,
            _ => Ended::MayComeBack,
        });
    }
    let owner = user.to_owned();
    let kept = server
        .store
        .read(move |db| rows::all(db, &owner, 0))
        .await?;
    let is_it = |row: &ClientRow| client_reference(server, user, &row.client) == id;
    let found = kept.into_iter().find(is_it);
    let Some(client) = found.and_then(|row| ClientId::try_from(row.client).ok()) else {
        return Ok(Ended::Unknown);
    };
    let (router, owner, name) = (server.router.clone(), user.to_owned(), user.to_owned());
    // On the writer's thread, as sessions begin: none slips in between.
    let ended = server.store.write_then(
        move |tx| rows::end(tx, &owner, &client),
        move |()| router.sign_out(&name, |entry| entry.client == Some(client)),
    );
    ended.await?;
    Ok(Ended::Out)
}
