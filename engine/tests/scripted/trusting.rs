//! By what web servers prove themselves that hold files: our own server's key is not
//! theirs, and what is good for them is none for a stream.

use navigation::{NavigationDocument, NavigationLink, SignedDocument, SigningKey, SpkiPin, Trust};
use rcgen::CertificateParams;
use serde_json::{Value, json};
use startalk_engine::api::{FileFilter, FileRequest, Request};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;

use crate::authority::Ca;
use crate::bridge::{Bridge, ORIGIN, hear, say};
use crate::peer::{DOMAIN, PASSWORD, Peer, Server};
use crate::uploads::{PICTURE, url};
use crate::web::Web;

/// The window of an engine that runs in a program of its own.
struct Page {
    stream: WebSocketStream<TcpStream>,
    calls: u64,
    /// Whether something has changed since this was set to `false`.
    has_changed: bool,
}

impl Page {
    async fn open(bridge: &Bridge) -> Self {
        let mut stream = bridge.connect(Some(ORIGIN)).await.unwrap();
        say(&mut stream, json!({ "token": bridge.token })).await;
        Self {
            stream,
            calls: 0,
            has_changed: false,
        }
    }

    async fn hear(&mut self) -> Value {
        let said = hear(&mut self.stream).await.expect("a word");
        self.has_changed |= said["type"] == "event";
        said
    }

    /// The answer to a request, or its refusal.
    async fn ask(&mut self, request: &Request) -> Value {
        self.calls += 1;
        let call = json!({ "id": self.calls, "request": request });
        say(&mut self.stream, call).await;
        loop {
            let said = self.hear().await;
            if said["id"] == self.calls {
                return said;
            }
        }
    }

    /// Joins; what comes of it.
    async fn join(&mut self, server: &Server) -> Value {
        let document = NavigationDocument::new(server.target(), jiff::Timestamp::now());
        let signed = SignedDocument::sign(&document, &SigningKey::from_seed(&[7; 32])).unwrap();
        self.ask(&Request::Join {
            input: NavigationLink::Embedded(signed).to_link(),
            name: "rosa".to_owned(),
            password: PASSWORD.to_owned(),
        })
        .await
    }

    /// All files, once there are so many; the newest first.
    async fn files(&mut self, account: &str, count: usize) -> Vec<Value> {
        let list = Request::Files(FileRequest::List {
            account: account.to_owned(),
            conversation: None,
            kind: FileFilter::All,
            text: String::new(),
            before: None,
            limit: 50,
        });
        loop {
            self.has_changed = false;
            let answer = self.ask(&list).await;
            let files = answer["response"]["value"]["files"].as_array();
            if let Some(files) = files.filter(|files| files.len() == count) {
                return files.clone();
            }
            while !self.has_changed {
                self.hear().await;
            }
        }
    }
}

/// Bob sends a file that lies there.
async fn says(peer: &mut Peer, id: &str, address: &str) {
    peer.send(&format!(
        "<message type='chat' from='bob@{DOMAIN}/x' to='rosa@{DOMAIN}' id='{id}'>\
         <body>{address}</body><origin-id xmlns='urn:xmpp:sid:0' id='{id}'/>\
         <file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'>\
         <name>cat.png</name><media-type>image/png</media-type></file><sources>\
         <url-data xmlns='http://jabber.org/protocol/url-data' target='{address}'/></sources>\
         </file-sharing></message>"
    ))
    .await;
}

/// A server with a certificate for this machine.
fn certified(ca: &Ca, trust: Trust) -> Server {
    ca.server(&[], trust, |params| {
        *params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    })
}

/// What the operating system trusts is said to a program when it starts.
#[tokio::test]
async fn files_come_from_servers_that_the_system_trusts_and_streams_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("roots.pem");
    let root = Ca::new("Installed");
    std::fs::write(&store, root.pem()).unwrap();
    let bridge = Bridge::start_with(&[("SSL_CERT_FILE", store.as_path())]).await;
    let mut page = Page::open(&bridge).await;

    // Another key than the pinned one.
    let pinned = Trust {
        spki_sha256: vec![SpkiPin::from_der_spki(b"another")],
        ..Trust::default()
    };
    let stream = certified(&root, pinned);
    let (refused, broken_off) = tokio::join!(page.join(&stream), stream.refused_tls());
    assert!(broken_off);
    let code = &refused["error"]["code"];
    assert_eq!(code, "certificate-key-changed", "{refused}");

    let chat = Server::start();
    let prove = async { chat.signed_in().await.closes_in_order().await };
    let (joined, in_order) = tokio::join!(page.join(&chat), prove);
    assert!(in_order);
    let account = joined["response"]["value"].as_str().unwrap().to_owned();
    let mut peer = chat.session().await;

    let web = certified(&root, Trust::default());
    says(&mut peer, "f-1", &url(&web, "1")).await;
    let fetch = |files: &[Value]| {
        Request::Files(FileRequest::Fetch {
            account: account.clone(),
            message: files[0]["message"].as_i64().unwrap(),
            index: 0,
            automatic: false,
        })
    };
    let request = fetch(&page.files(&account, 1).await);
    let give = async { Web::accept(&web).await.answer("200 OK", PICTURE).await };
    let (fetched, ()) = tokio::join!(page.ask(&request), give);
    assert_eq!(fetched["type"], "answer", "{fetched}");

    let unknown = certified(&Ca::new("Unknown"), Trust::default());
    says(&mut peer, "f-2", &url(&unknown, "1")).await;
    let request = fetch(&page.files(&account, 2).await);
    let (fetched, broken_off) = tokio::join!(page.ask(&request), unknown.refused_tls());
    assert!(broken_off);
    let code = &fetched["error"]["code"];
    assert_eq!(code, "certificate-not-trusted", "{fetched}");
}
