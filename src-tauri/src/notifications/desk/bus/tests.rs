use std::os::unix::net::UnixStream;

use zbus::connection::Builder;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

use super::*;
use crate::contract::ConversationKey;

/// What a notification service was asked.
#[derive(Debug, PartialEq)]
enum Asked {
    Notify {
        replaces: u32,
        title: String,
        body: String,
        actions: Vec<String>,
        quiet: bool,
    },
    Close(u32),
}

/// A notification service of our own: the clicks are the test's.
struct Fake {
    asked: mpsc::UnboundedSender<Asked>,
    next: u32,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Fake {
    #[zbus(out_args("capabilities"))]
    fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body", "body-markup", "inline-reply"]
            .map(str::to_owned)
            .to_vec()
    }

    #[expect(clippy::too_many_arguments, reason = "as the specification has it")]
    fn notify(
        &mut self,
        _app: String,
        replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        let quiet = hints.contains_key("suppress-sound");
        assert_ne!(quiet, hints.contains_key("sound-name"));
        let asked = Asked::Notify {
            replaces,
            title,
            body,
            actions,
            quiet,
        };
        self.asked.send(asked).unwrap();
        if replaces != 0 {
            return replaces;
        }
        self.next += 1;
        self.next
    }

    fn close_notification(&self, number: u32) {
        self.asked.send(Asked::Close(number)).unwrap();
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, n: u32, action: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_replied(
        emitter: &SignalEmitter<'_>,
        n: u32,
        text: &str,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(
        emitter: &SignalEmitter<'_>,
        n: u32,
        reason: u32,
    ) -> zbus::Result<()>;
}

struct Scene {
    desk: Desk,
    acts: mpsc::Receiver<Acted>,
    asked: mpsc::UnboundedReceiver<Asked>,
    service: Connection,
}

impl Scene {
    async fn new() -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (asked, was_asked) = mpsc::unbounded_channel();
        let id = zbus::Guid::generate();
        let service = Builder::async_io_unix_stream(theirs)
            .server(id)
            .unwrap()
            .p2p()
            .serve_at(PATH, Fake { asked, next: 40 })
            .unwrap()
            .build();
        let client = Builder::async_io_unix_stream(ours).p2p().build();
        let (service, client) = tokio::join!(service, client);
        let (acts, acted) = mpsc::channel(super::super::MAX_WAITING);
        let mut desk = Desk::new(acts);
        desk.listen(client.unwrap()).await.unwrap();
        Self {
            desk,
            acts: acted,
            asked: was_asked,
            service: service.unwrap(),
        }
    }

    fn emitter(&self) -> SignalEmitter<'_> {
        SignalEmitter::new(&self.service, PATH).unwrap()
    }
}

fn slot(name: &str) -> Slot {
    Slot::Conversation(ConversationKey {
        account: "a".to_owned(),
        conversation: name.to_owned(),
    })
}

fn card(text: &str, sound: bool) -> Card {
    Card {
        title: "Li Na".to_owned(),
        body: text.to_owned(),
        sound,
        reply: true,
    }
}

#[tokio::test]
async fn u80_a_newer_message_replaces_the_notification_of_its_conversation() {
    let mut scene = Scene::new().await;
    let (li, wang) = (slot("li"), slot("wang"));

    for (slot, text, sound) in [
        (&li, "<b>1 & 2", true),
        (&wang, "x", false),
        (&li, "y", false),
    ] {
        assert!(
            scene
                .desk
                .show(slot, &card(text, sound), Words::English)
                .await
        );
    }
    let mut replaced = Vec::new();
    for _ in 0..3 {
        let Some(Asked::Notify {
            replaces,
            body,
            actions,
            quiet,
            title,
        }) = scene.asked.recv().await
        else {
            panic!("not shown");
        };
        assert_eq!(title, "Li Na");
        assert!(actions.contains(&"inline-reply".to_owned()));
        replaced.push((replaces, body, quiet));
    }
    let is = |n, text: &str, quiet| (n, text.to_owned(), quiet);
    assert_eq!(
        replaced,
        [
            is(0, "&lt;b&gt;1 &amp; 2", false),
            is(0, "x", true),
            is(41, "y", true)
        ]
    );
}

#[tokio::test]
async fn u79_u85_clicks_and_answers_find_their_conversation() {
    let mut scene = Scene::new().await;
    let li = slot("li");
    scene
        .desk
        .show(&li, &card("hi", true), Words::Chinese)
        .await;
    let emitter = scene.emitter();
    // Of another program's notification.
    Fake::action_invoked(&emitter, 7, "default").await.unwrap();
    Fake::notification_replied(&emitter, 41, "  ")
        .await
        .unwrap();
    Fake::notification_replied(&emitter, 41, " 好的 \n")
        .await
        .unwrap();
    Fake::action_invoked(&emitter, 41, "mark-read")
        .await
        .unwrap();
    Fake::action_invoked(&emitter, 41, "default").await.unwrap();
    Fake::notification_closed(&emitter, 41, 2).await.unwrap();
    Fake::action_invoked(&emitter, 41, "default").await.unwrap();
    Fake::notification_closed(&emitter, 41, 2).await.unwrap();
    for act in [
        Act::Reply("好的".to_owned()),
        Act::MarkRead,
        Act::Open,
        Act::Gone,
    ] {
        assert_eq!(scene.acts.recv().await, Some((li.clone(), act)));
    }
    // What was closed is shown anew, not replaced.
    scene
        .desk
        .show(&li, &card("again", true), Words::Chinese)
        .await;
    scene.asked.recv().await;
    let again = scene.asked.recv().await;
    assert!(
        matches!(again, Some(Asked::Notify { replaces: 0, .. })),
        "{again:?}"
    );
}

#[tokio::test]
async fn u83_closing_closes_ours_alone() {
    let mut scene = Scene::new().await;
    scene.desk.close(&slot("li")).await;
    for name in ["li", "wang"] {
        scene
            .desk
            .show(&slot(name), &card("hi", true), Words::English)
            .await;
        scene.asked.recv().await;
    }
    scene.desk.close(&slot("wang")).await;
    assert_eq!(scene.asked.recv().await, Some(Asked::Close(42)));
    scene.desk.close_all().await;
    assert_eq!(scene.asked.recv().await, Some(Asked::Close(41)));
}

/// Takes every notification, and never says so.
struct Silent;

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Silent {
    #[zbus(out_args("capabilities"))]
    fn get_capabilities(&self) -> Vec<String> {
        Vec::new()
    }

    #[expect(clippy::too_many_arguments, reason = "as the specification has it")]
    async fn notify(
        &self,
        _app: String,
        _replaces: u32,
        _icon: String,
        _title: String,
        _body: String,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        std::future::pending().await
    }
}

#[tokio::test]
async fn u80_a_service_that_hangs_holds_nothing_up() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let service = Builder::async_io_unix_stream(theirs)
        .server(zbus::Guid::generate())
        .unwrap()
        .p2p()
        .serve_at(PATH, Silent)
        .unwrap()
        .build();
    let client = Builder::async_io_unix_stream(ours).p2p().build();
    let (service, client) = tokio::join!(service, client);
    let _service = service.unwrap();
    let (acts, _acted) = mpsc::channel(1);
    let mut desk = Desk::new(acts);
    desk.listen(client.unwrap()).await.unwrap();
    desk.answers_within = Duration::from_millis(50);
    let (slot, card) = (slot("li"), card("hi", true));
    assert!(!desk.show(&slot, &card, Words::English).await);
    assert!(desk.service.is_none(), "the next one is looked for anew");
    desk.close_all().await;
}
