//! Texts that a value can have: literals, environment variables, and unknown parts.

use std::collections::BTreeSet;

/// A part of a text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Piece {
    Literal(String),
    /// The value of an environment variable.
    Variable(String),
    Unknown,
}

/// One text: its parts in order.
pub type Text = Vec<Piece>;

/// The texts that a value can be.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Texts(pub BTreeSet<Text>);

/// More alternatives than this are one unknown text.
const MOST: usize = 24;
/// A text of more bytes is unknown: no name and no route is so long, and sixty lines can double a text sixty times.
const LONGEST: usize = 4 << 10;

impl Texts {
    pub fn literal(text: &str) -> Self {
        Self(BTreeSet::from([bounded(vec![Piece::Literal(text.to_owned())])]))
    }

    pub fn variable(name: &str) -> Self {
        Self(BTreeSet::from([vec![Piece::Variable(name.to_owned())]]))
    }

    pub fn unknown() -> Self {
        Self(BTreeSet::from([vec![Piece::Unknown]]))
    }

    pub fn or(&self, other: &Self) -> Self {
        let all: BTreeSet<Text> = self.0.union(&other.0).cloned().collect();
        if all.len() > MOST { Self::unknown() } else { Self(all) }
    }

    /// Every text of `self` followed by every text of `other`.
    pub fn then(&self, other: &Self) -> Self {
        if self.0.len() * other.0.len() > MOST {
            return Self::unknown();
        }
        let mut all = BTreeSet::new();
        for first in &self.0 {
            for second in &other.0 {
                all.insert(join(first, second));
            }
        }
        Self(all)
    }

    /// Changes what is literal; an environment variable becomes unknown.
    pub fn changed(&self, change: impl Fn(&str) -> String) -> Self {
        Self(
            self.0
                .iter()
                .map(|text| match text.as_slice() {
                    [Piece::Literal(literal)] => bounded(vec![Piece::Literal(change(literal))]),
                    [] => Vec::new(),
                    _ => vec![Piece::Unknown],
                })
                .collect(),
        )
    }

    /// Whether it is read from the environment alone.
    pub fn is_variable(&self) -> bool {
        !self.0.is_empty()
            && self.0.iter().all(|text| matches!(text.as_slice(), [Piece::Variable(_)]))
    }

    pub fn literals(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|text| match text.as_slice() {
            [Piece::Literal(literal)] => Some(literal.as_str()),
            [] => Some(""),
            _ => None,
        })
    }
}

fn join(first: &Text, second: &Text) -> Text {
    let mut text = first.clone();
    for piece in second {
        match (text.last_mut(), piece) {
            (Some(Piece::Literal(before)), Piece::Literal(after)) => before.push_str(after),
            (Some(Piece::Unknown), Piece::Unknown) => {}
            _ => text.push(piece.clone()),
        }
    }
    bounded(text)
}

/// The text, unless it is longer than any that matters.
fn bounded(text: Text) -> Text {
    let length = |piece: &Piece| match piece {
        Piece::Literal(part) | Piece::Variable(part) => part.len(),
        Piece::Unknown => 1,
    };
    if text.iter().map(length).sum::<usize>() > LONGEST { vec![Piece::Unknown] } else { text }
}

/// A part of a format string.
#[derive(Debug, PartialEq, Eq)]
pub enum Slot {
    Literal(String),
    /// `{}`, by its place; `{name}`.
    Place(usize),
    Name(String),
}

/// Takes a format string apart.
pub fn slots(format: &str) -> Vec<Slot> {
    let mut out = Vec::new();
    let mut literal = String::new();
    let mut next = 0;
    let mut rest = format.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '{' if rest.peek() == Some(&'{') => {
                rest.next();
                literal.push('{');
            }
            '}' if rest.peek() == Some(&'}') => {
                rest.next();
                literal.push('}');
            }
            '{' => {
                if !literal.is_empty() {
                    out.push(Slot::Literal(std::mem::take(&mut literal)));
                }
                let inside: String = rest.by_ref().take_while(|letter| *letter != '}').collect();
                let name = inside.split(':').next().unwrap_or_default().trim();
                if name.is_empty() {
                    out.push(Slot::Place(next));
                    next += 1;
                } else if let Ok(place) = name.parse() {
                    out.push(Slot::Place(place));
                } else {
                    out.push(Slot::Name(name.to_owned()));
                }
            }
            other => literal.push(other),
        }
    }
    if !literal.is_empty() {
        out.push(Slot::Literal(literal));
    }
    out
}

/// The action that a `PartiQL` statement asks for, its table and its index; nothing where the text does not say them.
pub fn partiql(statement: &str) -> Option<(&'static str, String, Option<String>)> {
    let words = words(statement);
    let is = |word: &Word, text: &str| matches!(word, Word::Plain(found) if found.eq_ignore_ascii_case(text));
    let after = |text: &str| words.iter().position(|word| is(word, text)).map(|at| at + 1);
    let first = words.first()?;
    let (action, at) = if is(first, "SELECT") {
        ("PartiQLSelect", after("FROM")?)
    } else if is(first, "INSERT") {
        ("PartiQLInsert", after("INTO")?)
    } else if is(first, "UPDATE") {
        ("PartiQLUpdate", 1)
    } else if is(first, "DELETE") {
        ("PartiQLDelete", after("FROM")?)
    } else {
        return None;
    };
    let name = |at: usize| match words.get(at) {
        Some(Word::Plain(name) | Word::Quoted(name)) => Some(name.clone()),
        _ => None,
    };
    let index = match words.get(at + 1) {
        Some(Word::Sign('.')) => Some(name(at + 2)?),
        _ => None,
    };
    Some((action, name(at)?, index))
}

/// A piece of a statement.
enum Word {
    Plain(String),
    /// `"orders"`
    Quoted(String),
    /// `'a text'`
    Text,
    Sign(char),
}

fn words(statement: &str) -> Vec<Word> {
    let mut words = vec![];
    let mut rest = statement.trim_start();
    while let Some(character) = rest.chars().next() {
        let part_of_a_name = |one: char| one.is_alphanumeric() || one == '_' || one == '-';
        let length = match character {
            '"' | '\'' => {
                let end = rest[1..].find(character).unwrap_or(rest.len() - 1);
                let inside = rest[1..=end].to_owned();
                words.push(if character == '"' { Word::Quoted(inside) } else { Word::Text });
                (end + 2).min(rest.len())
            }
            _ if part_of_a_name(character) => {
                let end = rest.find(|one| !part_of_a_name(one)).unwrap_or(rest.len());
                words.push(Word::Plain(rest[..end].to_owned()));
                end
            }
            _ => {
                words.push(Word::Sign(character));
                character.len_utf8()
            }
        };
        rest = rest[length..].trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_strings_are_taken_apart() {
        assert_eq!(
            slots("a{{{}-{name:>3}{1}"),
            vec![
                Slot::Literal("a{".to_owned()),
                Slot::Place(0),
                Slot::Literal("-".to_owned()),
                Slot::Name("name".to_owned()),
                Slot::Place(1),
            ]
        );
    }

    #[test]
    fn a_text_that_doubles_again_and_again_is_unknown() {
        let mut text = Texts::literal("ab");
        for _ in 0..60 {
            text = text.then(&text);
        }
        assert_eq!(text, Texts::unknown());
        let doubled = (0..60)
            .fold(Texts::literal("ab"), |text, _| text.changed(|part| part.replace('a', "aa")));
        assert_eq!(doubled, Texts::unknown());
        assert_eq!(Texts::literal(&"t".repeat(70_000)), Texts::unknown());
    }

    #[test]
    fn a_statement_names_its_table_and_index() {
        assert_eq!(
            partiql("SELECT * FROM \"orders\".\"byUser\" WHERE id = ?"),
            Some(("PartiQLSelect", "orders".to_owned(), Some("byUser".to_owned())))
        );
        assert_eq!(
            partiql("insert into orders value {'id': ?}"),
            Some(("PartiQLInsert", "orders".to_owned(), None))
        );
        for text in [
            "SELECT * FROM \"orders\" . \"byUser\"WHERE id = ?",
            "select \"FROM\", 'a from b' from orders.byUser",
        ] {
            assert_eq!(
                partiql(text),
                Some(("PartiQLSelect", "orders".to_owned(), Some("byUser".to_owned()))),
                "{text}"
            );
        }
        assert_eq!(
            partiql("DELETE FROM orders WHERE id='7'"),
            Some(("PartiQLDelete", "orders".to_owned(), None))
        );
        for text in
            ["vacuum", "", "SELECT", "SELECT * FROM", "UPDATE ?", "SELECT * FROM \"a\".", "\"", "'"]
        {
            assert_eq!(partiql(text), None, "{text}");
        }
    }
}
