//! The commands of `startalk-nav`.

use std::io::{Read, Write};
use std::num::{NonZeroU32, NonZeroU64};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use navigation::{
    Authority, Endpoint, FetchedFrom, IssuerKey, MAX_DOCUMENT_BYTES, NavigationDocument,
    NavigationInput, NavigationLink, Policy, Preview, ServerTarget, SignedDocument, SigningKey,
    SpkiPin, Trust, UpdatePolicy,
};
use serde_json::json;
use startalk_navigation as navigation;

use crate::describe::{describe_document, describe_target};
use crate::values::{preview, updates_channel, updates_up_to, updates_url};

/// Navigation documents: where a team's server is, signed by who runs it.
///
/// Exit codes: 0 done or valid, 1 refused or invalid, 2 wrong usage.
#[derive(Parser)]
#[command(name = "startalk-nav", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a key to sign with. The file is the secret: keep it.
    Keygen {
        /// File to make; an existing one is never overwritten.
        key: PathBuf,
    },
    /// Writes an unsigned document.
    New(New),
    /// Signs a document: writes the envelope.
    Sign {
        /// The document ("-" for standard input).
        document: PathBuf,
        /// The key file.
        #[arg(long)]
        key: PathBuf,
        #[command(flatten)]
        to: Output,
    },
    /// Checks an envelope: signature, issuer, validity, content.
    Verify {
        /// The envelope ("-" for standard input).
        envelope: PathBuf,
        /// Public key that must have signed it.
        #[arg(long)]
        issuer: Option<IssuerKey>,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Makes a link: of the whole envelope, or with --url of where it is published.
    Link {
        /// The envelope ("-" for standard input).
        envelope: PathBuf,
        /// Address at which the envelope is published.
        #[arg(long)]
        url: Option<String>,
        #[command(flatten)]
        to: Output,
    },
    /// Explains a link or address: what it is and where it leads.
    Show {
        /// The text ("-" for standard input).
        text: String,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows a link as a QR code.
    Qr {
        /// The link ("-" for standard input).
        link: String,
        /// Write an SVG document instead of text.
        #[arg(long)]
        svg: bool,
        #[command(flatten)]
        to: Output,
    },
}

#[derive(Args)]
struct New {
    /// Domain of the accounts.
    domain: String,
    /// Name of the team or company.
    #[arg(long)]
    name: Option<String>,
    /// Where the server listens: tls:HOST:PORT, starttls:HOST:PORT or
    /// wss:HOST:PORT/PATH; may be given again, best first.
    #[arg(long)]
    endpoint: Vec<Endpoint>,
    /// Fingerprint of the server's key, as `startalk-server status` shows it while the
    /// server runs.
    #[arg(long)]
    pin: Vec<SpkiPin>,
    /// File with the certificates of authorities of this server's own (PEM).
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Trust the system's certificate authorities as well.
    #[arg(long)]
    system_roots: bool,
    /// Number of the document; has to rise with every change.
    #[arg(long, default_value_t = 1)]
    serial: u64,
    /// Time after which it is no longer accepted (RFC 3339).
    #[arg(long)]
    valid_until: Option<Timestamp>,
    /// Ask clients to keep messages on a device for so many days only.
    #[arg(long)]
    cache_days: Option<NonZeroU32>,
    /// Ask clients to keep so many bytes of messages on a device only.
    #[arg(long)]
    cache_bytes: Option<NonZeroU64>,
    /// Ask clients to show no more than this of a message in notifications: name
    /// (who wrote it) or nothing.
    #[arg(long, value_parser = preview)]
    preview: Option<Preview>,
    /// Ask clients not to look for new versions.
    #[arg(long)]
    updates_off: bool,
    /// Where clients look for new versions.
    #[arg(long, value_parser = updates_url)]
    updates_url: Option<String>,
    /// Which kind of versions clients take there, such as `beta`.
    #[arg(long, value_parser = updates_channel)]
    updates_channel: Option<String>,
    /// Ask clients not to go beyond this version, such as 1.4.0.
    #[arg(long, value_parser = updates_up_to)]
    updates_up_to: Option<String>,
    #[command(flatten)]
    to: Output,
}

// What Windows PowerShell redirects becomes UTF-16, and that is no JSON.
#[derive(Args)]
struct Output {
    /// File to write, in place of standard output; one that is there is replaced.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Output {
    fn write(&self, text: &str) -> anyhow::Result<()> {
        match &self.output {
            None => {
                println!("{text}");
                Ok(())
            }
            Some(path) => std::fs::write(path, format!("{text}\n"))
                .with_context(|| path.display().to_string()),
        }
    }
}

pub(crate) fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Keygen { key } => keygen(&key),
        Command::New(new) => new_document(new),
        Command::Sign { document, key, to } => sign(&document, &key, &to),
        Command::Verify {
            envelope,
            issuer,
            json,
        } => verify(&envelope, issuer, json),
        Command::Link { envelope, url, to } => link(&envelope, url, &to),
        Command::Show { text, json } => show(&text, json),
        Command::Qr { link, svg, to } => qr(&link, svg, &to),
    }
}

fn keygen(path: &Path) -> anyhow::Result<()> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("no random bytes")?;
    let key = SigningKey::from_seed(&seed);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options
        .open(path)
        .with_context(|| path.display().to_string())?;
    writeln!(file, "{}", key.to_secret_text())?;
    file.sync_all()?;
    println!("issuer {}", key.issuer());
    println!("fingerprint {}", key.issuer().fingerprint());
    Ok(())
}

fn new_document(new: New) -> anyhow::Result<()> {
    let authorities = match &new.ca {
        Some(path) => {
            let pem = String::from_utf8(read(path)?).context("not a PEM file")?;
            Authority::from_pem(&pem).with_context(|| path.display().to_string())?
        }
        None => Vec::new(),
    };
    let target = ServerTarget {
        domain: new.domain,
        name: new.name,
        endpoints: new.endpoint,
        trust: Trust {
            system_roots: new.system_roots || (new.pin.is_empty() && authorities.is_empty()),
            spki_sha256: new.pin,
            authorities,
        },
    };
    target.validate()?;
    let document = NavigationDocument {
        serial: new.serial,
        valid_until: new.valid_until,
        policy: Policy {
            cache_days: new.cache_days,
            cache_bytes: new.cache_bytes,
            preview: new.preview,
            updates: UpdatePolicy {
                off: new.updates_off,
                url: new.updates_url,
                channel: new.updates_channel,
                up_to: new.updates_up_to,
            },
        },
        ..NavigationDocument::new(target, Timestamp::now())
    };
    new.to.write(&serde_json::to_string_pretty(&document)?)
}

fn sign(document: &Path, key: &Path, to: &Output) -> anyhow::Result<()> {
    let document = NavigationDocument::from_json(&read(document)?)?;
    let text = String::from_utf8(read(key)?).context("not a key file")?;
    let key = SigningKey::from_text(&text).context("not a key file")?;
    to.write(&SignedDocument::sign(&document, &key)?.to_json())
}

fn verify(envelope: &Path, issuer: Option<IssuerKey>, json: bool) -> anyhow::Result<()> {
    let envelope = SignedDocument::from_json(&read(envelope)?)?;
    match envelope.verify(Timestamp::now(), issuer) {
        Ok(document) if json => {
            println!(
                "{}",
                json!({ "valid": true, "issuer": envelope.issuer(), "document": document })
            );
            Ok(())
        }
        Ok(document) => {
            println!("valid, signed by {}", envelope.issuer().fingerprint());
            describe_document(&document);
            Ok(())
        }
        Err(error) => {
            if json {
                println!("{}", json!({ "valid": false, "error": error.code() }));
            }
            bail!(error)
        }
    }
}

fn link(envelope: &Path, url: Option<String>, to: &Output) -> anyhow::Result<()> {
    let envelope = SignedDocument::from_json(&read(envelope)?)?;
    envelope.verify(Timestamp::now(), None)?;
    let link = match url {
        None => NavigationLink::Embedded(envelope),
        Some(url) => NavigationLink::Fetched(FetchedFrom {
            url: url.parse().context("not an address")?,
            issuer: envelope.issuer(),
        }),
    };
    let text = link.to_link();
    // Nobody should hand out a link that the app then refuses.
    NavigationInput::parse(&text)?;
    to.write(&text)
}

fn show(text: &str, json: bool) -> anyhow::Result<()> {
    let input = match NavigationInput::parse(&argument(text)?) {
        Ok(input) => input,
        Err(error) => {
            if json {
                println!("{}", json!({ "error": error.code() }));
            }
            bail!(error)
        }
    };
    if json {
        println!("{}", as_json(&input));
        return Ok(());
    }
    match input {
        NavigationInput::Invite(invite) => {
            println!("invitation: makes an account");
            if let Some(inviter) = &invite.inviter {
                println!("invited by {inviter}");
            }
            describe_target(&invite.target);
        }
        NavigationInput::Server(target) => {
            println!("server: sign in with an account that exists");
            describe_target(&target);
        }
        NavigationInput::Account { user, target } => {
            println!("account {user} on a server");
            describe_target(&target);
        }
        NavigationInput::Navigation(NavigationLink::Fetched(from)) => {
            println!("navigation published at {}", from.url);
            println!("must be signed by {}", from.issuer.fingerprint());
        }
        NavigationInput::Navigation(NavigationLink::Embedded(document)) => {
            let read = document.verify(Timestamp::now(), None)?;
            println!("navigation signed by {}", document.issuer().fingerprint());
            describe_document(&read);
        }
    }
    Ok(())
}

fn as_json(input: &NavigationInput) -> serde_json::Value {
    match input {
        // The token is a secret: it stays in the link.
        NavigationInput::Invite(invite) => {
            json!({ "kind": "invite", "target": invite.target, "inviter": invite.inviter })
        }
        NavigationInput::Server(target) => json!({ "kind": "server", "target": target }),
        NavigationInput::Account { user, target } => {
            json!({ "kind": "account", "user": user, "target": target })
        }
        NavigationInput::Navigation(NavigationLink::Fetched(from)) => {
            json!({ "kind": "navigation", "url": from.url.as_str(), "issuer": from.issuer })
        }
        NavigationInput::Navigation(NavigationLink::Embedded(document)) => {
            let checked = document.verify(Timestamp::now(), None);
            json!({
                "kind": "navigation",
                "issuer": document.issuer(),
                "error": checked.as_ref().err().map(|error| error.code()),
                "document": checked.ok(),
            })
        }
    }
}

fn qr(link: &str, svg: bool, to: &Output) -> anyhow::Result<()> {
    let link = argument(link)?;
    let link = link.trim();
    let picture = match svg {
        true => navigation::qr_svg(link)?,
        false => navigation::qr_text(link)?,
    };
    to.write(&picture)
}

/// A text given on the command line, or "-" for standard input.
fn argument(text: &str) -> anyhow::Result<String> {
    if text == "-" {
        Ok(String::from_utf8(read(Path::new("-"))?).context("not text")?)
    } else {
        Ok(text.to_owned())
    }
}

/// Reads a small file; "-" is standard input. Larger ones are cut off just
/// above the limit and then refused by whoever parses them. A byte order mark is no
/// part of it.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let limit = MAX_DOCUMENT_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(limit)
            .read_to_end(&mut bytes)?;
    } else {
        let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
        file.take(limit).read_to_end(&mut bytes)?;
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        bail!(
            "{}: written as UTF-16; --output writes UTF-8",
            path.display()
        );
    }
    Ok(navigation::without_mark(&bytes).to_vec())
}
