//! The text of a stanza on its way to sessions. What goes to many is written
//! once and shared; only the address differs, and it is put in when a session
//! comes to send it. Two hundred queues hold one text.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// A stanza as text; reads like the whole of it.
#[derive(Debug)]
pub(crate) struct StanzaText {
    shared: Arc<str>,
    /// What is put in, and at which byte.
    to: Option<(usize, Arc<str>)>,
    whole: OnceLock<Box<str>>,
}

impl StanzaText {
    /// A shared text with something put in at a byte of it.
    pub(crate) fn with(shared: &Arc<str>, place: usize, text: &Arc<str>) -> Self {
        Self {
            shared: Arc::clone(shared),
            to: Some((place, Arc::clone(text))),
            whole: OnceLock::new(),
        }
    }
}

impl StanzaText {
    /// Its length in bytes. Nothing is put together for it.
    pub(crate) fn size(&self) -> usize {
        self.shared.len() + self.to.as_ref().map_or(0, |(_, text)| text.len())
    }

    /// Whether both come of one text that was written once.
    #[cfg(test)]
    pub(crate) fn shares_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// The same with something put in. What has something in it already is
    /// written anew.
    pub(crate) fn put_in(&self, place: usize, text: &Arc<str>) -> Self {
        match self.to {
            None => Self::with(&self.shared, place, text),
            Some(_) => Self::with(&Arc::from(&**self), place, text),
        }
    }
}

impl Clone for StanzaText {
    /// A copy that waits to be acknowledged holds what is shared, not the whole.
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            to: self.to.clone(),
            whole: OnceLock::new(),
        }
    }
}

impl From<String> for StanzaText {
    fn from(text: String) -> Self {
        Self {
            shared: text.into(),
            to: None,
            whole: OnceLock::new(),
        }
    }
}

impl Deref for StanzaText {
    type Target = str;

    fn deref(&self) -> &str {
        let Some((place, text)) = &self.to else {
            return &self.shared;
        };
        self.whole.get_or_init(|| {
            let (head, tail) = self
                .shared
                .split_at_checked(*place)
                .unwrap_or((&self.shared, ""));
            [head, text, tail].concat().into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_text_is_one_text_for_all() {
        let shared: Arc<str> = "<m>hi</m>".into();
        let (one, two): (Arc<str>, Arc<str>) = (" to='a'".into(), " to='b'".into());
        let first = StanzaText::with(&shared, 2, &one);
        assert_eq!(&*first, "<m to='a'>hi</m>");
        assert_eq!(first.size(), first.len());
        assert_eq!(
            &*StanzaText::with(&shared, 2, &two).clone(),
            "<m to='b'>hi</m>"
        );
        let plain = StanzaText::from("<m/>".to_owned());
        assert_eq!(&*plain, "<m/>");
        let once = plain.put_in(2, &one);
        assert_eq!(&*once, "<m to='a'/>");
        assert_eq!(&*once.put_in(2, &" id='1'".into()), "<m id='1' to='a'/>");
        drop(first);
        assert_eq!(Arc::strong_count(&shared), 1);
    }
}
