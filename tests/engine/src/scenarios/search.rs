//! Finding what was written.

use anyhow::{Result, bail, ensure};
use engine::api::{ErrorCode, Request, Response, SearchFilters, SearchHit, SearchRequest};

use crate::device::Device;
use crate::world::{Person, World};

const TEXTS: [&str; 3] = [
    "会议2024纪要在服务器上",
    "see you at the meeting",
    "服务器重启了 😀",
];

/// Two people who have written [`TEXTS`].
async fn talk(world: &World) -> Result<(Device, Device)> {
    let (rosa, bob) = world.rosa_and_bob().await?;
    for text in TEXTS {
        rosa.send(&bob.person, text).await?;
    }
    bob.has(&rosa.person, &TEXTS).await?;
    Ok((rosa, bob))
}

fn texts(hits: &[SearchHit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.excerpt.as_str()).collect()
}

/// Works without a network, on either side, in any script.
pub(super) async fn on_this_device(world: World) -> Result<()> {
    let (rosa, bob) = talk(&world).await?;
    for device in [&rosa, &bob] {
        device.link.down();
        for (text, found) in [
            ("服务器", vec![TEXTS[2], TEXTS[0]]),
            ("务", vec![TEXTS[2], TEXTS[0]]),
            ("meet", vec![TEXTS[1]]),
            ("😀", vec![TEXTS[2]]),
            ("nowhere", vec![]),
        ] {
            let request = SearchRequest::Find {
                account: None,
                text: text.to_owned(),
                filters: SearchFilters::default(),
                before: None,
                limit: 50,
            };
            let hits = match device.ask(Request::Search(request)).await? {
                Response::SearchPage(page) => page.hits,
                other => bail!("{other:?}"),
            };
            ensure!(texts(&hits) == found, "{}: {text}: {hits:?}", device.name);
        }
    }
    Ok(())
}

/// Finds what this device has, and says so.
pub(super) async fn on_the_server(world: World) -> Result<()> {
    let (rosa, bob) = talk(&world).await?;
    let find = async |text: &str, with: Option<&Person>| {
        let request = SearchRequest::FindOnServer {
            account: bob.account.clone(),
            text: text.to_owned(),
            filters: SearchFilters {
                conversation: with.map(Person::address),
                ..SearchFilters::default()
            },
            before: None,
            limit: 50,
        };
        match bob.try_ask(Request::Search(request)).await? {
            Ok(Response::SearchPage(page)) => Ok(page.hits),
            Ok(other) => bail!("{other:?}"),
            Err(error) if error.code == ErrorCode::NotSupported => {
                bail!("the server does not search its archive")
            }
            Err(error) => Err(error.into()),
        }
    };
    let hits = find("meeting", Some(&rosa.person)).await?;
    ensure!(!hits.is_empty(), "what is there is not found");
    ensure!(texts(&hits) == [TEXTS[1]], "{hits:?}");
    ensure!(hits[0].message.is_some(), "on this device, too: {hits:?}");
    ensure!(hits[0].author == rosa.person.address(), "{hits:?}");
    let hits = find("服务器", None).await?;
    ensure!(texts(&hits) == [TEXTS[2], TEXTS[0]], "{hits:?}");
    ensure!(find("nowhere", None).await?.is_empty());
    Ok(())
}
