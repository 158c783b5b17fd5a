//! `startalk-cli people …`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Subcommand, ValueEnum};
use startalk_engine::Engine;
use startalk_engine::api::{CardView, OwnPresenceView, OwnShow, PeopleRequest, Request, Response};

use crate::args::Cli;
use crate::commands::{account, ask, odd, online, show};

#[derive(Subcommand)]
pub(crate) enum People {
    /// Adds a person and asks to see their presence.
    Add {
        /// Address of the person.
        address: String,
        /// The name that you give them.
        #[arg(long, default_value = "")]
        name: String,
        /// Group; may be given several times.
        #[arg(long)]
        group: Vec<String>,
    },
    /// Renames a contact and sets its groups.
    Change {
        /// Address of the person.
        address: String,
        /// The name that you give them.
        #[arg(long, default_value = "")]
        name: String,
        /// Group; may be given several times.
        #[arg(long)]
        group: Vec<String>,
    },
    /// Removes a contact.
    Remove {
        /// Address of the person.
        address: String,
    },
    /// Lists who asks to see your presence.
    Requests,
    /// Says yes to such a request.
    Accept {
        /// Address of the person.
        address: String,
    },
    /// Says no to such a request, or takes a yes back.
    Decline {
        /// Address of the person.
        address: String,
    },
    /// Says yes to a request that may come.
    Approve {
        /// Address of the person.
        address: String,
    },
    /// Does not want to see a person's presence any more.
    Unsubscribe {
        /// Address of the person.
        address: String,
    },
    /// Shows all that is known of a person.
    Profile {
        /// Address of the person.
        address: String,
    },
    /// Writes the picture of a person into a file.
    Avatar {
        /// Address of the person.
        address: String,
        /// The file.
        file: PathBuf,
    },
    /// Says who you are.
    SetProfile {
        /// What others call you.
        #[arg(long, default_value = "")]
        nickname: String,
        /// Whole name.
        #[arg(long, default_value = "")]
        full_name: String,
        /// Position.
        #[arg(long, default_value = "")]
        title: String,
        /// Organisation.
        #[arg(long, default_value = "")]
        organisation: String,
        /// Department.
        #[arg(long, default_value = "")]
        department: String,
        /// Address for e-mail; may be given several times.
        #[arg(long)]
        email: Vec<String>,
        /// Telephone number; may be given several times.
        #[arg(long)]
        phone: Vec<String>,
        /// Anything else.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Sets your picture, or removes it if no file is given.
    SetAvatar {
        /// PNG, JPEG, GIF or WebP, at most 128 KiB.
        file: Option<PathBuf>,
    },
    /// Shows you so from now on.
    SetPresence {
        /// How.
        show: Show,
        /// A few words.
        #[arg(default_value = "")]
        status: String,
    },
    /// Lists who is blocked.
    Blocked,
    /// Blocks a person or a whole server.
    Block {
        /// Address of the person, or domain.
        address: String,
    },
    /// Ends that.
    Unblock {
        /// Address of the person, or domain.
        address: String,
    },
    /// Searches the server's directory; without fields, shows what it can be searched by.
    Search {
        /// Value of a field, as `name=value`.
        fields: Vec<String>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Show {
    Available,
    Away,
    ExtendedAway,
    DoNotDisturb,
}

impl From<Show> for OwnShow {
    fn from(show: Show) -> Self {
        match show {
            Show::Available => Self::Available,
            Show::Away => Self::Away,
            Show::ExtendedAway => Self::ExtendedAway,
            Show::DoNotDisturb => Self::DoNotDisturb,
        }
    }
}

pub(crate) async fn carry_out(engine: &Engine, cli: &Cli, command: &People) -> anyhow::Result<()> {
    let account = account(engine, cli).await?;
    online(engine, &account).await?;
    if let People::Search { fields } = command {
        return search(engine, cli, account, fields).await;
    }
    let answer = ask(engine, Request::People(request(account, command)?)).await?;
    match answer {
        Response::Done => Ok(()),
        Response::SubscriptionRequests(all) => all.iter().try_for_each(|request| {
            show(cli, request, || {
                format!("{}\t{}\t{}", request.address, request.name, request.text)
            })
        }),
        Response::Blocked(all) => all
            .iter()
            .try_for_each(|address| show(cli, address, || address.clone())),
        Response::Profile(profile) => show(cli, &profile, || {
            let card = profile.card.clone().unwrap_or_default();
            let mut lines = vec![format!("{}\t{}", profile.address, profile.name)];
            let known = [
                ("nickname", &profile.nickname),
                ("status", &profile.status),
                ("full name", &card.full_name),
                ("title", &card.title),
                ("organisation", &card.organisation),
                ("department", &card.department),
                ("e-mail", &card.emails.join(", ")),
                ("phone", &card.phones.join(", ")),
                ("url", &card.url),
                ("note", &card.note),
                ("avatar", &profile.avatar),
            ]
            .map(|(name, value)| (name, value.clone()));
            let known = known.iter().filter(|(_, value)| !value.is_empty());
            lines.extend(known.map(|(name, value)| format!("{name}\t{value}")));
            lines.join("\n")
        }),
        Response::Avatar(found) => {
            let People::Avatar { file, .. } = command else {
                return odd();
            };
            let Some(found) = found else {
                bail!("there is no picture");
            };
            std::fs::write(file, STANDARD.decode(&found.data)?)
                .with_context(|| file.display().to_string())?;
            show(cli, &found.hash, || {
                format!("{}\t{}", found.hash, found.media_type)
            })
        }
        _ => odd(),
    }
}

fn request(account: String, command: &People) -> anyhow::Result<PeopleRequest> {
    let at = String::clone;
    Ok(match command {
        People::Add {
            address,
            name,
            group,
        } => PeopleRequest::Add {
            account,
            address: at(address),
            name: name.clone(),
            groups: group.clone(),
        },
        People::Change {
            address,
            name,
            group,
        } => PeopleRequest::Change {
            account,
            address: at(address),
            name: name.clone(),
            groups: group.clone(),
        },
        People::Remove { address } => PeopleRequest::Remove {
            account,
            address: at(address),
        },
        People::Requests => PeopleRequest::Requests { account },
        People::Accept { address } => PeopleRequest::Accept {
            account,
            address: at(address),
        },
        People::Decline { address } => PeopleRequest::Decline {
            account,
            address: at(address),
        },
        People::Approve { address } => PeopleRequest::Approve {
            account,
            address: at(address),
        },
        People::Unsubscribe { address } => PeopleRequest::Unsubscribe {
            account,
            address: at(address),
        },
        People::Profile { address } => PeopleRequest::Profile {
            account,
            address: at(address),
            refresh: true,
        },
        People::Avatar { address, .. } => PeopleRequest::Avatar {
            account,
            address: at(address),
        },
        People::SetProfile {
            nickname,
            full_name,
            title,
            organisation,
            department,
            email,
            phone,
            note,
        } => PeopleRequest::SetProfile {
            account,
            nickname: nickname.clone(),
            card: CardView {
                full_name: full_name.clone(),
                title: title.clone(),
                organisation: organisation.clone(),
                department: department.clone(),
                emails: email.clone(),
                phones: phone.clone(),
                url: String::new(),
                note: note.clone(),
                manager: None,
            },
        },
        People::SetAvatar { file } => PeopleRequest::SetAvatar {
            account,
            data: match file {
                Some(file) => STANDARD
                    .encode(std::fs::read(file).with_context(|| file.display().to_string())?),
                None => String::new(),
            },
        },
        People::SetPresence { show, status } => PeopleRequest::SetPresence {
            account,
            presence: OwnPresenceView {
                show: (*show).into(),
                status: status.clone(),
            },
        },
        People::Blocked => PeopleRequest::Blocked { account },
        People::Block { address } => PeopleRequest::Block {
            account,
            address: at(address),
        },
        People::Unblock { address } => PeopleRequest::Unblock {
            account,
            address: at(address),
        },
        People::Search { .. } => PeopleRequest::DirectoryForm { account },
    })
}

async fn search(
    engine: &Engine,
    cli: &Cli,
    account: String,
    fields: &[String],
) -> anyhow::Result<()> {
    let form = PeopleRequest::DirectoryForm {
        account: account.clone(),
    };
    let Response::DirectoryForm(form) = ask(engine, Request::People(form)).await? else {
        return odd();
    };
    if fields.is_empty() {
        return show(cli, &form, || {
            let fields = form.fields.iter();
            let fields: Vec<_> = fields
                .map(|field| format!("{}\t{}", field.name, field.label))
                .collect();
            fields.join("\n")
        });
    }
    let fields = fields
        .iter()
        .map(|field| match field.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => bail!("{field}: not name=value"),
        })
        .collect::<anyhow::Result<BTreeMap<_, _>>>()?;
    let request = PeopleRequest::SearchDirectory {
        account,
        service: form.service,
        fields,
    };
    let Response::Directory(found) = ask(engine, Request::People(request)).await? else {
        return odd();
    };
    found.iter().try_for_each(|person| {
        show(cli, person, || {
            format!("{}\t{}", person.address, person.name)
        })
    })
}
