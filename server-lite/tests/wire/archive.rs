//! The archive (XEP-0313, XEP-0441).

use xmpp_core::{Element, ns};

use crate::client::{Client, bodies, error_of};
use crate::server::Server;

/// A question to an archive: form fields, result set, what else.
#[derive(Default)]
pub(crate) struct Query<'a> {
    pub(crate) to: &'a str,
    pub(crate) fields: &'a [(&'a str, &'a str)],
    pub(crate) set: &'a str,
    pub(crate) flip: bool,
}

impl Query<'_> {
    fn to_iq(&self) -> String {
        let to = match self.to {
            "" => String::new(),
            to => format!("to='{to}'"),
        };
        let field = |(name, value): &(&str, &str)| {
            let values: String = value
                .split('|')
                .map(|value| format!("<value>{value}</value>"))
                .collect();
            format!("<field var='{name}'>{values}</field>")
        };
        let fields: String = self.fields.iter().map(field).collect();
        let form = match self.fields {
            [] => String::new(),
            _ => format!(
                "<x xmlns='jabber:x:data' type='submit'>\
                 <field var='FORM_TYPE' type='hidden'><value>{}</value></field>{fields}</x>",
                ns::MAM
            ),
        };
        let set = match self.set {
            "" => String::new(),
            set => format!("<set xmlns='{}'>{set}</set>", ns::RSM),
        };
        let flip = if self.flip { "<flip-page/>" } else { "" };
        format!(
            "<iq xmlns='jabber:client' type='set' id='mam' {to}>\
             <query xmlns='{}' queryid='q'>{form}{set}{flip}</query></iq>",
            ns::MAM
        )
    }
}

/// What an archive answers.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Archive id and message, in the order in which they came.
    pub(crate) messages: Vec<(String, Element)>,
    pub(crate) fin: Element,
}

impl Answer {
    pub(crate) fn bodies(&self) -> Vec<String> {
        let messages: Vec<_> = self.messages.iter().map(|(_, it)| it.clone()).collect();
        bodies(&messages)
    }

    pub(crate) fn ids(&self) -> Vec<&str> {
        self.messages.iter().map(|(id, _)| id.as_str()).collect()
    }

    fn is_complete(&self) -> bool {
        self.fin.attr("complete") == Some("true")
    }

    fn of_set(&self, name: &str) -> Option<String> {
        let set = self.fin.get_child("set", ns::RSM).unwrap();
        set.get_child(name, ns::RSM).map(Element::text)
    }

    fn index(&self) -> Option<String> {
        let first = self.fin.get_child("set", ns::RSM).unwrap();
        let first = first.get_child("first", ns::RSM).unwrap();
        first.attr("index").map(str::to_owned)
    }
}

/// Asks; the error as `type condition`.
pub(crate) async fn query(client: &mut Client, query: Query<'_>) -> Result<Answer, String> {
    let (before, answer) = client.ask(&query.to_iq()).await;
    if answer.attr("type") == Some("error") {
        assert!(before.is_empty(), "{before:?}");
        return Err(error_of(&answer));
    }
    let results = before.iter().filter_map(|message| {
        let result = message.get_child("result", ns::MAM)?;
        assert_eq!(result.attr("queryid"), Some("q"));
        let forwarded = result.get_child("forwarded", ns::FORWARD).unwrap();
        assert!(forwarded.has_child("delay", ns::DELAY));
        let stanza = forwarded.get_child("message", ns::CLIENT).unwrap();
        Some((result.attr("id").unwrap().to_owned(), stanza.clone()))
    });
    let messages = results.collect();
    let fin = answer.get_child("fin", ns::MAM).unwrap().clone();
    Ok(Answer { messages, fin })
}

pub(crate) async fn everything(client: &mut Client) -> Answer {
    query(client, Query::default()).await.unwrap()
}

/// Says something and waits until it is on disk.
pub(crate) async fn chat(client: &mut Client, to: &str, id: &str, content: &str) {
    client
        .send(format!(
            "<message xmlns='jabber:client' type='chat' to='{to}' id='{id}'>{content}</message>"
        ))
        .await;
    client.sync().await;
}

/// Rosa has said "one" to "five" to Bob, and then "six" to Carl.
async fn scene(web: bool) -> (Client, Server) {
    let server = Server::of(&["rosa", "bob", "carl"]).await;
    let mut rosa = if web {
        let mut rosa = Client::websocket(&server).await;
        rosa.sign_in("rosa").await;
        rosa.bind("desk").await;
        rosa
    } else {
        Client::session(&server, "rosa", "desk").await
    };
    for (to, text) in [
        ("bob@team.internal", "one"),
        ("bob@team.internal/x", "two"),
        ("bob@team.internal", "three"),
        ("bob@team.internal/x", "four"),
        ("bob@team.internal", "five"),
        ("carl@team.internal", "six"),
    ] {
        chat(&mut rosa, to, text, &format!("<body>{text}</body>")).await;
    }
    (rosa, server)
}

fn asked<'a>(fields: &'a [(&'a str, &'a str)], set: &'a str) -> Query<'a> {
    Query {
        fields,
        set,
        ..Query::default()
    }
}

#[tokio::test]
async fn pages_in_both_directions() {
    for web in [false, true] {
        let (mut rosa, _server) = scene(web).await;
        let all = everything(&mut rosa).await;
        assert_eq!(all.bodies(), ["one", "two", "three", "four", "five", "six"]);
        assert!(all.is_complete());
        assert_eq!(all.of_set("count").as_deref(), Some("6"));
        let ids: Vec<String> = all.ids().into_iter().map(str::to_owned).collect();
        assert_eq!(all.of_set("first").as_ref(), ids.first());
        assert_eq!(all.of_set("last").as_ref(), ids.last());
        for (set, expected, complete, index) in [
            (
                "<max>2</max>".to_owned(),
                &["one", "two"][..],
                false,
                Some("0"),
            ),
            (
                format!("<max>2</max><after>{}</after>", ids[1]),
                &["three", "four"],
                false,
                None,
            ),
            (
                format!("<max>2</max><after>{}</after>", ids[3]),
                &["five", "six"],
                true,
                None,
            ),
            (format!("<after>{}</after>", ids[5]), &[], true, None),
            (
                "<max>2</max><before/>".to_owned(),
                &["five", "six"],
                false,
                None,
            ),
            (
                format!("<max>3</max><before>{}</before>", ids[4]),
                &["two", "three", "four"],
                false,
                None,
            ),
            (
                format!("<max>3</max><before>{}</before>", ids[2]),
                &["one", "two"],
                true,
                None,
            ),
            (format!("<before>{}</before>", ids[0]), &[], true, None),
            ("<max>0</max>".to_owned(), &[], false, None),
            (
                "<max>6</max><before/>".to_owned(),
                &["one", "two", "three", "four", "five", "six"],
                true,
                Some("0"),
            ),
        ] {
            let page = query(&mut rosa, asked(&[], &set)).await.unwrap();
            assert_eq!(page.bodies(), expected, "{set}");
            assert_eq!(page.is_complete(), complete, "{set}");
            assert_eq!(page.of_set("count").as_deref(), Some("6"), "{set}");
            if !expected.is_empty() {
                assert_eq!(page.index().as_deref(), index, "{set}");
            }
        }
        let flipped = Query {
            set: "<max>3</max><before/>",
            flip: true,
            ..Query::default()
        };
        let flipped = query(&mut rosa, flipped).await.unwrap();
        assert_eq!(flipped.bodies(), ["six", "five", "four"]);
        assert_eq!(flipped.of_set("first").as_ref(), Some(&ids[3]));
        assert_eq!(flipped.of_set("last").as_ref(), Some(&ids[5]));
    }
}

#[tokio::test]
async fn filters() {
    let (mut rosa, server) = scene(false).await;
    let all = everything(&mut rosa).await;
    let ids: Vec<String> = all.ids().into_iter().map(str::to_owned).collect();
    let (_, answer) = rosa
        .ask("<iq type='get' id='m'><metadata xmlns='urn:xmpp:mam:2'/></iq>")
        .await;
    let metadata = answer.get_child("metadata", ns::MAM).unwrap();
    let end = |name: &str| metadata.get_child(name, ns::MAM).unwrap().clone();
    assert_eq!(end("start").attr("id"), Some(&*ids[0]));
    assert_eq!(end("end").attr("id"), Some(&*ids[5]));
    let first = end("start").attr("timestamp").unwrap().to_owned();
    let last = end("end").attr("timestamp").unwrap().to_owned();
    let to_bob = &["one", "two", "three", "four", "five"][..];
    let two = format!("{}|{}", ids[4], ids[0]);
    for (fields, expected) in [
        (&[("with", "bob@team.internal")][..], to_bob),
        (&[("with", "BOB@team.internal")], to_bob),
        (&[("with", "bob@team.internal/x")], &["two", "four"]),
        (&[("with", "bob@team.internal/y")], &[]),
        (&[("with", "rosa@team.internal")], &[]),
        (&[("with", "nobody@elsewhere.example")], &[]),
        (&[("start", "2100-01-01T00:00:00Z")], &[]),
        (&[("end", "2001-01-01T00:00:00Z")], &[]),
        (
            &[
                ("start", first.as_str()),
                ("end", last.as_str()),
                ("with", "carl@team.internal"),
            ],
            &["six"],
        ),
        (&[("after-id", ids[3].as_str())], &["five", "six"]),
        (&[("before-id", ids[1].as_str())], &["one"]),
        (
            &[
                ("after-id", ids[0].as_str()),
                ("before-id", ids[3].as_str()),
            ],
            &["two", "three"],
        ),
        (
            &[
                ("after-id", ids[1].as_str()),
                ("with", "carl@team.internal"),
            ],
            &["six"],
        ),
        (&[("ids", ids[2].as_str())], &["three"]),
        (&[("ids", two.as_str())], &["one", "five"]),
    ] {
        let found = query(&mut rosa, asked(fields, "")).await.unwrap();
        assert_eq!(found.bodies(), expected, "{fields:?}");
        let count = expected.len().to_string();
        assert_eq!(found.of_set("count"), Some(count), "{fields:?}");
        assert!(found.is_complete(), "{fields:?}");
    }
    // Notes to oneself are those alone that name oneself at both ends.
    chat(&mut rosa, "rosa@team.internal", "n", "<body>note</body>").await;
    let own = query(&mut rosa, asked(&[("with", "rosa@team.internal")], "")).await;
    assert_eq!(own.unwrap().bodies(), ["note"]);
    // The other end has its own copies under its own ids.
    let mut bob = Client::session(&server, "bob", "desk").await;
    let theirs = everything(&mut bob).await;
    assert_eq!(theirs.bodies(), to_bob);
    assert!(
        theirs
            .ids()
            .iter()
            .all(|id| !ids.contains(&(*id).to_owned()))
    );
    let foreign = query(&mut bob, asked(&[("after-id", &ids[0])], "")).await;
    assert_eq!(foreign.unwrap_err(), "cancel item-not-found");
}

#[tokio::test]
async fn what_is_no_question() {
    let (mut rosa, _server) = scene(false).await;
    let form = |inner: &str| format!("<x xmlns='jabber:x:data' type='submit'>{inner}</x>");
    let typed = "<field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>";
    let field =
        |name: &str, value: &str| format!("<field var='{name}'><value>{value}</value></field>");
    let set = |inner: &str| format!("<set xmlns='{}'>{inner}</set>", ns::RSM);
    let ids: String = (0..251).map(|_| "<value>x</value>").collect();
    for (content, expected) in [
        (form(""), "modify bad-request"),
        (
            form(&field("FORM_TYPE", "urn:xmpp:mam:1")),
            "modify bad-request",
        ),
        (form(&field("with", "a@b")), "modify bad-request"),
        (
            form(&format!("{typed}{}", field("start", "yesterday"))),
            "modify bad-request",
        ),
        (
            form(&format!("{typed}{}", field("end", "2026-13-01T00:00:00Z"))),
            "modify bad-request",
        ),
        (
            form(&format!("{typed}{}", field("with", "@@@"))),
            "modify jid-malformed",
        ),
        (
            form(&format!("{typed}{}", field("colour", "red"))),
            "cancel feature-not-implemented",
        ),
        (
            form(&format!("{typed}{}", field("include-groupchat", "true"))),
            "cancel feature-not-implemented",
        ),
        (
            form(&format!(
                "{typed}{}{}",
                field("with", "a@b"),
                field("with", "c@b")
            )),
            "modify bad-request",
        ),
        (
            form(&format!("{typed}<field><value>x</value></field>")),
            "modify bad-request",
        ),
        (
            form(&format!(
                "{typed}<field var='with'><value>a@b</value><value>c@d</value></field>"
            )),
            "modify bad-request",
        ),
        (
            form(&format!("{typed}<field var='ids'>{ids}</field>")),
            "modify not-acceptable",
        ),
        (
            form(&format!("{typed}{}", field("ids", "nope"))),
            "cancel item-not-found",
        ),
        (
            form(&format!("{typed}{}", field("after-id", "nope"))),
            "cancel item-not-found",
        ),
        (
            form(&format!("{typed}{}", field("before-id", "nope"))),
            "cancel item-not-found",
        ),
        (
            form(typed).replace("submit", "cancel"),
            "modify bad-request",
        ),
        (
            format!("{}{}", form(typed), form(typed)),
            "modify bad-request",
        ),
        (set("<after>nope</after>"), "cancel item-not-found"),
        (set("<before>nope</before>"), "cancel item-not-found"),
        (set("<max>many</max>"), "modify bad-request"),
        (set("<max>-1</max>"), "modify bad-request"),
        (set("<index>2</index>"), "cancel feature-not-implemented"),
        (set("<before/><after>x</after>"), "modify bad-request"),
    ] {
        let iq = format!(
            "<iq type='set' id='q'><query xmlns='{}'>{content}</query></iq>",
            ns::MAM
        );
        let (before, answer) = rosa.ask(&iq).await;
        assert!(before.is_empty(), "{content}");
        assert_eq!(error_of(&answer), expected, "{content}");
    }
    // The form says what there is.
    let form = rosa
        .get("", "<query xmlns='urn:xmpp:mam:2'/>")
        .await
        .unwrap();
    let form = form.get_child("x", ns::DATA_FORMS).unwrap();
    let names: Vec<_> = form
        .children()
        .filter_map(|field| field.attr("var"))
        .collect();
    assert_eq!(
        names,
        [
            "FORM_TYPE",
            "with",
            "start",
            "end",
            "before-id",
            "after-id",
            "ids",
            "{urn:xmpp:fulltext:0}fulltext"
        ]
    );
    // Nobody reads another's.
    let others = rosa
        .set("bob@team.internal", "<query xmlns='urn:xmpp:mam:2'/>")
        .await;
    assert_eq!(others.unwrap_err(), "service-unavailable");
    // An empty archive is no error.
    let mut carl = Client::session(&_server, "carl", "x").await;
    let mut silent = Client::session(&_server, "bob", "y").await;
    assert_eq!(everything(&mut carl).await.bodies(), ["six"]);
    let none = query(&mut silent, asked(&[("with", "a@b")], "<before/>"))
        .await
        .unwrap();
    assert!(none.is_complete() && none.of_set("first").is_none());
}
