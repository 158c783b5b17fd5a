//! SRV records (RFC 2782), those for direct TLS and for STARTTLS as one set
//! (XEP-0368, section 4).

use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;
use navigation::{Endpoint, Transport};

use super::super::tls::ascii_host;
use crate::clock::Clock;

/// Longest wait for the answer of a name server.
const LOOKUP: Duration = Duration::from_secs(4);
/// Records of one service that are looked at, and places that are tried.
const MAX_RECORDS: usize = 32;
const MAX_PLACES: usize = 8;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    priority: u16,
    weight: u16,
    endpoint: Endpoint,
}

/// The servers of a domain, best first; none if there are no records or nobody
/// answers, and `None` if the records say that there are no servers.
pub(super) async fn look_up(domain: &str, clock: &Clock) -> Option<Vec<Endpoint>> {
    let Ok(name) = ascii_host(domain) else {
        return Some(Vec::new());
    };
    let resolver = match TokioResolver::builder_tokio().and_then(|builder| builder.build()) {
        Ok(resolver) => resolver,
        Err(error) => {
            tracing::debug!(%error, "no resolver for SRV records");
            return Some(Vec::new());
        }
    };
    search(&resolver, &name, clock).await
}

async fn search(resolver: &TokioResolver, domain: &str, clock: &Clock) -> Option<Vec<Endpoint>> {
    let (direct, start) = tokio::join!(
        records(resolver, domain, "_xmpps-client", Transport::DirectTls),
        records(resolver, domain, "_xmpp-client", Transport::StartTls)
    );
    Some(order(both(direct, start)?, || clock.random_fraction()))
}

/// The records of both services. `None` if there is none and that of RFC 6120 says
/// so itself (section 3.2.1): that there is no direct TLS says nothing of STARTTLS,
/// for which the domain is tried where no records are (section 3.2.2).
fn both(direct: Option<Vec<Record>>, start: Option<Vec<Record>>) -> Option<Vec<Record>> {
    let is_not_here = start.as_ref().is_some_and(Vec::is_empty);
    let all: Vec<Record> = [direct, start].into_iter().flatten().flatten().collect();
    if is_not_here && all.is_empty() {
        return None;
    }
    Some(all)
}

/// The usable records of one service; nothing without an answer that has any.
async fn records(
    resolver: &TokioResolver,
    domain: &str,
    service: &str,
    transport: Transport,
) -> Option<Vec<Record>> {
    let name = format!("{service}._tcp.{domain}.");
    let found = match tokio::time::timeout(LOOKUP, resolver.srv_lookup(name)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            tracing::debug!(service, %error, "no records");
            return None;
        }
        Err(_) => return None,
    };
    let records = found
        .answers()
        .iter()
        .take(MAX_RECORDS)
        .filter_map(|record| match &record.data {
            RData::SRV(srv) => Some(Record {
                priority: srv.priority,
                weight: srv.weight,
                endpoint: Endpoint {
                    transport,
                    host: srv.target.to_utf8().trim_end_matches('.').to_owned(),
                    port: srv.port,
                    path: None,
                },
            }),
            _ => None,
        })
        // A target of "." says: not here (RFC 2782).
        .filter(|record| !record.endpoint.host.is_empty() && record.endpoint.port != 0);
    Some(records.collect())
}

/// By priority, and by chance within one, as the weights say (RFC 2782, "usage
/// rules"). `chance` gives numbers from 0 up to, not including, 1.
fn order(mut records: Vec<Record>, mut chance: impl FnMut() -> f64) -> Vec<Endpoint> {
    // Those without a weight stand first, so that they have a chance at all.
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut places = Vec::new();
    while let Some(priority) = records.first().map(|record| record.priority) {
        let group = records.partition_point(|record| record.priority == priority);
        let total: u32 = records
            .iter()
            .take(group)
            .map(|record| u32::from(record.weight))
            .sum();
        let drawn = chance() * (f64::from(total) + 1.0);
        let mut sum = 0.0;
        let chosen = records.iter().take(group).position(|record| {
            sum += f64::from(record.weight);
            sum >= drawn.floor()
        });
        places.push(records.remove(chosen.unwrap_or_default()).endpoint);
    }
    places.dedup();
    places.truncate(MAX_PLACES);
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(priority: u16, weight: u16, text: &str) -> Record {
        Record {
            priority,
            weight,
            endpoint: text.parse().unwrap(),
        }
    }

    fn texts(records: &[Record], chance: impl FnMut() -> f64) -> Vec<String> {
        let places = order(records.to_vec(), chance);
        places.iter().map(Endpoint::to_string).collect()
    }

    #[test]
    fn both_services_are_one_set() {
        let records = [
            record(10, 5, "starttls:a:1"),
            record(5, 0, "starttls:b:1"),
            record(10, 5, "tls:a:2"),
            record(20, 0, "tls:c:1"),
        ];
        assert_eq!(
            texts(&records, || 0.99),
            ["starttls:b:1", "tls:a:2", "starttls:a:1", "tls:c:1"]
        );
        assert_eq!(
            texts(&records, || 0.0),
            ["starttls:b:1", "starttls:a:1", "tls:a:2", "tls:c:1"]
        );
        assert!(texts(&[], || 0.0).is_empty());
    }

    #[test]
    fn weights_are_shares_of_chance() {
        let records = [
            record(1, 0, "tls:none:1"),
            record(1, 30, "tls:some:1"),
            record(1, 60, "tls:most:1"),
        ];
        let mut first = std::collections::BTreeMap::<String, u32>::new();
        for step in 0..910 {
            // Every chance once: 91 numbers, ten times each.
            let places = texts(&records, || f64::from(step) / 910.0);
            assert_eq!(places.len(), 3);
            *first.entry(places[0].clone()).or_default() += 1;
        }
        assert_eq!(first["tls:none:1"], 10);
        assert_eq!(first["tls:some:1"], 300);
        assert_eq!(first["tls:most:1"], 600);
    }

    #[test]
    fn no_direct_tls_does_not_say_that_there_are_no_servers() {
        let some = || Some(vec![record(1, 0, "tls:a:1")]);
        let none_here = || Some(Vec::new());
        assert_eq!(both(none_here(), None), Some(Vec::new()));
        assert_eq!(both(None, None), Some(Vec::new()));
        assert_eq!(both(None, none_here()), None);
        assert_eq!(both(none_here(), none_here()), None);
        assert_eq!(both(some(), none_here()), some());
        assert_eq!(both(none_here(), some()), some());
    }

    #[test]
    fn only_so_many_are_tried() {
        let many: Vec<Record> = (1..=40)
            .map(|port| record(port, 0, &format!("tls:a:{port}")))
            .collect();
        assert_eq!(texts(&many, || 0.0).len(), MAX_PLACES);
    }
}
