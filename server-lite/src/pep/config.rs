//! What a node is (XEP-0060, sections 8.2 and 16.4.4; XEP-0163, section 4).

use serde::{Deserialize, Serialize};
use xmpp_core::Element;
use xmpp_core::ns;
use xmpp_core::stanza_error::{Condition, StanzaError};

use super::access::of_pubsub;
use crate::form::{Filled, Form};

/// Most items that a node can keep; what `max` means.
pub(crate) const MAX_ITEMS: u32 = 1_000;

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident: $($variant:ident = $text:literal, $label:literal;)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $name { $($variant,)* }

        impl $name {
            const CHOICES: &[(&str, &str)] = &[$(($text, $label),)*];

            fn read(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }

            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

choices! {
    /// Who may read it.
    Access:
    Open = "open", "Everybody";
    Presence = "presence", "Colleagues";
    Roster = "roster", "Colleagues in the roster";
    Whitelist = "whitelist", "Only those on the list";
}

choices! {
    /// Who may write to it.
    Publish:
    Publishers = "publishers", "Publishers";
    Subscribers = "subscribers", "Subscribers";
    Open = "open", "Everybody who may read it";
}

choices! {
    /// When the newest item is sent.
    SendLast:
    Never = "never", "Never";
    OnSub = "on_sub", "To new subscribers";
    OnSubAndPresence = "on_sub_and_presence", "To new subscribers and who comes online";
}

/// A node's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "the form of XEP-0060 has them"
)]
pub(crate) struct NodeConfig {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) item_type: String,
    pub(crate) access: Access,
    pub(crate) publish: Publish,
    pub(crate) send_last: SendLast,
    pub(crate) max_items: u32,
    pub(crate) persist: bool,
    pub(crate) payloads: bool,
    pub(crate) notifications: bool,
    pub(crate) notify_config: bool,
    pub(crate) notify_delete: bool,
    pub(crate) notify_retract: bool,
}

impl Default for NodeConfig {
    /// XEP-0163, section 3.2: presence, and the newest item for who comes online.
    fn default() -> Self {
        Self {
            title: String::new(),
            description: String::new(),
            item_type: String::new(),
            access: Access::Presence,
            publish: Publish::Publishers,
            send_last: SendLast::OnSubAndPresence,
            max_items: 1,
            persist: true,
            payloads: true,
            notifications: true,
            notify_config: false,
            notify_delete: true,
            notify_retract: true,
        }
    }
}

const MAX_TEXT: usize = 1_000;

/// Options with a single value here: who asks for that value gets what is asked.
const FIXED: &[(&str, &[&str])] = &[
    ("pubsub#collection", &[""]),
    ("pubsub#item_expire", &["max", ""]),
    ("pubsub#itemreply", &["owner", ""]),
    ("pubsub#node_type", &["leaf"]),
    ("pubsub#notification_type", &["headline"]),
    ("pubsub#notify_sub", &["0", "false"]),
    ("pubsub#purge_offline", &["0", "false"]),
    ("pubsub#roster_groups_allowed", &[""]),
    ("pubsub#subscribe", &["1", "true"]),
    ("pubsub#tempsub", &["0", "false"]),
];

/// Nodes that are for the account alone, whoever forgets to say so.
const PRIVATE: [&str; 3] = [ns::BOOKMARKS, ns::LEGACY_BOOKMARKS, ns::DISPLAYED_SYNC];

impl NodeConfig {
    /// The configuration with which a node of that name begins.
    pub(crate) fn default_of(node: &str) -> Self {
        let mut config = Self::default();
        if PRIVATE.contains(&node) {
            config.access = Access::Whitelist;
            config.max_items = MAX_ITEMS;
            config.send_last = SendLast::Never;
        }
        config
    }

    /// As the database has it; what cannot be read is a node of the strictest kind.
    pub(crate) fn from_json(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_else(|error| {
            tracing::error!(%error, "configuration of a node not readable");
            Self {
                access: Access::Whitelist,
                ..Self::default()
            }
        })
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The form: `form` to fill in, `result` to read.
    pub(crate) fn form(&self, kind: &str) -> Element {
        let choice = |form: Form, name: &str, label: &str, value: &str, choices: &[_]| {
            form.choice(name, "list-single", Some(label), [value], choices)
        };
        let text = |form: Form, name: &str, label: &str, value: &str| {
            form.field(name, "text-single", Some(label), [value])
        };
        let form = Form::new(kind, ns::PUBSUB_NODE_CONFIG);
        let form = text(form, "pubsub#title", "Name", &self.title);
        let form = text(form, "pubsub#description", "Description", &self.description);
        let form = text(
            form,
            "pubsub#type",
            "Name space of the items",
            &self.item_type,
        );
        let access = self.access.as_str();
        let form = choice(
            form,
            "pubsub#access_model",
            "Who may read",
            access,
            Access::CHOICES,
        );
        let publish = self.publish.as_str();
        let form = choice(
            form,
            "pubsub#publish_model",
            "Who may write",
            publish,
            Publish::CHOICES,
        );
        let last = self.send_last.as_str();
        let name = "pubsub#send_last_published_item";
        let form = choice(
            form,
            name,
            "When the newest item is sent",
            last,
            SendLast::CHOICES,
        );
        let max = self.max_items.to_string();
        text(form, "pubsub#max_items", "Items that are kept", &max)
            .boolean("pubsub#persist_items", "Keep items", self.persist)
            .boolean("pubsub#deliver_payloads", "Send items whole", self.payloads)
            .boolean(
                "pubsub#deliver_notifications",
                "Send notices",
                self.notifications,
            )
            .boolean(
                "pubsub#notify_config",
                "Tell of changes here",
                self.notify_config,
            )
            .boolean(
                "pubsub#notify_delete",
                "Tell of the end",
                self.notify_delete,
            )
            .boolean(
                "pubsub#notify_retract",
                "Tell of items taken back",
                self.notify_retract,
            )
            .done()
    }

    /// What discovery says of the node (section 5.4).
    pub(crate) fn meta_data(&self, owner: &str, subscribers: usize) -> Element {
        Form::new("result", ns::PUBSUB_META_DATA)
            .field("pubsub#owner", "jid-multi", None, [owner])
            .field(
                "pubsub#num_subscribers",
                "text-single",
                None,
                [subscribers.to_string()],
            )
            .field("pubsub#title", "text-single", None, [&self.title])
            .field(
                "pubsub#description",
                "text-single",
                None,
                [&self.description],
            )
            .field("pubsub#type", "text-single", None, [&self.item_type])
            .field(
                "pubsub#access_model",
                "list-single",
                None,
                [self.access.as_str()],
            )
            .field(
                "pubsub#publish_model",
                "list-single",
                None,
                [self.publish.as_str()],
            )
            .field(
                "pubsub#max_items",
                "text-single",
                None,
                [self.max_items.to_string()],
            )
            .done()
    }

    /// Takes over what is known of a form that another server has written
    /// (XEP-0227, section 4.10.1). Who may read is never more than it says.
    pub(crate) fn with_known(mut self, form: &Element) -> Self {
        for field in form.children() {
            let mut one = Element::bare("x", ns::DATA_FORMS);
            one.append_child(field.clone());
            let is_access = field.attr("var") == Some("pubsub#access_model");
            if self.apply(&Filled::read(&one)).is_err() && is_access {
                self.access = Access::Whitelist;
            }
        }
        self
    }

    /// Takes over what a form says. What is not known is refused, so that
    /// nobody believes in a protection that is not there.
    pub(crate) fn apply(&mut self, form: &Filled) -> Result<(), StanzaError> {
        for name in form.names() {
            let value = form.first(name).unwrap_or_default();
            let flag = || form.boolean(name).ok_or_else(|| wrong(name));
            match name {
                "FORM_TYPE" => {}
                "pubsub#title" => self.title = text(name, value)?,
                "pubsub#description" => self.description = text(name, value)?,
                "pubsub#type" => self.item_type = text(name, value)?,
                "pubsub#access_model" => {
                    let no = || of_pubsub(Condition::NotAcceptable, "unsupported-access-model");
                    self.access = Access::read(value).ok_or_else(no)?;
                }
                "pubsub#publish_model" => {
                    self.publish = Publish::read(value).ok_or_else(|| wrong(name))?;
                }
                "pubsub#send_last_published_item" => {
                    self.send_last = SendLast::read(value).ok_or_else(|| wrong(name))?;
                }
                "pubsub#max_items" => {
                    self.max_items = match value {
                        "max" => MAX_ITEMS,
                        value => value.parse().map_err(|_| wrong(name))?,
                    };
                    if !(1..=MAX_ITEMS).contains(&self.max_items) {
                        return Err(wrong(name));
                    }
                }
                "pubsub#persist_items" => self.persist = flag()?,
                "pubsub#deliver_payloads" => self.payloads = flag()?,
                "pubsub#deliver_notifications" => self.notifications = flag()?,
                "pubsub#notify_config" => self.notify_config = flag()?,
                "pubsub#notify_delete" => self.notify_delete = flag()?,
                "pubsub#notify_retract" => self.notify_retract = flag()?,
                _ if FIXED
                    .iter()
                    .any(|(fixed, values)| *fixed == name && values.contains(&value)) => {}
                _ => return Err(wrong(name)),
            }
        }
        Ok(())
    }
}

fn text(name: &str, value: &str) -> Result<String, StanzaError> {
    if value.len() > MAX_TEXT {
        return Err(wrong(name));
    }
    Ok(value.to_owned())
}

fn wrong(name: &str) -> StanzaError {
    // What somebody made up is not said back at any length.
    let name = if name.len() <= 100 { name } else { "a field" };
    StanzaError::from(Condition::NotAcceptable).with_text(&format!("{name} is not possible"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp_core::element::parse;

    #[test]
    fn the_form_reads_itself_and_refuses_what_it_does_not_know() {
        let mut config = NodeConfig {
            title: "T".into(),
            access: Access::Whitelist,
            max_items: 7,
            persist: false,
            ..NodeConfig::default()
        };
        let same = config.clone();
        config.apply(&Filled::read(&config.form("form"))).unwrap();
        assert_eq!(config, same);
        assert_eq!(NodeConfig::from_json(&config.to_json()), config);
        assert_eq!(NodeConfig::from_json("{").access, Access::Whitelist);
        for (field, value) in [
            ("pubsub#access_model", "authorize"),
            ("pubsub#max_items", "0"),
            ("pubsub#max_items", "1001"),
            ("pubsub#max_items", "many"),
            ("pubsub#persist_items", "perhaps"),
            ("pubsub#item_expire", "60"),
            ("pubsub#node_type", "collection"),
        ] {
            let form = format!(
                "<x xmlns='jabber:x:data'><field var='{field}'><value>{value}</value></field></x>"
            );
            let form = Filled::read(&parse(form.as_bytes()).unwrap());
            assert!(config.apply(&form).is_err(), "{field} {value}");
        }
        let form =
            "<x xmlns='jabber:x:data'><field var='pubsub#max_items'><value>max</value></field></x>";
        config
            .apply(&Filled::read(&parse(form.as_bytes()).unwrap()))
            .unwrap();
        assert_eq!(config.max_items, MAX_ITEMS);
    }

    #[test]
    fn what_is_private_is_so_from_the_start() {
        assert_eq!(NodeConfig::default_of("urn:x"), NodeConfig::default());
        for node in PRIVATE {
            assert_eq!(NodeConfig::default_of(node).access, Access::Whitelist);
        }
    }
}
