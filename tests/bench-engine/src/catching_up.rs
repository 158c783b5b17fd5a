//! What came while the device was away, and what comes while it is there: from our
//! own server over loopback and TLS.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use engine::Engine;
use server_tests::peer::{Peer, Security};
use server_tests::startalk::{PASSWORD, Startalk};
use xmpp_core::sasl::Mechanism;

use crate::table::{Table, number};
use crate::{Plan, device};

pub(crate) async fn measure(plan: &Plan, table: &mut Table) -> Result<()> {
    let (mut seconds, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..plan.tries {
        let (caught_up, live) = once(plan).await?;
        seconds.push(caught_up);
        rates.push(number(plan.incoming) / live);
    }
    let many = plan.incoming;
    table.at_most(
        &format!("catching up with {many} archived messages"),
        "s",
        seconds,
        Some(1.0),
    );
    table.at_least(
        "live a second, from the sender to the list",
        "messages",
        rates,
        Some(10_000.0),
    );
    Ok(())
}

/// Seconds for what was missed, and for the same number live.
async fn once(plan: &Plan) -> Result<(f64, f64)> {
    let server = tokio::task::spawn_blocking(|| Startalk::with(&[device::USER, "bob"])).await?;
    let folder = tempfile::tempdir()?;
    device::profile(folder.path(), &server).await?;
    // Before it, one message: the device knows the archive, and has a place in it.
    let mut peer = Peer::session(
        server.target(),
        Security::Direct,
        Mechanism::Plain,
        ("bob", PASSWORD),
        "bench",
    )
    .await?;
    send(&mut peer, 0..1).await?;
    let engine = device::engine(folder.path()).await?;
    until_unread(&engine, 1).await?;
    engine.close().await;

    send(&mut peer, 1..plan.incoming).await?;
    let wanted = u32::try_from(plan.incoming)?;
    let began = Instant::now();
    let engine = device::engine(folder.path()).await?;
    until_unread(&engine, wanted).await?;
    let caught_up = began.elapsed().as_secs_f64();

    let began = Instant::now();
    let all = plan.incoming..2 * plan.incoming;
    let (sent, came) = tokio::join!(send(&mut peer, all), until_unread(&engine, 2 * wanted));
    let live = began.elapsed().as_secs_f64();
    sent?;
    came?;
    engine.close().await;
    Ok((caught_up, live))
}

/// Sends messages to the device, and waits until the server has them.
async fn send(peer: &mut Peer, numbers: std::ops::Range<u64>) -> Result<()> {
    let mut text = String::new();
    let last = numbers.end.saturating_sub(1);
    for id in numbers {
        text.push_str(&format!(
            "<message to='{}@localhost' type='chat' id='b{id}'><body>message {id}, 消息</body>\
             <origin-id xmlns='urn:xmpp:sid:0' id='b{id}'/></message>",
            device::USER
        ));
        if text.len() > 100_000 || id == last {
            peer.send(&text).await?;
            text.clear();
            peer.ask("get", "localhost", "<ping xmlns='urn:xmpp:ping'/>")
                .await?;
        }
    }
    Ok(())
}

/// Waits until so many are unread; looks again at each event.
async fn until_unread(engine: &Engine, wanted: u32) -> Result<()> {
    let waiting = async {
        let mut events = engine.subscribe();
        while device::unread(engine).await? < wanted {
            events.next().await.context("closed")?;
        }
        anyhow::Ok(())
    };
    match tokio::time::timeout(device::PATIENCE, waiting).await {
        Ok(done) => done,
        Err(_) => bail!("{} of {wanted} came", device::unread(engine).await?),
    }
}
