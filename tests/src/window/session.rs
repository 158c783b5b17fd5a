//! What else is on the bus of a desktop: a tray that shows icons, the notification
//! service as its user has it, a system that wakes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, Proxy, connection::Builder};

use super::Desktop;

/// Longest wait for something to show.
const PATIENCE: Duration = Duration::from_secs(40);

const DUNST: &str = "org.dunstproject.cmd0";
const NOTIFICATIONS: &str = "org.freedesktop.Notifications";

/// The user of a session, beside the windows.
pub struct Session {
    bus: Connection,
    items: Items,
}

type Items = Arc<Mutex<Vec<String>>>;

/// A tray (the KDE/freedesktop StatusNotifierWatcher).
struct Watcher {
    items: Items,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(
        &self,
        #[zbus(header)] header: zbus::message::Header<'_>,
        service: &str,
    ) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let name = if service.starts_with('/') {
            sender
        } else {
            service.to_owned()
        };
        self.items.lock().expect("not poisoned").push(name);
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.items.lock().expect("not poisoned").clone()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

/// A node of a menu (`com.canonical.dbusmenu`).
type Node = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

impl Session {
    /// Joins the desktop's bus and shows a tray.
    ///
    /// # Panics
    /// If that fails.
    pub async fn join(desktop: &Desktop) -> Self {
        let items = Items::default();
        let watcher = Watcher {
            items: Arc::clone(&items),
        };
        let bus = Builder::address(desktop.bus())
            .expect("an address")
            .serve_at("/StatusNotifierWatcher", watcher)
            .expect("served")
            .name("org.kde.StatusNotifierWatcher")
            .expect("a name")
            .build()
            .await
            .expect("on the bus");
        Self { bus, items }
    }

    /// Says on the bus that the computer has woken.
    ///
    /// # Panics
    /// If it cannot be said.
    pub async fn wake(&self) {
        let said = self.bus.emit_signal(
            None::<&str>,
            "/org/freedesktop/login1",
            "org.freedesktop.login1.Manager",
            "PrepareForSleep",
            &false,
        );
        said.await.expect("said");
    }

    /// Says on the bus that there is a network again (`NM_STATE_CONNECTED_GLOBAL`).
    ///
    /// # Panics
    /// If it cannot be said.
    pub async fn network_is_back(&self) {
        let said = self.bus.emit_signal(
            None::<&str>,
            "/org/freedesktop/NetworkManager",
            "org.freedesktop.NetworkManager",
            "StateChanged",
            &70_u32,
        );
        said.await.expect("said");
    }

    /// How many notifications are on the screen.
    ///
    /// # Panics
    /// If the service does not say.
    pub async fn notifications(&self) -> u32 {
        let dunst = self.proxy(NOTIFICATIONS, "/org/freedesktop/Notifications", DUNST);
        dunst
            .await
            .get_property("displayedLength")
            .await
            .expect("a number")
    }

    /// Waits until so many notifications are on the screen.
    ///
    /// # Panics
    /// If it does not come true in time.
    pub async fn wait_notifications(&self, count: u32) {
        self.until(&format!("{count} notifications"), async || {
            self.notifications().await == count
        })
        .await;
    }

    /// Clicks the newest notification.
    ///
    /// # Panics
    /// If the service does not take it.
    pub async fn click_notification(&self) {
        let dunst = self.proxy(NOTIFICATIONS, "/org/freedesktop/Notifications", DUNST);
        let clicked = dunst.await.call_method("NotificationAction", &0_u32).await;
        clicked.expect("clicked");
    }

    /// What the tray says beside the pointer; empty without an icon.
    pub async fn tooltip(&self) -> String {
        let Some(item) = self.item().await else {
            return String::new();
        };
        type ToolTip = (String, Vec<(i32, i32, Vec<u8>)>, String, String);
        match item.get_property::<OwnedValue>("ToolTip").await {
            Ok(value) => ToolTip::try_from(value).map_or(String::new(), |tip| tip.3),
            Err(_) => String::new(),
        }
    }

    /// Waits until the tray says so.
    ///
    /// # Panics
    /// If it does not come true in time.
    pub async fn wait_tooltip(&self, text: &str) {
        self.until(text, async || self.tooltip().await == text)
            .await;
    }

    /// Clicks the icon in the tray.
    ///
    /// # Panics
    /// If there is none.
    pub async fn click_tray(&self) {
        let item = self.item().await.expect("an icon");
        item.call_method("Activate", &(0, 0))
            .await
            .expect("clicked");
    }

    /// The lines of the tray's menu with their ids, those of submenus too.
    pub async fn menu(&self) -> Vec<(i32, String)> {
        let Some(menu) = self.menu_proxy().await else {
            return Vec::new();
        };
        let asked: zbus::Result<(u32, Node)> =
            menu.call("GetLayout", &(0, -1, Vec::<String>::new())).await;
        let mut lines = Vec::new();
        if let Ok((_, root)) = asked {
            collect(root, &mut lines);
        }
        lines
    }

    /// Chooses the line of the tray's menu that holds this text.
    ///
    /// # Panics
    /// If there is none.
    pub async fn choose(&self, text: &str) {
        let mut id = None;
        self.until(&format!("{text} in the menu"), async || {
            let menu = self.menu().await;
            id = menu
                .iter()
                .find(|(_, line)| line.contains(text))
                .map(|(id, _)| *id);
            id.is_some()
        })
        .await;
        let menu = self.menu_proxy().await.expect("a menu");
        let event = (id.expect("found"), "clicked", Value::from(0), 0_u32);
        menu.call_method("Event", &event).await.expect("chosen");
    }

    async fn item(&self) -> Option<Proxy<'_>> {
        let name = self.items.lock().expect("not poisoned").last().cloned()?;
        Some(
            self.proxy_to(name, "/StatusNotifierItem", "org.kde.StatusNotifierItem")
                .await,
        )
    }

    async fn menu_proxy(&self) -> Option<Proxy<'_>> {
        let name = self.items.lock().expect("not poisoned").last().cloned()?;
        Some(
            self.proxy_to(name, "/MenuBar", "com.canonical.dbusmenu")
                .await,
        )
    }

    async fn proxy(&self, name: &str, path: &'static str, interface: &'static str) -> Proxy<'_> {
        self.proxy_to(name.to_owned(), path, interface).await
    }

    async fn proxy_to(
        &self,
        name: String,
        path: &'static str,
        interface: &'static str,
    ) -> Proxy<'_> {
        zbus::proxy::Builder::<Proxy<'_>>::new(&self.bus)
            .destination(name)
            .and_then(|builder| builder.path(path))
            .and_then(|builder| builder.interface(interface))
            .expect("names")
            // The other side may change without a word.
            .cache_properties(zbus::proxy::CacheProperties::No)
            .build()
            .await
            .expect("a proxy")
    }

    async fn until(&self, what: &str, mut is_true: impl AsyncFnMut() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_true().await {
            assert!(
                Instant::now() < end,
                "waited for: {what}; the tray says {:?}, its menu {:?}",
                self.tooltip().await,
                self.menu().await
            );
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }
}

fn collect((id, properties, children): Node, lines: &mut Vec<(i32, String)>) {
    if let Some(label) = properties.get("label")
        && let Ok(label) = String::try_from(label.clone())
    {
        lines.push((id, label));
    }
    for child in children {
        let child: Value<'_> = child.into();
        let child = match child {
            Value::Value(inner) => *inner,
            other => other,
        };
        if let Ok(child) = child.try_into() {
            collect(child, lines);
        }
    }
}
