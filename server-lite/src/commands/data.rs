//! What is known of one account, and who administers (XEP-0133, sections 4.9,
//! 4.10 and 4.28); where somebody works and who leads them, for which there is no
//! specification.

use xmpp_core::{Element, datetime, ns};

use super::{Asked, Command, Done, Failed, Outcome, Work, account, accounts_of};
use crate::StoreError;
use crate::form::{Filled, Form};
use crate::store::{accounts as rows, directory, people};

pub(super) const COMMANDS: &[Command] = &[
    Command {
        node: "http://jabber.org/protocol/admin#get-user-lastlogin",
        name: "Last sign-in of accounts",
        form: |_| {
            let form = Form::new("form", ns::ADMIN)
                .title("Last sign-in of accounts")
                .required("accountjids", "jid-multi", "Addresses")
                .done();
            Box::pin(std::future::ready(Ok(Some(form))))
        },
        run: |asked, form| Box::pin(last_login(asked, form)),
        ..Command::ADMIN
    },
    Command {
        node: "http://jabber.org/protocol/admin#user-stats",
        name: "Sessions of an account",
        form: |_| whose("Sessions of an account"),
        run: |asked, form| Box::pin(statistics(asked, form)),
        ..Command::ADMIN
    },
    Command {
        node: "http://jabber.org/protocol/admin#edit-admin",
        name: "Administrators",
        form: |asked| {
            Box::pin(async move {
                let all = asked.server.store.read(people::admins).await?;
                let all: Vec<String> = all.iter().map(|name| asked.server.bare(name)).collect();
                let form = Form::new("form", ns::ADMIN)
                    .title("Administrators")
                    .field("adminjids", "jid-multi", Some("Administrators"), all)
                    .done();
                Ok(Some(form))
            })
        },
        run: |asked, form| Box::pin(edit_admins(asked, form)),
        ..Command::ADMIN
    },
    Command {
        node: "urn:startalk:admin:0#department",
        name: "Department of an account",
        form: |_| whose("Department of an account"),
        later: &[|asked, before| Box::pin(department_form(asked, before))],
        run: |asked, form| Box::pin(set_department(asked, form)),
        ..Command::ADMIN
    },
    Command {
        node: "urn:startalk:admin:0#manager",
        name: "Manager of an account",
        form: |_| whose("Manager of an account"),
        later: &[|asked, before| Box::pin(manager_form(asked, before))],
        run: |asked, form| Box::pin(set_manager(asked, form)),
        ..Command::ADMIN
    },
];

/// Asks for the address of one account.
fn whose(title: &str) -> Work<'static, Result<Option<Element>, StoreError>> {
    let form = Form::new("form", ns::ADMIN)
        .title(title)
        .required("accountjid", "jid-single", "Address")
        .done();
    Box::pin(std::future::ready(Ok(Some(form))))
}

/// Address and card in the directory of the account that was named first.
async fn person(
    asked: Asked<'_>,
    before: &Filled,
) -> Result<(String, Option<directory::Person>), Failed> {
    let (name, _) = account(asked.server, before.first("accountjid").unwrap_or_default())?;
    exists(asked, &name).await?;
    let address = asked.server.bare(&name);
    let read = move |db: &rusqlite::Connection| directory::person(db, &name);
    Ok((address, asked.server.store.read(read).await?))
}

async fn exists(asked: Asked<'_>, name: &str) -> Result<(), Failed> {
    let owned = name.to_owned();
    let found = asked.server.store.read(move |db| rows::exists(db, &owned));
    match found.await? {
        true => Ok(()),
        false => Err(Failed::Note(format!("{name}: there is no such account"))),
    }
}

async fn last_login(asked: Asked<'_>, form: Filled) -> Outcome {
    let named = accounts_of(asked.server, &form)?;
    let (mut addresses, mut times) = (Vec::new(), Vec::new());
    for (name, _) in named {
        exists(asked, &name).await?;
        addresses.push(asked.server.bare(&name));
        let read = move |db: &rusqlite::Connection| people::last_sign_in(db, &name);
        let time = asked.server.store.read(read).await?;
        times.push(time.map_or_else(|| "never".to_owned(), datetime::format_ms));
    }
    let form = Form::new("result", ns::ADMIN)
        .field("accountjids", "jid-multi", Some("Addresses"), addresses)
        .field("lastlogin", "text-multi", Some("Last sign-ins"), times)
        .done();
    Ok(Done {
        form: Some(form),
        note: None,
    })
}

async fn statistics(asked: Asked<'_>, form: Filled) -> Outcome {
    let (name, _) = account(asked.server, form.first("accountjid").unwrap_or_default())?;
    exists(asked, &name).await?;
    let sessions = asked.server.router.resources(&name);
    let form = Form::new("result", ns::ADMIN)
        .field(
            "accountjid",
            "jid-single",
            Some("Address"),
            [asked.server.bare(&name)],
        )
        .field("onlineresources", "text-multi", Some("Sessions"), sessions)
        .done();
    Ok(Done {
        form: Some(form),
        note: None,
    })
}

async fn edit_admins(asked: Asked<'_>, form: Filled) -> Outcome {
    let named = form.all("adminjids").unwrap_or_default();
    let named = named.iter().filter(|text| !text.trim().is_empty());
    let wanted: Vec<String> = named
        .take(super::MAX_ACCOUNTS + 1)
        .map(|text| account(asked.server, text).map(|(name, _)| name))
        .collect::<Result<_, _>>()?;
    if wanted.len() > super::MAX_ACCOUNTS {
        return Err(Failed::Note("too many accounts are named".to_owned()));
    }
    if !wanted.iter().any(|name| name == asked.user) {
        return Err(Failed::Note("you cannot leave yourself out".to_owned()));
    }
    let write = move |tx: &rusqlite::Transaction<'_>| {
        for name in people::admins(tx)? {
            people::set_admin(tx, &name, false)?;
        }
        for name in &wanted {
            if !people::set_admin(tx, name, true)? {
                // All or nothing: the job is rolled back.
                return Err(rusqlite::Error::QueryReturnedNoRows);
            }
        }
        Ok(())
    };
    match asked.server.store.write(write).await {
        Ok(()) => {
            tracing::info!(by = asked.user, "administrators changed");
            Ok(Done::default())
        }
        Err(StoreError::Sqlite(rusqlite::Error::QueryReturnedNoRows)) => {
            Err(Failed::Note("one of them has no account".to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

async fn department_form(asked: Asked<'_>, before: Filled) -> Result<Element, Failed> {
    let (address, person) = person(asked, &before).await?;
    let now = person.and_then(|person| person.department);
    Ok(Form::new("form", ns::ADMIN)
        .title("Department of an account")
        .instructions(&format!(
            "Where {address} works, such as Sales/North; empty for no department"
        ))
        .field(
            "department",
            "text-single",
            Some("Department"),
            [now.unwrap_or_default()],
        )
        .done())
}

async fn set_department(asked: Asked<'_>, form: Filled) -> Outcome {
    let text = |name: &str| form.first(name).unwrap_or_default();
    let (name, _) = account(asked.server, text("accountjid"))?;
    asked
        .server
        .set_department(&name, text("department"))
        .await?;
    tracing::info!(by = asked.user, user = name, "department changed");
    Ok(Done::default())
}

async fn manager_form(asked: Asked<'_>, before: Filled) -> Result<Element, Failed> {
    let (address, person) = person(asked, &before).await?;
    let now = person.and_then(|person| person.manager);
    let now = now.map(|manager| asked.server.bare(&manager));
    Ok(Form::new("form", ns::ADMIN)
        .title("Manager of an account")
        .instructions(&format!("Who leads {address}; empty for nobody"))
        .field(
            "manager",
            "jid-single",
            Some("Manager"),
            [now.unwrap_or_default()],
        )
        .done())
}

async fn set_manager(asked: Asked<'_>, form: Filled) -> Outcome {
    let text = |name: &str| form.first(name).unwrap_or_default();
    let (name, _) = account(asked.server, text("accountjid"))?;
    let manager = match text("manager").trim() {
        "" => String::new(),
        address => account(asked.server, address)?.0,
    };
    asked.server.set_manager(&name, &manager).await?;
    tracing::info!(by = asked.user, user = name, "manager changed");
    Ok(Done::default())
}
