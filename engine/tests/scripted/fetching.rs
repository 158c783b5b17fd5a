//! Files that are fetched: once, whole, and only when that is wanted.

use std::sync::Arc;

use startalk_engine::api::{
    ErrorCode, FileFilter, FilePage, FileRequest, FileState, Request, Response, SaveTo,
};
use startalk_engine::{Engine, EngineConfig};

use crate::client::{Client, TIMEOUTS, config};
use crate::peer::{DOMAIN, Peer, Server};
use crate::uploads::{PICTURE, url};
use crate::web::Web;

/// What Bob says of a file.
struct Said<'a> {
    from: &'a str,
    url: String,
    name: &'a str,
    kind: &'a str,
    /// What he says about it besides.
    more: String,
}

impl<'a> Said<'a> {
    fn picture(server: &Server) -> Self {
        Self::of(server, "1", PICTURE)
    }

    fn of(server: &Server, name: &str, bytes: &[u8]) -> Self {
        Self {
            from: "bob",
            url: url(server, name),
            name: "cat.png",
            kind: "image/png",
            more: format!("<size>{}</size>{}", bytes.len(), hash(bytes)),
        }
    }
}

fn hash(bytes: &[u8]) -> String {
    use base64::Engine as _;
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(bytes);
    let hash = base64::engine::general_purpose::STANDARD.encode(hash);
    format!("<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>{hash}</hash>")
}

/// A message with a file comes; its number.
async fn comes(client: &Client, peer: &mut Peer, said: &Said<'_>) -> i64 {
    let before = client.list(FileFilter::All, "").await.files.len();
    let Said {
        from,
        url,
        name,
        kind,
        more,
    } = said;
    peer.send(&format!(
        "<message type='chat' from='{from}@{DOMAIN}/x' to='rosa@{DOMAIN}' id='f-{before}'>\
         <body>{url}</body><origin-id xmlns='urn:xmpp:sid:0' id='f-{before}'/>\
         <file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'>\
         <name>{name}</name><media-type>{kind}</media-type>{more}</file><sources>\
         <url-data xmlns='http://jabber.org/protocol/url-data' target='{url}'/></sources>\
         </file-sharing></message>"
    ))
    .await;
    client
        .until("a file", async || {
            client.list(FileFilter::All, "").await.files.len() > before
        })
        .await;
    client.list(FileFilter::All, "").await.files[0].message
}

impl Client {
    async fn list(&self, kind: FileFilter, text: &str) -> FilePage {
        let request = FileRequest::List {
            account: self.account.clone(),
            conversation: None,
            kind,
            text: text.to_owned(),
            before: None,
            limit: 50,
        };
        match self.files(request).await {
            Response::FilePage(page) => page,
            other => panic!("{other:?}"),
        }
    }

    async fn fetch(&self, message: i64, automatic: bool) -> Result<Response, ErrorCode> {
        let request = Request::Files(FileRequest::Fetch {
            account: self.account.clone(),
            message,
            index: 0,
            automatic,
        });
        let answer = self.engine.handle(request).await;
        answer.map_err(|error| error.code)
    }

    /// Fetches a file that the server gives in this way.
    async fn fetch_with(
        &self,
        server: &Server,
        message: i64,
        head: &str,
        bytes: &[u8],
    ) -> Result<Response, ErrorCode> {
        let give = async { Web::accept(server).await.answer(head, bytes).await };
        tokio::join!(self.fetch(message, false), give).0
    }

    async fn save(&self, message: i64, to: SaveTo) -> Result<String, ErrorCode> {
        let request = Request::Files(FileRequest::Save {
            account: self.account.clone(),
            message,
            index: 0,
            to,
        });
        match self.engine.handle(request).await {
            Ok(Response::Saved(path)) => Ok(path),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.code),
        }
    }
}

#[tokio::test]
async fn a_file_is_fetched_once_for_all_and_stays() {
    let server = Server::start();
    let (mut client, mut peer) = Client::start(&server).await;
    let id = comes(&client, &mut peer, &Said::picture(&server)).await;
    assert_eq!(client.attachment(id).await.state, FileState::Remote);
    let unread = client.engine.read_file(&client.account, id, 0, 0, 10).await;
    assert_eq!(unread.unwrap_err().code, ErrorCode::NotFound);
    let give = async {
        let get = Web::accept(&server).await;
        assert!(
            get.head.starts_with("GET /files/1 HTTP/1.1"),
            "{}",
            get.head
        );
        assert_eq!(get.header("range"), None);
        get.answer("200 OK\nContent-Type: text/html", PICTURE).await;
    };
    let (one, other, ()) = tokio::join!(client.fetch(id, false), client.fetch(id, true), give);
    assert_eq!((one, other), (Ok(Response::Done), Ok(Response::Done)));
    client.wait_file(id, FileState::Here).await;
    client.restart().await;
    drop(peer);
    // Without any connection, and as what it is.
    assert_eq!(client.fetch(id, false).await, Ok(Response::Done));
    let part = client.engine.read_file(&client.account, id, 0, 8, 4).await;
    let part = part.unwrap();
    assert_eq!(part.media_type, "image/png");
    assert_eq!(part.bytes, &PICTURE[8..12]);
    assert_eq!(part.total, PICTURE.len() as u64);
    let account = client.account.clone();
    client.files(FileRequest::Clear { account }).await;
    assert_eq!(client.attachment(id).await.state, FileState::Remote);
}

#[tokio::test]
async fn what_was_cut_off_goes_on_if_the_server_has_the_same() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let id = comes(&client, &mut peer, &Said::of(&server, "1", &bytes)).await;
    let cut = |tag: &'static str, given: usize| {
        let (server, bytes) = (&server, &bytes);
        async move {
            let get = Web::accept(server).await;
            let asked = get.header("range").map(str::to_owned);
            let whole = format!("200 OK\nETag: {tag}\nContent-Length: {}", bytes.len());
            get.answer_as(&whole, &bytes[..given]).await;
            asked
        }
    };
    let (ended, asked) = tokio::join!(client.fetch(id, false), cut("\"a\"", 150_000));
    assert!(ended.is_err());
    assert_eq!(asked, None);
    // Two pieces of 64 KiB are here. The server has another file by now.
    let (ended, asked) = tokio::join!(client.fetch(id, false), cut("\"b\"", 100_000));
    assert!(ended.is_err());
    assert_eq!(asked.as_deref(), Some("bytes=131072-"));
    let rest = async {
        let get = Web::accept(&server).await;
        assert_eq!(get.header("range"), Some("bytes=65536-"));
        assert_eq!(get.header("if-range"), Some("\"b\""));
        let head = "206 Partial Content\nContent-Range: bytes 65536-199999/200000";
        get.answer(head, &bytes[65_536..]).await;
    };
    let (ended, ()) = tokio::join!(client.fetch(id, false), rest);
    assert_eq!(ended, Ok(Response::Done));
    assert_eq!(client.bytes(id).await, bytes);
    assert!(client.transfers().await.is_empty());
}

#[tokio::test]
async fn what_is_on_its_way_is_not_cleared() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let bytes = vec![5_u8; 200_000];
    let id = comes(&client, &mut peer, &Said::of(&server, "1", &bytes)).await;
    let cut = async {
        let head = "200 OK\nETag: \"a\"\nContent-Length: 200000";
        let get = Web::accept(&server).await;
        get.answer_as(head, &bytes[..150_000]).await;
    };
    assert!(tokio::join!(client.fetch(id, false), cut).0.is_err());
    let rest = async {
        let get = Web::accept(&server).await;
        assert_eq!(get.header("range"), Some("bytes=131072-"));
        let account = client.account.clone();
        client.files(FileRequest::Clear { account }).await;
        let head = "206 Partial Content\nContent-Range: bytes 131072-199999/200000";
        get.answer(head, &bytes[131_072..]).await;
    };
    let (ended, ()) = tokio::join!(client.fetch(id, false), rest);
    assert_eq!(ended, Ok(Response::Done));
    assert_eq!(client.bytes(id).await, bytes);
}

#[tokio::test]
async fn what_is_larger_than_the_cache_is_there_until_another_comes() {
    let server = Server::start();
    let (mut client, peer) = Client::start(&server).await;
    client.engine.close().await;
    drop(peer);
    client.engine = Engine::open(EngineConfig {
        file_cache_bytes: 10,
        ..config(client.folder.path(), Arc::clone(&client.secrets), TIMEOUTS)
    })
    .await
    .unwrap();
    let mut peer = server.session().await;
    for (name, bytes) in [("1", PICTURE), ("2", b"something else")] {
        let id = comes(&client, &mut peer, &Said::of(&server, name, bytes)).await;
        let ended = client.fetch_with(&server, id, "200 OK", bytes).await;
        assert_eq!(ended, Ok(Response::Done));
        // Behind it what has to go has gone.
        client.send("written").await;
        assert_eq!(client.bytes(id).await, bytes);
    }
}

#[tokio::test]
async fn what_is_not_as_it_was_said_does_not_stay() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let id = comes(&client, &mut peer, &Said::picture(&server)).await;
    let mut other = PICTURE.to_vec();
    other[40] ^= 1;
    let longer = [PICTURE, b"x"].concat();
    for (head, bytes, code) in [
        ("200 OK", other.as_slice(), ErrorCode::FileDamaged),
        ("200 OK", &longer, ErrorCode::FileDamaged),
        ("200 OK", &PICTURE[1..], ErrorCode::FileDamaged),
        ("404 Not Found", b"", ErrorCode::FileNotOnServer),
        ("403 Forbidden", b"", ErrorCode::NotAllowed),
        ("503 Service Unavailable", b"", ErrorCode::ServerBusy),
    ] {
        let ended = client.fetch_with(&server, id, head, bytes).await;
        assert_eq!(ended, Err(code), "{head}");
        assert_eq!(client.attachment(id).await.state, FileState::Remote);
    }
    // Never in clear, and not to where it cannot be known who is there.
    let port = server.port();
    let head = format!("302 Found\nLocation: http://127.0.0.1:{port}/files/1");
    let ended = client.fetch_with(&server, id, &head, b"").await;
    assert!(ended.is_err());
    for url in [
        "http://127.0.0.1/x".to_owned(),
        "https://me:secret@127.0.0.1/x".to_owned(),
    ] {
        let said = Said {
            url,
            ..Said::picture(&server)
        };
        let id = comes(&client, &mut peer, &said).await;
        let ended = client.fetch(id, false).await;
        assert_eq!(ended, Err(ErrorCode::FileAddressRefused));
    }
    let ended = client.fetch_with(&server, id, "200 OK", PICTURE).await;
    assert_eq!(ended, Ok(Response::Done));
    assert_eq!(client.bytes(id).await, PICTURE);
}

#[tokio::test]
async fn nothing_comes_by_itself_that_tells_a_stranger_who_looks() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let good = || Said::picture(&server);
    for said in [
        Said {
            from: "mallory",
            ..good()
        },
        Said {
            url: "https://elsewhere.example/1".to_owned(),
            ..good()
        },
        Said {
            kind: "image/svg+xml",
            ..good()
        },
        Said {
            more: "<size>100000000</size>".to_owned(),
            ..good()
        },
    ] {
        let id = comes(&client, &mut peer, &said).await;
        let ended = client.fetch(id, true).await;
        assert_eq!(ended, Err(ErrorCode::NotAllowed));
    }
    let id = comes(&client, &mut peer, &good()).await;
    // A server of ours may send us to its own places, not to those of others.
    let point = async {
        let head = "302 Found\nLocation: https://localhost/files/1";
        Web::accept(&server).await.answer(head, b"").await;
    };
    let (ended, ()) = tokio::join!(client.fetch(id, true), point);
    assert_eq!(ended, Err(ErrorCode::FileAddressRefused));
    let give = async { Web::accept(&server).await.answer("200 OK", PICTURE).await };
    let (ended, ()) = tokio::join!(client.fetch(id, true), give);
    assert_eq!(ended, Ok(Response::Done));
}

#[tokio::test]
async fn fetching_can_be_ended() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let id = comes(&client, &mut peer, &Said::picture(&server)).await;
    let end = async {
        let get = Web::accept(&server).await;
        assert_eq!(client.transfers().await.len(), 1);
        client
            .files(FileRequest::StopFetch {
                account: client.account.clone(),
                message: id,
                index: 0,
            })
            .await;
        assert!(get.breaks_off().await);
    };
    let (ended, ()) = tokio::join!(client.fetch(id, false), end);
    assert_eq!(ended, Err(ErrorCode::Cancelled));
    assert!(client.transfers().await.is_empty());
}

#[tokio::test]
async fn saved_under_a_safe_name_and_never_over_another() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let said = Said {
        name: "../图：片?.png",
        ..Said::picture(&server)
    };
    let id = comes(&client, &mut peer, &said).await;
    assert_eq!(client.attachment(id).await.save_name, "图_片_.png");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let to = || SaveTo::Folder { path: path("") };
    let give = async { Web::accept(&server).await.answer("200 OK", PICTURE).await };
    let (saved, ()) = tokio::join!(client.save(id, to()), give);
    assert_eq!(saved, Ok(path("图_片_.png")));
    assert_eq!(client.save(id, to()).await, Ok(path("图_片_ (2).png")));
    let over = SaveTo::File {
        path: path("图_片_.png"),
    };
    std::fs::write(path("图_片_.png"), b"old").unwrap();
    assert_eq!(client.save(id, over).await, Ok(path("图_片_.png")));
    for name in ["图_片_.png", "图_片_ (2).png"] {
        assert_eq!(std::fs::read(path(name)).unwrap(), PICTURE);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    for bad in [path("none/a.png"), "a.png".to_owned()] {
        let ended = client.save(id, SaveTo::File { path: bad }).await;
        assert_eq!(ended, Err(ErrorCode::FileNotWritten));
    }
}

#[tokio::test]
async fn files_are_listed_by_kind_and_name_newest_first() {
    let server = Server::start();
    let (client, mut peer) = Client::start(&server).await;
    let said = |name, kind| Said {
        name,
        kind,
        ..Said::picture(&server)
    };
    for (name, kind) in [
        ("Budget 2026.pdf", "application/pdf"),
        ("cat.png", "image/png"),
        ("预算.xlsx", "application/vnd.ms-excel"),
        ("talk.mp3", "audio/mpeg"),
    ] {
        comes(&client, &mut peer, &said(name, kind)).await;
    }
    let names = async |kind, text: &str| -> Vec<String> {
        let files = client.list(kind, text).await.files.into_iter();
        files.map(|row| row.file.name).collect()
    };
    let all = ["talk.mp3", "预算.xlsx", "cat.png", "Budget 2026.pdf"];
    assert_eq!(names(FileFilter::All, "").await, all);
    assert_eq!(names(FileFilter::Pictures, "").await, ["cat.png"]);
    assert_eq!(names(FileFilter::Media, "").await, ["talk.mp3"]);
    assert_eq!(names(FileFilter::Documents, "").await, [all[1], all[3]]);
    assert_eq!(names(FileFilter::All, "BUDGET pdf").await, [all[3]]);
    assert_eq!(names(FileFilter::All, "算").await, [all[1]]);
    let mut before = None;
    let mut paged = Vec::new();
    loop {
        let request = FileRequest::List {
            account: client.account.clone(),
            conversation: Some(crate::client::BOB.to_owned()),
            kind: FileFilter::All,
            text: String::new(),
            before,
            limit: 1,
        };
        let Response::FilePage(page) = client.files(request).await else {
            panic!()
        };
        paged.extend(page.files.into_iter().map(|row| row.file.name));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(paged, all);
}
