//! `startalk-cli sessions …`: what has access to the account.

use clap::Subcommand;
use startalk_engine::Engine;
use startalk_engine::api::{DeviceRequest, DeviceView, Request, Response};

use crate::args::Cli;
use crate::commands::{account, ask, odd, online, show};

#[derive(Subcommand)]
pub(crate) enum Sessions {
    /// Signs one out; it has to ask for the password before it comes back.
    End {
        /// Which, as the list shows it.
        id: String,
    },
}

pub(crate) async fn run(
    engine: &Engine,
    cli: &Cli,
    command: Option<&Sessions>,
) -> anyhow::Result<()> {
    let account = account(engine, cli).await?;
    online(engine, &account).await?;
    if let Some(Sessions::End { id }) = command {
        let request = DeviceRequest::End {
            account,
            device: id.clone(),
        };
        let Response::DeviceEnded(ended) = ask(engine, Request::Devices(request)).await? else {
            return odd();
        };
        return show(cli, &ended, || match ended.may_come_back {
            false => "signed out".to_owned(),
            true => "disconnected; it may know the password: change it to keep it out".to_owned(),
        });
    }
    let request = Request::Devices(DeviceRequest::List { account });
    let Response::Devices(all) = ask(engine, request).await? else {
        return odd();
    };
    if cli.json {
        return show(cli, &all, String::new);
    }
    for device in &all.devices {
        show(cli, device, || line(device))?;
    }
    if !all.complete {
        println!("This server shows only who is connected, and signs nobody out.");
    }
    Ok(())
}

fn line(device: &DeviceView) -> String {
    let state = match (device.this, device.online) {
        (true, _) => "this one",
        (false, true) => "connected",
        (false, false) => "away",
    };
    let what = [
        &device.software,
        &device.version,
        &device.system,
        &device.name,
    ];
    let mut what: Vec<&str> = what.map(String::as_str).to_vec();
    what.retain(|part| !part.is_empty());
    format!(
        "{}\t{state}\t{}\t{}",
        device.id.as_deref().unwrap_or("-"),
        what.join(" "),
        device.address
    )
}
