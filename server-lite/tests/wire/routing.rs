//! Which session gets a message (RFC 6121, section 8.5).

use crate::client::{Client, bodies, error_of};
use crate::server::Server;

struct Scene {
    rosa: Client,
    /// Bob's: priority 5, priority 0, priority -1, and one that has sent no presence.
    sessions: Vec<Client>,
    server: Server,
}

async fn scene() -> Scene {
    let server = Server::of(&["rosa", "bob"]).await;
    let mut sessions = Vec::new();
    for (resource, presence) in [
        ("high", "<presence><priority>5</priority></presence>"),
        ("zero", "<presence/>"),
        ("below", "<presence><priority>-1</priority></presence>"),
        ("silent", ""),
    ] {
        let mut session = Client::session(&server, "bob", resource).await;
        session.send(presence).await;
        session.sync().await;
        sessions.push(session);
    }
    let rosa = Client::online(&server, "rosa", "desk").await;
    let mut scene = Scene {
        rosa,
        sessions,
        server,
    };
    scene.got().await;
    scene
}

impl Scene {
    /// Sends, and gives which of Bob's sessions got it and what Rosa is answered.
    async fn send(&mut self, message: &str) -> (Vec<usize>, Vec<String>) {
        self.rosa.send(message).await;
        let answers = self.rosa.sync().await.iter().map(error_of).collect();
        (self.got().await, answers)
    }

    async fn got(&mut self) -> Vec<usize> {
        let mut got = Vec::new();
        for (n, session) in self.sessions.iter_mut().enumerate() {
            let messages = session.messages().await;
            got.extend(std::iter::repeat_n(n, messages.len()));
        }
        got
    }
}

#[tokio::test]
async fn messages_find_their_sessions() {
    let mut scene = scene().await;
    const NONE: &[usize] = &[];
    for (to, kind, expected) in [
        // Section 8.5.2.1.1: all that are available, with a priority that is not negative.
        ("bob@team.internal", "chat", &[0, 1][..]),
        ("bob@team.internal", "normal", &[0, 1]),
        ("bob@team.internal", "headline", &[0, 1]),
        ("bob@team.internal", "an-unknown-one", &[0, 1]),
        ("bob@team.internal", "error", NONE),
        // Section 8.5.3.1: the one that is named, whatever it is.
        ("bob@team.internal/high", "chat", &[0]),
        ("bob@team.internal/below", "chat", &[2]),
        ("bob@team.internal/silent", "normal", &[3]),
        ("bob@team.internal/zero", "headline", &[1]),
        ("bob@team.internal/zero", "error", &[1]),
        // Section 8.5.3.2.1: one that is not there.
        ("bob@team.internal/gone", "chat", &[0, 1]),
        ("bob@team.internal/gone", "normal", &[0, 1]),
        ("bob@team.internal/gone", "headline", NONE),
        ("bob@team.internal/gone", "error", NONE),
    ] {
        let message = format!("<message to='{to}' type='{kind}'><body>x</body></message>");
        let (got, answers) = scene.send(&message).await;
        assert_eq!(got, expected, "{message}");
        assert!(answers.is_empty(), "{message}: {answers:?}");
    }
    // No rooms here: section 8.5.2.1.1 and 8.5.3.2.1.
    for to in ["bob@team.internal", "bob@team.internal/gone"] {
        let message = format!("<message to='{to}' type='groupchat'><body>x</body></message>");
        let (got, answers) = scene.send(&message).await;
        assert_eq!(got, NONE);
        assert_eq!(answers, ["cancel service-unavailable"]);
    }
}

#[tokio::test]
async fn a_session_that_became_unavailable_gets_only_what_names_it() {
    let mut scene = scene().await;
    scene.sessions[0]
        .send("<presence type='unavailable'/>")
        .await;
    scene.sessions[0].sync().await;
    // She is told that it left, as it may be.
    scene.rosa.sync().await;
    let to_all = "<message to='bob@team.internal' type='chat'><body>x</body></message>";
    assert_eq!(scene.send(to_all).await.0, [1]);
    let to_one = "<message to='bob@team.internal/high' type='chat'><body>x</body></message>";
    assert_eq!(scene.send(to_one).await.0, [0]);
    // Its words still go out.
    scene.sessions[0]
        .send("<message to='rosa@team.internal' type='chat'><body>y</body></message>")
        .await;
    scene.sessions[0].sync().await;
    assert_eq!(bodies(&scene.rosa.messages().await), ["y"]);
}

#[tokio::test]
async fn who_is_not_there_is_said_in_one_way() {
    let mut scene = scene().await;
    let server = &scene.server;
    server.accounts(&["away"]).await;
    for to in ["nobody@team.internal", "nobody@team.internal/x"] {
        let message = format!("<message to='{to}' type='chat' id='m1'><body>x</body></message>");
        scene.rosa.send(&message).await;
        let answer = scene.rosa.element().await;
        // Not item-not-found, which would say that the account is what is missing
        // (RFC 6121, section 8.5.1).
        assert_eq!(error_of(&answer), "cancel service-unavailable");
        assert_eq!(
            (answer.attr("id"), answer.attr("from")),
            (Some("m1"), Some(to))
        );
    }
    for (message, expected) in [
        // Errors and results are never answered, nor what nobody waits for.
        (
            "<message to='nobody@team.internal' type='error'><body>x</body></message>",
            &[][..],
        ),
        (
            "<message to='nobody@team.internal' type='headline'><body>x</body></message>",
            &[],
        ),
        (
            "<message to='away@team.internal' type='chat'><body>x</body></message>",
            &[],
        ),
        (
            "<message to='away@team.internal' type='headline'><body>x</body></message>",
            &[],
        ),
        ("<message to='team.internal'><body>x</body></message>", &[]),
        (
            "<message to='bob@elsewhere.example' type='chat'><body>x</body></message>",
            &["cancel remote-server-not-found"],
        ),
        (
            "<message to='bob@elsewhere.example' type='error'><body>x</body></message>",
            &[],
        ),
        (
            "<message to='@@@' type='chat'><body>x</body></message>",
            &["modify jid-malformed"],
        ),
        (
            "<message to='@@@' type='error'><body>x</body></message>",
            &[],
        ),
    ] {
        let (got, answers) = scene.send(message).await;
        assert!(got.is_empty(), "{message}");
        assert_eq!(answers, expected, "{message}");
    }
}

#[tokio::test]
async fn a_message_to_oneself_reaches_the_other_sessions() {
    let mut scene = scene().await;
    for to in ["", "to='bob@team.internal'"] {
        let note = format!("<message type='chat' {to}><body>note</body></message>");
        scene.sessions[1].send(&note).await;
        scene.sessions[1].sync().await;
        assert_eq!(scene.got().await, [0], "{to}");
    }
}
