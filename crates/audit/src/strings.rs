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

impl Texts {
    pub fn literal(text: &str) -> Self {
        Self(BTreeSet::from([vec![Piece::Literal(text.to_owned())]]))
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
                    [Piece::Literal(literal)] => vec![Piece::Literal(change(literal))],
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
    text
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

/// The tables that a `PartiQL` statement names.
pub fn partiql(statement: &str) -> Option<(&'static str, String, Option<String>)> {
    let words: Vec<&str> = statement.split_whitespace().collect();
    let verb = words.first()?.to_ascii_uppercase();
    let after = |word: &str| {
        let at = words.iter().position(|found| found.eq_ignore_ascii_case(word))?;
        words.get(at + 1).copied()
    };
    let (action, name) = match verb.as_str() {
        "SELECT" => ("PartiQLSelect", after("FROM")?),
        "INSERT" => ("PartiQLInsert", after("INTO")?),
        "UPDATE" => ("PartiQLUpdate", words.get(1).copied()?),
        "DELETE" => ("PartiQLDelete", after("FROM")?),
        _ => return None,
    };
    let mut parts =
        name.splitn(2, "\".\"").map(|part| part.trim_matches(['"', '\'', ';']).to_owned());
    let table = parts.next()?;
    Some((action, table, parts.next()))
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
    fn a_statement_names_its_table_and_index() {
        assert_eq!(
            partiql("SELECT * FROM \"orders\".\"byUser\" WHERE id = ?"),
            Some(("PartiQLSelect", "orders".to_owned(), Some("byUser".to_owned())))
        );
        assert_eq!(
            partiql("insert into orders value {'id': ?}"),
            Some(("PartiQLInsert", "orders".to_owned(), None))
        );
        assert_eq!(partiql("vacuum"), None);
    }
}
