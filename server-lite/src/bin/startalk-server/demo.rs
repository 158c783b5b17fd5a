//! `startalk-server demo`: a fresh team to look at.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use server_lite::{Config, ServerHandle, StartError};
use startalk_server_lite as server_lite;

use crate::serve::until_told;

const PEOPLE: [&str; 3] = ["Li Na", "王芳", "Rosa Martín"];
const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) async fn run(data: Option<PathBuf>) -> anyhow::Result<()> {
    let (folder, is_temporary) = match data {
        Some(folder) => (folder, false),
        None => (temporary_folder()?, true),
    };
    let shown = show(&folder).await;
    if is_temporary && let Err(error) = std::fs::remove_dir_all(&folder) {
        tracing::warn!(%error, folder = %folder.display(), "demo folder not removed");
    }
    shown
}

async fn show(folder: &Path) -> anyhow::Result<()> {
    let handle = start(folder).await?;
    println!("Demo team 演示团队 — {}", handle.domain());
    println!("  HTTPS, WebSocket, direct TLS   {}", handle.https_addr());
    if let Some(tcp) = handle.tcp_addr() {
        println!("  STARTTLS (other XMPP clients)  {tcp}");
    }
    println!("  key fingerprint 密钥指纹        {}", handle.spki_pin());
    println!("\nPeople 成员 (user name, password 用户名、密码):");
    for name in PEOPLE {
        let password = random_password()?;
        match handle.create_account(name, &password).await {
            Ok(address) => println!("  {name:<14} {address}  {password}"),
            Err(server_lite::AccountError::NameTaken) => println!("  {name:<14} (as before 同前)"),
            Err(error) => return Err(error.into()),
        }
    }
    let (invite, _) = handle.create_invite(None, DAY).await?;
    let link = invite.to_link();
    println!("\nTo join, open this link in Startalk (it works for a day).");
    println!("要加入,请在 Startalk 中打开此链接(一天内有效)。\n\n{link}\n");
    println!("{}", navigation::qr_text(&link)?);
    println!("Ctrl-C stops the server. 按 Ctrl-C 停止服务器。");
    until_told(handle).await
}

/// On the usual ports, or on free ones where those are taken.
async fn start(folder: &Path) -> Result<ServerHandle, StartError> {
    let config = |https: u16, tcp: u16| Config {
        data_dir: folder.to_owned(),
        team_name: "Demo team 演示团队".to_owned(),
        https: SocketAddr::from((Ipv4Addr::UNSPECIFIED, https)),
        tcp: Some(SocketAddr::from((Ipv4Addr::UNSPECIFIED, tcp))),
        ..Config::default()
    };
    match server_lite::start(config(5280, 5222)).await {
        Err(StartError::PortInUse { .. }) => server_lite::start(config(0, 0)).await,
        other => other,
    }
}

fn random_text() -> anyhow::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    Ok(data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase())
}

fn random_password() -> anyhow::Result<String> {
    random_text()
}

fn temporary_folder() -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("startalk-demo-{}", random_text()?));
    std::fs::create_dir(&folder)?;
    Ok(folder)
}
