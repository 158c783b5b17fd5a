//! One user of an export.

use xmpp_core::datetime;
use xmpp_core::element::build;
use xmpp_core::ns;

use super::{Dialect, Team, choices, personal, roster};
use crate::exchange::output::Output;
use crate::exchange::{ExchangeError, credentials, message};
use crate::store::exchange::{self, Which, WholeAccount};

/// Writes a user; gives how many messages.
pub(super) fn write_user(
    out: &mut Output<'_>,
    team: &Team<'_>,
    account: &WholeAccount,
) -> Result<u64, ExchangeError> {
    let user = account.localpart.as_str();
    out.start("user", None, &[("name", user)])?;
    if team.dialect == Dialect::Standard {
        let about = build("account", ns::EXPORT)
            .attr("name", &account.display_name)
            .attr("created", datetime::format_ms(account.created_ms))
            .attr_opt("disabled", account.disabled.then_some("true"))
            .attr_opt("administrator", account.administrator.then_some("true"))
            .attr_opt("department", account.department.as_deref())
            .attr_opt("manager", account.manager.as_deref());
        out.element(&about.done())?;
    }
    write_credentials(out, team, account)?;
    roster::write(out, team, user)?;
    personal::write(out, team, user)?;
    choices::write(out, team, user)?;
    let messages = match team.dialect {
        Dialect::Ejabberd => 0,
        Dialect::Standard | Dialect::Prosody => write_archive(out, team, user)?,
    };
    write_waiting(out, team, user)?;
    out.end("user")?;
    Ok(messages)
}

/// Of somebody who may not sign in, the credentials stay here.
fn write_credentials(
    out: &mut Output<'_>,
    team: &Team<'_>,
    account: &WholeAccount,
) -> Result<(), ExchangeError> {
    let is_ejabberd = team.dialect == Dialect::Ejabberd;
    if account.disabled && team.dialect != Dialect::Standard {
        return Ok(());
    }
    // SHA-1 comes first, and is the only one that both servers take.
    let count = if is_ejabberd { 1 } else { usize::MAX };
    let verifiers = exchange::verifiers(team.db, &account.localpart)?;
    for verifier in verifiers.iter().take(count) {
        out.element(&credentials::write(verifier, is_ejabberd))?;
    }
    Ok(())
}

fn write_archive(out: &mut Output<'_>, team: &Team<'_>, user: &str) -> Result<u64, ExchangeError> {
    let mut count = 0;
    out.start("archive", Some(ns::PIE_ARCHIVE), &[])?;
    exchange::messages::<ExchangeError>(team.db, user, Which::Archive, |row| {
        out.raw(&message::result(&row))?;
        count += 1;
        Ok(())
    })?;
    out.end("archive")?;
    Ok(count)
}

fn write_waiting(out: &mut Output<'_>, team: &Team<'_>, user: &str) -> Result<(), ExchangeError> {
    let address = format!("{user}@{}", team.domain);
    out.start("offline-messages", None, &[])?;
    exchange::messages::<ExchangeError>(team.db, user, Which::Waiting, |row| {
        if let Some(stanza) = message::waiting(&row, team.domain, &address) {
            out.element(&stanza)?;
        }
        Ok(())
    })?;
    out.end("offline-messages")?;
    Ok(())
}
