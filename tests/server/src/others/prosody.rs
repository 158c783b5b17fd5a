//! Prosody's configuration.

use std::path::Path;
use std::process::Command;

use super::{Storage, in_folder, installed};
use crate::peer::Target;

/// Name of its configuration.
pub(super) const FILE: &str = "prosody.cfg.lua";

pub(super) fn configuration(folder: &Path, target: &Target, storage: Storage) -> String {
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
https_ports = {{ }}
log = {{ warn = "{folder}/log" }}
modules_enabled = {{
    "roster", "saslauth", "tls", "disco", "ping", "register", "register_ibr", "mam", "smacks",
    "carbons", "pep", "blocklist", "bookmarks", "csi", "time", "version", "vcard_legacy", "private",
    "limits", "offline", "presence", "message", "iq", "posix",
}}
modules_disabled = {{ "s2s" }}
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_hashed"
password_hash = "SHA-256"
default_iteration_count = 4096
limits = {{ }}
{storage}
default_archive_policy = true
archive_expires_after = "never"
max_archive_query_results = 100
ssl = {{ certificate = "{folder}/certificate.pem", key = "{folder}/key.pem" }}
c2s_direct_tls_ssl = {{ certificate = "{folder}/certificate.pem", key = "{folder}/key.pem" }}

VirtualHost "localhost"

Component "conference.localhost" "muc"
    modules_enabled = {{ "muc_mam" }}
    muc_log_by_default = true
    muc_room_locking = true
"#
    )
}

pub(super) fn command(folder: &Path) -> Command {
    std::fs::create_dir_all(folder.join("data")).expect("a folder");
    let mut command = in_folder(&installed(&["/usr/bin/prosody"]), folder);
    command.arg("-F").arg("--config").arg(folder.join(FILE));
    command
}
