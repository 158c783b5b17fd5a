//! What an exported user has chosen: whom to hear of no more, and what to have
//! archived.

use xmpp_core::element::build;
use xmpp_core::ns;

use super::{Dialect, Team};
use crate::archiving::Preferences;
use crate::exchange::ExchangeError;
use crate::exchange::output::Output;
use crate::store::{blocked, preferences};

/// Name of the privacy list that holds what is blocked.
const LIST: &str = "blocked";

pub(super) fn write(
    out: &mut Output<'_>,
    team: &Team<'_>,
    user: &str,
) -> Result<(), ExchangeError> {
    write_blocked(out, team, user)?;
    // XEP-0227 has no place for these, and no other server reads them.
    if team.dialect == Dialect::Standard
        && let Some(row) = preferences::of(team.db, user)?
    {
        out.element(&Preferences::from_row(&row).to_element())?;
    }
    Ok(())
}

/// As the privacy list that holds where no other is chosen (XEP-0227, section
/// 4.8): blocking is the simple form of those (XEP-0191, section 5).
fn write_blocked(out: &mut Output<'_>, team: &Team<'_>, user: &str) -> Result<(), ExchangeError> {
    let addresses = blocked::of(team.db, user)?;
    if addresses.is_empty() {
        return Ok(());
    }
    let items = addresses.iter().zip(1..).map(|(address, order)| {
        let order: u32 = order;
        build("item", ns::PRIVACY)
            .attr("type", "jid")
            .attr("value", address)
            .attr("action", "deny")
            .attr("order", order.to_string())
    });
    let query = build("query", ns::PRIVACY)
        .child(build("default", ns::PRIVACY).attr("name", LIST))
        .child(
            build("list", ns::PRIVACY)
                .attr("name", LIST)
                .children(items),
        );
    out.element(&query.done())?;
    Ok(())
}
