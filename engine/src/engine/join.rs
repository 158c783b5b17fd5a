//! From a pasted text to an account.

use std::sync::atomic::{AtomicBool, Ordering};

use jid::BareJid;
use navigation::{
    DocumentError, InputError, NavigationInput, NavigationLink, Policy, ServerTarget, Trust,
};
use xmpp_core::names;
use zeroize::Zeroizing;

use super::keys::{fresh_key, proof};
use super::{Engine, NewAccount, NewUser, address};
use crate::api::{ApiError, ErrorCode, JoinKind, JoinPreview, ManagedSource, PreviewLimit};
use crate::clock;
use crate::config::Retention;
use crate::connection::{ConnectError, Purpose, connect, register};
use crate::http;
use crate::profile::SavedAccount;
use crate::secrets::Secret;

/// Largest navigation document, and the longest wait for it.
const DOCUMENT: http::Limits = http::Limits {
    bytes: navigation::MAX_DOCUMENT_BYTES,
    wait: std::time::Duration::from_secs(10),
};

/// A text, understood.
pub(super) struct Destination {
    pub(super) target: ServerTarget,
    token: Option<String>,
    inviter: Option<String>,
    user: Option<String>,
    source: ManagedSource,
    policy: Policy,
}

/// Most that notifications may show.
pub(super) fn preview(policy: &Policy) -> PreviewLimit {
    match policy.preview {
        None => PreviewLimit::Anything,
        Some(navigation::Preview::Name) => PreviewLimit::Name,
        Some(navigation::Preview::Nothing) => PreviewLimit::Nothing,
    }
}

fn input_error(error: InputError) -> ApiError {
    let code = match error {
        InputError::Empty => ErrorCode::InputEmpty,
        InputError::TooLong | InputError::NotUnderstood => ErrorCode::InputNotUnderstood,
        InputError::Damaged => ErrorCode::LinkDamaged,
        InputError::UnsupportedVersion => ErrorCode::LinkTooNew,
        InputError::Document(error) => return document_error(error),
    };
    ApiError::new(code).detail(error)
}

pub(super) fn document_error(error: DocumentError) -> ApiError {
    let code = match error {
        DocumentError::Expired => ErrorCode::NavigationExpired,
        DocumentError::UnsupportedVersion => ErrorCode::LinkTooNew,
        DocumentError::BadSignature | DocumentError::WrongIssuer => ErrorCode::NavigationNotTrusted,
        DocumentError::TooLarge
        | DocumentError::Malformed
        | DocumentError::Target(_)
        | DocumentError::Policy(_) => ErrorCode::LinkDamaged,
    };
    ApiError::new(code).detail(error)
}

impl Engine {
    pub(super) async fn understand(&self, input: &str) -> Result<Destination, ApiError> {
        let plain = |target: ServerTarget| Destination {
            target,
            token: None,
            inviter: None,
            user: None,
            source: ManagedSource::Typed,
            policy: Policy::default(),
        };
        Ok(match NavigationInput::parse(input).map_err(input_error)? {
            NavigationInput::Invite(invite) => Destination {
                token: Some(invite.token),
                source: ManagedSource::Invite {
                    inviter: invite.inviter.clone(),
                },
                inviter: invite.inviter,
                ..plain(invite.target)
            },
            NavigationInput::Server(target) => plain(target),
            NavigationInput::Account { user, target } => Destination {
                user: Some(user),
                ..plain(target)
            },
            NavigationInput::Navigation(link) => {
                let (document, issuer, url) = match link {
                    NavigationLink::Embedded(signed) => {
                        (signed.verify(clock::now(), None), signed.issuer(), None)
                    }
                    NavigationLink::Fetched(from) => {
                        let bytes = self.fetch(&from.url).await?;
                        let accepted = from.accept(&bytes, clock::now());
                        (accepted, from.issuer, Some(from.url.to_string()))
                    }
                };
                let document = document.map_err(document_error)?;
                Destination {
                    source: ManagedSource::Navigation {
                        url,
                        issuer_fingerprint: issuer.fingerprint(),
                        serial: document.serial,
                        issued_at_ms: document.issued_at.as_millisecond(),
                        valid_until_ms: document.valid_until.map(|until| until.as_millisecond()),
                    },
                    policy: document.policy,
                    ..plain(document.target)
                }
            }
        })
    }

    pub(super) async fn preview_join(&self, input: &str) -> Result<JoinPreview, ApiError> {
        let destination = self.understand(input).await?;
        let target = destination.target;
        Ok(JoinPreview {
            kind: if destination.token.is_some() {
                JoinKind::Invite
            } else {
                JoinKind::SignIn
            },
            server_name: target.name.clone().unwrap_or_else(|| target.domain.clone()),
            pinned: !target.trust.spki_sha256.is_empty(),
            domain: target.domain,
            inviter: destination.inviter,
            user: destination.user,
            issuer_fingerprint: match destination.source {
                ManagedSource::Navigation {
                    issuer_fingerprint, ..
                } => Some(issuer_fingerprint),
                _ => None,
            },
        })
    }

    pub(super) async fn join(
        &self,
        input: &str,
        name: &str,
        password: String,
    ) -> Result<String, ApiError> {
        let destination = self.understand(input).await?;
        let user = match destination.token {
            Some(token) => NewUser::Register {
                display_name: name.to_owned(),
                token,
            },
            None => {
                // Some paste their whole address where only a name is asked.
                let suffix = format!("@{}", destination.target.domain);
                let username = name.trim().strip_suffix(&suffix).unwrap_or(name.trim());
                NewUser::Existing {
                    username: username.to_owned(),
                    display_name: None,
                }
            }
        };
        let new = NewAccount {
            target: destination.target,
            user,
            password,
        };
        self.add(new, destination.policy, destination.source).await
    }

    /// Signs in to an account, or makes it first, and adds it to the profile
    /// once the server has accepted it. Gives its id.
    ///
    /// # Errors
    /// [`ApiError`] for each way that this can fail; nothing is kept then. What an
    /// invite may have made on the server by then, the same call finds again.
    pub async fn add_account(&self, new: NewAccount) -> Result<String, ApiError> {
        self.add(new, Policy::default(), ManagedSource::Typed).await
    }

    async fn add(
        &self,
        new: NewAccount,
        policy: Policy,
        source: ManagedSource,
    ) -> Result<String, ApiError> {
        let _changing = self.inner.changing.lock().await;
        let password = Zeroizing::new(new.password);
        let server = new
            .target
            .name
            .clone()
            .unwrap_or_else(|| new.target.domain.clone());
        let invalid = || ApiError::new(ErrorCode::NameInvalid);
        let (username, display_name) = match &new.user {
            NewUser::Existing {
                username,
                display_name,
            } => {
                let username = names::normal_localpart(username).ok_or_else(invalid)?;
                let shown = display_name.clone().unwrap_or_else(|| username.clone());
                (username, shown)
            }
            NewUser::Register { display_name, .. } => {
                let shown = names::clean_display_name(display_name).ok_or_else(invalid)?;
                let username = names::localpart_from_display_name(&shown).ok_or_else(invalid)?;
                (username, shown)
            }
        };
        if password.is_empty() {
            return Err(ErrorCode::PasswordTooWeak.into());
        }
        let id = self.fresh_id();
        let mut saved = SavedAccount {
            resource: format!("startalk-{id}"),
            id,
            username,
            display_name,
            target: new.target,
            secrets: crate::profile::SecretsPlace::Keyring,
            retention: Retention::from(&policy),
            preview: preview(&policy),
            updates: policy.updates,
            source,
            key_by_user: false,
        };
        let own = address(&saved)?;
        let known = self.with(|state| {
            let mut all = state.accounts.saved.iter();
            all.find(|other| address(other).is_ok_and(|other| other == own))
                .cloned()
        });
        if let Some(known) = known {
            return Box::pin(self.join_again(known, saved, &password)).await;
        }
        let token = match new.user {
            NewUser::Register { token, .. } => Some(token),
            NewUser::Existing { .. } => None,
        };
        if token.is_none()
            && let Some(resource) = self.kept_resource(&own)
        {
            saved.resource = resource;
        }
        let was_there = self
            .prove(&saved, &own, &password, token)
            .await
            .map_err(|error| error.to_api(&server).value("name", &saved.display_name))?;
        // Who has the same name on the server later need not be the same person.
        let kept = match was_there {
            true => self.take_up(&own, &password).await?,
            false => None,
        };
        let key = match kept {
            Some((id, key)) => {
                saved.id = id;
                saved.resource = self.kept_resource(&own).unwrap_or(saved.resource);
                key
            }
            None => fresh_key()?,
        };
        self.adopt(saved, &key, password).await
    }

    fn fresh_id(&self) -> String {
        let id = self.inner.config.clock.random_id();
        id.replace(['-', '_'], "0").chars().take(12).collect()
    }

    /// Makes the account if there is a token, and signs in to it. Gives whether it was
    /// there before.
    ///
    /// Making it and keeping it here are two steps, and the second can fail when an
    /// invite for one account is spent already. So whoever tries again in the same run is
    /// let in by the password, with the name that it was made with.
    async fn prove(
        &self,
        saved: &SavedAccount,
        own: &BareJid,
        password: &str,
        token: Option<String>,
    ) -> Result<bool, ConnectError> {
        let Some(token) = token else {
            self.sign_in_once(saved, password).await?;
            return Ok(true);
        };
        let (connector, target) = (&self.inner.connector, &saved.target);
        let (username, name) = (&saved.username, &saved.display_name);
        let begun = AtomicBool::new(false);
        let asked = register(connector, target, username, name, password, &token, &begun);
        let made = Box::pin(asked).await;
        let is_asked = begun.load(Ordering::Relaxed);
        let (is_ours, was_there) = match &made {
            Ok(()) => (true, false),
            Err(error) if is_asked && error.is_lost_answer() => (true, false),
            // Two people of one name may have one password, if it is a simple one: who
            // has not tried before is somebody else.
            Err(ConnectError::InviteNotValid | ConnectError::NameTaken) => {
                let is_ours = self.with(|state| state.half_made.as_ref() == Some(own));
                (is_ours, true)
            }
            Err(_) => (false, false),
        };
        if is_ours && !was_there {
            self.with(|state| state.half_made = Some(own.clone()));
        }
        if !is_ours {
            return made.map(|()| was_there);
        }
        match (made, self.sign_in_once(saved, password).await) {
            (_, Ok(())) => Ok(was_there),
            // It is made. What passes, its task waits for.
            (Ok(()), Err(error)) if !error.needs_the_user() => {
                tracing::info!(%error, "the new account is not reached yet");
                Ok(was_there)
            }
            (Ok(()), Err(error)) => Err(error),
            (Err(refused), Err(_)) => Err(refused),
        }
    }

    pub(super) async fn sign_in_once(
        &self,
        saved: &SavedAccount,
        password: &str,
    ) -> Result<(), ConnectError> {
        let (connector, target) = (&self.inner.connector, &saved.target);
        let signed_in = connect(connector, target, proof(saved, password), Purpose::Prove).await?;
        signed_in.transport.close().await;
        Ok(())
    }

    /// Keeps an account whose server has accepted it.
    async fn adopt(
        &self,
        mut saved: SavedAccount,
        key: &Secret,
        password: Zeroizing<String>,
    ) -> Result<String, ApiError> {
        saved.secrets = self.place_secrets(&saved.id, key, &password).await?;
        let account = saved.clone();
        self.save_all(|accounts| {
            accounts.kept.retain(|kept| kept.id != account.id);
            accounts.saved.push(account);
        })
        .await?;
        self.drop_other_key(&saved.id, saved.secrets).await?;
        self.open_account(&saved, key, password).await?;
        Ok(saved.id)
    }

    /// Fetches a navigation document; only over HTTPS, only so much.
    pub(super) async fn fetch(&self, url: &url::Url) -> Result<Vec<u8>, ApiError> {
        // The document proves itself; where it lies, the system's authorities do.
        let trust = Trust::default();
        http::get(&self.inner.connector, url, &trust, DOCUMENT)
            .await
            .map_err(|error| match error {
                ConnectError::TooLarge => document_error(DocumentError::TooLarge),
                other => other.to_api(url.host_str().unwrap_or_default()),
            })
    }
}
