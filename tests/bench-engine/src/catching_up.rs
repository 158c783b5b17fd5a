//! What came while the device was away, and what comes while it is there: from our
//! own server over loopback and TLS.

use std::ops::Range;
use std::time::Instant;

use anyhow::Result;
use futures_util::future::try_join_all;
use server_tests::peer::{Peer, Security};
use server_tests::startalk::{PASSWORD, Startalk};
use xmpp_core::sasl::Mechanism;

use crate::table::{Table, number};
use crate::{Plan, device};

/// Clients that write at the same time.
const SENDERS: u64 = 16;

pub(crate) async fn measure(plan: &Plan, table: &mut Table) -> Result<()> {
    let (mut seconds, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..plan.tries {
        let (caught_up, live) = once(plan).await?;
        seconds.push(caught_up);
        rates.push(number(live_messages(plan)) / live);
    }
    let many = plan.incoming;
    table.at_most(
        &format!("catching up with {many} archived messages"),
        "s",
        seconds,
        Some(1.0),
    );
    table.at_least(
        &format!("live a second, from {SENDERS} senders through the server"),
        "messages",
        rates,
        None,
    );
    Ok(())
}

/// So many come live: fewer, for three programs share the machine.
fn live_messages(plan: &Plan) -> u64 {
    plan.incoming / 10
}

/// Seconds for what was missed, and for what came live.
async fn once(plan: &Plan) -> Result<(f64, f64)> {
    let start = || {
        let mut server = Startalk::with(&[device::USER, "bob"]);
        server.stop();
        // All senders are one account.
        server.lift_limits();
        server.start();
        server
    };
    let server = tokio::task::spawn_blocking(start).await?;
    let folder = tempfile::tempdir()?;
    device::profile(folder.path(), &server).await?;
    // Before it, one message: the device knows the archive, and has a place in it.
    let mut peers = Vec::new();
    for number in 0..SENDERS {
        let resource = format!("bench{number}");
        let who = ("bob", PASSWORD);
        let at = server.target();
        peers.push(Peer::session(at, Security::Direct, Mechanism::Plain, who, &resource).await?);
    }
    send(&mut peers, 0..1).await?;
    let engine = device::engine(folder.path()).await?;
    device::until_unread(&engine, 1).await?;
    engine.close().await;

    send(&mut peers, 1..plan.incoming).await?;
    let wanted = u32::try_from(plan.incoming)?;
    let began = Instant::now();
    let engine = device::engine(folder.path()).await?;
    device::until_unread(&engine, wanted).await?;
    let caught_up = began.elapsed().as_secs_f64();

    let began = Instant::now();
    let more = live_messages(plan);
    let all = plan.incoming..plan.incoming + more;
    let wanted = wanted + u32::try_from(more)?;
    let (sent, came) = tokio::join!(send(&mut peers, all), device::until_unread(&engine, wanted));
    let live = began.elapsed().as_secs_f64();
    sent?;
    came?;
    engine.close().await;
    Ok((caught_up, live))
}

/// Sends messages to the device from all of them, and waits until the server has them.
async fn send(peers: &mut [Peer], numbers: Range<u64>) -> Result<()> {
    let each = (numbers.end - numbers.start).div_ceil(SENDERS);
    let mut sending = Vec::new();
    for (peer, first) in peers
        .iter_mut()
        .zip((0..).map(|number| numbers.start + number * each))
    {
        let last = numbers.end.min(first + each);
        sending.push(send_from(peer, first.min(last)..last));
    }
    try_join_all(sending).await.map(drop)
}

async fn send_from(peer: &mut Peer, numbers: Range<u64>) -> Result<()> {
    let mut text = String::new();
    let last = numbers.end.saturating_sub(1);
    for id in numbers {
        text.push_str(&format!(
            "<message to='{}@localhost' type='chat' id='b{id}'><body>message {id}, 消息</body>\
             <origin-id xmlns='urn:xmpp:sid:0' id='b{id}'/></message>",
            device::USER
        ));
        if text.len() > 20_000 || id == last {
            peer.send(&text).await?;
            text.clear();
            peer.ask("get", "localhost", "<ping xmlns='urn:xmpp:ping'/>")
                .await?;
        }
    }
    Ok(())
}
