//! Prosody's configuration.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::{Hash, Storage, in_folder, installed};
use crate::peer::Target;

/// Name of its configuration.
pub(super) const FILE: &str = "prosody.cfg.lua";

pub(super) fn configuration(
    folder: &Path,
    target: &Target,
    storage: Storage,
    hash: Hash,
    web: Option<SocketAddr>,
) -> String {
    let folder = folder.display();
    let tcp = target.tcp.port();
    let tls = target.tls.expect("a port").port();
    let storage = match storage {
        // SQLite's own defaults: journal, and synchronous FULL.
        Storage::Sqlite => {
            "storage = \"sql\"\nsql = { driver = \"SQLite3\", database = \"prosody.sqlite\" }"
        }
        Storage::Own => "storage = \"internal\"",
    };
    let hash = match hash {
        Hash::Sha1 => "SHA-1",
        Hash::Sha256 => "SHA-256",
    };
    let (web_ports, websocket, upload) = match web {
        Some(web) => {
            let port = web.port();
            let upload = format!(
                "Component \"upload.localhost\" \"http_file_share\"\n    \
                 http_host = \"localhost\"\n    \
                 http_external_url = \"https://localhost:{port}/\""
            );
            (port.to_string(), "\"websocket\",", upload)
        }
        None => (String::new(), "", String::new()),
    };
    format!(
        r#"
-- It has a folder of its own and ports above 1024: nothing here needs another user.
run_as_root = true
daemonize = false
pidfile = "{folder}/pid"
data_path = "{folder}/data"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {tcp} }}
c2s_direct_tls_ports = {{ {tls} }}
s2s_ports = {{ }}
http_ports = {{ }}
https_ports = {{ {web_ports} }}
http_default_host = "localhost"
log = {{ warn = "{folder}/log" }}
modules_enabled = {{
    "roster", "saslauth", "tls", "disco", "ping", "register", "register_ibr", "mam", "smacks",
    "carbons", "pep", "blocklist", "bookmarks", "csi", "time", "version", "vcard_legacy", "private",
    "limits", "offline", "presence", "message", "iq", "posix",
    {websocket}
}}
modules_disabled = {{ "s2s" }}
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_hashed"
password_hash = "{hash}"
default_iteration_count = 4096
limits = {{ }}
{storage}
default_archive_policy = true
archive_expires_after = "never"
max_archive_query_results = 100
ssl = {{ certificate = "{folder}/certificate.pem", key = "{folder}/key.pem" }}
c2s_direct_tls_ssl = {{ certificate = "{folder}/certificate.pem", key = "{folder}/key.pem" }}
https_ssl = {{ certificate = "{folder}/certificate.pem", key = "{folder}/key.pem" }}

VirtualHost "localhost"

Component "conference.localhost" "muc"
    modules_enabled = {{ "muc_mam" }}
    muc_log_by_default = true
    muc_room_locking = true

{upload}
"#
    )
}

pub(super) fn command(folder: &Path) -> Command {
    std::fs::create_dir_all(folder.join("data")).expect("a folder");
    let mut command = in_folder(&installed(&["/usr/bin/prosody"]), folder);
    command.arg("-F").arg("--config").arg(folder.join(FILE));
    command
}

/// By `prosody-migrator`, which reads from the data folder that it was built for:
/// a copy of it here reads from the exported one.
pub(super) fn import(folder: &Path, exported: &Path) {
    const BUILT_FOR: &str = "CFG_DATADIR='/var/lib/prosody'";
    let tool = installed(&["/usr/bin/prosody-migrator"]);
    let text = std::fs::read_to_string(tool).expect("a script");
    assert!(text.contains(BUILT_FOR), "another prosody-migrator");
    let here = format!("CFG_DATADIR='{}'", exported.display());
    let script = folder.join("migrator.lua");
    std::fs::write(&script, text.replace(BUILT_FOR, &here)).expect("written");
    // It wants the folder of the host to be there.
    std::fs::create_dir_all(folder.join("data/localhost")).expect("a folder");
    let stores = [
        "accounts",
        "roster",
        "vcard",
        "private",
        "archive-archive",
        "pep-pubsub",
    ];
    let configuration = format!(
        "input {{ hosts = {{ [\"localhost\"] = {{ {} }} }}, type = \"xep0227\" }}\n\
         output {{ type = \"internal\", path = \"{}/data\" }}\n",
        stores.map(|store| format!("\"{store}\"")).join(", "),
        folder.display()
    );
    let file = folder.join("migrator.cfg.lua");
    std::fs::write(&file, configuration).expect("written");
    let mut command = in_folder(&installed(&["/usr/bin/lua5.4"]), folder);
    let output = command
        .arg(script)
        // Stay who we are; and the host itself has nothing to bring, which it
        // calls an error.
        .args(["--root", "--keep-going", "--config"])
        .arg(file)
        .output()
        .expect("the migrator starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("Done!"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
