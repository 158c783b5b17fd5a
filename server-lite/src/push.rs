//! Notifications for who is away (XEP-0357): something was stored for somebody
//! whom no connected session can tell.
//!
//! Without streams to other servers, an app server is an account here, or a web
//! address: one of the configuration, or one that somebody set for himself.
//! One task does it all. While an address is slow, what comes meanwhile becomes
//! one notification, so that nothing grows.

mod address;
mod publish;
mod webhook;

use std::collections::HashMap;
use std::sync::Arc;

use reqwest::Url;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use xmpp_core::{Element, element, ns};

pub(crate) use self::address::check;
pub(crate) use self::publish::answered;
use self::webhook::{Outcome, Webhooks};
use crate::config::{PersonalWebhooks, Secret};
use crate::form::Filled;
use crate::router::Router;
use crate::server::Server;
use crate::services;
use crate::store::push::{self as rows, Registration};
use crate::{Config, StartError};

/// Notices that wait for the task.
const QUEUE: usize = 1024;
/// Web addresses that are told at the same time.
const MAX_UNDER_WAY: usize = 256;

/// Something came for somebody.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    user: String,
    /// Bare address, and text; if the configuration wants it said.
    sender: Option<String>,
    body: Option<String>,
}

/// The way to the task.
pub(crate) struct Push {
    queue: mpsc::Sender<Notice>,
    with_sender: bool,
    with_body: bool,
    personal: bool,
}

/// What the task works with.
pub(crate) struct Work {
    notices: mpsc::Receiver<Notice>,
    /// Those of the configuration.
    webhooks: Vec<Url>,
    client: Option<Webhooks>,
}

impl Push {
    /// Reads the configuration.
    pub(crate) fn new(config: &Config, domain: &str) -> Result<(Self, Work), StartError> {
        let config = &config.push;
        let bad = |reason: String| StartError::Option {
            name: "push.webhooks",
            reason,
        };
        let webhooks = config
            .webhooks
            .iter()
            .map(|text| check(text, config.allow_private).map_err(|error| bad(error.to_string())));
        let webhooks = webhooks.collect::<Result<Vec<_>, _>>()?;
        let personal = config.personal_webhooks != PersonalWebhooks::Off;
        let client = match personal || !webhooks.is_empty() {
            true => Some(Webhooks::new(config, domain).map_err(bad)?),
            false => None,
        };
        let (queue, notices) = mpsc::channel(QUEUE);
        let push = Self {
            queue,
            with_sender: config.with_sender,
            with_body: config.with_body,
            personal,
        };
        let work = Work {
            notices,
            webhooks,
            client,
        };
        Ok((push, work))
    }

    /// Whether people may set web addresses.
    pub(crate) fn takes_addresses(&self) -> bool {
        self.personal
    }

    /// What there is to tell of a message, if it is one that people read.
    pub(crate) fn notice(&self, user: &str, sender: &str, message: &Element) -> Option<Notice> {
        let body = message.get_child("body", ns::CLIENT).map(Element::text);
        let encrypted = || message.children().any(|child| child.name() == "encrypted");
        if body.is_none() && !encrypted() {
            return None;
        }
        Some(Notice {
            user: user.to_owned(),
            sender: self.with_sender.then(|| sender.to_owned()),
            body: body.filter(|_| self.with_body),
        })
    }

    /// Tells of a message, unless a session has shown it. Does not wait.
    pub(crate) fn missed(&self, router: &Router, notice: Option<Notice>) {
        if let Some(notice) = notice.filter(|notice| !router.reaches(&notice.user))
            && self.queue.try_send(notice).is_err()
        {
            tracing::warn!("too many notifications at once");
        }
    }
}

/// A web address that hears of one account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Target {
    user: String,
    url: Url,
    /// The row, if the person has set it.
    registration: Option<i64>,
}

/// What a web address is told.
#[derive(Clone)]
struct News {
    notice: Notice,
    waiting: u64,
    secret: Option<Secret>,
}

/// Web addresses that are being told.
#[derive(Default)]
struct UnderWay {
    /// With what came meanwhile.
    targets: HashMap<Target, Option<News>>,
    tasks: JoinSet<(Target, Outcome)>,
}

/// Sends notifications until the server stops.
pub(crate) async fn run(server: Arc<Server>, mut work: Work) {
    let mut under_way = UnderWay::default();
    loop {
        tokio::select! {
            () = server.stopping.cancelled() => return,
            Some(notice) = work.notices.recv() => {
                tell(&server, &work, &mut under_way, notice).await;
            }
            Some(done) = under_way.tasks.join_next(), if !under_way.tasks.is_empty() => {
                if let Ok((target, outcome)) = done {
                    told(&server, &work, &mut under_way, target, outcome).await;
                }
            }
        }
    }
}

async fn tell(server: &Arc<Server>, work: &Work, under_way: &mut UnderWay, notice: Notice) {
    let owner = notice.user.clone();
    let found = server.store.read(move |db| rows::of(db, &owner)).await;
    let (registrations, waiting) = match found {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(%error, "notifications not looked up");
            return;
        }
    };
    // What waits with a session is not in that number.
    let waiting = waiting.max(1);
    let news = |secret| News {
        notice: notice.clone(),
        waiting,
        secret,
    };
    let own = services::enabled(server)
        .find(|service| service.place == crate::modules::Place::Push)
        .map(|service| service.domain(server));
    for registration in registrations {
        if Some(&registration.jid) != own.as_ref() {
            publish::send(server, &registration, &notice, waiting);
            continue;
        }
        // The configuration may have changed since it was set.
        let Some(url) = allowed(server, &registration.node) else {
            continue;
        };
        let target = Target {
            user: notice.user.clone(),
            url,
            registration: Some(registration.id),
        };
        send(work, under_way, target, news(secret_of(&registration)));
    }
    for url in &work.webhooks {
        let target = Target {
            user: notice.user.clone(),
            url: url.clone(),
            registration: None,
        };
        send(
            work,
            under_way,
            target,
            news(server.config.push.secret.clone()),
        );
    }
}

/// Whether somebody may set this address.
pub(crate) fn allowed(server: &Server, text: &str) -> Option<Url> {
    let config = &server.config.push;
    let url = check(text, config.allow_private).ok()?;
    let allowed = match &config.personal_webhooks {
        PersonalWebhooks::Off => false,
        PersonalWebhooks::Any => true,
        PersonalWebhooks::Hosts(hosts) => hosts
            .iter()
            .any(|host| url.host_str() == Some(&host.to_lowercase())),
    };
    allowed.then_some(url)
}

/// What the person wants it signed with.
fn secret_of(registration: &Registration) -> Option<Secret> {
    let form = element::parse(registration.options.as_ref()?.as_bytes()).ok()?;
    Filled::read(&form).first("secret").map(Secret::new)
}

fn send(work: &Work, under_way: &mut UnderWay, target: Target, news: News) {
    let Some(client) = &work.client else { return };
    if let Some(meanwhile) = under_way.targets.get_mut(&target) {
        *meanwhile = Some(news);
        return;
    }
    if under_way.targets.len() >= MAX_UNDER_WAY {
        tracing::warn!("too many web addresses are slow; one is not told");
        return;
    }
    under_way.targets.insert(target.clone(), None);
    let client = client.clone();
    under_way.tasks.spawn(async move {
        let outcome = client.tell(&target, &news).await;
        (target, outcome)
    });
}

async fn told(
    server: &Arc<Server>,
    work: &Work,
    under_way: &mut UnderWay,
    target: Target,
    outcome: Outcome,
) {
    let meanwhile = under_way.targets.remove(&target).flatten();
    match (outcome, target.registration) {
        (Outcome::Taken, _) => server.metrics.pushes.increment(),
        (Outcome::Gone, Some(id)) => {
            server.metrics.pushes_failed.increment();
            tracing::info!(
                user = target.user,
                "a web address is gone and not told any more"
            );
            forget(server, id).await;
            return;
        }
        (Outcome::Gone | Outcome::Failed, _) => server.metrics.pushes_failed.increment(),
    }
    if let Some(news) = meanwhile {
        send(work, under_way, target, news);
    }
}

async fn forget(server: &Server, id: i64) {
    if let Err(error) = server.store.write(move |tx| rows::remove(tx, id)).await {
        tracing::error!(%error, "notification not ended");
    }
}
