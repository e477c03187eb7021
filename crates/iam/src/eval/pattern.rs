//! Text with wildcards and policy variables, matched in time that no input can blow up.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::context::{Context, Lookup};
use super::rule::Rule;
use super::truth::Truth;

/// A pattern as it is written, before any request gives its variables a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(char),
    /// `${*}`, `${?}` and `${$}`: the character itself.
    Escaped(char),
    Variable {
        key: String,
        default: Option<String>,
    },
    /// `${` that does not begin a variable, where variables are known: AWS refuses it.
    Broken,
}

/// Steps that a single comparison may take: enough for the longest ARN against the longest policy.
const MOST_WORK: usize = 300_000_000;

/// One step of a pattern that a request has resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    Literal(char),
    One,
    Many,
}

/// A pattern with the values of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    Pieces(Vec<Piece>),
    /// A variable has no value: "effectively null", which nothing equals.
    Null,
    Unknown,
}

impl Pattern {
    /// Reads text of a document whose language knows variables, or in which they are plain text.
    pub fn parse(text: &str, variables: bool) -> Pattern {
        let mut parts = vec![];
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if variables && rest.starts_with("${") {
                let (part, length) = parse_variable(rest);
                parts.push(part);
                rest = &rest[length..];
            } else {
                parts.push(Part::Text(character));
                rest = &rest[character.len_utf8()..];
            }
        }
        Pattern(parts)
    }

    pub fn has_variables(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Variable { .. } | Part::Broken))
    }

    pub fn is_literal(&self) -> bool {
        self.0
            .iter()
            .all(|part| matches!(part, Part::Text(character) if !['*', '?'].contains(character)))
    }

    /// Whether it is written as this text.
    pub fn is_text(&self, text: &str) -> bool {
        *self == Pattern::parse(text, false)
    }

    pub fn has_wildcards(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Text('*' | '?')))
    }

    /// With its text, but not its variables, in small letters.
    pub fn lowercase(&self) -> Pattern {
        let lower = |part: &Part| match part {
            Part::Text(character) => Part::Text(character.to_ascii_lowercase()),
            other => other.clone(),
        };
        Pattern(self.0.iter().map(lower).collect())
    }

    /// Up to the first of these characters that is text, or all of it.
    pub fn before(&self, ends: &[char]) -> Pattern {
        let is_end = |part: &Part| matches!(part, Part::Text(text) if ends.contains(text));
        Pattern(self.0.iter().take_while(|part| !is_end(part)).cloned().collect())
    }

    /// At the first five colons that are text, not part of a variable.
    pub fn split_arn(&self) -> Vec<Pattern> {
        let mut segments = vec![Pattern(vec![])];
        for part in &self.0 {
            if *part == Part::Text(':') && segments.len() < 6 {
                segments.push(Pattern(vec![]));
            } else if let Some(Pattern(last)) = segments.last_mut() {
                last.push(part.clone());
            }
        }
        segments
    }

    /// With wildcards: `*` and `?` that the author wrote match; those that a variable brought are text.
    pub fn resolve(&self, context: &Context) -> Resolved {
        self.resolve_with(context, |character| match character {
            '*' if Rule::StarMatchesMany.holds() => Piece::Many,
            '?' if Rule::QuestionMarkMatchesOne.holds() => Piece::One,
            other => Piece::Literal(other),
        })
    }

    /// Without wildcards: for operators that compare whole strings.
    pub fn resolve_literal(&self, context: &Context) -> Resolved {
        self.resolve_with(context, Piece::Literal)
    }

    fn resolve_with(&self, context: &Context, piece: impl Fn(char) -> Piece) -> Resolved {
        let mut pieces = Vec::with_capacity(self.0.len());
        let mut null = false;
        for part in &self.0 {
            match part {
                Part::Escaped(character) if Rule::EscapesAreLiteral.holds() => {
                    pieces.push(Piece::Literal(*character));
                }
                Part::Text(character) | Part::Escaped(character) => pieces.push(piece(*character)),
                Part::Broken => return Resolved::Unknown,
                Part::Variable { key, default } => match (context.get(key), default) {
                    (Lookup::Values([value]), _) if Rule::VariableValuesAreLiteral.holds() => {
                        pieces.extend(value.chars().map(Piece::Literal));
                    }
                    (Lookup::Values([value]), _) => pieces.extend(value.chars().map(&piece)),
                    // Whether a wildcard in a default is one, the documentation does not say.
                    (Lookup::Absent, Some(value)) if value.contains(['*', '?']) => {
                        return Resolved::Unknown;
                    }
                    (Lookup::Absent, Some(value)) if Rule::VariableDefaultsApply.holds() => {
                        pieces.extend(value.chars().map(Piece::Literal));
                    }
                    (Lookup::Absent, _) => null = true,
                    // A key with several values cannot be a variable, and the documentation does not say what happens.
                    (Lookup::Values(_) | Lookup::Unknown, _) => return Resolved::Unknown,
                },
            }
        }
        if null && Rule::MissingVariableMatchesNothing.holds() {
            Resolved::Null
        } else {
            Resolved::Pieces(pieces)
        }
    }
}

impl Resolved {
    pub fn matches(&self, text: &str) -> Truth {
        match self {
            Resolved::Pieces(pieces) if pieces.len().saturating_mul(text.len()) > MOST_WORK => {
                Truth::Unknown
            }
            Resolved::Pieces(pieces) => Truth::from(matches(pieces, text)),
            Resolved::Null => Truth::No,
            Resolved::Unknown => Truth::Unknown,
        }
    }

    pub fn is_ascii(&self) -> bool {
        let ascii =
            |piece: &Piece| !matches!(piece, Piece::Literal(character) if !character.is_ascii());
        matches!(self, Resolved::Pieces(pieces) if pieces.iter().all(ascii))
    }

    #[must_use]
    pub fn lowercase(self) -> Self {
        let Resolved::Pieces(pieces) = self else {
            return self;
        };
        let mut lower = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::Literal(character) => {
                    lower.extend(character.to_lowercase().map(Piece::Literal));
                }
                wildcard => lower.push(wildcard),
            }
        }
        Resolved::Pieces(lower)
    }
}

/// Linear in practice, and at worst the product of the lengths: on a mismatch only the last `*` tries one more character,
/// since what an earlier one could take besides, the last one can take too.
fn matches(pieces: &[Piece], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut place) = (0, 0);
    let mut retry = None;
    while place < text.len() {
        match pieces.get(at) {
            Some(Piece::Many) => {
                retry = Some((at + 1, place));
                at += 1;
            }
            Some(Piece::One) => (at, place) = (at + 1, place + 1),
            Some(Piece::Literal(character)) if *character == text[place] => {
                (at, place) = (at + 1, place + 1);
            }
            _ => match retry {
                Some((after, start)) => {
                    retry = Some((after, start + 1));
                    (at, place) = (after, start + 1);
                }
                None => return false,
            },
        }
    }
    pieces[at..].iter().all(|piece| *piece == Piece::Many)
}

/// The variable at the start of a text that begins with `${`, and its length in bytes.
fn parse_variable(text: &str) -> (Part, usize) {
    for (escape, character) in [("${*}", '*'), ("${?}", '?'), ("${$}", '$')] {
        if text.starts_with(escape) {
            return (Part::Escaped(character), escape.len());
        }
    }
    let inside = &text[2..];
    let Some(end) = inside.find([',', '}']) else {
        return (Part::Broken, text.len());
    };
    // A tag's key may hold spaces; at its ends IAM does not take them.
    let key = inside[..end].to_owned();
    let valid = !key.is_empty() && key.trim() == key && !key.contains(['$', '{', '\'']);
    if inside[end..].starts_with('}') {
        let part = if valid { Part::Variable { key, default: None } } else { Part::Broken };
        return (part, 2 + end + 1);
    }
    let quoted = inside[end + 1..].trim_start();
    let default = quoted.strip_prefix('\'').and_then(|text| text.split_once('\''));
    match default.and_then(|(default, rest)| Some((default, rest.trim_start().strip_prefix('}')?)))
    {
        Some((default, rest)) if valid => {
            (Part::Variable { key, default: Some(default.to_owned()) }, text.len() - rest.len())
        }
        _ => (Part::Broken, text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::context::Others;

    fn matched(pattern: &str, text: &str) -> Truth {
        let context = Context::new(Others::Absent).with("aws:username", "alice").with("k", "a*b");
        Pattern::parse(pattern, true).resolve(&context).matches(text)
    }

    #[test]
    fn wildcards_match_as_documented() {
        for (pattern, text) in [
            ("*", ""),
            ("a*c", "abbc"),
            ("a?c", "abc"),
            ("**", "x"),
            ("a*b*c", "aXbYbZc"),
            ("", ""),
        ] {
            assert_eq!(matched(pattern, text), Truth::Yes, "{pattern} {text}");
        }
        for (pattern, text) in [("a?c", "ac"), ("a*c", "abd"), ("", "x"), ("?", ""), ("ab", "abc")]
        {
            assert_eq!(matched(pattern, text), Truth::No, "{pattern} {text}");
        }
    }

    #[test]
    fn variables_are_values_and_never_wildcards() {
        assert_eq!(matched("t/${aws:username}", "t/alice"), Truth::Yes);
        assert_eq!(matched("${k}", "aXb"), Truth::No);
        assert_eq!(matched("${k}", "a*b"), Truth::Yes);
        assert_eq!(matched("${none, 'all of it'}", "all of it"), Truth::Yes);
        assert_eq!(matched("${none}*", "x"), Truth::No);
        assert_eq!(matched("${", "${"), Truth::Unknown);
        assert_eq!(matched("${a, b}", "b"), Truth::Unknown);
        assert_eq!(matched("${ aws:username }", "alice"), Truth::Unknown);
        assert_eq!(matched("${none, 'a*'}", "ab"), Truth::Unknown);
    }

    #[test]
    fn a_hostile_pattern_takes_no_longer_than_its_length_allows() {
        let pattern = "*a".repeat(5_000) + "b";
        let text = "a".repeat(10_000);
        assert_eq!(matched(&pattern, &text), Truth::No);
    }

    #[test]
    fn an_arn_is_split_outside_of_its_variables() {
        let segments = Pattern::parse("arn:aws:s3:::${aws:username}:x", true).split_arn();
        assert_eq!(segments.len(), 6);
    }
}
