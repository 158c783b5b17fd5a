//! Accounts made, removed and kept from signing in (XEP-0133, sections 4.1 to
//! 4.5 and 4.7).

use xmpp_core::{Element, ns};

use super::{Asked, Command, Done, Failed, Outcome, account, accounts_of};
use crate::accounts;
use crate::form::{Filled, Form};
use crate::people;
use crate::session::SessionEnd;

pub(super) const COMMANDS: &[Command] = &[
    Command {
        node: "http://jabber.org/protocol/admin#add-user",
        name: "Add an account",
        form: |_| Box::pin(std::future::ready(Ok(Some(add_form())))),
        run: |asked, form| Box::pin(add(asked, form)),
        ..Command::ADMIN
    },
    Command {
        node: "http://jabber.org/protocol/admin#delete-user",
        name: "Remove accounts",
        form: |_| ask_accounts("Remove accounts with all that is theirs"),
        run: |asked, form| Box::pin(each(asked, form, Act::Delete)),
        ..Command::ADMIN
    },
    Command {
        node: "http://jabber.org/protocol/admin#disable-user",
        name: "Disable accounts",
        form: |_| ask_accounts("Keep accounts from signing in"),
        run: |asked, form| Box::pin(each(asked, form, Act::Disable)),
        ..Command::ADMIN
    },
    Command {
        node: "http://jabber.org/protocol/admin#reenable-user",
        name: "Enable accounts again",
        form: |_| ask_accounts("Let accounts sign in again"),
        run: |asked, form| Box::pin(each(asked, form, Act::Enable)),
        ..Command::ADMIN
    },
    Command {
        node: "http://jabber.org/protocol/admin#end-user-session",
        name: "End sessions",
        form: |_| ask_accounts("End the sessions of accounts, or single sessions"),
        run: |asked, form| Box::pin(each(asked, form, Act::End)),
        ..Command::ADMIN
    },
    Command {
        node: "http://jabber.org/protocol/admin#change-user-password",
        name: "Change a password",
        form: |_| Box::pin(std::future::ready(Ok(Some(password_form())))),
        run: |asked, form| Box::pin(change_password(asked, form)),
        ..Command::ADMIN
    },
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Delete,
    Disable,
    Enable,
    End,
}

fn ask_accounts<'a>(title: &str) -> super::Work<'a, Result<Option<Element>, crate::StoreError>> {
    let form = Form::new("form", ns::ADMIN)
        .title(title)
        .required("accountjids", "jid-multi", "Addresses")
        .done();
    Box::pin(std::future::ready(Ok(Some(form))))
}

fn add_form() -> Element {
    let none: [&str; 0] = [];
    Form::new("form", ns::ADMIN)
        .title("Add an account")
        .required("accountjid", "jid-single", "Address")
        .required("password", "text-private", "Password")
        .required("password-verify", "text-private", "Password once more")
        .field("given_name", "text-single", Some("Given name"), none)
        .field("surname", "text-single", Some("Family name"), none)
        .done()
}

fn password_form() -> Element {
    Form::new("form", ns::ADMIN)
        .title("Change a password")
        .required("accountjid", "jid-single", "Address")
        .required("password", "text-private", "New password")
        .done()
}

async fn add(asked: Asked<'_>, form: Filled) -> Outcome {
    let text = |name: &str| form.first(name).unwrap_or_default();
    let (name, _) = account(asked.server, text("accountjid"))?;
    if text("password") != text("password-verify") {
        return Err(Failed::Note("the two passwords differ".to_owned()));
    }
    let shown = format!("{} {}", text("given_name"), text("surname"));
    let shown = match shown.trim() {
        "" => &name,
        shown => shown,
    };
    let row = accounts::new_account(Some(&name), shown)?;
    let row = accounts::create(&asked.server.store, row, text("password"), None).await?;
    tracing::info!(by = asked.user, user = row.localpart, "account made");
    asked.server.announce(&row.localpart).await;
    Ok(Done::default())
}

async fn each(asked: Asked<'_>, form: Filled, act: Act) -> Outcome {
    let Asked { server, user, .. } = asked;
    let named = accounts_of(server, &form)?;
    // A slip of the hand must not leave the server without its administrator.
    let is_self = |name: &String| name == user && matches!(act, Act::Delete | Act::Disable);
    if named.iter().any(|(name, _)| is_self(name)) {
        return Err(Failed::Note("this is your own account".to_owned()));
    }
    for (name, resource) in named {
        tracing::info!(by = user, user = name, act = act.name(), "account");
        let done = match act {
            Act::Delete => people::remove(server, &name).await,
            Act::Disable => people::set_disabled(server, &name, true).await,
            Act::Enable => people::set_disabled(server, &name, false).await,
            Act::End => {
                let end = SessionEnd::AccountChanged;
                server.router.end_some(&name, resource.as_deref(), &end);
                Ok(())
            }
        };
        done.map_err(|error| match Failed::from(error) {
            Failed::Note(text) => Failed::Note(format!("{name}: {text}")),
            other @ Failed::Stanza(_) => other,
        })?;
    }
    Ok(Done::default())
}

impl Act {
    fn name(self) -> &'static str {
        match self {
            Self::Delete => "removed",
            Self::Disable => "disabled",
            Self::Enable => "enabled",
            Self::End => "sessions ended",
        }
    }
}

async fn change_password(asked: Asked<'_>, form: Filled) -> Outcome {
    let text = |name: &str| form.first(name).unwrap_or_default();
    let (name, _) = account(asked.server, text("accountjid"))?;
    people::set_password(asked.server, &name, text("password"), asked.number).await?;
    tracing::info!(by = asked.user, user = name, "password changed");
    Ok(Done::default())
}
