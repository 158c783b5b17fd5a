//! Doubles, worlds and drivers for the whole-system tests in `tests/tests`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "code of tests: a panic with its place is the report"
)]

pub mod processes;
pub mod search;
pub mod window;
pub mod words;
pub mod world;

use std::path::Path;
use std::sync::Arc;

use engine::{Engine, EngineConfig, MemorySecrets};
use navigation::ServerTarget;

/// An engine on this profile, with its secrets in memory.
///
/// # Panics
/// If it does not open.
pub async fn engine_in(profile: &Path) -> Engine {
    std::fs::create_dir_all(profile).expect("a folder");
    let config = EngineConfig {
        secrets: Arc::new(MemorySecrets::default()),
        ..EngineConfig::new(profile.to_owned())
    };
    Engine::open(config).await.expect("engine opens")
}

/// A signed navigation that leads to this server, as a link.
///
/// # Panics
/// If it cannot be signed.
#[must_use]
pub fn navigation_link(target: &ServerTarget) -> String {
    use navigation::{NavigationDocument, NavigationLink, SignedDocument, SigningKey};
    let issued_at = "2026-01-01T00:00:00Z".parse().expect("a time");
    let document = NavigationDocument::new(target.clone(), issued_at);
    let signed = SignedDocument::sign(&document, &SigningKey::from_seed(&[1; 32]));
    NavigationLink::Embedded(signed.expect("signs")).to_link()
}
