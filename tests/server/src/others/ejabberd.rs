//! ejabberd's configuration.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::{Hash, Storage, in_folder, installed};
use crate::peer::{PATIENCE, Target};

/// Name of its configuration.
pub(super) const FILE: &str = "ejabberd.yml";

pub(super) fn configuration(
    folder: &Path,
    target: &Target,
    storage: Storage,
    hash: Hash,
    api: SocketAddr,
    web: Option<SocketAddr>,
) -> String {
    let api = api.port();
    let upload = web.map_or_else(String::new, |web| {
        let (port, folder) = (web.port(), folder.display());
        format!(
            "\n  mod_http_upload: {{put_url: \"https://localhost:{port}/upload\", \
             docroot: \"{folder}/upload\", access: everybody}}"
        )
    });
    let web = web.map_or_else(String::new, |web| {
        let port = web.port();
        format!(
            "\n  - {{port: {port}, ip: \"127.0.0.1\", module: ejabberd_http, tls: true, \
             request_handlers: {{/ws: ejabberd_http_ws, /upload: mod_http_upload}}}}"
        )
    });
    let hash = match hash {
        Hash::Sha1 => "sha",
        Hash::Sha256 => "sha256",
    };
    let folder = folder.display();
    let tcp = target.tcp.port();
    let tls = target.tls.expect("a port").port();
    let storage = match storage {
        // SQLite's own defaults: journal, and synchronous FULL.
        Storage::Sqlite => format!(
            "sql_type: sqlite\nsql_database: \"{folder}/ejabberd.sqlite\"\n\
             default_db: sql\nauth_method: sql"
        ),
        Storage::Own => "default_db: mnesia\nauth_method: internal".to_owned(),
    };
    format!(
        r#"
hosts: [localhost]
loglevel: warning
certfiles: ["{folder}/both.pem"]
{storage}
auth_password_format: scram
auth_scram_hash: {hash}
registration_timeout: infinity
listen:
  - {{port: {tcp}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: true, max_stanza_size: 262144}}
  - {{port: {tls}, ip: "127.0.0.1", module: ejabberd_c2s, tls: true, max_stanza_size: 262144}}
  - {{port: {api}, ip: "127.0.0.1", module: ejabberd_http, request_handlers: {{/api: mod_http_api}}}}{web}
api_permissions:
  "this machine": {{who: {{ip: 127.0.0.1/8}}, what: "*"}}
access_rules:
  everybody: [{{allow: all}}]
modules:
  mod_adhoc: {{}}
  mod_blocking: {{}}
  mod_caps: {{}}
  mod_carboncopy: {{}}
  mod_client_state: {{}}
  mod_disco: {{}}{upload}
  mod_last: {{}}
  mod_mam: {{default: always}}
  mod_muc:
    host: conference.localhost
    access: everybody
    access_create: everybody
    max_users: 1000
    default_room_options: {{mam: true, persistent: true, max_users: 1000}}
  mod_offline: {{}}
  mod_ping: {{}}
  mod_privacy: {{}}
  mod_private: {{}}
  mod_pubsub: {{plugins: [flat, pep]}}
  mod_register: {{ip_access: everybody, access: everybody, registration_watchers: []}}
  mod_roster: {{}}
  mod_stream_mgmt: {{resend_on_timeout: if_offline}}
  mod_time: {{}}
  mod_vcard: {{}}
  mod_version: {{}}
"#
    )
}

/// Without a name for the node: no epmd, no cookie, no other node can reach it.
pub(super) fn command(folder: &Path) -> Command {
    let mut command = in_folder(&installed(&["/usr/bin/erl"]), folder);
    let path = |name: &str| folder.join(name);
    command
        .env("EJABBERD_CONFIG_PATH", path(FILE))
        .env("EJABBERD_LOG_PATH", path("log"))
        .env("ERL_CRASH_DUMP", path("crash"))
        .env("ERL_LIBS", libraries())
        .args(["+K", "true", "+P", "250000", "-noinput"])
        .args(["-mnesia", "dir"])
        .arg(format!("\"{}\"", path("mnesia").display()))
        .args(["-s", "ejabberd"]);
    command
}

/// Where Debian keeps ejabberd's code: by processor.
fn libraries() -> String {
    let folder = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    assert!(Path::new(&folder).is_dir(), "{folder} is not there");
    folder
}

/// By its command `import_piefxis`, which is `ejabberdctl`'s and its HTTP API's.
pub(super) fn import(api: SocketAddr, exported: &Path) {
    let body = serde_json::json!({ "file": exported }).to_string();
    // It listens there a little later than where clients connect.
    let end = Instant::now() + PATIENCE;
    let mut socket = loop {
        match TcpStream::connect(api) {
            Ok(socket) => break socket,
            Err(error) => assert!(Instant::now() < end, "no API: {error}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    write!(
        socket,
        "POST /api/import_piefxis HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("it reads");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(body.trim(), "0", "import_piefxis: {answer}");
}
