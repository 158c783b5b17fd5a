//! Files (XEP-0363): slots, uploads, downloads, quotas, and what is left on the
//! disk.

mod asking;
mod bytes;
mod keeping;

use std::path::PathBuf;

use xmpp_core::{Element, ns};

use crate::client::Client;
use crate::server::Server;
use crate::web::request;

/// The answer to a wish for a slot.
async fn ask(client: &mut Client, attributes: &str, inside: &str) -> Element {
    let iq = format!(
        "<iq type='get' id='slot' to='upload.team.internal'><request xmlns='{}' {attributes}>{inside}</request></iq>",
        ns::HTTP_UPLOAD
    );
    client.ask(&iq).await.1
}

/// The path of a new slot.
async fn slot(client: &mut Client, name: &str, size: usize, kind: &str) -> String {
    let kind = match kind {
        "" => String::new(),
        kind => format!("content-type='{kind}'"),
    };
    let answer = ask(
        client,
        &format!("filename='{name}' size='{size}' {kind}"),
        "",
    )
    .await;
    path(&answer)
}

fn path(answer: &Element) -> String {
    let slot = answer.get_child("slot", ns::HTTP_UPLOAD);
    let slot = slot.unwrap_or_else(|| panic!("{answer:?}"));
    let url = |name| {
        slot.get_child(name, ns::HTTP_UPLOAD)
            .unwrap()
            .attr("url")
            .unwrap()
    };
    let (put, get) = (url("put"), url("get"));
    assert_eq!(put, get);
    let (host, path) = put
        .strip_prefix("https://")
        .unwrap()
        .split_once('/')
        .unwrap();
    assert!(host.starts_with("127.0.0.1:"), "{host}");
    format!("/{path}")
}

async fn put(server: &Server, path: &str, body: &[u8]) -> u16 {
    request(server, "PUT", path, &[], body).await.status()
}

/// A slot that is filled at once.
async fn upload(
    server: &Server,
    client: &mut Client,
    name: &str,
    kind: &str,
    body: &[u8],
) -> String {
    let path = slot(client, name, body.len(), kind).await;
    assert_eq!(put(server, &path, body).await, 201);
    path
}

/// Everything in the folder of files, by name; folders without files not.
fn on_disk(server: &Server) -> Vec<String> {
    let folder = server.data().join("files");
    let mut found = Vec::new();
    for group in std::fs::read_dir(&folder).unwrap() {
        for file in std::fs::read_dir(group.unwrap().path()).unwrap() {
            let path: PathBuf = file.unwrap().path();
            let path = path.strip_prefix(&folder).unwrap();
            found.push(path.display().to_string());
        }
    }
    found.sort();
    found
}

/// Of `hello`.
const HELLO: &str = "2c/f24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
