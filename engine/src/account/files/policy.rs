//! Which addresses are used at all, and from where a file comes without anybody
//! having asked for it.
//!
//! Whoever fetches a file tells its server when and from where it is looked at.
//! So only what lies with our own server comes by itself, of people who are known:
//! contacts, and those in rooms that we are in.

use std::sync::PoisonError;

use url::Url;

use super::Found;
use crate::account::Shared;
use crate::api::{ApiError, ErrorCode};
use crate::files::kind;
use crate::store::{contacts, files, rooms};

/// Longest address, in bytes.
const LONGEST: usize = 8 * 1024;
/// Largest picture that comes by itself, in bytes.
pub(super) const AUTOMATIC: u64 = 8 * 1024 * 1024;

/// An address of the secured web; `None` for any other, and for one with somebody's
/// name and password in it.
pub(super) fn web_address(text: &str) -> Option<Url> {
    if text.len() > LONGEST {
        return None;
    }
    let mut url = Url::parse(text).ok()?;
    let is_good = url.scheme() == "https"
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    // It is for whoever reads, not for the server.
    url.set_fragment(None);
    is_good.then_some(url)
}

/// Whether a file may come by itself.
///
/// # Errors
/// [`ErrorCode::NotAllowed`].
pub(super) async fn automatic(shared: &Shared, found: &Found, url: &Url) -> Result<(), ApiError> {
    let no = |why: &str| ApiError::new(ErrorCode::NotAllowed).detail(why);
    let said = found.file.media_type.as_deref();
    if !said.is_some_and(kind::is_picture) {
        return Err(no("no picture"));
    }
    if found.file.size_bytes.is_some_and(|size| size > AUTOMATIC) {
        return Err(no("large"));
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    let (author, conversation) = (found.author.clone(), found.conversation.clone());
    let (remembered, is_known) = shared
        .store
        .read(move |db| {
            let is_known =
                contacts::get(db, &author)?.is_some() || rooms::is_room(db, &conversation)?;
            Ok((files::hosts(db)?, is_known))
        })
        .await
        .map_err(super::failed)?;
    if !is_known && !found.outgoing {
        return Err(no("of somebody unknown"));
    }
    let domain = shared.address.domain().as_str();
    let endpoints: Vec<String> = {
        let way = shared.way.lock().unwrap_or_else(PoisonError::into_inner);
        let endpoints = way.target.endpoints.iter();
        endpoints.map(|endpoint| endpoint.host.clone()).collect()
    };
    if is_own(&host, domain, endpoints.iter().chain(&remembered)) {
        Ok(())
    } else {
        Err(no("not from our own server"))
    }
}

/// Whether a host is our server's.
fn is_own<'a>(host: &str, domain: &str, mut known: impl Iterator<Item = &'a String>) -> bool {
    let plain = host.trim_matches(['[', ']']);
    let below = plain
        .strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    below || known.any(|known| known.trim_matches(['[', ']']).eq_ignore_ascii_case(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_server_is_its_domain_and_where_it_is_reached() {
        let known = [
            "10.0.0.5".to_owned(),
            "files.example.net".to_owned(),
            "[::1]".to_owned(),
        ];
        for (host, own) in [
            ("example.org", true),
            ("upload.example.org", true),
            ("evilexample.org", false),
            ("example.org.evil.net", false),
            ("10.0.0.5", true),
            ("files.example.net", true),
            ("example.net", false),
            ("[::1]", true),
            ("", false),
        ] {
            assert_eq!(is_own(host, "example.org", known.iter()), own, "{host}");
        }
    }

    #[test]
    fn what_is_behind_a_hash_stays_here() {
        let url = web_address("https://a.example/f.png#secret").unwrap();
        assert_eq!(url.as_str(), "https://a.example/f.png");
    }
}
