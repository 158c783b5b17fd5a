//! XML that harms (RFC 6120, sections 4.9.3 and 11), before and after the
//! sign-in: the right word, the end of the connection, and the next client is
//! served.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, TlsVersion, socket, within};
use crate::server::Server;

pub(crate) struct Case {
    pub(crate) what: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// The stream error.
    pub(crate) condition: &'static str,
}

fn case(what: &'static str, bytes: impl Into<Vec<u8>>, condition: &'static str) -> Case {
    Case {
        what,
        bytes: bytes.into(),
        condition,
    }
}

const RESTRICTED: &str = "restricted-xml";
const MALFORMED: &str = "not-well-formed";
const ENCODING: &str = "not-well-formed";
const PREFIX: &str = "not-well-formed";
const POLICY: &str = "policy-violation";

/// What is wrong wherever a stanza could stand.
pub(crate) fn broken() -> Vec<Case> {
    let message = |content: &str| format!("<message to='rosa@team.internal'>{content}</message>");
    let body = |content: &str| message(&format!("<body>{content}</body>"));
    let bytes = |bytes: &[u8]| {
        let mut whole = b"<message to='rosa@team.internal'><body>".to_vec();
        whole.extend_from_slice(bytes);
        whole.extend_from_slice(b"</body></message>");
        whole
    };
    let many: String = (0..100).map(|n| format!(" a{n}='1'")).collect();
    let namespaces: String = (0..100).map(|n| format!(" xmlns:a{n}='u'")).collect();
    let deep = "<a>".repeat(100) + &"</a>".repeat(100);
    let large = "x".repeat(400 * 1024);
    vec![
        case(
            "document type",
            "<!DOCTYPE x [<!RESTRICTED y 'z'>]>",
            RESTRICTED,
        ),
        case("document type inside", message("<!DOCTYPE x>"), RESTRICTED),
        case(
            "document type from elsewhere",
            "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><message/>",
            RESTRICTED,
        ),
        case("processing instruction", "<?php echo 1 ?>", RESTRICTED),
        case("processing instruction inside", body("<?x y?>"), RESTRICTED),
        case("style sheet", "<?xml-stylesheet href='x'?>", RESTRICTED),
        case("comment", "<!-- hello -->", RESTRICTED),
        case("comment inside", body("a<!-- hello -->b"), RESTRICTED),
        case("an entity of HTML", body("&nbsp;"), RESTRICTED),
        case(
            "a predefined entity in another case",
            body("&LT;"),
            RESTRICTED,
        ),
        case(
            "an entity that is declared for others",
            body("&aaaa;&bbbb;"),
            RESTRICTED,
        ),
        case("an entity without an end", body("&lt"), MALFORMED),
        case("an ampersand", body("a & b"), MALFORMED),
        case("an ampersand in a value", "<message id='&'/>", MALFORMED),
        case("an entity without a name", body("&;"), MALFORMED),
        case("a number that is none", body("&#xZZ;"), MALFORMED),
        case("a number too large", body("&#x110000;"), MALFORMED),
        case("a number without an end", body("&#99999999999;"), MALFORMED),
        case("CDATA between stanzas", "<![CDATA[x]]>", RESTRICTED),
        case(
            "declaration in the middle",
            "<?xml version='1.0'?>",
            RESTRICTED,
        ),
        case("undefined entity", body("&nope;"), RESTRICTED),
        case(
            "undefined entity in a value",
            "<message id='&nope;'/>",
            RESTRICTED,
        ),
        case(
            "endless entity",
            body(&format!("&{};", "a".repeat(1000))),
            RESTRICTED,
        ),
        case("invalid UTF-8", bytes(b"\xff\xfe"), ENCODING),
        case("overlong UTF-8", bytes(b"\xc0\xaf"), ENCODING),
        case("a surrogate in UTF-8", bytes(b"\xed\xa0\x80"), ENCODING),
        case("UTF-8 cut short", bytes(b"\xe4\xb8"), ENCODING),
        case(
            "invalid UTF-8 in a value",
            b"<message id='\xff'/>".to_vec(),
            ENCODING,
        ),
        case(
            "invalid UTF-8 in a name",
            b"<mess\xffage/>".to_vec(),
            ENCODING,
        ),
        case("too deep", message(&deep), POLICY),
        case("too deep, never closed", "<a>".repeat(5000), POLICY),
        case("too many attributes", format!("<message{many}/>"), POLICY),
        case(
            "too many name spaces",
            format!("<message{namespaces}/>"),
            POLICY,
        ),
        case("too large", body(&large), POLICY),
        case(
            "too large a value",
            format!("<message id='{large}'/>"),
            POLICY,
        ),
        case("too large a name", format!("<{large}/>"), POLICY),
        case(
            "too large and never closed",
            format!("<message><body>{large}"),
            POLICY,
        ),
        case(
            "too large by its children",
            message(&"<a/>".repeat(100 * 1024)),
            POLICY,
        ),
        case(
            "duplicate attributes",
            "<message id='1' id='2'/>",
            MALFORMED,
        ),
        case(
            "duplicate by name space",
            "<message xmlns:a='u' xmlns:b='u' a:x='1' b:x='2'/>",
            MALFORMED,
        ),
        case("unbound prefix", "<x:message/>", PREFIX),
        case("unbound prefix inside", message("<x:y/>"), PREFIX),
        case("unbound prefix of a value", "<message x:y='z'/>", PREFIX),
        case("NUL", bytes(b"\0"), MALFORMED),
        case("NUL between stanzas", b"\0".to_vec(), MALFORMED),
        case("NUL in a value", b"<message id='\0'/>".to_vec(), MALFORMED),
        case("control character", bytes(b"\x01"), MALFORMED),
        case("escaped NUL", body("&#0;"), MALFORMED),
        case("escaped control character", body("&#x1B;"), MALFORMED),
        case("escaped surrogate", body("&#xD800;"), MALFORMED),
        case("U+FFFF", bytes("\u{ffff}".as_bytes()), MALFORMED),
        case("text between stanzas", "surprise", MALFORMED),
        case(
            "wrong end tag",
            "<message><body></message></body>",
            MALFORMED,
        ),
        case("no quotes", "<message id=1/>", MALFORMED),
        case("no value", "<message id/>", MALFORMED),
        case(
            "no space between attributes",
            "<message id='1'to='2'/>",
            MALFORMED,
        ),
        case("< in a value", "<message id='<'/>", MALFORMED),
        case("]]> in text", body("]]>"), MALFORMED),
        case("an empty name", "< message/>", MALFORMED),
        case("two colons", "<a:b:c/>", MALFORMED),
    ]
}

/// What is not as it has to be when a client sends this and then wants to end in
/// good order.
async fn fault(mut client: Client, case: &Case) -> Option<String> {
    // The server may end before it has read all.
    client.try_send(&case.bytes).await;
    client.try_send(b"</stream:stream>").await;
    let (before, condition) = client.end_with_all().await;
    let expected = condition.as_deref() == Some(case.condition);
    (!expected || !before.is_empty()).then(|| format!("{}: {condition:?} {before:?}", case.what))
}

#[tokio::test]
async fn broken_xml_before_the_sign_in() {
    let server = Server::of(&["rosa"]).await;
    let mut faults = Vec::new();
    for case in broken() {
        let mut client = Client::direct(&server).await;
        client.open().await;
        faults.extend(fault(client, &case).await);
    }
    assert!(faults.is_empty(), "{faults:#?}");
    Client::prove_alive(&server, "rosa").await;
}

#[tokio::test]
async fn broken_xml_after_the_sign_in() {
    let server = Server::of(&["rosa", "bob"]).await;
    // Somebody who watches, and is not disturbed.
    let mut bob = Client::online(&server, "bob", "desk").await;
    let mut faults = Vec::new();
    for case in broken() {
        let client = Client::session(&server, "rosa", "desk").await;
        faults.extend(fault(client, &case).await);
        assert!(bob.sync().await.is_empty(), "{}", case.what);
    }
    assert!(faults.is_empty(), "{faults:#?}");
    Client::prove_alive(&server, "rosa").await;
}

#[tokio::test]
async fn broken_xml_in_frames_of_a_websocket() {
    let server = Server::of(&["rosa"]).await;
    let mut faults = Vec::new();
    for case in broken() {
        // A frame of text is UTF-8, or the WebSocket ends.
        if std::str::from_utf8(&case.bytes).is_err() {
            continue;
        }
        let mut client = Client::websocket(&server).await;
        client.open().await;
        client.try_send(&case.bytes).await;
        let condition = client.end().await;
        if condition.as_deref() != Some(case.condition) {
            faults.push(format!("{}: {condition:?}", case.what));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    Client::prove_alive(&server, "rosa").await;
}

#[tokio::test]
async fn broken_headers() {
    let server = Server::of(&["rosa"]).await;
    let streams = "xmlns:stream='http://etherx.jabber.org/streams'";
    let header = |inside: &str| format!("<stream:stream {streams} {inside}>");
    const WRONG: &str = "invalid-namespace";
    for case in [
        case(
            "another protocol",
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            MALFORMED,
        ),
        case("no XML", vec![0x16, 3, 1, 0, 200], MALFORMED),
        case("document type first", "<!DOCTYPE x>", RESTRICTED),
        case("comment first", "<!-- x -->", RESTRICTED),
        case("instruction first", "<?x?>", RESTRICTED),
        case("a stanza first", "<iq type='get' id='1'/>", MALFORMED),
        case("an end first", "</stream:stream>", MALFORMED),
        case(
            "unbound prefix",
            "<stream:stream to='team.internal' version='1.0'>",
            PREFIX,
        ),
        case(
            "wrong name space",
            "<stream:stream xmlns:stream='urn:x' xmlns='jabber:client' version='1.0'>",
            "invalid-namespace",
        ),
        case(
            "wrong content",
            header("xmlns='jabber:server' version='1.0'"),
            "invalid-namespace",
        ),
        case(
            "wrong name",
            format!("<stream:flow {streams} version='1.0'>"),
            WRONG,
        ),
        case(
            "closed at once",
            format!("<stream:stream {streams}/>"),
            MALFORMED,
        ),
        case(
            "wrong host",
            header("xmlns='jabber:client' to='other.example' version='1.0'"),
            "host-unknown",
        ),
        case(
            "no version",
            header("xmlns='jabber:client' to='team.internal'"),
            "unsupported-version",
        ),
        case(
            "old version",
            header("xmlns='jabber:client' to='team.internal' version='0.9'"),
            "unsupported-version",
        ),
        case(
            "too large",
            header(&format!("to='{}'", "x".repeat(400 * 1024))),
            POLICY,
        ),
        case(
            "too many attributes",
            header(&(0..100).map(|n| format!(" a{n}=''")).collect::<String>()),
            POLICY,
        ),
    ] {
        let mut client = Client::direct(&server).await;
        client.try_send(&case.bytes).await;
        // RFC 6120, section 4.9.1.2: the error stands in a stream of the server's own.
        let open = client.expect_open().await;
        assert!(open.starts_with("<stream:stream"), "{}: {open}", case.what);
        assert!(
            open.contains("from='team.internal'") && open.contains(" id='"),
            "{open}"
        );
        let condition = client.end().await.unwrap();
        assert_eq!(condition, case.condition, "{}", case.what);
    }
    Client::prove_alive(&server, "rosa").await;
}

#[tokio::test]
async fn what_is_no_stanza_ends_the_stream() {
    let server = Server::of(&["rosa"]).await;
    const KIND: &str = "unsupported-stanza-type";
    let header = Client::direct(&server).await.header();
    let inner = header.replace("<?xml version='1.0'?>", "");
    for case in [
        case(
            "another name space",
            "<message xmlns='jabber:server'/>",
            KIND,
        ),
        case("no name space", "<message xmlns=''/>", KIND),
        case("an unknown element", "<foo/>", KIND),
        case(
            "an unknown element of somebody",
            "<foo xmlns='urn:example'/>",
            KIND,
        ),
        case(
            "SASL again",
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>",
            KIND,
        ),
        case("features", "<stream:features/>", KIND),
        case("a whole stream", format!("{inner}</stream:stream>"), KIND),
        case("a second header", header.clone(), RESTRICTED),
    ] {
        let client = Client::session(&server, "rosa", "desk").await;
        assert_eq!(fault(client, &case).await, None);
    }
    // Before the sign-in there are no stanzas at all, but requests to register.
    for xml in [
        "<message to='rosa@team.internal'><body>x</body></message>",
        "<presence/>",
        "<enable xmlns='urn:xmpp:sm:3'/>",
        "<resume xmlns='urn:xmpp:sm:3' h='0' previd='x'/>",
        "<foo xmlns='urn:example'/>",
        "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AA==</response>",
        "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
    ] {
        let mut client = Client::direct(&server).await;
        client.open().await;
        client.send(xml).await;
        let (before, condition) = client.end_with_all().await;
        assert!(before.is_empty(), "{xml}: {before:?}");
        assert_eq!(condition.as_deref(), Some("not-authorized"), "{xml}");
    }
    Client::prove_alive(&server, "rosa").await;
}

#[tokio::test]
async fn whoever_is_slow_to_sign_in_is_let_go() {
    // Shorter than the patience of a read, which is what makes this a test.
    let server = Server::with(|config| config.limits.negotiation = Duration::from_secs(2)).await;
    server.accounts(&["rosa"]).await;
    let header = Client::direct(&server).await.header();
    let silent = async |port| {
        let mut socket = socket(port).await;
        within("the end", socket.read_to_end(&mut Vec::new())).await
    };
    let https = server.handle().https_addr();
    let after = async |xml: &str, signs_in: bool| {
        let mut client = Client::direct_with(&server, TlsVersion::V13).await;
        if signs_in {
            client.sign_in("rosa").await;
        }
        client.send(xml).await;
        client.end().await
    };
    let opened = async |mut client: Client, xml: &str| {
        client.open().await;
        client.send(xml).await;
        client.end().await
    };
    let clear = Client::in_clear(&server).await;
    let web = Client::websocket(&server).await;
    let tls = Client::direct(&server).await;
    drop(tokio::join!(
        silent(https),
        silent(server.handle().tcp_addr().unwrap()),
        after("", false),
        after("<stream:stream xmlns=", false),
        after(&header, false),
        after("", true),
        after("<iq type='set' id='1'><bind", true),
        opened(clear, "<starttls"),
        opened(
            web,
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'/>"
        ),
        opened(tls, "<message><body>never closed"),
    ));
    Client::prove_alive(&server, "rosa").await;
}

/// RFC 7395, section 3.2: text, and nothing else.
#[tokio::test]
async fn a_frame_that_is_no_text_ends_the_stream() {
    let server = Server::of(&["rosa"]).await;
    let mut client = Client::websocket(&server).await;
    client.open().await;
    client
        .send_message(Message::binary(&b"<presence/>"[..]))
        .await;
    assert_eq!(client.end().await.as_deref(), Some("bad-format"));
    Client::prove_alive(&server, "rosa").await;
}
