//! Row 1 of what users of the peers complain of: authorities of a company,
//! certificates that sign themselves, chains with a gap.

use std::sync::Arc;

use navigation::Trust;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use startalk_engine::api::ErrorCode;
use startalk_engine::{Engine, MemorySecrets};

use crate::authority::Ca;
use crate::client::{TIMEOUTS, config, rosa};
use crate::peer::{DOMAIN, PASSWORD, Server};

/// What comes of joining: nothing, if all is well.
async fn join(server: &Server) -> Option<ErrorCode> {
    let folder = tempfile::tempdir().unwrap();
    let secrets = Arc::new(MemorySecrets::default());
    let engine = Engine::open(config(folder.path(), secrets, TIMEOUTS))
        .await
        .unwrap();
    let talk = async {
        let socket = server.accept_tcp().await;
        if let Some(mut peer) = server.try_secure(socket).await {
            peer.sign_in().await;
            assert!(peer.closes_in_order().await);
        }
    };
    let (added, ()) = tokio::join!(engine.add_account(rosa(server, PASSWORD)), talk);
    engine.close().await;
    added.err().map(|error| error.code)
}

#[tokio::test]
async fn row_1_an_authority_that_the_navigation_names_counts() {
    let root = Ca::new("Company");
    let between = root.below("Company, office");
    let whole = between.server(&[&between], root.trust(), |_| {});
    assert_eq!(join(&whole).await, None);
    // A link of the chain that every browser has seen elsewhere, and we have not.
    let gap = between.server(&[], root.trust(), |_| {});
    assert_eq!(join(&gap).await, Some(ErrorCode::CertificateNotTrusted));
    // Beside the system's authorities too.
    let both = Trust {
        system_roots: true,
        ..root.trust()
    };
    assert_eq!(join(&root.server(&[], both, |_| {})).await, None);
}

#[tokio::test]
async fn row_1_each_problem_of_a_certificate_has_its_code() {
    let root = Ca::new("Company");
    let expired = root.server(&[], root.trust(), |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    assert_eq!(join(&expired).await, Some(ErrorCode::CertificateExpired));
    let early = root.server(&[], root.trust(), |params| {
        params.not_before = date_time_ymd(2090, 1, 1);
        params.not_after = date_time_ymd(2091, 1, 1);
    });
    assert_eq!(join(&early).await, Some(ErrorCode::CertificateExpired));
    let elsewhere = root.server(&[], root.trust(), |params| {
        *params = CertificateParams::new(vec!["other.example".to_owned()]).unwrap();
    });
    assert_eq!(
        join(&elsewhere).await,
        Some(ErrorCode::CertificateWrongName)
    );
    // Somebody else with the same name.
    let forged = Ca::new("Company").server(&[], root.trust(), |_| {});
    assert_eq!(join(&forged).await, Some(ErrorCode::CertificateNotTrusted));
}

#[tokio::test]
async fn row_1_a_certificate_that_signs_itself_counts_only_where_it_is_pinned() {
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let pair = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![DOMAIN.to_owned()]).unwrap();
        params.is_ca = is_ca;
        let certificate = params.self_signed(&pair).unwrap();
        let chain = vec![certificate.der().clone()];
        let other = Ca::new("Company").trust();
        let server = Server::with(chain.clone(), &pair, other);
        assert_eq!(join(&server).await, Some(ErrorCode::CertificateNotTrusted));
        let pin = navigation::SpkiPin::from_der_spki(
            &rcgen::PublicKeyData::subject_public_key_info(&pair),
        );
        let pinned = Trust {
            system_roots: false,
            spki_sha256: vec![pin],
            ..Trust::default()
        };
        assert_eq!(join(&Server::with(chain, &pair, pinned)).await, None);
    }
    // Another key than the one in the invitation, however well it is certified.
    let root = Ca::new("Company");
    let pinned = Trust {
        spki_sha256: vec![navigation::SpkiPin::from_der_spki(b"other")],
        ..root.trust()
    };
    let server = root.server(&[], pinned, |_| {});
    assert_eq!(join(&server).await, Some(ErrorCode::CertificateKeyChanged));
}

/// The store of the operating system, as the terminal client sees it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn row_1_authorities_of_the_operating_system_count() {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use navigation::{NavigationDocument, NavigationLink, SignedDocument, SigningKey};

    let root = Ca::new("Installed");
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("roots.pem");
    for (installed, works) in [(root.pem(), true), (Ca::new("Another").pem(), false)] {
        std::fs::write(&store, installed).unwrap();
        let server = root.server(&[], Trust::default(), |_| {});
        let document = NavigationDocument::new(server.target(), jiff::Timestamp::now());
        let signed = SignedDocument::sign(&document, &SigningKey::from_seed(&[7; 32])).unwrap();
        let link = NavigationLink::Embedded(signed).to_link();
        let profile = folder.path().join(works.to_string());
        let mut child = Command::new(env!("CARGO_BIN_EXE_startalk-cli"))
            .args(["--json", "--profile"])
            .arg(&profile)
            .args(["join", &link, "--name", "rosa"])
            .env_clear()
            .env("SSL_CERT_FILE", &store)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let line = format!("{PASSWORD}\n");
        input.write_all(line.as_bytes()).unwrap();
        let child = tokio::task::spawn_blocking(move || child.wait_with_output());
        let socket = server.accept_tcp().await;
        match server.try_secure(socket).await {
            Some(mut peer) => {
                assert!(works);
                peer.sign_in().await;
                assert!(peer.closes_in_order().await);
            }
            None => assert!(!works),
        }
        let output = crate::peer::within("the end", child)
            .await
            .unwrap()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), works, "{said}");
        if !works {
            assert!(
                said.contains("certificate-not-trusted") || said.contains("CertificateNotTrusted"),
                "{said}"
            );
        }
    }
}
