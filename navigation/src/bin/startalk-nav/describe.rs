//! Documents and servers in words.

use navigation::{NavigationDocument, Policy, Preview, ServerTarget};
use startalk_navigation as navigation;

/// What a document says.
pub(crate) fn describe_document(document: &NavigationDocument) {
    println!("number {}, issued {}", document.serial, document.issued_at);
    if let Some(until) = document.valid_until {
        println!("valid until {until}");
    }
    describe_target(&document.target);
    describe_policy(&document.policy);
}

fn describe_policy(policy: &Policy) {
    if let Some(days) = policy.cache_days {
        println!("messages stay on a device for {days} days");
    }
    if let Some(bytes) = policy.cache_bytes {
        println!("messages use {bytes} bytes of a device");
    }
    match policy.preview {
        Some(Preview::Name) => println!("notifications show who wrote, nothing more"),
        Some(Preview::Nothing) => println!("notifications show nothing of a message"),
        None => {}
    }
    let updates = &policy.updates;
    if updates.off {
        println!("new versions are not looked for");
    }
    if let Some(url) = &updates.url {
        println!("new versions are looked for at {url}");
    }
    if let Some(channel) = &updates.channel {
        println!("new versions of the channel {channel}");
    }
    if let Some(version) = &updates.up_to {
        println!("new versions up to {version}");
    }
    // One that was signed elsewhere, or by an earlier program.
    if let Err(error) = policy.validate() {
        println!("clients look for no new versions: {error}");
    }
}

/// Where a server is, and how it is proven.
pub(crate) fn describe_target(target: &ServerTarget) {
    if let Some(name) = &target.name {
        println!("name {name}");
    }
    println!("domain {}", target.domain);
    for endpoint in &target.endpoints {
        println!("endpoint {endpoint}");
    }
    if target.endpoints.is_empty() {
        println!("endpoints are looked up by the domain");
    }
    for pin in &target.trust.spki_sha256 {
        println!("server key {pin}");
    }
    if !target.trust.authorities.is_empty() {
        let count = target.trust.authorities.len();
        println!("proven by {count} authorities of its own");
    }
    if target.trust.system_roots {
        println!("proven by the certificate authorities of the system");
    }
}
