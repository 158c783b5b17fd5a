//! XEP-0054: vCards, whose pictures are avatars.

use xmpp_core::ns;

use super::{Module, Outcome, Place, Request, in_part, whole};
use crate::pep;

pub(crate) const MODULE: Module = Module {
    specs: &[
        whole("XEP-0054", "vcard-temp"),
        whole("XEP-0153", "vCard-based avatars"),
        in_part(
            "XEP-0398",
            "Avatars of either kind are the same",
            "a client that says it shows none since before there was one shows a later one",
        ),
    ],
    account_features: &[ns::VCARD_TEMP, ns::AVATAR_CONVERSION],
    payloads: &[("vCard", ns::VCARD_TEMP)],
    places: &[Place::Own, Place::Others],
    handle: |request| Box::pin(handle(request)),
    ..Module::NONE
};

async fn handle(request: &Request<'_>) -> Outcome {
    match request.is_set {
        true => pep::vcard_set(request).await.into(),
        false => pep::vcard_get(request).await.into(),
    }
}
