//! A navigation document is read again while the program runs: what a newer one of the
//! same issuer says holds from then on, for the way to the server and for what whoever
//! runs it asks of this device. One that was given as a whole is fetched nowhere: who is
//! given a newer one joins by it once more.

use std::sync::Weak;
use std::time::Duration;

use navigation::{DocumentError, NavigationDocument, SignedDocument};
use url::Url;

use super::join::{self, document_error};
use super::{Engine, Inner};
use crate::account::Managed;
use crate::api::{ApiError, ErrorCode, Event, ManagedSource};
use crate::clock;
use crate::config::Retention;
use crate::profile::SavedAccount;

/// After the start: the accounts connect first.
const FIRST: Duration = Duration::from_secs(2 * 60);
/// Between two looks.
const EVERY: Duration = Duration::from_secs(12 * 3600);

/// Looks now and then, as long as the engine is there and open.
pub(super) async fn run(engine: Weak<Inner>) {
    let mut wait = FIRST;
    loop {
        tokio::time::sleep(wait).await;
        wait = EVERY;
        let Some(inner) = engine.upgrade().map(|inner| Engine { inner }) else {
            return;
        };
        if inner.with(|state| state.profile.is_none()) {
            return;
        }
        inner.look_for_newer().await;
    }
}

impl Engine {
    /// Takes a navigation document for an account that came here by an older one of the
    /// same issuer. Whether it is newer: else nothing changes, whatever it says.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`]; [`ErrorCode::NotAllowed`] if the account came by no
    /// document; [`ErrorCode::NavigationNotTrusted`] if it is of another issuer or for
    /// another server, and the codes of documents that cannot be read or have expired.
    pub async fn take_navigation(&self, id: &str, document: &[u8]) -> Result<bool, ApiError> {
        let _changing = self.inner.changing.lock().await;
        let saved = self.saved(id)?;
        let Some((document, source)) = newer(&saved, document)? else {
            return Ok(false);
        };
        let mut target = document.target;
        if saved.key_by_user {
            // They have looked at the key of the server, and know better.
            target
                .trust
                .spki_sha256
                .clone_from(&saved.target.trust.spki_sha256);
        }
        let policy = document.policy;
        let wanted = SavedAccount {
            target,
            retention: Retention::from(&policy),
            preview: join::preview(&policy),
            updates: policy.updates,
            source,
            ..saved.clone()
        };
        self.come_under(&saved, wanted).await?;
        Ok(true)
    }

    /// Somebody joins where they have joined before. What they joined by this time
    /// holds from then on if it is a newer document of the same issuer. As with an account
    /// that is new, the server that it names has to accept them first. Gives the
    /// account's id. Callers hold `changing`.
    pub(super) async fn join_again(
        &self,
        known: SavedAccount,
        asked: SavedAccount,
        password: &str,
    ) -> Result<String, ApiError> {
        let Some(source) = replacing(&known.source, asked.source)? else {
            return Err(ApiError::new(ErrorCode::AlreadyJoined).value("name", &known.username));
        };
        let wanted = SavedAccount {
            target: asked.target,
            retention: asked.retention,
            preview: asked.preview,
            updates: asked.updates,
            source,
            // Whoever joins by a document takes its keys for the right ones.
            key_by_user: false,
            ..known.clone()
        };
        let target = &wanted.target;
        let server = target.name.as_ref().unwrap_or(&target.domain);
        self.sign_in_once(&wanted, password)
            .await
            .map_err(|error| error.to_api(server).value("name", &wanted.display_name))?;
        self.come_under(&known, wanted).await?;
        Ok(known.id)
    }

    /// What a document says holds from now on. Callers hold `changing`.
    async fn come_under(&self, known: &SavedAccount, wanted: SavedAccount) -> Result<(), ApiError> {
        let id = known.id.as_str();
        self.save(|accounts| {
            for account in accounts.iter_mut().filter(|account| account.id == id) {
                account.clone_from(&wanted);
            }
        })
        .await?;
        if let Ok(account) = self.account(id) {
            account.shared.set_managed(Managed {
                retention: self.inner.config.retention.and(wanted.retention),
                preview: wanted.preview,
            });
            if wanted.target != known.target {
                account.change_way(|way| way.target = wanted.target);
            }
        }
        tracing::info!(account = id, "a newer navigation");
        self.inner.events.publish(Event::AccountsChanged);
        Ok(())
    }

    async fn look_for_newer(&self) {
        for saved in self.with(|state| state.accounts.saved.clone()) {
            let ManagedSource::Navigation { url: Some(url), .. } = &saved.source else {
                continue;
            };
            let Ok(url) = Url::parse(url) else { continue };
            let taken = match self.fetch(&url).await {
                Ok(bytes) => self.take_navigation(&saved.id, &bytes).await,
                Err(error) => Err(error),
            };
            if let Err(error) = taken {
                // The one that is known holds.
                tracing::info!(account = saved.id, code = ?error.code, "navigation not read again");
            }
        }
    }
}

/// How the document is remembered that somebody joins by where they have joined before,
/// if it takes the place of what they came by.
fn replacing(
    known: &ManagedSource,
    asked: ManagedSource,
) -> Result<Option<ManagedSource>, ApiError> {
    let ManagedSource::Navigation {
        url,
        issuer_fingerprint,
        serial,
        issued_at_ms,
        valid_until_ms,
    } = asked
    else {
        return Ok(None);
    };
    let url = match known {
        ManagedSource::Navigation {
            issuer_fingerprint: theirs,
            ..
        } if *theirs != issuer_fingerprint => {
            return Err(document_error(DocumentError::WrongIssuer));
        }
        ManagedSource::Navigation { serial: last, .. } if serial <= *last => return Ok(None),
        // Where one was published, later ones are.
        ManagedSource::Navigation { url: before, .. } => url.or_else(|| before.clone()),
        // Nobody has said yet whose document it would have to be, and whoever writes one
        // may name a server that takes any password.
        ManagedSource::Invite { .. } | ManagedSource::Typed | ManagedSource::Unknown => {
            return Ok(None);
        }
    };
    Ok(Some(ManagedSource::Navigation {
        url,
        issuer_fingerprint,
        serial,
        issued_at_ms,
        valid_until_ms,
    }))
}

/// What a document says, and how it is remembered, if it is newer than the one that the
/// account came by or took last.
fn newer(
    saved: &SavedAccount,
    bytes: &[u8],
) -> Result<Option<(NavigationDocument, ManagedSource)>, ApiError> {
    let ManagedSource::Navigation {
        url,
        issuer_fingerprint,
        serial,
        ..
    } = &saved.source
    else {
        return Err(ErrorCode::NotAllowed.into());
    };
    let signed = SignedDocument::from_json(bytes).map_err(document_error)?;
    // 120 bits of a hash: nobody makes another key with the same ones.
    if signed.issuer().fingerprint() != *issuer_fingerprint {
        return Err(document_error(DocumentError::WrongIssuer));
    }
    let document = signed.verify(clock::now(), None).map_err(document_error)?;
    // The account is one of that server.
    if document.target.domain != saved.target.domain {
        return Err(ErrorCode::NavigationNotTrusted.into());
    }
    if document.serial <= *serial {
        return Ok(None);
    }
    let source = ManagedSource::Navigation {
        url: url.clone(),
        issuer_fingerprint: issuer_fingerprint.clone(),
        serial: document.serial,
        issued_at_ms: document.issued_at.as_millisecond(),
        valid_until_ms: document.valid_until.map(|until| until.as_millisecond()),
    };
    Ok(Some((document, source)))
}
