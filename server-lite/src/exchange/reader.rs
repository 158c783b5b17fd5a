//! XML from a file of any size, in bounded memory: structure tag by tag, and
//! what is small enough as elements. No entities but those of XML itself, no
//! document types.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use quick_xml::NsReader;
use quick_xml::Writer;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{PrefixDeclaration, ResolveResult};
use xmpp_core::{Element, element};

use super::ExchangeError;

/// Largest element that is read as one: a vCard with its picture, a message.
const MAX_ELEMENT: usize = 16 << 20;
/// Most tags in it; each takes far more memory than bytes.
const MAX_TAGS: usize = 100_000;
/// Deepest nesting in it, as on a stream.
const MAX_DEPTH: usize = 32;
/// Deepest nesting in what is passed over.
const MAX_SKIPPED_DEPTH: usize = 1000;
/// Most attributes of one tag, as on a stream.
const MAX_ATTRIBUTES: usize = 64;

/// A start tag.
#[derive(Debug, Clone)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) ns: String,
    attrs: Vec<(String, String)>,
    /// The tag with all declarations that hold for it.
    whole: BytesStart<'static>,
}

impl Tag {
    pub(super) fn is(&self, name: &str, ns: &str) -> bool {
        self.name == name && self.ns == ns
    }

    pub(super) fn attr(&self, name: &str) -> Option<&str> {
        let found = self.attrs.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What comes next.
pub(super) enum Step {
    Start(Tag),
    End,
    Eof,
}

/// Reads one file.
pub(super) struct Reader {
    xml: NsReader<Guard>,
    buffer: Vec<u8>,
    path: PathBuf,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, ExchangeError> {
        let file = File::open(path).map_err(|error| ExchangeError::of_file(path, error))?;
        let mut xml = NsReader::from_reader(Guard {
            file: BufReader::with_capacity(1 << 16, file),
            left: MAX_ELEMENT,
        });
        xml.config_mut().expand_empty_elements = true;
        Ok(Self {
            xml,
            buffer: Vec::new(),
            path: path.to_owned(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// An error at the present place.
    pub(super) fn bad(&self, reason: impl std::fmt::Display) -> ExchangeError {
        ExchangeError::NotUsable {
            path: self.path.clone(),
            place: self.xml.buffer_position(),
            reason: reason.to_string(),
        }
    }

    fn event(&mut self) -> Result<Event<'static>, ExchangeError> {
        self.buffer.clear();
        let event = match self.xml.read_event_into(&mut self.buffer) {
            Ok(event) => event.into_owned(),
            Err(error) => return Err(self.bad(error)),
        };
        match &event {
            Event::DocType(_) => Err(self.bad("document types are not read")),
            Event::GeneralRef(reference) => {
                let is_known = reference.is_char_ref()
                    || matches!(&**reference, "amp" | "lt" | "gt" | "quot" | "apos");
                match is_known {
                    true => Ok(event),
                    false => Err(self.bad("entities are not read")),
                }
            }
            Event::Decl(declaration) => {
                let encoding = declaration.encoding().transpose();
                let encoding = encoding.map_err(|error| self.bad(error))?;
                match encoding.map(|name| name.to_ascii_lowercase()).as_deref() {
                    None | Some("utf-8" | "us-ascii") => Ok(event),
                    Some(_) => Err(self.bad("only UTF-8 is read")),
                }
            }
            _ => Ok(event),
        }
    }

    /// The next tag. Text between tags is passed over.
    pub(super) fn next(&mut self) -> Result<Step, ExchangeError> {
        loop {
            self.xml.get_mut().left = MAX_ELEMENT;
            match self.event()? {
                Event::Start(start) => return self.tag(&start).map(Step::Start),
                Event::End(_) => return Ok(Step::End),
                Event::Eof => return Ok(Step::Eof),
                _ => {}
            }
        }
    }

    fn tag(&self, start: &BytesStart<'_>) -> Result<Tag, ExchangeError> {
        let resolver = self.xml.resolver();
        let (namespace, local) = resolver.resolve_element(start.name());
        let ns = match namespace {
            ResolveResult::Bound(namespace) => namespace.0.to_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(prefix) => {
                return Err(self.bad(format!("name space {prefix} is not declared")));
            }
        };
        let mut whole = BytesStart::new(start.name().0.to_owned());
        let mut attrs = Vec::new();
        self.count_attributes(start)?;
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| self.bad(error))?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_err(|error| self.bad(error))?;
            attrs.push((attribute.key.0.to_owned(), value.into_owned()));
            whole.push_attribute(attribute);
        }
        let mut has_default = false;
        for (prefix, namespace) in resolver.bindings() {
            let name = match prefix {
                PrefixDeclaration::Default => {
                    has_default = true;
                    "xmlns".to_owned()
                }
                PrefixDeclaration::Named(name) => format!("xmlns:{name}"),
            };
            whole.push_attribute((name.as_str(), namespace.0));
        }
        if !has_default {
            whole.push_attribute(("xmlns", ""));
        }
        Ok(Tag {
            name: local.into_inner().to_owned(),
            ns,
            attrs,
            whole,
        })
    }

    /// What follows compares each with each.
    fn count_attributes(&self, start: &BytesStart<'_>) -> Result<(), ExchangeError> {
        match start.attributes().with_checks(false).count() {
            0..=MAX_ATTRIBUTES => Ok(()),
            _ => Err(self.bad("a tag has too many attributes")),
        }
    }

    /// Reads the element whose start tag was the last step.
    pub(super) fn element(&mut self, tag: &Tag) -> Result<Element, ExchangeError> {
        self.xml.get_mut().left = MAX_ELEMENT;
        let mut text = Writer::new(Vec::with_capacity(1024));
        let mut put = |event: Event<'_>| text.write_event(event);
        let failed = |this: &Self, error: io::Error| this.bad(error);
        put(Event::Start(tag.whole.borrow())).map_err(|error| failed(self, error))?;
        let (mut depth, mut tags) = (1, 1);
        while depth > 0 {
            let event = self.event()?;
            match &event {
                Event::Start(start) => {
                    self.count_attributes(start)?;
                    depth += 1;
                    tags += 1;
                }
                Event::End(_) => depth -= 1,
                Event::Text(_) | Event::GeneralRef(_) => {}
                Event::CData(data) => {
                    let data = data.clone().escape().map_err(|error| self.bad(error))?;
                    put(Event::Text(data)).map_err(|error| failed(self, error))?;
                    continue;
                }
                Event::Eof => return Err(self.bad("the file ends in the middle")),
                _ => continue,
            }
            if depth > MAX_DEPTH || tags > MAX_TAGS {
                return Err(self.bad("an element is too deep or too large"));
            }
            put(event).map_err(|error| failed(self, error))?;
        }
        element::parse(&text.into_inner()).map_err(|error| self.bad(error))
    }

    /// Passes over the element whose start tag was the last step.
    pub(super) fn skip(&mut self) -> Result<(), ExchangeError> {
        let mut depth = 1;
        while depth > 0 {
            match self.next()? {
                Step::Start(_) if depth < MAX_SKIPPED_DEPTH => depth += 1,
                Step::Start(_) => return Err(self.bad("an element is too deep")),
                Step::End => depth -= 1,
                Step::Eof => return Err(self.bad("the file ends in the middle")),
            }
        }
        Ok(())
    }
}

/// Gives so many bytes and then an error, until it is filled up again.
struct Guard {
    file: BufReader<File>,
    left: usize,
}

impl Read for Guard {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl BufRead for Guard {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::other("an element is too large"));
        }
        self.file.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount);
        self.file.consume(amount);
    }
}
