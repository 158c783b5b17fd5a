//! External services (XEP-0215) and contact addresses (XEP-0157), as configured.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use startalk_server_lite::{Contacts, Credentials, ExternalService, Secret};
use xmpp_core::{Element, datetime, ns};

use crate::client::{Client, value};
use crate::server::Server;

fn service(kind: &str, port: u16, credentials: Credentials) -> ExternalService {
    ExternalService {
        kind: kind.to_owned(),
        host: "turn.example".to_owned(),
        port,
        transport: Some("udp".to_owned()),
        name: None,
        credentials,
    }
}

async fn server() -> Server {
    let server = Server::with(|config| {
        config.external_services = vec![
            service("stun", 3478, Credentials::None),
            service(
                "turn",
                3478,
                Credentials::Shared {
                    secret: Secret::new("north"),
                    seconds: 600,
                },
            ),
            service(
                "turn",
                3479,
                Credentials::Static {
                    username: "team".to_owned(),
                    password: Secret::new("open"),
                },
            ),
        ];
    })
    .await;
    server.accounts(&["rosa"]).await;
    server
}

fn attributes(service: &Element, names: &[&str]) -> Vec<String> {
    let value = |name: &&str| service.attr(*name).unwrap_or("-").to_owned();
    names.iter().map(value).collect()
}

#[tokio::test]
async fn services_are_told_with_what_they_want_to_know() {
    let server = server().await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let all = format!("<services xmlns='{}'/>", ns::EXTERNAL_SERVICES);
    let all = rosa.get("team.internal", &all).await.unwrap();
    let all: Vec<_> = all.children().collect();
    assert_eq!(all.len(), 3);
    let names = ["type", "host", "port", "transport", "username", "password"];
    let stun = ["stun", "turn.example", "3478", "udp", "-", "-"];
    assert_eq!(attributes(all[0], &names), stun);
    let fixed = ["turn", "turn.example", "3479", "udp", "team", "open"];
    assert_eq!(attributes(all[2], &names), fixed);
    // What coturn reckons from the shared secret.
    let username = all[1].attr("username").unwrap();
    let until: i64 = username.strip_suffix(":rosa").unwrap().parse().unwrap();
    let mut hmac = Hmac::<sha1::Sha1>::new_from_slice(b"north").unwrap();
    hmac.update(username.as_bytes());
    let password = STANDARD.encode(hmac.finalize().into_bytes());
    assert_eq!(all[1].attr("password"), Some(&*password));
    let expires = datetime::parse_ms(all[1].attr("expires").unwrap()).unwrap();
    assert_eq!(expires / 1000, until);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let left = until - i64::try_from(now.as_secs()).unwrap();
    assert!((500..=600).contains(&left), "{left}");

    let turns = format!("<services xmlns='{}' type='turn'/>", ns::EXTERNAL_SERVICES);
    let turns = rosa.get("team.internal", &turns).await.unwrap();
    assert_eq!(
        (turns.attr("type"), turns.children().count()),
        (Some("turn"), 2)
    );
    let none = format!("<services xmlns='{}' type='ftp'/>", ns::EXTERNAL_SERVICES);
    let none = rosa.get("team.internal", &none).await.unwrap();
    assert_eq!(none.children().count(), 0);
}

#[tokio::test]
async fn credentials_can_be_asked_for() {
    let server = server().await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    for (service, expected) in [
        ("<service host='turn.example' type='turn'/>", Ok(2)),
        (
            "<service host='turn.example' type='turn' port='3479'/>",
            Ok(1),
        ),
        (
            "<service host='turn.example' type='turn' port='1'/>",
            Err("item-not-found"),
        ),
        (
            "<service host='turn.example' type='stun'/>",
            Err("item-not-found"),
        ),
        (
            "<service host='other.example' type='turn'/>",
            Err("item-not-found"),
        ),
        ("<service host='turn.example'/>", Err("bad-request")),
        ("<service type='turn'/>", Err("bad-request")),
        ("", Err("bad-request")),
    ] {
        let ask = format!(
            "<credentials xmlns='{}'>{service}</credentials>",
            ns::EXTERNAL_SERVICES
        );
        let answer = rosa.get("team.internal", &ask).await;
        let count = answer.map(|answer| answer.children().count());
        assert_eq!(count, expected.map_err(str::to_owned), "{service}");
    }
    let set = format!("<services xmlns='{}'/>", ns::EXTERNAL_SERVICES);
    assert_eq!(
        rosa.set("team.internal", &set).await.unwrap_err(),
        "bad-request"
    );
    assert_eq!(rosa.get("", &set).await.unwrap_err(), "service-unavailable");
}

const INFO: &str = "<query xmlns='http://jabber.org/protocol/disco#info'/>";

#[tokio::test]
async fn without_services_nothing_is_said_of_them() {
    let bare = Server::of(&["rosa"]).await;
    let mut rosa = Client::online(&bare, "rosa", "desk").await;
    let all = format!("<services xmlns='{}'/>", ns::EXTERNAL_SERVICES);
    assert_eq!(
        rosa.get("team.internal", &all).await.unwrap_err(),
        "service-unavailable"
    );
    let says = |info: &Element| {
        let var = Some(ns::EXTERNAL_SERVICES);
        info.children().any(|feature| feature.attr("var") == var)
    };
    assert!(!says(&rosa.get("team.internal", INFO).await.unwrap()));
    let server = server().await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    assert!(says(&rosa.get("team.internal", INFO).await.unwrap()));
}

#[tokio::test]
async fn who_runs_the_server_is_said_as_configured() {
    let form = |info: &Element| {
        let fits = |child: &&Element| {
            child.is("x", ns::DATA_FORMS)
                && child
                    .children()
                    .any(|field| value(field) == ns::SERVER_INFO)
        };
        info.children().find(fits).cloned()
    };
    let bare = Server::of(&["rosa"]).await;
    let mut rosa = Client::online(&bare, "rosa", "desk").await;
    assert!(form(&rosa.get("team.internal", INFO).await.unwrap()).is_none());
    let server = Server::with(|config| {
        config.contacts = Contacts {
            admin: vec![
                "mailto:it@team.example".to_owned(),
                "xmpp:it@team.internal".to_owned(),
            ],
            security: vec!["https://team.example/security".to_owned()],
            ..Contacts::default()
        };
    })
    .await;
    server.accounts(&["rosa"]).await;
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    let form = form(&rosa.get("team.internal", INFO).await.unwrap()).unwrap();
    assert_eq!(form.attr("type"), Some("result"));
    let fields: Vec<_> = form.children().skip(1).collect();
    let names: Vec<_> = fields
        .iter()
        .filter_map(|field| field.attr("var"))
        .collect();
    assert_eq!(names, ["admin-addresses", "security-addresses"]);
    let admins: Vec<_> = fields[0].children().map(Element::text).collect();
    assert_eq!(admins, ["mailto:it@team.example", "xmpp:it@team.internal"]);
}
