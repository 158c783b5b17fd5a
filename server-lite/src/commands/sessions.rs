//! One's own sessions, for clients that know forms and nothing more.

use xmpp_core::{Element, datetime};

use super::{Asked, Command, Done, Failed, Outcome};
use crate::StoreError;
use crate::clients::{self, Access, Ended};
use crate::form::{Filled, Form};

const NODE: &str = "urn:startalk:session:0#end";

pub(super) const COMMANDS: &[Command] = &[Command {
    node: NODE,
    name: "Show your devices and sign some out",
    offered: |_, _| true,
    form: |asked| Box::pin(form(asked)),
    run: |asked, form| Box::pin(end(asked, form)),
    ..Command::ADMIN
}];

async fn form(asked: Asked<'_>) -> Result<Option<Element>, StoreError> {
    let all = clients::list(asked.server, asked.user).await?;
    let options: Vec<(&str, String)> = all
        .iter()
        .map(|access| (access.id.as_str(), describe(access, asked.number)))
        .collect();
    let options: Vec<(&str, &str)> = options
        .iter()
        .map(|(id, text)| (*id, text.as_str()))
        .collect();
    let none: [&str; 0] = [];
    let form = Form::new("form", NODE)
        .title("Your devices")
        .instructions("Those that you choose are signed out, and ask for the password.")
        .choice("clients", "list-multi", Some("Devices"), none, &options);
    Ok(Some(form.done()))
}

fn describe(access: &Access, asking: u64) -> String {
    let session = access.session.as_ref();
    let resource = session.map_or("", |(_, resource)| resource);
    let names = [&access.software, &access.device];
    let mut names: Vec<&str> = names.map(String::as_str).to_vec();
    names.retain(|name| !name.is_empty());
    if names.is_empty() {
        names.push(resource);
    }
    let when = match session {
        Some((number, _)) if *number == asking => "this one".to_owned(),
        Some(_) => "connected".to_owned(),
        None => format!("last seen {}", datetime::format_ms(access.last_ms)),
    };
    format!("{} ({}, {when})", names.join(", "), access.address)
}

async fn end(asked: Asked<'_>, form: Filled) -> Outcome {
    let mut may_come_back = false;
    for id in form.all("clients").unwrap_or_default() {
        match clients::end(asked.server, asked.user, id).await? {
            Ended::Out => {}
            Ended::MayComeBack => may_come_back = true,
            Ended::Unknown => return Err(Failed::Note(format!("{id} is not there any more"))),
        }
    }
    let note = "One of them may have kept the password: change it to keep it out.";
    Ok(Done {
        form: None,
        note: may_come_back.then(|| note.to_owned()),
    })
}
