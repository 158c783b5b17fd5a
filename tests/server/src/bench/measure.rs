//! The figures, one function each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;
use xmpp_core::ns;

use super::load::{Reader, acknowledged, login, session, user};
use super::{Plan, Subject};
use crate::archive;
use crate::peer::{PATIENCE, Peer, Security, Target};
use crate::process::{memory, processor_time};

/// Pairs of people who write to one another.
const PAIRS: usize = 8;
/// Messages between two requests for an acknowledgement.
const BATCH: u32 = 16;
/// Sign-ins that go on at the same time.
const SIGNING_IN: usize = 6;
/// Messages of the room that are on their way at the same time.
const ROOM_WINDOW: usize = 4;
/// What an ordinary message says.
const TEXT: &str = "Shall we meet at ten? 我们十点见面好吗?";

/// What one server came to.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Whose they are.
    pub name: String,
    /// From the start of the process to the first answer.
    pub start: Duration,
    /// Memory with nobody on, in bytes.
    pub memory: u64,
    /// Memory of one idle session without TLS, in bytes.
    pub session_clear: u64,
    /// Memory of one idle session with TLS, in bytes.
    pub session_tls: u64,
    /// Sign-ins with SCRAM-SHA-256 over STARTTLS.
    pub logins: Rate,
    /// Messages from one person to another.
    pub messages: Rate,
    /// From the sending of a message to its arrival with nothing else going on.
    pub latency: Duration,
    /// The same for the slowest of a hundred.
    pub slow: Duration,
    /// Deliveries of messages to the occupants of a room.
    pub fan_out: Rate,
    /// Messages read from an archive by pages of fifty.
    pub paging: Rate,
}

/// How often something happened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rate {
    /// In a second of the server's processor time.
    pub per_processor_second: f64,
    /// In a second of the clock.
    pub per_second: f64,
}

/// Measures one server from the first start to the last stop.
///
/// # Errors
/// If it does not do what it should.
pub async fn all(subject: &mut Subject, plan: &Plan) -> Result<Figures> {
    let mut figures = Figures {
        name: subject.name(),
        ..Figures::default()
    };
    // The first start makes files; those after it are as in life.
    subject.start();
    subject.stop();
    let mut starts = Vec::new();
    for _ in 0..plan.starts {
        starts.push(subject.start());
        subject.stop();
    }
    starts.sort();
    figures.start = starts[starts.len() / 2];
    subject.start();
    figures.memory = settled_memory(subject).await;
    let accounts = plan.occupants.max(PAIRS * 2);
    subject.register(accounts).await.context("registration")?;
    figures.logins = logins(subject, plan).await.context("logins")?;
    figures.messages = messages(subject, plan).await.context("messages")?;
    (figures.latency, figures.slow) = latency(subject).await.context("latency")?;
    figures.paging = paging(subject, plan).await.context("paging")?;
    figures.fan_out = fan_out(subject, plan).await.context("room")?;
    // In processes that have done nothing else.
    figures.session_clear = idle(subject, plan, Security::Clear)
        .await
        .context("idle in clear")?;
    figures.session_tls = idle(subject, plan, Security::StartTls)
        .await
        .context("idle")?;
    subject.stop();
    Ok(figures)
}

/// Memory once it no longer falls.
async fn settled_memory(subject: &mut Subject) -> u64 {
    tokio::time::sleep(Duration::from_secs(2)).await;
    memory(subject.id())
}

/// Counts what happens until the time is up, in both kinds of time.
struct Watch {
    id: u32,
    processor: Duration,
    clock: Instant,
}

impl Watch {
    fn start(subject: &mut Subject) -> Self {
        let id = subject.id();
        Self {
            id,
            processor: processor_time(id),
            clock: Instant::now(),
        }
    }

    fn rate(&self, number: u64) -> Rate {
        let processor = processor_time(self.id).saturating_sub(self.processor);
        let number = number as f64;
        Rate {
            per_processor_second: number / processor.as_secs_f64().max(0.01),
            per_second: number / self.clock.elapsed().as_secs_f64(),
        }
    }
}

async fn idle(subject: &mut Subject, plan: &Plan, security: Security) -> Result<u64> {
    subject.stop();
    subject.start();
    // A start leaves room free, in which the first sessions fit, and the first
    // sign-in needs much that is needed once: neither is of a session.
    let first = plan.idle / 3;
    let all = first + plan.idle;
    let mut sessions = Vec::new();
    let mut before = 0;
    for n in 0..all {
        if n == first {
            before = settled_memory(subject).await;
        }
        let account = n % PAIRS.max(all / 16);
        let resource = format!("r{n}");
        sessions.push(session(subject.target(), security, account, &resource).await?);
    }
    let after = settled_memory(subject).await;
    drop(sessions);
    Ok(after.saturating_sub(before) / plan.idle as u64)
}

async fn logins(subject: &mut Subject, plan: &Plan) -> Result<Rate> {
    let watch = Watch::start(subject);
    let end = Instant::now() + plan.time;
    let mut tasks = JoinSet::new();
    for n in 0..SIGNING_IN {
        let target = subject.target().clone();
        tasks.spawn(async move {
            let mut done = 0_u64;
            while Instant::now() < end {
                let mut peer = login(&target, Security::StartTls, n, "desk").await?;
                peer.send("</stream:stream>").await?;
                peer.end().await?;
                done += 1;
            }
            anyhow::Ok(done)
        });
    }
    let done = sum(tasks).await?;
    Ok(watch.rate(done))
}

async fn sum(mut tasks: JoinSet<Result<u64>>) -> Result<u64> {
    let mut sum = 0;
    while let Some(done) = tasks.join_next().await {
        sum += done??;
    }
    Ok(sum)
}

/// Somebody who is there to be written to.
async fn available(target: &Target, n: usize) -> Result<Peer> {
    let mut peer = session(target, Security::StartTls, n, "desk").await?;
    peer.send("<presence/>").await?;
    Ok(peer)
}

fn message(n: usize, id: &str) -> String {
    format!(
        "<message type='chat' to='{}@localhost' id='{id}'><body>{TEXT}</body></message>",
        user(n)
    )
}

async fn messages(subject: &mut Subject, plan: &Plan) -> Result<Rate> {
    let target = subject.target().clone();
    let arrived = Arc::new(AtomicU64::new(0));
    let mut senders = Vec::new();
    let mut readers = Vec::new();
    for pair in 0..PAIRS {
        let receiver = available(&target, 2 * pair + 1).await?;
        readers.push(Reader::new().count(receiver, Arc::clone(&arrived)));
        senders.push(session(&target, Security::StartTls, 2 * pair, "desk").await?);
    }
    let watch = Watch::start(subject);
    let end = Instant::now() + plan.time;
    let mut tasks = JoinSet::new();
    for (pair, mut sender) in senders.into_iter().enumerate() {
        tasks.spawn(async move {
            let mut sent = 0_u32;
            // Two batches are on their way: one is acknowledged while one is sent.
            while Instant::now() < end {
                let mut batch: String = (0..BATCH)
                    .map(|n| message(2 * pair + 1, &format!("m{}", sent + n)))
                    .collect();
                batch.push_str(&format!("<r xmlns='{}'/>", ns::SM));
                sender.send(&batch).await?;
                acknowledged(&mut sender, sent).await?;
                sent += BATCH;
            }
            anyhow::Ok(u64::from(sent))
        });
    }
    let sent = sum(tasks).await?;
    until(|| arrived.load(Ordering::Relaxed) >= sent).await?;
    let rate = watch.rate(sent);
    readers.iter().for_each(|reader| reader.abort());
    Ok(rate)
}

async fn until(mut is_true: impl FnMut() -> bool) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while !is_true() {
        ensure!(Instant::now() < end, "waited too long");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

async fn latency(subject: &mut Subject) -> Result<(Duration, Duration)> {
    let target = subject.target().clone();
    let mut receiver = available(&target, 1).await?;
    let mut reader = Reader::new();
    let mut sender = session(&target, Security::StartTls, 0, "desk").await?;
    let mut times = Vec::new();
    for n in 0..200 {
        let start = Instant::now();
        sender.send(&message(1, &format!("l{n}"))).await?;
        crate::peer::patiently(reader.text(&mut receiver)).await??;
        times.push(start.elapsed());
    }
    times.sort();
    Ok((times[times.len() / 2], times[times.len() * 99 / 100]))
}

/// Also shows that everything was archived.
async fn paging(subject: &mut Subject, plan: &Plan) -> Result<Rate> {
    let target = subject.target().clone();
    let mut peer = login(&target, Security::StartTls, 1, "archive").await?;
    let watch = Watch::start(subject);
    let end = Instant::now() + plan.time;
    let mut number = 0;
    while number == 0 || Instant::now() < end {
        let all = archive::read(&mut peer, "", None, 50).await?;
        ensure!(all.len() > 200, "only {} are archived", all.len());
        number += all.len() as u64;
    }
    Ok(watch.rate(number))
}

async fn fan_out(subject: &mut Subject, plan: &Plan) -> Result<Rate> {
    let target = subject.target().clone();
    let room = "bench@conference.localhost";
    let join = |n: usize| {
        format!(
            "<presence to='{room}/nick{n}'><x xmlns='http://jabber.org/protocol/muc'>\
             <history maxstanzas='0'/></x></presence>"
        )
    };
    let mut owner = session(&target, Security::StartTls, 0, "room").await?;
    owner.send(&join(0)).await?;
    // New rooms are locked in two of the three until they are configured.
    let open = "<query xmlns='http://jabber.org/protocol/muc#owner'>\
                <x xmlns='jabber:x:data' type='submit'/></query>";
    owner.ask("set", room, open).await?;
    let arrived = Arc::new(AtomicU64::new(0));
    let mut readers = Vec::new();
    for n in 1..plan.occupants {
        let mut peer = session(&target, Security::StartTls, n, "room").await?;
        peer.send(&join(n)).await?;
        // Joined once the subject has come, which is the last of it.
        loop {
            let element = peer.element().await?;
            ensure!(element.attr("type") != Some("error"), "{element:?}");
            if element.name() == "message" && element.has_child("subject", ns::CLIENT) {
                break;
            }
        }
        readers.push(Reader::new().count(peer, Arc::clone(&arrived)));
    }
    let mut reader = Reader::new();
    let watch = Watch::start(subject);
    let end = Instant::now() + plan.time;
    let (mut sent, mut back) = (0_usize, 0_usize);
    while Instant::now() < end || back < sent {
        if Instant::now() < end && sent < back + ROOM_WINDOW {
            let text = format!(
                "<message type='groupchat' to='{room}' id='g{sent}'><body>{TEXT}</body></message>"
            );
            owner.send(&text).await?;
            sent += 1;
        } else {
            crate::peer::patiently(reader.text(&mut owner)).await??;
            back += 1;
        }
    }
    let all = (sent * (plan.occupants - 1)) as u64;
    until(|| arrived.load(Ordering::Relaxed) >= all).await?;
    let rate = watch.rate(all);
    readers.iter().for_each(|reader| reader.abort());
    Ok(rate)
}
