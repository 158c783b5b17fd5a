//! Which addresses are used at all, by what their servers prove themselves, and from
//! where a file comes without anybody having asked for it.
//!
//! What an account trusts is what its own server is trusted by: pins, or an authority
//! of its own. Files of others lie at servers that know nothing of that, and even our
//! own server may have a web server beside it, or rented somewhere, with another key.
//!
//! Whoever fetches a file tells its server when and from where it is looked at.
//! So only what lies with our own server comes by itself, of people who are known:
//! contacts, and those in rooms that we are in.

use std::sync::PoisonError;

use navigation::{Endpoint, Trust};
use url::{Host, Url};

use super::Found;
use crate::account::Shared;
use crate::api::{ApiError, ErrorCode};
use crate::files::kind;
use crate::http::Proof;
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
    let endpoints = endpoints(shared);
    let reached = endpoints.iter().map(|endpoint| &endpoint.host);
    if is_own(&host, domain, reached.chain(&remembered)) {
        Ok(())
    } else {
        Err(no("not from our own server"))
    }
}

/// By what the server of a web address proves itself.
///
/// # Errors
/// What the cache says.
pub(super) async fn proof(shared: &Shared, url: &Url) -> Result<Proof, ApiError> {
    let remembered = shared.store.read(files::hosts).await;
    let remembered = remembered.map_err(super::failed)?;
    let domain = shared.address.domain().as_str();
    let (endpoints, trust) = (endpoints(shared), shared.trust());
    Ok(proof_of(url, domain, &endpoints, &remembered, trust))
}

/// By what the server of a slot proves itself: our own server sends us there, whatever
/// the host is called.
pub(super) fn proof_of_slot(shared: &Shared, url: &Url) -> Proof {
    let trust = shared.trust();
    if is_reached_at(url, &endpoints(shared)) {
        Proof::Only(trust)
    } else {
        Proof::OrSystem(trust)
    }
}

fn proof_of(
    url: &Url,
    domain: &str,
    endpoints: &[Endpoint],
    remembered: &[String],
    trust: Trust,
) -> Proof {
    let host = url.host_str().unwrap_or_default();
    let reached = endpoints.iter().map(|endpoint| &endpoint.host);
    if is_reached_at(url, endpoints) {
        Proof::Only(trust)
    } else if is_own(host, domain, reached.chain(remembered)) || !trust.spki_sha256.is_empty() {
        // A key that is pinned is our server's, at whatever address it is met.
        Proof::OrSystem(trust)
    } else {
        Proof::Only(Trust::default())
    }
}

/// Whether whoever answers there is the server that streams lead to.
fn is_reached_at(url: &Url, endpoints: &[Endpoint]) -> bool {
    let host = plain(url.host_str().unwrap_or_default());
    let port = url.port_or_known_default();
    let mut endpoints = endpoints.iter();
    endpoints.any(|endpoint| Some(endpoint.port) == port && plain(&endpoint.host) == host)
}

/// Where the account's server is reached, as far as that is said.
fn endpoints(shared: &Shared) -> Vec<Endpoint> {
    let way = shared.way.lock().unwrap_or_else(PoisonError::into_inner);
    way.target.endpoints.clone()
}

/// Whether a host is our server's.
fn is_own<'a>(host: &str, domain: &str, mut known: impl Iterator<Item = &'a String>) -> bool {
    let (host, domain) = (plain(host), plain(domain));
    let below = host
        .strip_suffix(domain.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    below || known.any(|known| plain(known) == host)
}

/// A host as it is in web addresses (RFC 5890), but without brackets.
fn plain(host: &str) -> String {
    let bare = host.trim_matches(['[', ']']).trim_end_matches('.');
    Host::parse(bare).map_or_else(|_| bare.to_ascii_lowercase(), |host| host.to_string())
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
    fn a_name_in_its_own_script_is_the_one_in_the_address() {
        let known = ["文件.例子".to_owned()];
        let host = |url: &str| web_address(url).unwrap().host_str().unwrap().to_owned();
        let is_own = |url: &str| is_own(&host(url), "公司.内网", known.iter());
        assert!(is_own("https://上传.公司.内网/1"));
        assert!(is_own("https://文件.例子./1"));
        assert!(!is_own("https://例子/1"));
    }

    #[test]
    fn what_an_account_trusts_is_for_its_own_server() {
        let endpoints = ["tls:chat.example.org:5223", "wss:[::1]:443/ws"];
        let endpoints = endpoints.map(|endpoint| endpoint.parse::<Endpoint>().unwrap());
        let trust = Trust {
            system_roots: false,
            spki_sha256: vec![navigation::SpkiPin::from_der_spki(b"ours")],
            ..Trust::default()
        };
        let remembered = ["rented.example.net".to_owned()];
        let proof = |url: &str, trust: &Trust| {
            let (address, own) = (web_address(url).unwrap(), trust.clone());
            match proof_of(&address, "example.org", &endpoints, &remembered, own) {
                Proof::Only(used) => (true, used),
                Proof::OrSystem(used) => (false, used),
            }
        };
        // As with authorities of a company.
        let private = Trust {
            spki_sha256: Vec::new(),
            ..trust.clone()
        };
        for (url, is_alone) in [
            ("https://chat.example.org:5223/f", true),
            ("https://[::1]/f", true),
            // A web server may stand before it, or beside it.
            ("https://chat.example.org/f", false),
            ("https://upload.example.org/f", false),
            ("https://rented.example.net/f", false),
        ] {
            assert_eq!(proof(url, &trust), (is_alone, trust.clone()), "{url}");
            assert_eq!(proof(url, &private), (is_alone, private.clone()), "{url}");
        }
        for url in ["https://example.net/f", "https://evilexample.org:5223/f"] {
            assert_eq!(proof(url, &trust), (false, trust.clone()), "{url}");
            assert_eq!(proof(url, &private), (true, Trust::default()), "{url}");
        }
    }

    #[test]
    fn what_is_behind_a_hash_stays_here() {
        let url = web_address("https://a.example/f.png#secret").unwrap();
        assert_eq!(url.as_str(), "https://a.example/f.png");
    }
}
