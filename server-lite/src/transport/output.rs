//! What is written and not yet sent: a burst of stanzas goes to the socket in one
//! piece.

/// With this much, it is worth a call.
const ENOUGH: usize = 32 * 1024;

/// Elements as text, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Output {
    text: String,
    /// Where each ends; known for a WebSocket, where each is a message of its own.
    ends: Vec<usize>,
}

impl Output {
    /// Adds an element; whether there is enough now.
    pub(super) fn add(&mut self, xml: &str, is_apart: bool) -> bool {
        self.text.push_str(xml);
        if is_apart {
            self.ends.push(self.text.len());
        }
        self.text.len() >= ENOUGH
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The elements, if they were added apart.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .filter_map(|(start, end)| self.text.get(start..*end))
    }
}

#[cfg(test)]
mod tests;
