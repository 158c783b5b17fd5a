//! A server that offers versions, and keys of the test's own.

use std::io::{Read, Write};
use std::net::TcpListener;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use tauri::test::{MockRuntime, mock_builder, mock_context, noop_assets};

use url::Url;

use super::*;

/// The version that runs.
const RUNS: &str = "1.2.0";
const PACKAGE: &[u8] = b"a package, or so it seems";
/// Of a key, in minisign's files.
const KEY_ID: [u8; 8] = *b"startalk";

/// A key as minisign has it, in Tauri's wrapping of base64.
fn public_key(key: &SigningKey) -> String {
    let bytes = [b"Ed", &KEY_ID[..], key.verifying_key().as_bytes()].concat();
    STANDARD.encode(format!(
        "untrusted comment: key\n{}\n",
        STANDARD.encode(bytes)
    ))
}

/// What `tauri signer sign --app-version` makes for this version, and without that
/// option for none.
fn sign(key: &SigningKey, bytes: &[u8], version: Option<&str>) -> String {
    let signature = key.sign(bytes).to_bytes();
    let mut comment = "timestamp:1700000000\tfile:x".to_owned();
    if let Some(version) = version {
        comment.push_str(&format!("\tversion:{version}"));
    }
    let whole = key.sign(&[&signature[..], comment.as_bytes()].concat());
    let first = [b"Ed", &KEY_ID[..], &signature].concat();
    STANDARD.encode(format!(
        "untrusted comment: signature\n{}\ntrusted comment: {comment}\n{}\n",
        STANDARD.encode(first),
        STANDARD.encode(whole.to_bytes()),
    ))
}

/// Serves a manifest, and the package beside it, until the test ends.
fn offer(version: &str, signature: &str, has_ours: bool) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let target = if has_ours {
        tauri_plugin_updater::target().unwrap()
    } else {
        "plan9-pdp11".to_owned()
    };
    let manifest = serde_json::json!({
        "version": version,
        "platforms": { target: { "url": format!("http://{address}/package"), "signature": signature } },
    })
    .to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap();
            let wants_package = request.get(..read).unwrap().starts_with(b"GET /package");
            let body = if wants_package {
                PACKAGE
            } else {
                manifest.as_bytes()
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            drop(stream.write_all(&[head.as_bytes(), body].concat()));
        }
    });
    format!("http://{address}/latest.json").parse().unwrap()
}

fn app() -> tauri::App<MockRuntime> {
    let mut context = mock_context(noop_assets());
    let configuration: serde_json::Value =
        serde_json::from_str(include_str!("../../tauri.conf.json")).unwrap();
    // As the program itself is configured.
    let updater = configuration["plugins"]["updater"].clone();
    context
        .config_mut()
        .plugins
        .0
        .insert("updater".to_owned(), updater);
    mock_builder()
        .plugin(tauri_plugin_updater::Builder::new().build())
        .build(context)
        .unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn source(url: Url, up_to: Option<&str>) -> Source {
    Source {
        key: public_key(&key()),
        url,
        up_to: up_to.map(|version| version.parse().unwrap()),
    }
}

async fn found(source: &Source) -> Found {
    find(app().handle(), source, None, RUNS).await.unwrap()
}

/// A version that is wanted, and what there is of it.
fn wanted(found: Found) -> (String, Option<Box<Update>>) {
    match found {
        Found::Wanted { version, package } => (version.to_string(), package),
        Found::HeldBack(version) => panic!("{version} is held back"),
        Found::Nothing => panic!("nothing"),
    }
}

/// What comes of fetching the version that is offered.
async fn fetched(version: &str, signature: &str, limit: usize) -> Result<Vec<u8>, Error> {
    let source = source(offer(version, signature, true), None);
    let (wanted, package) = wanted(found(&source).await);
    assert_eq!(wanted, version);
    fetch(&package.unwrap(), limit).await
}

#[tokio::test]
async fn u120_a_newer_version_with_the_right_signature_is_taken() {
    let signature = sign(&key(), PACKAGE, Some("1.3.0"));
    let bytes = fetched("1.3.0", &signature, MAX_BYTES).await.unwrap();
    assert_eq!(bytes, PACKAGE);
}

#[tokio::test]
async fn u120_what_is_not_proven_is_refused() {
    let stranger = SigningKey::from_bytes(&[8; 32]);
    for (what, signature) in [
        ("by a stranger", sign(&stranger, PACKAGE, Some("1.3.0"))),
        (
            "of other bytes",
            sign(&key(), b"something else", Some("1.3.0")),
        ),
        ("of an older version", sign(&key(), PACKAGE, Some("1.1.0"))),
        ("of no version", sign(&key(), PACKAGE, None)),
        ("no signature", "nonsense".to_owned()),
    ] {
        assert!(
            fetched("1.3.0", &signature, MAX_BYTES).await.is_err(),
            "{what}"
        );
    }
}

#[tokio::test]
async fn u120_a_package_without_end_is_left() {
    let signature = sign(&key(), PACKAGE, Some("1.3.0"));
    let fetched = fetched("1.3.0", &signature, PACKAGE.len() - 1).await;
    assert!(matches!(fetched, Err(Error::Network(_))));
}

#[tokio::test]
async fn u120_an_older_version_is_none_and_one_past_the_pin_is_held_back() {
    let signature = sign(&key(), PACKAGE, Some("1.1.0"));
    for version in ["1.1.0", RUNS] {
        let source = source(offer(version, &signature, true), None);
        assert!(matches!(found(&source).await, Found::Nothing), "{version}");
    }
    let offered = offer("1.4.0", &signature, true);
    match found(&source(offered.clone(), Some("1.3.9"))).await {
        Found::HeldBack(version) => assert_eq!(version.to_string(), "1.4.0"),
        Found::Wanted { .. } | Found::Nothing => panic!("not held back"),
    }
    assert_eq!(
        wanted(found(&source(offered, Some("1.4.0"))).await).0,
        "1.4.0"
    );
}

#[test]
fn u120_only_what_one_user_installed_is_installed_anew() {
    for (package, is_installed) in [
        (Some(BundleType::Nsis), true),
        // Also where it came in an image.
        (Some(BundleType::App), true),
        (Some(BundleType::Msi), false),
        (Some(BundleType::Deb), false),
        (Some(BundleType::Rpm), false),
        (None, false),
    ] {
        assert_eq!(installs(package.clone()), is_installed, "{package:?}");
    }
}

/// As on Linux, where nobody offers packages here.
#[tokio::test]
async fn u120_a_version_is_told_without_a_package_for_this_system() {
    let source = source(offer("1.3.0", "", false), None);
    let (version, package) = wanted(found(&source).await);
    assert_eq!(version, "1.3.0");
    assert!(package.is_none());
}

#[tokio::test]
async fn u120_the_proxy_is_asked_and_nothing_goes_past_it() {
    // What answers as a proxy answers for an address that is nowhere.
    let signature = sign(&key(), PACKAGE, Some("1.3.0"));
    let proxy = offer("1.3.0", &signature, true);
    let source = source("http://updates.invalid/latest.json".parse().unwrap(), None);
    let through = Some(Zeroizing::new(format!(
        "http://127.0.0.1:{}",
        proxy.port().unwrap()
    )));
    let app = app();
    let found = find(app.handle(), &source, through, RUNS).await.unwrap();
    assert_eq!(wanted(found).0, "1.3.0");
    assert!(find(app.handle(), &source, None, RUNS).await.is_err());
}
