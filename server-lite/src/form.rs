//! Data forms (XEP-0004), as far as a server reads and writes them.

use std::collections::BTreeMap;

use xmpp_core::element::{Build, build};
use xmpp_core::{Element, ns};

/// A form under construction.
pub(crate) struct Form(Build);

impl Form {
    /// A form of a kind: `form` to fill in, `result` to read.
    pub(crate) fn new(kind: &str, form_type: &str) -> Self {
        let form = build("x", ns::DATA_FORMS).attr("type", kind);
        Self(form).field("FORM_TYPE", "hidden", None, [form_type])
    }

    /// What a person reads above it.
    pub(crate) fn title(mut self, title: &str) -> Self {
        self.0 = self.0.child(build("title", ns::DATA_FORMS).text(title));
        self
    }

    /// What a person has to know to fill it in.
    pub(crate) fn instructions(mut self, text: &str) -> Self {
        let text = build("instructions", ns::DATA_FORMS).text(text);
        self.0 = self.0.child(text);
        self
    }

    /// Adds a field that has to be filled in.
    pub(crate) fn required(mut self, name: &str, kind: &str, label: &str) -> Self {
        let field = build("field", ns::DATA_FORMS)
            .attr("var", name)
            .attr("type", kind)
            .attr("label", label)
            .child(build("required", ns::DATA_FORMS));
        self.0 = self.0.child(field);
        self
    }

    /// Adds a field.
    pub(crate) fn field<T: AsRef<str>>(
        self,
        name: &str,
        kind: &str,
        label: Option<&str>,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        self.choice(name, kind, label, values, &[])
    }

    /// Adds a field with its choices: value and label.
    pub(crate) fn choice<T: AsRef<str>>(
        mut self,
        name: &str,
        kind: &str,
        label: Option<&str>,
        values: impl IntoIterator<Item = T>,
        options: &[(&str, &str)],
    ) -> Self {
        let value = |value: &str| build("value", ns::DATA_FORMS).text(value);
        let options = options.iter().map(|(text, label)| {
            build("option", ns::DATA_FORMS)
                .attr("label", *label)
                .child(value(text))
        });
        let field = build("field", ns::DATA_FORMS)
            .attr("var", name)
            .attr("type", kind)
            .attr_opt("label", label)
            .children(values.into_iter().map(|text| value(text.as_ref())))
            .children(options);
        self.0 = self.0.child(field);
        self
    }

    /// Adds a yes or no.
    pub(crate) fn boolean(self, name: &str, label: &str, value: bool) -> Self {
        let value = if value { "1" } else { "0" };
        self.field(name, "boolean", Some(label), [value])
    }

    pub(crate) fn done(self) -> Element {
        self.0.done()
    }
}

/// A form that was filled in: the values of each field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filled {
    fields: BTreeMap<String, Vec<String>>,
}

impl Filled {
    /// Reads a form.
    pub(crate) fn read(form: &Element) -> Self {
        let named = |name: &'static str| move |child: &&Element| child.is(name, ns::DATA_FORMS);
        let fields = form
            .children()
            .filter(named("field"))
            .filter_map(|field| {
                let name = field.attr("var")?.to_owned();
                let values = field.children().filter(named("value"));
                Some((name, values.map(Element::text).collect()))
            })
            .collect();
        Self { fields }
    }

    /// Several as one; of a field that is in two of them the later one counts.
    pub(crate) fn all_of(forms: Vec<Self>) -> Self {
        let fields = forms.into_iter().flat_map(|form| form.fields).collect();
        Self { fields }
    }

    /// Bytes of names and values.
    pub(crate) fn bytes(&self) -> usize {
        let of = |(name, values): (&String, &Vec<String>)| {
            name.len() + values.iter().map(String::len).sum::<usize>()
        };
        self.fields.iter().map(of).sum()
    }

    /// Whether the form says that it is of this type, or says nothing.
    pub(crate) fn is_of_type(&self, form_type: &str) -> bool {
        self.first("FORM_TYPE").is_none_or(|text| text == form_type)
    }

    /// The names of the fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// All values of a field; `None` if it is not there.
    pub(crate) fn all(&self, name: &str) -> Option<&[String]> {
        self.fields.get(name).map(Vec::as_slice)
    }

    /// The first value of a field.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.all(name)?.first().map(String::as_str)
    }

    /// A yes or no (XEP-0004, section 3.3); `None` if it is not there or is neither.
    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        match self.first(name)?.trim() {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let form = Form::new("submit", "urn:x")
            .boolean("yes", "Yes?", true)
            .field("many", "text-multi", None, ["a", "b"])
            .choice("one", "list-single", None, ["x"], &[("x", "X")])
            .done();
        let read = Filled::read(&form);
        assert!(read.is_of_type("urn:x") && !read.is_of_type("urn:y"));
        assert_eq!(read.boolean("yes"), Some(true));
        assert_eq!(read.boolean("many"), None);
        assert_eq!(read.all("many").unwrap(), ["a", "b"]);
        assert_eq!(read.first("one"), Some("x"));
        assert_eq!(read.names().count(), 4);
    }
}
