//! Rights on everything that a pattern stands for: streams of a log group, what a bucket holds, a secret whose name AWS
//! completes. One member of a family that is allowed proves nothing of the others.

use super::needs::Need;
use super::probes::is_wild;
use super::role::{Placed, Role};
use iam::document::{Effect, Scope};
use iam::eval::{Answer, Decision};

/// What a wildcard becomes in the members that are tried: a plain name, and names that no pattern holds by chance.
const NAMES: [(&str, &str); 3] = [("0", "0"), ("\u{e000}", "\u{e000}"), (UNLIKELY, "\u{e000}")];
const UNLIKELY: &str = "\u{e000}\u{e001}\u{e000}\u{e001}\u{e000}\u{e001}\u{e000}\u{e001}";

impl Role<'_> {
    /// Whether the role may do this with every resource that is needed; else the first answer that says otherwise.
    pub fn may_all(&self, need: &Need) -> Answer {
        let Need { action, resource, .. } = need;
        let first = self.may(action, &need.witness());
        if !is_wild(resource) || resource == "*" || first.decision != Decision::Allowed {
            return first;
        }
        for (many, one) in NAMES {
            let answer = self.may(action, &resource.replace('*', many).replace('?', one));
            if answer.decision != Decision::Allowed {
                return answer;
            }
        }
        match self.denials().find(|placed| self.may_deny_a_part(placed, action, resource)) {
            Some(placed) => Answer {
                decision: Decision::Unproven,
                statement: Some(placed.name()),
                why: "this statement may deny it on some of what is needed".to_owned(),
            },
            None => first,
        }
    }

    /// Of the policies, and of the boundary.
    fn denials(&self) -> impl Iterator<Item = Placed<'_>> {
        let all = self.statements().chain(self.boundary_statements());
        all.filter(|placed| placed.statement.effect == Effect::Deny)
    }

    /// What a denial excepts has been tried with a name that stands for all.
    fn may_deny_a_part(&self, placed: &Placed, action: &str, family: &str) -> bool {
        let Some(Scope::Only(patterns)) = &placed.statement.resources else { return false };
        patterns.iter().any(|pattern| meet(pattern, family)) && self.covers_action(placed, action)
    }
}

/// Whether some text matches both patterns. A variable may be any text.
fn meet(one: &str, other: &str) -> bool {
    let (one, other) = (pieces(one), pieces(other));
    // From the ends: whether what is left of both can match the same text.
    let mut below = vec![false; other.len() + 1];
    for at in (0..=one.len()).rev() {
        let mut row = vec![false; other.len() + 1];
        for place in (0..=other.len()).rev() {
            row[place] = match (one.get(at), other.get(place)) {
                (None, None) => true,
                (Some('*'), None) => below[place],
                (None, Some('*')) => row[place + 1],
                (Some('*'), Some(_)) | (Some(_), Some('*')) => below[place] || row[place + 1],
                (Some(left), Some(right)) => {
                    (left == right || *left == '?' || *right == '?') && below[place + 1]
                }
                _ => false,
            };
        }
        below = row;
    }
    below[0]
}

/// The characters of a pattern, with `*` for each variable and each escape.
fn pieces(pattern: &str) -> Vec<char> {
    let mut pieces = vec![];
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        if let Some((_, after)) = rest.strip_prefix("${").and_then(|inside| inside.split_once('}'))
        {
            pieces.push('*');
            rest = after;
        } else {
            pieces.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_meet_where_one_text_matches_both() {
        for (one, other) in [
            ("a*", "ab*"),
            ("*b", "a*"),
            ("a?c", "ab*"),
            ("a${aws:username}", "ab*"),
            ("x-??????", "x-AbCdEf"),
            ("", "*"),
            ("*a*b", "*c*"),
        ] {
            assert!(meet(one, other) && meet(other, one), "{one} {other}");
        }
        for (one, other) in [("a*", "b*"), ("a", "a?"), ("*b", "*c"), ("x-?????", "x-??????")] {
            assert!(!meet(one, other) && !meet(other, one), "{one} {other}");
        }
    }
}
