//! Under which addresses others reach this machine. They change: the network may come
//! after the program, or be another one later.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::certificate::target_at;
use crate::server::Server;
use crate::{Config, admin};

/// What is known is believed for so long.
const FRESH: Duration = Duration::from_secs(5);
/// How often is looked where nobody asks.
const EVERY: Duration = Duration::from_secs(20);
/// Addresses that are told to others.
const MAX_HOSTS: usize = 4;

/// Where the server is for others.
pub(crate) struct Reachable {
    /// As somebody has configured it.
    url: Option<String>,
    advertise: Option<Vec<String>>,
    bound: SocketAddr,
    look: Box<dyn Fn() -> Vec<IpAddr> + Send + Sync>,
    hosts: watch::Sender<Vec<String>>,
    looked: Mutex<Instant>,
}

impl Reachable {
    pub(crate) fn new(config: &Config, bound: SocketAddr) -> Self {
        Self::looking(config, bound, Box::new(of_this_machine))
    }

    fn looking(
        config: &Config,
        bound: SocketAddr,
        look: Box<dyn Fn() -> Vec<IpAddr> + Send + Sync>,
    ) -> Self {
        let mut reachable = Self {
            url: config.public_url.clone(),
            advertise: config.advertise.clone(),
            bound,
            look,
            hosts: watch::Sender::new(Vec::new()),
            looked: Mutex::new(Instant::now()),
        };
        reachable.hosts = watch::Sender::new(reachable.find());
        reachable
    }

    /// Names or addresses, the best first.
    pub(crate) fn hosts(&self) -> Vec<String> {
        self.hosts_at(Instant::now())
    }

    /// The same, now and from now on.
    pub(crate) fn watch(&self) -> watch::Receiver<Vec<String>> {
        self.hosts.subscribe()
    }

    /// Where the web pages are, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        if let Some(url) = &self.url {
            return url.trim_end_matches('/').to_owned();
        }
        let host = self.hosts().into_iter().next().unwrap_or_default();
        let port = self.bound.port();
        match host.parse() {
            Ok(IpAddr::V6(address)) => format!("https://[{address}]:{port}"),
            _ => format!("https://{host}:{port}"),
        }
    }

    fn hosts_at(&self, now: Instant) -> Vec<String> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(*looked) >= FRESH {
            *looked = now;
            let found = self.find();
            self.hosts.send_if_modified(|hosts| {
                let is_new = *hosts != found;
                if is_new {
                    *hosts = found;
                }
                is_new
            });
        }
        self.hosts.borrow().clone()
    }

    /// With no address at all, this machine itself.
    fn find(&self) -> Vec<String> {
        if let Some(hosts) = &self.advertise {
            return hosts.clone();
        }
        if !self.bound.ip().is_unspecified() {
            return vec![self.bound.ip().to_string()];
        }
        let mut hosts: Vec<_> = (self.look)().iter().map(IpAddr::to_string).collect();
        hosts.truncate(MAX_HOSTS);
        if hosts.is_empty() {
            hosts.push(Ipv4Addr::LOCALHOST.to_string());
        }
        hosts
    }
}

/// Notes where the server is reached, for the command line beside it; gives what was
/// noted. The disk may be full: later there may be room.
pub(crate) async fn note(server: &Server) -> Option<Vec<String>> {
    let hosts = server.reachable.hosts();
    let target = target_at(server, server.reachable.bound, &hosts);
    match admin::note_target(&server.store, &target).await {
        Ok(()) => Some(hosts),
        Err(error) => {
            tracing::warn!(%error, "where the server is reached is not noted");
            None
        }
    }
}

/// Notes it again whenever it has changed, until the server stops.
pub(crate) async fn keep_noted(server: Arc<Server>, mut noted: Option<Vec<String>>) {
    loop {
        tokio::select! {
            () = server.stopping.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        if noted.as_ref() != Some(&server.reachable.hosts()) {
            noted = note(&server).await;
        }
    }
}

/// The IPv4 addresses of this machine that others may reach; first the one by which it
/// goes out itself, since others may be of networks that are inside of it.
fn of_this_machine() -> Vec<IpAddr> {
    let mut all: Vec<_> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| interface.ip())
        .filter(IpAddr::is_ipv4)
        .collect();
    if let Some(way_out) = way_out() {
        all.sort_by_key(|address| *address != way_out);
    }
    all
}

/// The address by which this machine would go out. Nothing is sent for that; the other
/// end is one that nobody has (RFC 5737).
fn way_out() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANYWHERE: &str = "0.0.0.0:5280";

    fn reachable(config: &Config, found: &Arc<Mutex<Vec<IpAddr>>>) -> Reachable {
        let found = Arc::clone(found);
        let look = Box::new(move || found.lock().unwrap().clone());
        Reachable::looking(config, ANYWHERE.parse().unwrap(), look)
    }

    #[test]
    fn a_network_that_comes_late_or_changes_is_seen() {
        let found = Arc::new(Mutex::new(Vec::new()));
        let reachable = reachable(&Config::default(), &found);
        let start = Instant::now();
        assert_eq!(reachable.url(), "https://127.0.0.1:5280");
        let mut seen = reachable.watch();
        seen.mark_unchanged();
        *found.lock().unwrap() = vec!["192.168.1.7".parse().unwrap()];
        assert_eq!(reachable.hosts_at(start), ["127.0.0.1"], "just looked");
        assert_eq!(reachable.hosts_at(start + 2 * FRESH), ["192.168.1.7"]);
        assert!(seen.has_changed().unwrap());
        assert_eq!(reachable.url(), "https://192.168.1.7:5280");
        *found.lock().unwrap() = (1..9).map(|last| [10, 0, 0, last].into()).collect();
        assert_eq!(reachable.hosts_at(start + 4 * FRESH).len(), MAX_HOSTS);
    }

    #[test]
    fn what_was_configured_is_told_and_nothing_else() {
        let found = Arc::new(Mutex::new(vec!["192.168.1.7".parse().unwrap()]));
        let config = Config {
            public_url: Some("https://chat.example/".to_owned()),
            advertise: Some(vec!["fd00::1".to_owned()]),
            ..Config::default()
        };
        let both = reachable(&config, &found);
        assert_eq!(both.url(), "https://chat.example");
        assert_eq!(both.hosts(), ["fd00::1"]);
        let config = Config {
            public_url: None,
            ..config
        };
        assert_eq!(reachable(&config, &found).url(), "https://[fd00::1]:5280");
        let bound = "192.168.1.9:5280".parse().unwrap();
        let alone = Reachable::new(&Config::default(), bound);
        assert_eq!(alone.hosts(), ["192.168.1.9"]);
    }

    #[test]
    fn what_goes_out_comes_first() {
        let all = of_this_machine();
        if let Some(way_out) = way_out().filter(|way_out| all.contains(way_out)) {
            assert_eq!(all[0], way_out);
        }
    }
}
