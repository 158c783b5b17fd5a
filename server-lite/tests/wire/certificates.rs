//! Certificates that an administrator gives: used, renewed, and never worse than
//! before.

use std::path::{Path, PathBuf};
use std::time::Duration;

use startalk_server_lite::{Config, StartError, start};
use xmpp_core::sasl::{ClientBinding, Mechanism};

use crate::client::{Client, success, within};
use crate::server::{PASSWORD, Server, config};

/// A key and a certificate around it, in files.
struct Pair {
    certificate: String,
    key: String,
}

impl Pair {
    fn new(algorithm: &'static rcgen::SignatureAlgorithm) -> Self {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let params = rcgen::CertificateParams::new(vec!["team.example".to_owned()]).unwrap();
        Self {
            certificate: params.self_signed(&key).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    /// As a tool that renews certificates does: whole, or not there.
    fn put(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let paths = (folder.join("fullchain.pem"), folder.join("privkey.pem"));
        for (path, text) in [(&paths.0, &self.certificate), (&paths.1, &self.key)] {
            let new = path.with_extension("tmp");
            std::fs::write(&new, text).unwrap();
            std::fs::rename(&new, path).unwrap();
        }
        paths
    }
}

fn with_files(files: &(PathBuf, PathBuf)) -> impl FnOnce(&mut Config) {
    let (certificate, key) = files.clone();
    move |config| {
        config.tls_certificate = Some(certificate);
        config.tls_key = Some(key);
        config.limits.certificate_check = Duration::from_millis(10);
    }
}

/// Connects until the server shows another key than this.
async fn until_another(server: &Server, shown: navigation::SpkiPin) -> Client {
    within("the new certificate", async {
        loop {
            let client = Client::direct(server).await;
            if client.certificate.as_ref().unwrap().pin() != shown {
                return client;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_given_certificate_is_shown_and_bound_to() {
    let folder = tempfile::tempdir().unwrap();
    let files = Pair::new(&rcgen::PKCS_ECDSA_P256_SHA256).put(folder.path());
    let server = Server::with(with_files(&files)).await;
    server.accounts(&["rosa"]).await;
    let mut client = Client::direct(&server).await;
    let certificate = client.certificate.clone().unwrap();
    assert_eq!(certificate.pin(), server.handle().spki_pin());
    assert_eq!(
        server.handle().target().trust.spki_sha256,
        [certificate.pin()]
    );
    client.open().await;
    let bound = ClientBinding::TlsServerEndPoint(certificate.end_point());
    let plus = Mechanism::ScramSha256Plus;
    success(
        client
            .authenticate_with(plus, "rosa", PASSWORD, bound, "")
            .await,
    );
}

#[tokio::test]
async fn a_certificate_without_a_hash_of_its_own_binds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let files = Pair::new(&rcgen::PKCS_ED25519).put(folder.path());
    let server = Server::with(with_files(&files)).await;
    let mut client = Client::direct(&server).await;
    let features = client.open().await;
    let types: Vec<_> = features
        .children()
        .filter(|feature| feature.name() == "sasl-channel-binding")
        .flat_map(xmpp_core::Element::children)
        .filter_map(|binding| binding.attr("type"))
        .collect();
    assert_eq!(types, ["tls-exporter"]);
}

#[tokio::test]
async fn the_hash_of_the_signature_is_the_hash_of_the_binding() {
    use sha2::{Digest, Sha384};
    let folder = tempfile::tempdir().unwrap();
    let files = Pair::new(&rcgen::PKCS_ECDSA_P384_SHA384).put(folder.path());
    let server = Server::with(with_files(&files)).await;
    server.accounts(&["rosa"]).await;
    let mut client = Client::direct(&server).await;
    let shown = client.certificate.clone().unwrap();
    client.open().await;
    let plus = Mechanism::ScramSha256Plus;
    let bound = ClientBinding::TlsServerEndPoint(Sha384::digest(shown.der()).to_vec());
    success(
        client
            .authenticate_with(plus, "rosa", PASSWORD, bound, "")
            .await,
    );
}

#[tokio::test]
async fn a_new_one_is_taken_up_and_nobody_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let files = Pair::new(&rcgen::PKCS_ECDSA_P256_SHA256).put(folder.path());
    let server = Server::with(with_files(&files)).await;
    server.accounts(&["rosa"]).await;
    let first = server.handle().spki_pin();
    let mut rosa = Client::online(&server, "rosa", "desk").await;
    // One that is in the middle of its sign-in keeps what it was shown.
    let mut before = Client::direct(&server).await;
    let shown = before.certificate.clone().unwrap();
    before.open().await;
    Pair::new(&rcgen::PKCS_ECDSA_P256_SHA256).put(folder.path());
    let client = until_another(&server, first).await;
    let second = client.certificate.as_ref().unwrap().pin();
    assert_eq!(server.handle().spki_pin(), second);
    let bound = ClientBinding::TlsServerEndPoint(shown.end_point());
    let plus = Mechanism::ScramSha256Plus;
    success(
        before
            .authenticate_with(plus, "rosa", PASSWORD, bound, "")
            .await,
    );
    rosa.sync().await;
    // The way over STARTTLS and WebSocket has the new one, too.
    for client in [
        Client::starttls(&server).await,
        Client::websocket(&server).await,
    ] {
        assert_eq!(client.certificate.as_ref().unwrap().pin(), second);
    }
}

#[tokio::test]
async fn broken_files_leave_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let other = Pair::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let files = pair.put(folder.path());
    let server = Server::with(with_files(&files)).await;
    server.accounts(&["rosa"]).await;
    let first = server.handle().spki_pin();
    for (certificate, key) in [
        ("", ""),
        ("not a certificate", pair.key.as_str()),
        (&pair.certificate, "not a key"),
        // In the middle of a renewal: one of the two is new.
        (&other.certificate, &pair.key),
        (&pair.key, &pair.certificate),
    ] {
        let broken = Pair {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        };
        broken.put(folder.path());
        assert!(
            server.handle().reload_certificate().await.is_err() || {
                // The server itself was faster to look.
                server.handle().spki_pin() == first
            }
        );
        let client = Client::direct(&server).await;
        assert_eq!(client.certificate.as_ref().unwrap().pin(), first);
    }
    std::fs::remove_file(&files.0).unwrap();
    assert!(server.handle().reload_certificate().await.is_err());
    Client::prove_alive(&server, "rosa").await;
    // And the next good one is taken.
    other.put(folder.path());
    until_another(&server, first).await;
}

#[tokio::test]
async fn a_server_does_not_start_with_files_that_it_cannot_use() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let other = Pair::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let files = pair.put(folder.path());
    let try_with = async |certificate: Option<PathBuf>, key: Option<PathBuf>| {
        let mut config = config(folder.path().join("data"));
        config.tls_certificate = certificate;
        config.tls_key = key;
        start(config).await.map(drop).unwrap_err()
    };
    for (certificate, key) in [
        (Some(files.0.clone()), None),
        (None, Some(files.1.clone())),
        (Some(files.1.clone()), Some(files.1.clone())),
        (Some(files.0.clone()), Some(files.0.clone())),
    ] {
        let error = try_with(certificate, key).await;
        assert!(
            matches!(error, StartError::CertificateFile { .. }),
            "{error}"
        );
    }
    let gone = try_with(Some(folder.path().join("gone")), Some(files.1.clone())).await;
    assert!(matches!(gone, StartError::DataFolder { .. }), "{gone}");
    std::fs::write(&files.1, &other.key).unwrap();
    let error = try_with(Some(files.0), Some(files.1)).await;
    assert!(
        matches!(error, StartError::CertificateFile { .. }),
        "{error}"
    );
    // The text says nothing of what is in them.
    assert!(!error.to_string().contains("PRIVATE"));
}
