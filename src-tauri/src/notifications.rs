//! Notifications of the operating system.
//!
//! The engine says which messages the user may want to be told of; here is
//! decided how (`board`), and the desktop's service does it (`desk`). Our own
//! code rather than Tauri's plugin, which has no click event on desktops.

mod board;
mod desk;
mod quiet;
mod rules;
mod words;

use engine::api::{ConversationRequest, MessageRequest, NotificationView, Request, Response};
use tauri::{AppHandle, Manager};
use tokio::sync::{mpsc, oneshot};

use self::board::{Board, Card, Effect, Moment, Note, Slot};
use self::desk::{Act, Acted, Desk};
use self::words::Words;
use crate::clock;
use crate::contract::{ConversationKey, ShellEvent};
use crate::session;
use crate::state::Shell;
use crate::window;

pub(crate) use self::quiet::is_quiet;

/// So much may wait; what is beyond that is told by the numbers in the list.
const MAX_WAITING: usize = 256;

/// Tells the notifications what happens.
#[derive(Clone)]
pub(crate) struct Notifier {
    happenings: mpsc::Sender<Happening>,
}

enum Happening {
    Arrived(NotificationView),
    /// Something may have been read.
    Changed {
        account: String,
    },
    CatchingUp {
        account: String,
        now: bool,
    },
    /// One may be gone.
    AccountsChanged,
    Focused,
    /// The window was closed and the program goes on.
    Hidden,
    Closing(oneshot::Sender<()>),
}

impl Notifier {
    /// Starts; ends with the program.
    pub(crate) fn start(app: AppHandle) -> Self {
        let (happenings, received) = mpsc::channel(MAX_WAITING);
        tauri::async_runtime::spawn(run(app, received));
        Self { happenings }
    }

    /// A message came in.
    pub(crate) fn arrived(&self, view: NotificationView) {
        self.say(Happening::Arrived(view));
    }

    /// Something changed in an account's conversations.
    pub(crate) fn changed(&self, account: &str) {
        self.say(Happening::Changed {
            account: account.to_owned(),
        });
    }

    /// Whether an account fetches what it missed.
    pub(crate) fn catching_up(&self, account: &str, now: bool) {
        self.say(Happening::CatchingUp {
            account: account.to_owned(),
            now,
        });
    }

    /// An account may be gone.
    pub(crate) fn accounts_changed(&self) {
        self.say(Happening::AccountsChanged);
    }

    /// Somebody looks at the window.
    pub(crate) fn focused(&self) {
        self.say(Happening::Focused);
    }

    /// The window was closed, the program goes on.
    pub(crate) fn hidden(&self) {
        self.say(Happening::Hidden);
    }

    /// Takes all notifications away.
    pub(crate) async fn close(&self) {
        let (done, is_done) = oneshot::channel();
        if self.happenings.send(Happening::Closing(done)).await.is_ok() {
            // Nothing is left to wait for if the task is gone.
            drop(is_done.await);
        }
    }

    fn say(&self, happening: Happening) {
        if self.happenings.try_send(happening).is_err() {
            tracing::debug!("too much happens to tell of all of it");
        }
    }
}

async fn run(app: AppHandle, mut happenings: mpsc::Receiver<Happening>) {
    let (acts, mut acted) = mpsc::channel(desk::MAX_WAITING);
    let mut teller = Teller {
        app,
        board: Board::default(),
        desk: Desk::new(acts),
    };
    loop {
        tokio::select! {
            happening = happenings.recv() => match happening {
                Some(happening) => teller.happen(happening).await,
                None => return,
            },
            Some(act) = acted.recv() => teller.act(act).await,
        }
    }
}

struct Teller {
    app: AppHandle,
    board: Board,
    desk: Desk,
}

impl Teller {
    async fn happen(&mut self, happening: Happening) {
        let app = self.app.clone();
        let shell = app.state::<Shell>();
        let settings = shell.settings.get();
        let words = Words::of(&settings);
        let effects = match happening {
            Happening::Arrived(view) => {
                let note = note(&shell, view).await;
                let moment = self.moment().await;
                self.board.arrived(note, &settings, words, &moment)
            }
            Happening::Changed { account } => {
                let mut effects = Vec::new();
                for key in self.board.watched(&account) {
                    if let Some(unread) = unread(&shell, &key).await {
                        effects.extend(self.board.unread(&key, unread, words));
                    }
                }
                effects
            }
            Happening::CatchingUp { account, now: true } => {
                self.board.catching_up(&account);
                Vec::new()
            }
            Happening::CatchingUp {
                account,
                now: false,
            } => {
                let moment = self.moment().await;
                self.board.caught_up(&account, &settings, words, &moment)
            }
            Happening::AccountsChanged => match ask(&shell, Request::Overview).await {
                Some(Response::Overview(overview)) => {
                    let all: Vec<_> = overview.accounts.into_iter().map(|one| one.id).collect();
                    self.board.only_of(&all, words)
                }
                _ => Vec::new(),
            },
            Happening::Focused => {
                self.board.focused();
                Vec::new()
            }
            Happening::Hidden => {
                self.hint(words).await;
                Vec::new()
            }
            Happening::Closing(done) => {
                self.desk.close_all().await;
                if done.send(()).is_err() {
                    tracing::debug!("nobody waits for the last notification any more");
                }
                Vec::new()
            }
        };
        for effect in effects {
            match effect {
                Effect::Show(slot, card) => {
                    self.desk.show(&slot, &card, words).await;
                }
                Effect::Close(slot) => self.desk.close(&slot).await,
                Effect::Flash => window::flash(&self.app),
            }
        }
    }

    /// Once for each profile: where the program is when its window is closed.
    async fn hint(&mut self, words: Words) {
        let app = self.app.clone();
        let shell = app.state::<Shell>();
        let told = shell.paths.close_hint();
        if told.exists() {
            return;
        }
        let card = Card {
            title: "Startalk".to_owned(),
            body: words.still_running(shell.tray.is_there()).to_owned(),
            sound: false,
            reply: false,
        };
        if self.desk.show(&Slot::Hint, &card, words).await
            && let Err(error) = std::fs::write(told, b"")
        {
            tracing::warn!(%error, "the hint will be shown again");
        }
    }

    async fn moment(&self) -> Moment {
        let shell = self.app.state::<Shell>();
        let attention = shell.attention.get();
        let focused = window::is_focused(&self.app);
        let (there, screen_locked) = session::is_there(&shell, attention.active).await;
        let is_read = focused && there;
        Moment {
            now_ms: clock::now_ms(),
            wall: clock::local(),
            focused,
            reading: attention.reading.filter(|_| is_read),
            locked: shell.lock.is_locked() || screen_locked,
        }
    }

    async fn act(&mut self, (slot, act): Acted) {
        let message = self.board.gone(&slot);
        if act == Act::Gone {
            return;
        }
        self.desk.close(&slot).await;
        let app = self.app.clone();
        let shell = app.state::<Shell>();
        let Slot::Conversation(key) = slot else {
            if act == Act::Open {
                window::raise(&self.app);
            }
            return;
        };
        match act {
            Act::Open => {
                window::raise(&self.app);
                shell.events.send_or_keep(ShellEvent::OpenConversation {
                    account: key.account,
                    conversation: key.conversation,
                    message,
                });
            }
            Act::MarkRead => mark_read(&shell, key, message).await,
            Act::Reply(text) => {
                let (account, conversation) = (key.account.clone(), key.conversation.clone());
                let request = MessageRequest::Send {
                    account,
                    conversation,
                    text,
                    reply_to: None,
                    mentions: Vec::new(),
                };
                ask(&shell, Request::Message(request)).await;
                mark_read(&shell, key, message).await;
            }
            Act::Gone => {}
        }
    }
}

/// What the engine says, with the number of unread messages.
async fn note(shell: &Shell, view: NotificationView) -> Note {
    let key = ConversationKey {
        account: view.account,
        conversation: view.conversation,
    };
    Note {
        unread: unread(shell, &key).await.unwrap_or(1),
        key,
        message: view.message,
        author: view.title,
        room: view.room,
        mentions_me: view.mentions_me,
        text: view.body,
        limit: view.limit,
    }
}

async fn unread(shell: &Shell, key: &ConversationKey) -> Option<u32> {
    let request = ConversationRequest::FirstUnread {
        account: key.account.clone(),
        conversation: key.conversation.clone(),
    };
    match ask(shell, Request::Conversation(request)).await {
        Some(Response::FirstUnread(view)) => Some(view.count),
        _ => None,
    }
}

async fn mark_read(shell: &Shell, key: ConversationKey, message: Option<i64>) {
    let Some(message) = message else { return };
    let request = Request::MarkDisplayed {
        account: key.account,
        conversation: key.conversation,
        message,
    };
    ask(shell, request).await;
}

async fn ask(shell: &Shell, request: Request) -> Option<Response> {
    match shell.engine().ok()?.handle(request).await {
        Ok(response) => Some(response),
        Err(error) => {
            tracing::info!(%error, "not done from a notification");
            None
        }
    }
}
