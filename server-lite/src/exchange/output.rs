//! Writing an export: structure as text, everything else as elements.

use std::io::{self, Write};

use xmpp_core::{Element, element};

/// What is between top-level parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Between {
    /// A line break, for people and their tools.
    Line,
    /// Nothing. COMPAT: Prosody's migrator takes a line break for a part.
    Nothing,
}

pub(super) struct Output<'a> {
    writer: &'a mut dyn Write,
    between: Between,
}

impl<'a> Output<'a> {
    pub(super) fn new(writer: &'a mut dyn Write, between: Between) -> Self {
        Self { writer, between }
    }

    /// Text that is XML already.
    pub(super) fn raw(&mut self, xml: &str) -> io::Result<()> {
        self.writer.write_all(xml.as_bytes())?;
        match self.between {
            Between::Line => self.writer.write_all(b"\n"),
            Between::Nothing => Ok(()),
        }
    }

    /// A start tag; the namespace is left out where it is the one around.
    pub(super) fn start(
        &mut self,
        name: &str,
        namespace: Option<&str>,
        attrs: &[(&str, &str)],
    ) -> io::Result<()> {
        let mut tag = format!("<{name}");
        let namespace = namespace.map(|namespace| ("xmlns", namespace));
        for (name, value) in namespace.iter().chain(attrs) {
            tag.push_str(&format!(" {name}='{}'", escaped(value)));
        }
        tag.push('>');
        self.raw(&tag)
    }

    pub(super) fn end(&mut self, name: &str) -> io::Result<()> {
        self.raw(&format!("</{name}>"))
    }

    /// An element with all its declarations.
    pub(super) fn element(&mut self, element: &Element) -> io::Result<()> {
        let xml = element::write(element).map_err(io::Error::other)?;
        self.raw(&xml)
    }
}

/// An attribute's value between single quotation marks.
pub(super) fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in element::clean_text(value).chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '\'' => text.push_str("&apos;"),
            '\n' => text.push_str("&#10;"),
            '\t' => text.push_str("&#9;"),
            c => text.push(c),
        }
    }
    text
}
