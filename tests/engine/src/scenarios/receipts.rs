//! What became of receipts (XEP-0184).

use anyhow::{Context, Result, bail, ensure};
use engine::api::DeliveryState;
use server_tests::archive::{self, Archived};

use crate::device::Device;
use crate::world::{Person, World};

/// All that somebody sent is delivered, and they know it.
///
/// The newest has to have been sent in peace: its receipt comes behind all others.
/// So if one is missing then, the server has taken it and not given it on, which
/// its archives show; anything else is our fault.
pub(super) async fn all_delivered(world: &World, from: &Device, to: &Device) -> Result<()> {
    let waited = from
        .until("the newest delivered", async || {
            let messages = from.messages(&to.person).await?;
            let newest = messages.last().and_then(|last| last.delivery.clone());
            Ok(newest == Some(DeliveryState::Delivered))
        })
        .await;
    let messages = from.messages(&to.person).await?;
    let late: Vec<_> = messages
        .iter()
        .filter(|message| message.delivery == Some(DeliveryState::Sent))
        .collect();
    if late.is_empty() {
        waited?;
        return from.all_reach(&to.person, &DeliveryState::Delivered).await;
    }
    let given = archived(world, &from.person).await?;
    let taken = archived(world, &to.person).await?;
    let mut number = 0;
    for message in &late {
        let text = &message.text;
        let sent = given.iter().find(|one| &one.text == text);
        let receipt = format!("r-{}", sent.context("sent, and not there")?.stanza_id);
        let is_in = |all: &[Archived]| all.iter().any(|one| one.stanza_id == receipt);
        ensure!(is_in(&taken), "no receipt for {text:?} was sent");
        number += usize::from(!is_in(&given));
    }
    if number == 0 {
        // The server gave them on late: they have to come yet.
        return from.all_reach(&to.person, &DeliveryState::Delivered).await;
    }
    bail!("the server has taken receipts ({number}) that it gave to nobody")
}

async fn archived(world: &World, of: &Person) -> Result<Vec<Archived>> {
    let mut peer = world.server.peer(&of.user).await?;
    archive::read(&mut peer, "", None, 100).await
}
