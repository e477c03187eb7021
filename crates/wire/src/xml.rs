//! XML as the REST services of AWS write it: elements with texts or with elements in them, and no attributes that matter.

use std::fmt::Write as _;

use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// An element: a text, or further elements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    pub name: String,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// An element with a text.
    pub fn text(name: &str, text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::new(name) }
    }

    /// The same with one more element in it.
    #[must_use]
    pub fn with(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    /// The same with one more text in it.
    #[must_use]
    pub fn and(self, name: &str, text: impl Into<String>) -> Self {
        self.with(Self::text(name, text))
    }

    /// The first element of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Every element of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text at a path of names; empty where there is none.
    pub fn at(&self, path: &str) -> &str {
        let mut here = self;
        for name in path.split('/') {
            match here.child(name) {
                Some(child) => here = child,
                None => return "",
            }
        }
        &here.text
    }

    /// Reads the one element of a document.
    pub fn read(text: &[u8]) -> Result<Self, quick_xml::Error> {
        let text = String::from_utf8_lossy(text);
        let mut reader = Reader::from_str(&text);
        reader.config_mut().expand_empty_elements = true;
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event()? {
                Event::Start(start) => {
                    open.push(Self::new(start.local_name().as_ref()));
                }
                Event::Text(part) => add(&mut open, &part),
                Event::CData(part) => add(&mut open, &part),
                Event::GeneralRef(entity) => {
                    let character = entity.resolve_char_ref()?.map(String::from);
                    let known = || resolve_predefined_entity(&entity).map(str::to_owned);
                    add(&mut open, &character.or_else(known).unwrap_or_default());
                }
                Event::End(_) => {
                    let mut done = open.pop().unwrap_or_default();
                    if !done.children.is_empty() {
                        // What lies between elements is there for the eye.
                        done.text.clear();
                    }
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(done);
                    }
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let mut document = open.into_iter().next().unwrap_or_default();
        Ok(document.children.pop().unwrap_or_default())
    }

    /// The document, with the namespace of its service.
    pub fn written(&self, namespace: &str) -> String {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        self.write(&mut text, &format!(" xmlns=\"{namespace}\""));
        text
    }

    fn write(&self, to: &mut String, attributes: &str) {
        let _ = write!(to, "<{}{attributes}>", self.name);
        if self.children.is_empty() {
            to.push_str(&escape(&self.text));
        }
        for child in &self.children {
            child.write(to, "");
        }
        let _ = write!(to, "</{}>", self.name);
    }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(last) = open.last_mut() {
        last.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let tree = Element::new("A")
            .and("B", "x < y & \"z\" 'é'")
            .with(Element::new("C").and("D", " ").and("D", "2"))
            .and("E", "");
        assert_eq!(Element::read(tree.written("urn:x").as_bytes()).expect("XML"), tree);
    }

    #[test]
    fn spaces_between_elements_and_references_to_characters_are_read_as_meant() {
        let text = b"<?xml version=\"1.0\"?>\n<n:A xmlns:n=\"u\">\n  <B>&#233;&amp;<![CDATA[<]]></B>\n <C/></n:A>";
        let read = Element::read(text).expect("XML");
        assert_eq!(read, Element::new("A").and("B", "é&<").and("C", ""));
        assert!(Element::read(b"<A><B></A>").is_err());
    }
}
