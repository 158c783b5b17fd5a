//! The way to the servers, as the user sets it: the proxy of this installation,
//! and the key of a server that has another one than before.

use std::sync::Arc;

use navigation::SpkiPin;
use zeroize::Zeroizing;

use super::Engine;
use crate::api::{
    ApiError, ConnectionRequest, ConnectionView, ErrorCode, ProxyChoice, ProxyView, Response,
};
use crate::connection::{PROXY_SECRET, check_proxy};
use crate::secrets::SecretKind;

impl Engine {
    pub(super) async fn about_connection(
        &self,
        request: ConnectionRequest,
    ) -> Result<Response, ApiError> {
        match request {
            ConnectionRequest::Proxy => return Ok(Response::Proxy(self.proxy().await)),
            ConnectionRequest::SetProxy { proxy, password } => {
                self.set_proxy(proxy, password.map(Zeroizing::new)).await?;
            }
            ConnectionRequest::TrustKey {
                account,
                fingerprint,
            } => self.trust_key(&account, &fingerprint).await?,
        }
        Ok(Response::Done)
    }

    async fn proxy(&self) -> ProxyView {
        let choice = self.with(|state| state.proxy.clone());
        let has_password = matches!(choice, ProxyChoice::Manual(_))
            && (self.inner.connector.has_proxy_password()
                || self
                    .secret(PROXY_SECRET, SecretKind::ProxyPassword)
                    .await
                    .is_ok_and(|secret| secret.is_some()));
        ProxyView {
            choice,
            has_password,
        }
    }

    async fn set_proxy(
        &self,
        proxy: ProxyChoice,
        password: Option<Zeroizing<String>>,
    ) -> Result<(), ApiError> {
        let _changing = self.inner.changing.lock().await;
        if let ProxyChoice::Manual(manual) = &proxy {
            check_proxy(manual, password.as_ref().map(|password| password.as_str()))
                .map_err(|why| ApiError::new(ErrorCode::InputNotUnderstood).detail(why))?;
        }
        let before = self.with(|state| state.proxy.clone());
        // The password of one proxy is nothing that another one should see.
        let stays = password.is_none() && proxy == before;
        if !stays {
            self.keep_proxy_password(password.filter(|text| !text.is_empty()))
                .await?;
        }
        self.save_proxy(&proxy).await?;
        let connector = &self.inner.connector;
        connector.set_proxy(&self.inner.config.proxy, &proxy);
        self.with(|state| state.proxy = proxy);
        self.inner.surroundings.network_changed();
        for account in self.with(|state| state.open.values().cloned().collect::<Vec<_>>()) {
            let waits = match &*account.shared.connection.borrow() {
                ConnectionView::Offline { error: Some(error) } => matches!(
                    error.code,
                    ErrorCode::ProxyFailed | ErrorCode::ProxyPassword
                ),
                ConnectionView::Waiting { .. } => true,
                _ => false,
            };
            if waits {
                account.shared.wake.notify_one();
            }
        }
        Ok(())
    }

    /// Keeps the password in the keyring or, where there is none, as long as the
    /// program runs; or forgets it.
    async fn keep_proxy_password(
        &self,
        password: Option<Zeroizing<String>>,
    ) -> Result<(), ApiError> {
        let kind = SecretKind::ProxyPassword;
        let left = match password {
            Some(text) if self.keep(PROXY_SECRET, kind, text.as_bytes()).await => None,
            Some(text) => Some(text),
            None => {
                let secrets = Arc::clone(&self.inner.config.secrets);
                let forgotten = self.ask_keyring(move || secrets.delete(PROXY_SECRET, kind));
                if !matches!(forgotten.await, Some(Ok(()))) {
                    return Err(ErrorCode::KeyringUnavailable.into());
                }
                None
            }
        };
        self.inner.connector.set_proxy_password(left);
        Ok(())
    }

    async fn save_proxy(&self, proxy: &ProxyChoice) -> Result<(), ApiError> {
        let failed =
            |error: &dyn std::fmt::Display| ApiError::new(ErrorCode::CacheFailed).detail(error);
        let profile = self.with(|state| state.profile.clone());
        let (profile, proxy) = (profile.ok_or(ErrorCode::Internal)?, proxy.clone());
        let mode = self.inner.config.store;
        mode.block(move || profile.save_proxy(&proxy))
            .await
            .map_err(|error| failed(&error))?
            .map_err(|error| failed(&error))
    }

    /// The pin of a server whose key is another one by now. Only the key that was
    /// met and shown can be trusted, and only by who knows its fingerprint.
    async fn trust_key(&self, id: &str, fingerprint: &str) -> Result<(), ApiError> {
        let _changing = self.inner.changing.lock().await;
        let account = self.account(id)?;
        let met = match &*account.shared.connection.borrow() {
            ConnectionView::Offline { error: Some(error) }
                if error.code == ErrorCode::CertificateKeyChanged =>
            {
                error.clone()
            }
            _ => return Err(ErrorCode::NotAllowed.into()),
        };
        let typed: String = fingerprint.split_whitespace().collect();
        let pin: SpkiPin = typed
            .parse()
            .map_err(|error| ApiError::new(ErrorCode::InputNotUnderstood).detail(error))?;
        if met.values.get("fingerprint") != Some(&pin.to_string()) {
            return Err(met);
        }
        self.save(|saved| {
            for account in saved.iter_mut().filter(|account| account.id == id) {
                account.target.trust.spki_sha256 = vec![pin];
            }
        })
        .await?;
        tracing::info!(account = id, %pin, "the server has another key, which is trusted");
        account.change_way(|way| way.target.trust.spki_sha256 = vec![pin]);
        Ok(())
    }
}
