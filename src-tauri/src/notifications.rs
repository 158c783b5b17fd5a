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

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

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
/// So much of it is no message's: what else happens is not said again.
const RESERVED: usize = 64;

/// Tells the notifications what happens.
#[derive(Clone)]
pub(crate) struct Notifier {
    happenings: mpsc::Sender<Happening>,
    changed: Changed,
}

/// Accounts of which a change waits to be looked at: one look is for all of them.
type Changed = Arc<Mutex<HashSet<String>>>;

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
    /// The window was locked.
    Locked,
    Focused,
    /// The window was closed and the program goes on.
    Hidden,
    Closing(oneshot::Sender<()>),
}

impl Notifier {
    /// Starts; ends with the program.
    pub(crate) fn start(app: AppHandle) -> Self {
        let (notifier, received) = Self::new();
        let changed = Arc::clone(&notifier.changed);
        tauri::async_runtime::spawn(run(app, received, changed));
        notifier
    }

    fn new() -> (Self, mpsc::Receiver<Happening>) {
        let (happenings, received) = mpsc::channel(MAX_WAITING);
        let changed = Changed::default();
        (
            Self {
                happenings,
                changed,
            },
            received,
        )
    }

    /// A message came in.
    pub(crate) fn arrived(&self, view: NotificationView) {
        if self.happenings.capacity() > RESERVED {
            self.say(Happening::Arrived(view));
        } else {
            tracing::debug!("too many messages to tell of all of them");
        }
    }

    /// Something changed in an account's conversations.
    pub(crate) fn changed(&self, account: &str) {
        let account = account.to_owned();
        if !lock(&self.changed).insert(account.clone()) {
            return;
        }
        let waiting = Happening::Changed {
            account: account.clone(),
        };
        if !self.say(waiting) {
            lock(&self.changed).remove(&account);
        }
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

    /// The window was locked.
    pub(crate) fn locked(&self) {
        self.say(Happening::Locked);
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

    /// Whether it is told.
    fn say(&self, happening: Happening) -> bool {
        let is_said = self.happenings.try_send(happening).is_ok();
        if !is_said {
            tracing::warn!("too much happens to tell of all of it");
        }
        is_said
    }
}

fn lock(changed: &Changed) -> std::sync::MutexGuard<'_, HashSet<String>> {
    changed.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn run(app: AppHandle, mut happenings: mpsc::Receiver<Happening>, changed: Changed) {
    let (acts, mut acted) = mpsc::channel(desk::MAX_WAITING);
    let mut teller = Teller {
        app,
        board: Board::default(),
        desk: Desk::new(acts),
        changed,
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
    changed: Changed,
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
                // First: what changes from now on is another look's.
                lock(&self.changed).remove(&account);
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
            Happening::Locked => self.board.locked(words),
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
                Effect::Amend(slot, card) => self.desk.amend(&slot, &card, words).await,
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
        match allowed(act, shell.lock.is_locked()) {
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

/// What is done of what somebody wants: behind the lock nothing is but to open the window,
/// which asks for the secret.
fn allowed(act: Act, locked: bool) -> Act {
    match act {
        Act::Reply(_) | Act::MarkRead if locked => Act::Open,
        act => act,
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

#[cfg(test)]
mod tests {
    use engine::api::PreviewLimit;

    use super::*;

    fn message() -> NotificationView {
        NotificationView {
            account: "a".to_owned(),
            conversation: "li@valley.example".to_owned(),
            message: 1,
            title: "Li".to_owned(),
            room: None,
            mentions_me: false,
            body: "hi".to_owned(),
            limit: PreviewLimit::Anything,
        }
    }

    #[test]
    fn u88_however_much_waits_the_end_of_catching_up_is_told() {
        let (notifier, mut received) = Notifier::new();
        for _ in 0..2 * MAX_WAITING {
            notifier.changed("a");
            notifier.arrived(message());
        }
        notifier.catching_up("a", false);
        let mut told = 0;
        let mut is_done = false;
        while let Ok(happening) = received.try_recv() {
            told += 1;
            is_done |= matches!(happening, Happening::CatchingUp { now: false, .. });
        }
        assert!(is_done);
        assert_eq!(told, MAX_WAITING - RESERVED + 1);
    }

    #[test]
    fn u109_behind_the_lock_nothing_is_answered_from_a_notification() {
        let reply = Act::Reply("yes".to_owned());
        assert_eq!(allowed(reply.clone(), true), Act::Open);
        assert_eq!(allowed(Act::MarkRead, true), Act::Open);
        assert_eq!(allowed(Act::Gone, true), Act::Gone);
        assert_eq!(allowed(reply.clone(), false), reply);
    }
}
