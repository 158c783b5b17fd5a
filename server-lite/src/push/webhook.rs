//! Notifications to web addresses: a small JSON by POST, signed, tried a few
//! times.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, header};
use rustls_platform_verifier::BuilderVerifierExt;
use sha2::Sha256;
use xmpp_core::datetime;

use super::address::PublicOnly;
use super::{News, Target};
use crate::clock;
use crate::config::Push;

/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Waits before further tries.
const WAITS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
];
/// Longest text of a message that is passed on, in characters.
const MAX_BODY: usize = 500;

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Taken,
    /// It is not wanted any more.
    Gone,
    /// Tried often enough.
    Failed,
}

/// Tells web addresses.
#[derive(Clone)]
pub(super) struct Webhooks {
    client: Client,
    domain_of_users: Arc<str>,
}

impl Webhooks {
    pub(super) fn new(config: &Push, domain: &str) -> Result<Self, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier)
            .map_err(|error| error.to_string())?
            .with_no_client_auth();
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(!config.allow_private)
            // A redirection could lead to where the address itself may not.
            .redirect(Policy::none())
            .timeout(TIMEOUT)
            .no_proxy()
            .user_agent(concat!("Startalk/", env!("CARGO_PKG_VERSION")));
        if !config.allow_private {
            client = client.dns_resolver(PublicOnly);
        }
        Ok(Self {
            client: client.build().map_err(|error| error.to_string())?,
            domain_of_users: domain.into(),
        })
    }

    /// Tells one, several times if need be.
    pub(super) async fn tell(&self, target: &Target, news: &News) -> Outcome {
        for wait in WAITS.iter().map(Some).chain([None]) {
            let status = self.send(target, news).await;
            match status {
                Ok(status) if status.is_success() => return Outcome::Taken,
                Ok(StatusCode::NOT_FOUND | StatusCode::GONE) => return Outcome::Gone,
                Ok(status) if !is_passing(status) => break,
                // Of the error only its kind: the address may be a secret.
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(
                        connect = error.is_connect(),
                        timeout = error.is_timeout(),
                        "web address not told"
                    );
                }
            }
            if let Some(wait) = wait {
                tokio::time::sleep(*wait).await;
            }
        }
        tracing::warn!(
            host = target.url.host_str(),
            "a web address takes no notifications"
        );
        Outcome::Failed
    }

    async fn send(&self, target: &Target, news: &News) -> reqwest::Result<StatusCode> {
        let now_ms = clock::now_ms();
        let body = self.body(target, news, now_ms);
        let timestamp = (now_ms / 1000).to_string();
        let mut request = self
            .client
            .post(target.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-startalk-timestamp", &timestamp);
        if let Some(secret) = &news.secret {
            let signature = signature(secret.reveal(), &timestamp, &body);
            request = request.header("x-startalk-signature", signature);
        }
        Ok(request.body(body).send().await?.status())
    }

    fn body(&self, target: &Target, news: &News, now_ms: i64) -> String {
        let said = Said {
            event: "message",
            account: format!("{}@{}", target.user, self.domain_of_users),
            message_count: news.waiting,
            time: datetime::format_ms(now_ms),
            sender: news.notice.sender.as_deref(),
            body: news
                .notice
                .body
                .as_ref()
                .map(|body| body.chars().take(MAX_BODY).collect()),
        };
        // Texts and numbers can always be written.
        serde_json::to_string(&said).unwrap_or_default()
    }
}

/// What a web address reads.
#[derive(serde::Serialize)]
struct Said<'a> {
    event: &'static str,
    account: String,
    message_count: u64,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

/// Whether another try may help.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        )
}

/// `sha256=` and the HMAC of the time and the body, so that who takes it knows
/// whom it is from, and that it is not an old one.
fn signature(secret: &str, timestamp: &str, body: &str) -> String {
    // HMAC takes keys of any length.
    let signed = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map(|mut hmac| {
        hmac.update(timestamp.as_bytes());
        hmac.update(b".");
        hmac.update(body.as_bytes());
        HEXLOWER.encode(&hmac.finalize().into_bytes())
    });
    format!("sha256={}", signed.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reckoned with another implementation:
    /// `printf '1700000000.{}' | openssl dgst -sha256 -hmac north`.
    #[test]
    fn signatures_are_what_others_reckon() {
        let expected = "e1f46f9ddf43499de0426610bd42c72d2fea8ad4c6b4438434fd9b1f30382ea1";
        assert_eq!(
            signature("north", "1700000000", "{}"),
            format!("sha256={expected}")
        );
    }
}
