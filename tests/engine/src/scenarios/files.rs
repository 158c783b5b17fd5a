//! Files go from one to the other, and to one's other devices.

use anyhow::{Context, Result, bail, ensure};
use engine::api::{
    AttachmentView, DeliveryState, ErrorCode, FileRequest, FileSource, FileState, Request,
    Response, SaveTo,
};

use crate::device::Device;
use crate::world::{Person, World};

/// More than one piece of everything that takes files piece by piece.
const BYTES: u32 = 300_000;

fn bytes() -> Vec<u8> {
    (0..BYTES).map(|n| n.to_be_bytes()[3] ^ 0x55).collect()
}

/// Sends a file of the disk; the local id of its message.
async fn send(device: &Device, to: &Person, name: &str, bytes: &[u8]) -> Result<i64> {
    let path = device.profile().join(name);
    std::fs::write(&path, bytes)?;
    let request = FileRequest::Send {
        account: device.account.clone(),
        conversation: to.address(),
        source: FileSource::Path {
            path: path.display().to_string(),
        },
        name: None,
        media_type: None,
        width: None,
        height: None,
        caption: "看".to_owned(),
        reply_to: None,
        mentions: Vec::new(),
    };
    match device.ask(Request::Files(request)).await? {
        Response::Message(id) => Ok(id),
        other => bail!("{other:?}"),
    }
}

/// The newest file that somebody has sent, with the id of its message.
async fn newest(device: &Device, from: &Person) -> Result<Option<(i64, AttachmentView)>> {
    let messages = device.messages(from).await?;
    Ok(messages.into_iter().rev().find_map(|message| {
        let file = message.attachments.into_iter().next()?;
        Some((message.id, file))
    }))
}

/// A file comes, is fetched, and is what was sent.
async fn gets(device: &Device, from: &Person, name: &str, bytes: &[u8]) -> Result<()> {
    device
        .until(&format!("the file {name}"), async || {
            let found = newest(device, from).await?;
            Ok(found.is_some_and(|(_, file)| file.name == name && file.url.is_some()))
        })
        .await?;
    let (message, file) = newest(device, from).await?.context("no file")?;
    ensure!(file.size_bytes == Some(u64::from(BYTES)), "{file:?}");
    let path = device.profile().join("fetched").display().to_string();
    let request = FileRequest::Save {
        account: device.account.clone(),
        message,
        index: 0,
        to: SaveTo::File { path: path.clone() },
    };
    device.ask(Request::Files(request)).await?;
    ensure!(std::fs::read(path)? == bytes, "{name} is another one");
    let (_, file) = newest(device, from).await?.context("no file")?;
    ensure!(file.state == FileState::Here, "{file:?}");
    Ok(())
}

/// To the other person, and as the archive has it to another device.
pub(super) async fn sent_and_fetched(world: World) -> Result<()> {
    let (rosa, bob) = world.rosa_and_bob().await?;
    let bytes = bytes();
    send(&rosa, &bob.person, "会议 2026.pdf", &bytes).await?;
    rosa.send(&bob.person, "behind").await?;
    gets(&bob, &rosa.person, "会议 2026.pdf", &bytes).await?;
    bob.has(&rosa.person, &["看", "behind"]).await?;
    rosa.has(&bob.person, &["看", "behind"]).await?;
    let phone = world.device(&rosa.person, "phone").await?;
    gets(&phone, &bob.person, "会议 2026.pdf", &bytes).await
}

/// What was sent offline is uploaded after a restart, and once.
pub(super) async fn sent_offline(world: World) -> Result<()> {
    let (mut rosa, bob) = world.rosa_and_bob().await?;
    let bytes = bytes();
    rosa.link.down();
    rosa.offline().await?;
    let message = send(&rosa, &bob.person, "cat.png", &bytes).await?;
    rosa.send(&bob.person, "behind").await?;
    // A copy goes, so this one is not needed any more.
    std::fs::remove_file(rosa.profile().join("cat.png"))?;
    rosa.restart().await?;
    let (shown, file) = newest(&rosa, &bob.person).await?.context("no file")?;
    ensure!(
        shown == message && file.state == FileState::Uploading,
        "{file:?}"
    );
    rosa.link.up();
    gets(&bob, &rosa.person, "cat.png", &bytes).await?;
    bob.has(&rosa.person, &["看", "behind"]).await?;
    rosa.all_reach(&bob.person, &DeliveryState::Delivered).await
}

/// Larger than the server takes: that is said, and holds nobody up.
pub(super) async fn too_large(world: World) -> Result<()> {
    let (rosa, bob) = world.rosa_and_bob().await?;
    let path = rosa.profile().join("large");
    std::fs::File::create(&path)?.set_len(1 << 36)?;
    let request = FileRequest::Send {
        account: rosa.account.clone(),
        conversation: bob.person.address(),
        source: FileSource::Path {
            path: path.display().to_string(),
        },
        name: None,
        media_type: None,
        width: None,
        height: None,
        caption: String::new(),
        reply_to: None,
        mentions: Vec::new(),
    };
    rosa.ask(Request::Files(request)).await?;
    rosa.send(&bob.person, "behind").await?;
    bob.has(&rosa.person, &["behind"]).await?;
    rosa.until("the reason", async || {
        let messages = rosa.messages(&bob.person).await?;
        let code = ErrorCode::FileTooLarge;
        let failed = Some(DeliveryState::Failed { code });
        Ok(messages.iter().any(|message| message.delivery == failed))
    })
    .await
}
