//! XEP-0115: the hash that stands for what an entity can do.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minidom::Element;
use sha1::Digest as _;

use crate::ns;

/// A hash function for the `hash` attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CapsHash {
    /// `sha-1`, which everybody has to know (section 5.1).
    Sha1,
    /// `sha-256`.
    Sha256,
}

impl CapsHash {
    /// From the attribute; `None` if it is not known here.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "sha-1" => Some(Self::Sha1),
            "sha-256" => Some(Self::Sha256),
            _ => None,
        }
    }

    fn digest(self, text: &str) -> String {
        match self {
            Self::Sha1 => STANDARD.encode(sha1::Sha1::digest(text)),
            Self::Sha256 => STANDARD.encode(sha2::Sha256::digest(text)),
        }
    }
}

/// The `ver` of a `disco#info` query (section 5.1). `None` if it has something
/// twice, which is not allowed (section 5.4) because it could be made to stand for
/// something else.
#[must_use]
pub fn verification(query: &Element, hash: CapsHash) -> Option<String> {
    let (mut identities, mut features, mut forms) =
        (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
    for child in query.children() {
        let new = if child.is("identity", ns::DISCO_INFO) {
            identities.insert(identity(child))
        } else if child.is("feature", ns::DISCO_INFO) {
            features.insert(child.attr("var").unwrap_or_default().to_owned())
        } else if child.is("x", ns::DATA_FORMS) {
            match form(child)? {
                Some((form_type, text)) => forms.insert(form_type, text).is_none(),
                None => true,
            }
        } else {
            true
        };
        if !new {
            return None;
        }
    }
    // Everything is sorted without the `<` that ends it, which others sort before.
    let mut text = String::new();
    for identity in identities {
        text += &identity.join("/");
        text.push('<');
    }
    push_all(&mut text, features);
    for (form_type, fields) in forms {
        push_all(&mut text, [form_type]);
        text += &fields;
    }
    Some(hash.digest(&text))
}

fn push_all(text: &mut String, words: impl IntoIterator<Item = String>) {
    for word in words {
        *text += &word;
        text.push('<');
    }
}

/// Category, type, language and name.
fn identity(identity: &Element) -> [String; 4] {
    let attr = |name| identity.attr(name).unwrap_or_default().to_owned();
    let lang = identity.attr_ns(ns::XML, "lang").unwrap_or_default();
    [
        attr("category"),
        attr("type"),
        lang.to_owned(),
        attr("name"),
    ]
}

/// Form type and text of the fields of a form; `Some(None)` without a hidden
/// `FORM_TYPE`: those do not count; `None` if it has more than one (section 5.4).
#[allow(clippy::option_option, reason = "it does not count, or nothing counts")]
fn form(form: &Element) -> Option<Option<(String, String)>> {
    let values = |field: &Element| -> BTreeSet<String> {
        field
            .children()
            .filter(|child| child.is("value", ns::DATA_FORMS))
            .map(Element::text)
            .collect()
    };
    let fields = || {
        form.children()
            .filter(|child| child.is("field", ns::DATA_FORMS))
    };
    let Some(form_type) = fields().find(|field| field.attr("var") == Some("FORM_TYPE")) else {
        return Some(None);
    };
    if form_type.attr("type").is_some_and(|kind| kind != "hidden") {
        return Some(None);
    }
    let mut form_types = values(form_type).into_iter();
    let (Some(form_type), None) = (form_types.next(), form_types.next()) else {
        return None;
    };
    let mut others: Vec<(String, BTreeSet<String>)> = fields()
        .filter_map(|field| Some((field.attr("var")?.to_owned(), values(field))))
        .filter(|(var, _)| var != "FORM_TYPE")
        .collect();
    others.sort();
    let mut text = String::new();
    for (var, values) in others {
        push_all(&mut text, [var]);
        push_all(&mut text, values);
    }
    Some(Some((form_type, text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::parse;

    #[test]
    fn the_examples_of_the_specification() {
        // XEP-0115, sections 5.2 and 5.3.
        let simple = "<query xmlns='http://jabber.org/protocol/disco#info'>
            <identity category='client' name='Exodus 0.9.1' type='pc'/>
            <feature var='http://jabber.org/protocol/caps'/>
            <feature var='http://jabber.org/protocol/disco#items'/>
            <feature var='http://jabber.org/protocol/disco#info'/>
            <feature var='http://jabber.org/protocol/muc'/></query>";
        let complex = "<query xmlns='http://jabber.org/protocol/disco#info'>
            <identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>
            <identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>
            <feature var='http://jabber.org/protocol/caps'/>
            <feature var='http://jabber.org/protocol/disco#info'/>
            <feature var='http://jabber.org/protocol/disco#items'/>
            <feature var='http://jabber.org/protocol/muc'/>
            <x xmlns='jabber:x:data' type='result'>
              <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>
              <field var='ip_version' type='text-multi'><value>ipv4</value><value>ipv6</value></field>
              <field var='os'><value>Mac</value></field>
              <field var='os_version'><value>10.5.1</value></field>
              <field var='software'><value>Psi</value></field>
              <field var='software_version'><value>0.11</value></field></x></query>";
        for (query, ver) in [
            (simple, "QgayPKawpkPSDYmwT/WM94uAlu0="),
            (complex, "q07IKJEyjvHSyhy//CH0CxmKi8w="),
        ] {
            let query = parse(query.as_bytes()).unwrap();
            assert_eq!(verification(&query, CapsHash::Sha1).as_deref(), Some(ver));
        }
    }

    #[test]
    fn what_others_begin_with_comes_first() {
        // `#` and `+` sort before the `<` that ends a feature.
        let query = "<query xmlns='http://jabber.org/protocol/disco#info'>
            <identity category='client' type='pc' name='b'/>
            <identity category='client' type='pc'/>
            <feature var='urn:a+notify'/><feature var='urn:a'/><feature var='urn:a#b'/></query>";
        let query = parse(query.as_bytes()).unwrap();
        let text = "client/pc//<client/pc//b<urn:a<urn:a#b<urn:a+notify<";
        for hash in [CapsHash::Sha1, CapsHash::Sha256] {
            assert_eq!(verification(&query, hash), Some(hash.digest(text)));
        }
    }

    #[test]
    fn what_stands_there_twice_is_refused() {
        let forms = "<query xmlns='http://jabber.org/protocol/disco#info'>
            <x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>f</value></field></x>
            <x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>f</value></field>
              <field var='a'><value>b</value></field></x></query>";
        let forms = parse(forms.as_bytes()).unwrap();
        assert_eq!(verification(&forms, CapsHash::Sha1), None);
        for twice in [
            "<feature var='a'/>",
            "<identity category='c' type='t'/>",
            "<x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>f</value></field></x>",
        ] {
            let query = format!("<query xmlns='{}'>{twice}{twice}</query>", ns::DISCO_INFO);
            let query = parse(query.as_bytes()).unwrap();
            assert_eq!(verification(&query, CapsHash::Sha256), None, "{twice}");
        }
    }
}
