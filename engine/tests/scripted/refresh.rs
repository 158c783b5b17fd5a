//! Navigation documents that are fetched again while the program runs, and those that
//! somebody joins by once more.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use navigation::{FetchedFrom, NavigationDocument, NavigationLink, SignedDocument, SigningKey};
use startalk_engine::api::{
    ConnectionRequest, ConversationRequest, ErrorCode, ManagedSetting, Request, Response,
};
use startalk_engine::{Engine, MemorySecrets, NewAccount, NewUser};

use crate::authority::Ca;
use crate::client::{TIMEOUTS, config};
use crate::peer::{PASSWORD, SASL, Server, within};
use crate::resumption::silence;
use crate::web::Web;

/// As the module `refresh` has them.
const FIRST: Duration = Duration::from_secs(2 * 60);
const EVERY: Duration = Duration::from_secs(12 * 3600);

/// Where the child finds the authorities that it is to trust.
const ROOTS: &str = "SSL_CERT_FILE";

/// Looked for two minutes after the start and then each twelve hours; what is wrong with
/// one account's is no matter for the other's. Where documents lie is proven by the
/// authorities of the system: so all of it happens in a process that has others.
#[tokio::test]
async fn a_newer_navigation_is_found_by_itself() {
    const NAME: &str = "refresh::a_newer_navigation_is_found_by_itself";
    const CHILD: &str = "STARTALK_REFRESH";
    if std::env::var_os(CHILD).is_some() {
        let roots = std::env::var_os(ROOTS).unwrap();
        let root = Ca::new("Company");
        std::fs::write(roots, root.pem()).unwrap();
        return newer_ones_are_found(&root).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args([NAME, "--exact", "--nocapture"])
        .env(ROOTS, folder.path().join("roots.pem"))
        .env(CHILD, "1")
        .stdin(Stdio::null());
    // It waits for nothing longer than any test does.
    let output = tokio::task::spawn_blocking(move || child.output());
    let output = output.await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{wrong}");
    assert!(said.contains("1 passed"), "{said}");
}

/// One team: its server, and what is to be read of it.
struct Team {
    server: Server,
    domain: &'static str,
    path: &'static str,
    issuer: SigningKey,
}

impl Team {
    fn new(domain: &'static str, path: &'static str, seed: u8) -> Self {
        Self {
            server: Server::start(),
            domain,
            path,
            issuer: SigningKey::from_seed(&[seed; 32]),
        }
    }

    fn document(&self, serial: u64, days: u32) -> String {
        let mut target = self.server.target();
        target.domain = self.domain.to_owned();
        let mut document = NavigationDocument::new(target, jiff::Timestamp::now());
        document.serial = serial;
        document.policy.cache_days = std::num::NonZeroU32::new(days);
        SignedDocument::sign(&document, &self.issuer)
            .unwrap()
            .to_json()
    }

    /// Is asked for its document, and gives this.
    async fn gives(&self, web: &Server, serial: u64, days: u32) {
        let asked = self.asked(web).await;
        asked
            .answer("200 OK", self.document(serial, days).as_bytes())
            .await;
    }

    async fn asked(&self, web: &Server) -> Web {
        let asked = Web::accept(web).await;
        let line = format!("GET {} HTTP/1.1", self.path);
        assert_eq!(asked.head.lines().next(), Some(line.as_str()));
        asked
    }

    /// Rosa joins with a link to the document.
    async fn join(&self, engine: &Engine, web: &Server) -> String {
        let url = format!("https://127.0.0.1:{}{}", web.port(), self.path);
        let link = NavigationLink::Fetched(FetchedFrom {
            url: url.parse().unwrap(),
            issuer: self.issuer.issuer(),
        });
        let join = engine.handle(Request::Join {
            input: link.to_link(),
            name: "rosa".to_owned(),
            password: PASSWORD.to_owned(),
        });
        let lets_in = async {
            self.gives(web, 1, 0).await;
            assert!(self.server.signed_in().await.closes_in_order().await);
        };
        let (joined, ()) = tokio::join!(join, lets_in);
        match joined.unwrap() {
            Response::Account(account) => account,
            other => panic!("{other:?}"),
        }
    }
}

/// For how many days an account keeps messages.
async fn days(engine: &Engine, account: &str) -> Option<u32> {
    let account = account.to_owned();
    let ask = Request::Conversation(ConversationRequest::Storage { account });
    match engine.handle(ask).await.unwrap() {
        Response::Storage(view) => view.limit_days,
        other => panic!("{other:?}"),
    }
}

/// Waits until an account keeps messages for so long. Of the second account: the engine
/// has looked for all then, and waits.
async fn keeps(engine: &Engine, account: &str, wanted: u32) {
    let mut events = engine.subscribe();
    within("a newer navigation", async {
        while days(engine, account).await != Some(wanted) {
            assert!(events.next().await.is_some(), "engine closed");
        }
    })
    .await;
}

async fn newer_ones_are_found(root: &Ca) {
    let web = root.server(&[], navigation::Trust::default(), |params| {
        let here = std::net::Ipv4Addr::LOCALHOST;
        params.subject_alt_names = vec![rcgen::SanType::IpAddress(here.into())];
    });
    let folder = tempfile::tempdir().unwrap();
    let secrets = Arc::new(MemorySecrets::default());
    let engine = Engine::open(config(folder.path(), secrets, TIMEOUTS));
    let engine = engine.await.unwrap();
    let (one, two) = (
        Team::new("one.internal", "/one", 7),
        Team::new("two.internal", "/two?team=2", 8),
    );
    let first = one.join(&engine, &web).await;
    let second = two.join(&engine, &web).await;
    silence(FIRST).await;
    let asked = one.asked(&web).await;
    asked.answer("503 Service Unavailable", b"").await;
    two.gives(&web, 2, 7).await;
    keeps(&engine, &second, 7).await;
    assert_eq!(days(&engine, &first).await, None);
    silence(EVERY).await;
    one.gives(&web, 1, 30).await;
    two.gives(&web, 3, 14).await;
    keeps(&engine, &second, 14).await;
    assert_eq!(days(&engine, &first).await, None, "the same one");
    silence(EVERY).await;
    one.gives(&web, 4, 9).await;
    keeps(&engine, &first, 9).await;
    engine.close().await;
}

/// A link with the whole document in it.
fn whole(server: &Server, issuer: &SigningKey, serial: u64, days: u32) -> String {
    let mut document = NavigationDocument::new(server.target(), jiff::Timestamp::now());
    document.serial = serial;
    document.policy.cache_days = std::num::NonZeroU32::new(days);
    let signed = SignedDocument::sign(&document, issuer).unwrap();
    NavigationLink::Embedded(signed).to_link()
}

/// Whether the server of an account is this one.
async fn is_at(engine: &Engine, account: &str, server: &Server) -> bool {
    let account = account.to_owned();
    let ask = Request::Connection(ConnectionRequest::Managed { account });
    let view = match engine.handle(ask).await.unwrap() {
        Response::Managed(view) => view,
        other => panic!("{other:?}"),
    };
    let here = server.target().endpoints;
    let here = ManagedSetting::Endpoints(here.iter().map(ToString::to_string).collect());
    view.values.iter().any(|value| value.setting == here)
}

/// Nobody fetches a document that was given as a whole: a new one comes the same way.
#[tokio::test]
async fn who_came_without_a_document_comes_under_none_by_a_link() {
    let (typed, other) = (Server::start(), Server::start());
    let folder = tempfile::tempdir().unwrap();
    let secrets = Arc::new(MemorySecrets::default());
    let engine = Engine::open(config(folder.path(), secrets, TIMEOUTS));
    let engine = engine.await.unwrap();
    let new = NewAccount {
        target: typed.target(),
        user: NewUser::Existing {
            username: "rosa".to_owned(),
            display_name: None,
        },
        password: PASSWORD.to_owned(),
    };
    let lets_in = async { assert!(typed.signed_in().await.closes_in_order().await) };
    let (added, ()) = tokio::join!(engine.add_account(new), lets_in);
    let account = added.unwrap();
    // Nothing is asked of the server that it names.
    let refused = engine.handle(Request::Join {
        input: whole(&other, &SigningKey::from_seed(&[7; 32]), 3, 0),
        name: "rosa".to_owned(),
        password: PASSWORD.to_owned(),
    });
    assert_eq!(refused.await.unwrap_err().code, ErrorCode::AlreadyJoined);
    assert!(is_at(&engine, &account, &typed).await);
    engine.close().await;
}

#[tokio::test]
async fn who_joins_again_by_a_newer_document_has_that_one() {
    // Each join is asked for at a server of its own: the session is at the one before.
    let (one, two) = (Server::start(), Server::start());
    let issuer = SigningKey::from_seed(&[7; 32]);
    let folder = tempfile::tempdir().unwrap();
    let secrets = Arc::new(MemorySecrets::default());
    let config = config(folder.path(), secrets, TIMEOUTS);
    let engine = Engine::open(config.clone()).await.unwrap();
    let lets_in = async |server: &Server| assert!(server.signed_in().await.closes_in_order().await);
    let join = |input: String| {
        engine.handle(Request::Join {
            input,
            name: "rosa".to_owned(),
            password: PASSWORD.to_owned(),
        })
    };
    let (joined, ()) = tokio::join!(join(whole(&one, &issuer, 3, 0)), lets_in(&one));
    let Response::Account(account) = joined.unwrap() else {
        panic!("no account")
    };
    assert!(is_at(&engine, &account, &one).await);

    // An older one, the same one, and one of somebody else change nothing.
    let other = SigningKey::from_seed(&[8; 32]);
    for (link, code) in [
        (whole(&two, &issuer, 2, 1), ErrorCode::AlreadyJoined),
        (whole(&two, &issuer, 3, 1), ErrorCode::AlreadyJoined),
        (whole(&two, &other, 9, 1), ErrorCode::NavigationNotTrusted),
    ] {
        assert_eq!(join(link).await.unwrap_err().code, code);
    }
    // Nor one whose server does not know the password.
    let refuses = async {
        let mut peer = two.accept().await;
        peer.open(SASL).await;
        assert!(!peer.sasl("something else").await);
    };
    let (refused, ()) = tokio::join!(join(whole(&two, &issuer, 4, 7)), refuses);
    assert_eq!(refused.unwrap_err().code, ErrorCode::WrongPassword);
    assert!(is_at(&engine, &account, &one).await);
    assert_eq!(days(&engine, &account).await, None);

    let (joined, ()) = tokio::join!(join(whole(&two, &issuer, 4, 7)), lets_in(&two));
    assert_eq!(joined.unwrap(), Response::Account(account.clone()));
    let holds = async |engine: &Engine| {
        assert!(is_at(engine, &account, &two).await);
        assert_eq!(days(engine, &account).await, Some(7));
    };
    holds(&engine).await;
    engine.close().await;
    let engine = Engine::open(config).await.unwrap();
    holds(&engine).await;
    engine.close().await;
}
