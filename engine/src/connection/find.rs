//! Where the servers of a domain are (RFC 6120, section 3.2; XEP-0368;
//! XEP-0156), best first.

pub(super) mod host_meta;
mod srv;

use navigation::{Endpoint, Transport};

use crate::clock::Clock;

/// Ports of RFC 6120 and XEP-0368.
pub(super) const STARTTLS_PORT: u16 = 5222;
pub(super) const DIRECT_PORT: u16 = 5223;
const HTTPS_PORT: u16 = 443;

/// A place to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Candidate {
    /// One that somebody has named.
    Named(Endpoint),
    /// One that is usual. Something else may well be there.
    Usual(Endpoint),
    /// Those that the domain's website names (XEP-0156), asked in its turn.
    HostMeta,
}

/// The candidates of a domain.
pub(super) async fn candidates(domain: &str, clock: &Clock) -> Vec<Candidate> {
    // These have no records (RFC 6761).
    let name = domain.trim_end_matches('.');
    let special = ["localhost", "invalid"]
        .iter()
        .any(|top| name == *top || name.ends_with(&format!(".{top}")));
    if domain.parse::<std::net::IpAddr>().is_ok() {
        return usual(domain).collect();
    }
    let records = match special {
        true => Some(Vec::new()),
        false => srv::look_up(domain, clock).await,
    };
    arrange(domain, records)
}

/// `None` for a domain whose records say that it has no such servers.
fn arrange(domain: &str, records: Option<Vec<Endpoint>>) -> Vec<Candidate> {
    match records {
        // Where there are records, the domain itself is not meant (RFC 6120,
        // section 3.2.1).
        Some(found) if !found.is_empty() => found
            .into_iter()
            .map(Candidate::Named)
            .chain([Candidate::HostMeta])
            .collect(),
        Some(_) => [Candidate::HostMeta]
            .into_iter()
            .chain(usual(domain))
            .collect(),
        None => vec![Candidate::HostMeta],
    }
}

/// STARTTLS first: it is what servers without records have.
fn usual(domain: &str) -> impl Iterator<Item = Candidate> {
    [
        (Transport::StartTls, STARTTLS_PORT),
        (Transport::DirectTls, DIRECT_PORT),
        (Transport::DirectTls, HTTPS_PORT),
    ]
    .map(|(transport, port)| {
        Candidate::Usual(Endpoint {
            transport,
            host: domain.to_owned(),
            port,
            path: None,
        })
    })
    .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_stand_in_the_place_of_the_domain() {
        let record: Endpoint = "tls:a.example:5223".parse().unwrap();
        assert_eq!(
            arrange("example", Some(vec![record.clone()])),
            [Candidate::Named(record), Candidate::HostMeta]
        );
        let without = arrange("example", Some(Vec::new()));
        assert_eq!(without.len(), 4);
        assert!(without.contains(&Candidate::HostMeta));
        // "Not here" is an answer (RFC 2782).
        assert_eq!(arrange("example", None), [Candidate::HostMeta]);
    }

    #[tokio::test]
    async fn an_address_has_no_website_of_a_domain() {
        let found = candidates("192.168.1.5", &Clock::default()).await;
        let all_usual = found.iter().all(|one| matches!(one, Candidate::Usual(_)));
        assert!(all_usual, "{found:?}");
    }
}
