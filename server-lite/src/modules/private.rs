//! XEP-0049: private XML storage, with the bookmarks of older clients.

use xmpp_core::ns;
use xmpp_core::stanza_error::Condition;

use super::{Module, Outcome, Place, Request, whole};
use crate::pep;

pub(crate) const MODULE: Module = Module {
    specs: &[
        whole("XEP-0048", "Bookmarks of older clients"),
        whole("XEP-0049", "Private XML storage"),
        whole("XEP-0402", "Bookmarks"),
    ],
    account_features: &[ns::PRIVATE, ns::BOOKMARKS_COMPAT, ns::BOOKMARKS_COMPAT_PEP],
    payloads: &[("query", ns::PRIVATE)],
    places: &[Place::Own, Place::Others],
    handle: |request| Box::pin(handle(request)),
    ..Module::NONE
};

async fn handle(request: &Request<'_>) -> Outcome {
    match (request.place, request.is_set) {
        (Place::Own, true) => pep::private_set(request).await.into(),
        (Place::Own, false) => pep::private_get(request).await.into(),
        _ => Err(Condition::Forbidden.into()).into(),
    }
}
