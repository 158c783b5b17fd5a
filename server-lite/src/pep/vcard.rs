//! vCards of accounts (XEP-0054); their pictures are avatars (XEP-0398), and what
//! is in those of the newer kind is the same there (`vcard4`).

use std::sync::Arc;

use xmpp_core::element::{self, build};
use xmpp_core::stanza_error::{Condition, StanzaError};
use xmpp_core::{Element, ns};

use super::access::full;
use super::avatar::{self, Picture};
use super::job::{change, read};
use super::publish::within_quota;
use super::{Answer, Asker, vcard4};
use crate::modules::{Place, Request};
use crate::store::personal;

/// Bytes of a vCard without its picture.
pub(super) const MAX_VCARD: usize = 64 * 1024;

/// The vCard of an account, an empty one if there is none.
pub(crate) async fn get(request: &Request<'_>) -> Answer {
    let asker = Asker::of(request);
    let vcard = read(request.server, move |db| {
        let stored = personal::vcard(db, &asker.account)?;
        let stored = stored.and_then(|xml| element::parse(xml.as_bytes()).ok());
        let mut vcard = stored.unwrap_or_else(|| build("vCard", ns::VCARD_TEMP).done());
        vcard4::hide(db, &asker, &mut vcard)?;
        if let Some(picture) = avatar::readable(db, &asker)? {
            vcard.append_child(photo(&picture));
        }
        Ok(vcard)
    })
    .await?;
    Ok(Some(vcard))
}

fn photo(picture: &Picture) -> Element {
    build("PHOTO", ns::VCARD_TEMP)
        .child(build("TYPE", ns::VCARD_TEMP).text(&picture.kind))
        .child(build("BINVAL", ns::VCARD_TEMP).text(&picture.data))
        .done()
}

/// Sets one's own vCard.
pub(crate) async fn set(request: &Request<'_>) -> Answer {
    if request.place != Place::Own {
        return Err(Condition::Forbidden.into());
    }
    let asker = Asker::of(request);
    let mut vcard = request.payload.clone();
    let picture = take_picture(&mut vcard, request.server.config.limits.personal_payload)?;
    let xml = element::write(&vcard).map_err(|_| StanzaError::from(Condition::BadRequest))?;
    if xml.len() > MAX_VCARD {
        return Err(full("the vCard is too large"));
    }
    let server = Arc::clone(request.server);
    change(&server, move |tx, news| {
        personal::set_vcard(tx, &asker.account, &xml)?;
        avatar::publish(tx, &asker, picture, news)?;
        vcard4::publish(tx, &asker, &vcard, news)?;
        within_quota(tx, &asker.server, &asker.account)
    })
    .await?;
    Ok(None)
}

/// Takes the picture out. What is no picture is refused; one that is somewhere
/// else (`EXTVAL`) stays.
fn take_picture(vcard: &mut Element, max: usize) -> Result<Option<Picture>, StanzaError> {
    let Some(photo) = vcard.get_child("PHOTO", ns::VCARD_TEMP) else {
        return Ok(None);
    };
    let text = |name| photo.get_child(name, ns::VCARD_TEMP).map(Element::text);
    if text("EXTVAL").is_some() {
        return Ok(None);
    }
    let kind = text("TYPE").filter(|kind| !kind.is_empty() && kind.len() < 100);
    let picture = match text("BINVAL") {
        Some(data) if !data.trim().is_empty() => {
            let wrong = || StanzaError::from(Condition::BadRequest).with_text("no picture");
            let picture = Picture::read(kind, &data).ok_or_else(wrong)?;
            if picture.data.len() > max {
                return Err(full("the picture is too large"));
            }
            Some(picture)
        }
        _ => None,
    };
    while vcard.remove_child("PHOTO", ns::VCARD_TEMP).is_some() {}
    Ok(picture)
}
