//! Accounts come and go.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use engine::api::{ConnectionView, ErrorCode, JoinKind, Request, Response};
use engine::{SecretKind, Secrets};
use navigation::SpkiPin;
use server_tests::startalk::PASSWORD;

use crate::device::Device;
use crate::patience::TIMEOUTS;
use crate::world::{Person, World};

/// The account is there, named right, and online.
pub(super) async fn sign_in(world: World) -> Result<()> {
    let rosa = world.join("rosa").await?;
    let overview = rosa.overview().await?;
    let [account] = overview.accounts.as_slice() else {
        anyhow::bail!("{overview:?}");
    };
    ensure!(account.address == rosa.person.address(), "{account:?}");
    ensure!(account.unlocked && account.unread == 0, "{account:?}");
    ensure!(overview.notices.is_empty(), "{overview:?}");
    Ok(())
}

/// Nothing is kept of an account that was not proven.
async fn refused(world: &World, person: &Person, password: &str) -> Result<ErrorCode> {
    // None that the person may have here already.
    let mut device = world.unknown_device(person, "new desk", TIMEOUTS).await?;
    let outcome = world.sign_in(&mut device, password).await?;
    let error = outcome.err().context("signed in")?;
    nothing_is_kept(&device).await?;
    Ok(error.code)
}

async fn nothing_is_kept(device: &Device) -> Result<()> {
    let overview = device.overview().await?;
    ensure!(overview.accounts.is_empty(), "{overview:?}");
    Ok(())
}

pub(super) async fn wrong_password(world: World) -> Result<()> {
    let rosa = world.person("rosa").await?;
    let code = refused(&world, &rosa, "another password").await?;
    ensure!(code == ErrorCode::WrongPassword, "{code:?}");
    Ok(())
}

/// Not told apart from a wrong password: else anybody could ask who is there.
pub(super) async fn unknown_name(world: World) -> Result<()> {
    let code = refused(&world, &world.nobody("nobody"), PASSWORD).await?;
    ensure!(code == ErrorCode::WrongPassword, "{code:?}");
    Ok(())
}

/// The password does not reach a server that proves another key.
pub(super) async fn wrong_key(world: World) -> Result<()> {
    let rosa = world.person("rosa").await?;
    let mut device = world.unknown_device(&rosa, "desk", TIMEOUTS).await?;
    let target = world.target(&device, SpkiPin::from_der_spki(b"another key"));
    let outcome = world.sign_in_at(&mut device, target, PASSWORD).await?;
    let code = outcome.err().context("signed in")?.code;
    ensure!(code == ErrorCode::CertificateKeyChanged, "{code:?}");
    nothing_is_kept(&device).await
}

/// An invitation makes an account, once.
pub(super) async fn invitation(world: World) -> Result<()> {
    let link = world.server.invitation().context("no invitations")?;
    let device = world.nobody("guest");
    let device = world.unknown_device(&device, "desk", TIMEOUTS).await?;
    let input = link.clone();
    let preview = match device.ask(Request::PreviewJoin { input }).await? {
        Response::JoinPreview(preview) => preview,
        other => anyhow::bail!("{other:?}"),
    };
    ensure!(
        preview.kind == JoinKind::Invite && preview.pinned,
        "{preview:?}"
    );
    ensure!(preview.inviter.as_deref() == Some("Rosa"), "{preview:?}");
    let join = |name: &str| Request::Join {
        input: link.clone(),
        name: name.to_owned(),
        password: PASSWORD.to_owned(),
    };
    device.ask(join(&device.person.user)).await?;
    let again = device.try_ask(join(&world.nobody("second").user)).await?;
    let code = again.err().context("used twice")?.code;
    ensure!(code == ErrorCode::InviteNotValid, "{code:?}");
    Ok(())
}

/// Accounts of one profile keep to themselves, and are online at the same time.
pub(super) async fn two_accounts(world: World) -> Result<()> {
    let (mut rosa, bob) = world.rosa_and_bob().await?;
    let second = world.person("rosie").await?;
    bob.send(&rosa.person, "to the first").await?;
    rosa.has(&bob.person, &["to the first"]).await?;
    let first = (rosa.person.clone(), rosa.account.clone());
    rosa.person = second.clone();
    world
        .sign_in(&mut rosa, PASSWORD)
        .await?
        .context("the second signs in")?;
    rosa.online().await?;
    bob.send(&second, "to the second").await?;
    rosa.has(&bob.person, &["to the second"]).await?;
    let again = world.sign_in(&mut rosa, PASSWORD).await?;
    let code = again.err().context("joined twice")?.code;
    ensure!(code == ErrorCode::AlreadyJoined, "{code:?}");
    rosa.restart().await?;
    rosa.online().await?;
    rosa.send(&bob.person, "from the second").await?;
    bob.has(&second, &["to the second", "from the second"])
        .await?;
    (rosa.person, rosa.account) = first;
    rosa.online().await?;
    rosa.has(&bob.person, &["to the first"]).await?;
    rosa.unread(&bob.person, 1).await
}

/// This device goes on with the new one, and the one of before lets nobody in.
pub(super) async fn another_password(world: World) -> Result<()> {
    const NEW: &str = "another staple 新";
    let (mut rosa, bob) = world.rosa_and_bob().await?;
    rosa.online().await?;
    rosa.send(&bob.person, "before").await?;
    bob.has(&rosa.person, &["before"]).await?;
    let change = |current: &str| Request::ChangePassword {
        account: rosa.account.clone(),
        current: current.to_owned(),
        new: NEW.to_owned(),
    };
    let guess = rosa.try_ask(change("a guess")).await?;
    let code = guess.err().context("changed with a guess")?.code;
    ensure!(code == ErrorCode::WrongPassword, "{code:?}");
    match rosa.ask(change(PASSWORD)).await? {
        Response::PasswordChanged(true) => {}
        other => anyhow::bail!("{other:?}"),
    }
    rosa.send(&bob.person, "after").await?;
    bob.has(&rosa.person, &["before", "after"]).await?;
    rosa.restart().await?;
    rosa.online().await?;
    rosa.has(&bob.person, &["before", "after"]).await?;
    let code = refused(&world, &rosa.person, PASSWORD).await?;
    ensure!(code == ErrorCode::WrongPassword, "{code:?}");
    Ok(())
}

/// The account, its secrets and its cache are gone, and stay so.
pub(super) async fn sign_out_wipes(world: World) -> Result<()> {
    let (mut rosa, bob) = world.rosa_and_bob().await?;
    rosa.send(&bob.person, "before").await?;
    bob.has(&rosa.person, &["before"]).await?;
    let files = files_below(rosa.profile())?;
    ensure!(
        files.iter().any(|name| name.contains(&rosa.account)),
        "{files:?}"
    );
    let account = rosa.account.clone();
    rosa.ask(Request::SignOut {
        account: account.clone(),
        wipe: true,
    })
    .await?;
    nothing_is_kept(&rosa).await?;
    let files = files_below(rosa.profile())?;
    ensure!(
        !files.iter().any(|name| name.contains(&account)),
        "{files:?}"
    );
    rosa.restart().await?;
    nothing_is_kept(&rosa).await?;
    // The account on the server is as it was.
    let again = world.device(&rosa.person, "again").await?;
    again.has(&bob.person, &["before"]).await
}

/// A token signs in without the password (XEP-0484), until its device signs out.
pub(super) async fn token(world: World) -> Result<()> {
    let mut rosa = world.join("rosa").await?;
    let account = rosa.account.clone();
    let kept = |device: &Device, kind| device.secrets().get(&account, kind);
    let token = kept(&rosa, SecretKind::Token)?;
    ensure!(token.is_some(), "the server gives no tokens");
    let forget_password = |device: &Device| {
        let nothing = b"not the password";
        device
            .secrets()
            .set(&account, SecretKind::Password, nothing)
    };
    rosa.turn_off().await;
    forget_password(&rosa)?;
    rosa.turn_on().await?;
    rosa.online().await?;
    rosa.turn_off().await;

    // Somebody has copied all of it but the password.
    let mut copy = world.unknown_device(&rosa.person, "copy", TIMEOUTS).await?;
    copy.turn_off().await;
    copy_files(rosa.profile(), copy.profile())?;
    copy.account.clone_from(&account);
    for kind in [SecretKind::CacheKey, SecretKind::Token] {
        let secret = kept(&rosa, kind)?.context("a secret")?;
        copy.secrets().set(&account, kind, &secret)?;
    }
    forget_password(&copy)?;
    rosa.turn_on().await?;
    rosa.online().await?;
    // The newest token: it changes with each use.
    let newest = kept(&rosa, SecretKind::Token)?.context("a token")?;
    copy.secrets().set(&account, SecretKind::Token, &newest)?;
    rosa.ask(Request::SignOut {
        account: account.clone(),
        wipe: true,
    })
    .await?;
    ensure!(kept(&rosa, SecretKind::Token)?.is_none(), "still kept");
    copy.turn_on().await?;
    copy.until("refused", async || {
        Ok(match copy.connection().await? {
            ConnectionView::Offline { error } => {
                error.is_some_and(|error| error.code == ErrorCode::WrongPassword)
            }
            ConnectionView::Online => anyhow::bail!("a token of before signs in"),
            _ => false,
        })
    })
    .await
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let copy = to.join(path.file_name().context("a name")?);
        if path.is_dir() {
            copy_files(&path, &copy)?;
        } else {
            std::fs::copy(&path, copy)?;
        }
    }
    Ok(())
}

fn files_below(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        names.push(path.display().to_string());
        if path.is_dir() {
            names.extend(files_below(&path)?);
        }
    }
    Ok(names)
}
