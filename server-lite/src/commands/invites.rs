//! Invites (XEP-0401): for a colleague who is to come, and for an account of a
//! certain name.

use std::time::Duration;

use xmpp_core::{Element, datetime, names};

use super::{Asked, Command, Done, Failed, Outcome};
use crate::accounts::AccountError;
use crate::config::Registration;
use crate::form::{Filled, Form};
use crate::store::{accounts as rows, invites};
use crate::{admin, clock};

const INVITE: &str = "urn:xmpp:invite#invite";
const CREATE: &str = "urn:xmpp:invite#create-account";
const RESULT: &str = "urn:xmpp:invite#invitation";
/// How long an invite works.
const VALID_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// Invites of one account that can be used at the same time.
const MAX_OPEN: u32 = 200;

pub(super) const COMMANDS: &[Command] = &[
    Command {
        node: INVITE,
        name: "Invite somebody",
        offered: |server, is_admin| {
            let may = server.config.members_may_invite || is_admin;
            may && server.config.registration != Registration::Closed
        },
        run: |asked, _| Box::pin(invite(asked, None)),
        ..Command::ADMIN
    },
    Command {
        node: CREATE,
        name: "Make an account for somebody",
        offered: |server, is_admin| is_admin && server.config.registration != Registration::Closed,
        form: |_| Box::pin(std::future::ready(Ok(Some(form())))),
        later: &[],
        run: |asked, form| Box::pin(create(asked, form)),
    },
];

fn form() -> Element {
    let none: [&str; 0] = [];
    Form::new("form", CREATE)
        .title("Make an account for somebody")
        .instructions("Without a user name, whoever comes may choose one.")
        .field("username", "text-single", Some("User name"), none)
        .boolean("roster-subscription", "You get to know each other", true)
        .done()
}

async fn create(asked: Asked<'_>, form: Filled) -> Outcome {
    let wanted = form.first("username").unwrap_or_default().trim().to_owned();
    let knows = form.boolean("roster-subscription").unwrap_or(true);
    let localpart = match wanted.as_str() {
        "" => None,
        name => {
            let name = names::normal_localpart(name).ok_or(AccountError::NameInvalid)?;
            let key = name.clone();
            let read = move |db: &rusqlite::Connection| {
                Ok(rows::exists(db, &key)? || invites::keeps(db, &key, clock::now_ms())?)
            };
            if asked.server.store.read(read).await? {
                return Err(AccountError::NameTaken.into());
            }
            Some(name)
        }
    };
    invite(asked, Some((localpart, knows))).await
}

/// Makes an invite: to get to know who asks, or to make an account.
async fn invite(asked: Asked<'_>, account: Option<(Option<String>, bool)>) -> Outcome {
    let Asked { server, user, .. } = asked;
    let inviter = user.to_owned();
    let open = server
        .store
        .read(move |db| invites::open_of(db, &inviter, clock::now_ms()))
        .await?;
    if open >= MAX_OPEN {
        return Err(Failed::Note("too many of your invites are open".to_owned()));
    }
    let made = admin::create_invite(&server.store, Some(user), VALID_FOR, Some(1)).await?;
    let (localpart, knows) = account.clone().unwrap_or((None, true));
    let purpose = invites::Purpose {
        inviter: knows.then(|| user.to_owned()),
        localpart: localpart.clone(),
    };
    let token = made.token.clone();
    server
        .store
        .write(move |tx| invites::set_purpose(tx, &token, &purpose))
        .await?;
    let token = &made.token;
    let domain = server.domain();
    let place = match (&account, localpart) {
        (None, _) => format!(
            "{}?roster;preauth={token};ibr=y",
            uri_part(&server.bare(user))
        ),
        (Some(_), Some(name)) => {
            format!("{}?register;preauth={token}", uri_part(&server.bare(&name)))
        }
        (Some(_), None) => format!("{domain}?register;preauth={token}"),
    };
    let mut form = Form::new("result", RESULT).field(
        "uri",
        "text-single",
        Some("Link for XMPP clients"),
        [format!("xmpp:{place}")],
    );
    if let Some(target) = admin::target(&server.store).await? {
        let link = navigation::Invite {
            target,
            token: made.token.clone(),
            inviter: Some(user.to_owned()),
        };
        let link = link.to_link();
        // The page shows what other clients understand, too (XEP-0379, section
        // 3.3). The token stands behind the `#`, which browsers do not send.
        let page = [format!("{}#{link}", server.link("/invite/"))];
        form = form
            .field("landing-url", "text-single", Some("Web page"), page)
            .field(
                "x-startalk-link",
                "text-single",
                Some("Link for Startalk"),
                [link],
            );
    }
    let expires = datetime::format_ms(made.expires_ms);
    let form = form.field("expire", "text-single", Some("Works until"), [expires]);
    Ok(Done {
        form: Some(form.done()),
        note: None,
    })
}

/// What of an address may stand in a URI as it is (RFC 5122, section 2.2).
fn uri_part(address: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@!$()*+".contains(&byte);
    address
        .bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_links() {
        assert_eq!(uri_part("rosa@team.internal"), "rosa@team.internal");
        assert_eq!(uri_part("李@t;x&y"), "%E6%9D%8E@t%3Bx%26y");
    }
}
