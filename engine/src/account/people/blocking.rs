//! Blocking and unblocking (XEP-0191).

use jid::BareJid;
use xmpp_core::element::build;
use xmpp_core::ns;

use super::failed;
use crate::account::Shared;
use crate::api::{ApiError, ErrorCode};
use crate::store::blocked;

/// Blocks or unblocks a person, or a whole server.
pub(super) async fn set(shared: &Shared, address: &str, block: bool) -> Result<(), ApiError> {
    let address = BareJid::new(address.trim())
        .map_err(|_| ApiError::new(ErrorCode::NotFound).detail("not an address"))?;
    if address == shared.address || address.as_str() == shared.address.domain().as_str() {
        return Err(ApiError::new(ErrorCode::NotFound).detail("that is ourselves"));
    }
    let item = build("item", ns::BLOCKING).attr("jid", address.as_str());
    let name = if block { "block" } else { "unblock" };
    let change = build(name, ns::BLOCKING).child(item).done();
    shared.handle()?.ask("set", None, change).await?;
    let list = vec![address.to_string()];
    shared
        .store
        .write(move |tx| match block {
            true => blocked::block(tx, &list),
            false => blocked::unblock(tx, &list),
        })
        .await
        .map_err(failed)?;
    shared.blocked_changed();
    Ok(())
}
