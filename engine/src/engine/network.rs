//! The way to the servers, as the user sets it: the proxy of this installation,
//! and the key of a server that has another one than before.

use std::sync::Arc;

use navigation::{SpkiPin, UpdatePolicy};
use zeroize::Zeroizing;

use super::Engine;
use super::saving::on_disk;
use crate::api::{
    ApiError, ConnectionRequest, ConnectionView, ErrorCode, ProxyChoice, ProxyView, Response,
};
use crate::connection::{PROXY_SECRET, check_proxy};
use crate::http;
use crate::profile::Network;
use crate::secrets::SecretKind;

impl Engine {
    pub(super) async fn about_connection(
        &self,
        request: ConnectionRequest,
    ) -> Result<Response, ApiError> {
        match request {
            ConnectionRequest::Proxy => return Ok(Response::Proxy(self.proxy())),
            ConnectionRequest::Status { account } => {
                let status = self.account(&account)?.status().await?;
                return Ok(Response::ConnectionStatus(Box::new(status)));
            }
            ConnectionRequest::Check { input } => {
                return Ok(Response::Checked(Box::new(self.check(&input).await)));
            }
            ConnectionRequest::Managed { account } => {
                return Ok(Response::Managed(Box::new(self.managed(&account)?)));
            }
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

    /// What those who run the servers of the accounts ask of how the program is kept
    /// up to date.
    #[must_use]
    pub fn update_policies(&self) -> Vec<UpdatePolicy> {
        self.with(|state| {
            state
                .accounts
                .saved
                .iter()
                .map(|saved| saved.updates.clone())
                .collect()
        })
    }

    /// The proxy on the way to a host, as an address with its password in it: for
    /// requests that another part of the program makes.
    ///
    /// # Errors
    /// [`ApiError`] if one is set that cannot be used; then nothing goes past it.
    pub async fn proxy_address(&self, host: &str) -> Result<Option<Zeroizing<String>>, ApiError> {
        let proxy = self.inner.connector.proxy_for(host).await;
        let address = proxy.and_then(|proxy| proxy.as_ref().map(http::proxy_address).transpose());
        address.map_err(|error| error.to_api(host))
    }

    fn proxy(&self) -> ProxyView {
        let network = self.with(|state| state.network.clone());
        let is_manual = matches!(network.proxy, ProxyChoice::Manual(_));
        let typed = self.inner.connector.has_proxy_password();
        ProxyView {
            has_password: is_manual && typed.unwrap_or(network.password),
            choice: network.proxy,
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
        let mut network = self.with(|state| state.network.clone());
        // The password of one proxy is nothing that another one should see.
        if password.is_some() || proxy != network.proxy {
            network.proxy = proxy;
            self.keep_proxy_password(&mut network, password).await;
        }
        self.save_network(&network).await?;
        let connector = &self.inner.connector;
        connector.set_proxy(&self.inner.config.proxy, &network.proxy);
        self.with(|state| state.network = network);
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
    /// program runs. One of before is of no use any more: where it cannot be removed,
    /// it is not read.
    async fn keep_proxy_password(
        &self,
        network: &mut Network,
        password: Option<Zeroizing<String>>,
    ) {
        let kind = SecretKind::ProxyPassword;
        let password = password.filter(|text| !text.is_empty());
        network.password = match &password {
            Some(text) => self.keep(PROXY_SECRET, kind, text.as_bytes()).await,
            None => {
                let secrets = Arc::clone(&self.inner.config.secrets);
                let forgotten = self.ask_keyring(move || secrets.delete(PROXY_SECRET, kind));
                if !matches!(forgotten.await, Some(Ok(()))) {
                    tracing::info!("password of a proxy not removed");
                }
                false
            }
        };
        let typed = password.filter(|_| !network.password);
        let typed = typed.or_else(|| without_one(network));
        self.inner.connector.set_proxy_password(typed);
    }

    async fn save_network(&self, network: &Network) -> Result<(), ApiError> {
        let profile = self.with(|state| state.profile.clone());
        let (profile, network) = (profile.ok_or(ErrorCode::Internal)?, network.clone());
        let mode = self.inner.config.store;
        mode.block(move || profile.save_network(&network))
            .await
            .map_err(|error| ApiError::new(ErrorCode::CacheFailed).detail(error))?
            .map_err(|error| on_disk(&error))
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
                account.key_by_user = true;
            }
        })
        .await?;
        tracing::info!(account = id, %pin, "the server has another key, which is trusted");
        account.change_way(|way| way.target.trust.spki_sha256 = vec![pin]);
        Ok(())
    }
}

/// In the place of the password of a proxy that has none.
pub(super) fn without_one(network: &Network) -> Option<Zeroizing<String>> {
    let is_without = matches!(network.proxy, ProxyChoice::Manual(_)) && !network.password;
    is_without.then(Zeroizing::default)
}
