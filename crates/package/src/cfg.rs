//! `cfg(…)` as rustc and cargo decide it, from facts that may be incomplete.
//!
//! <https://doc.rust-lang.org/reference/conditional-compilation.html>

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What decides one fact, such as `unix` or `target_os = "linux"`; nothing where that is not known.
pub type Facts<'a> = &'a dyn Fn(&str, Option<&str>) -> Option<bool>;

/// Whether a condition such as `cfg(all(unix, not(test)))` holds; nothing where that is not known.
pub fn holds(condition: &str, facts: Facts) -> Option<bool> {
    let tokens: TokenStream = condition.parse().ok()?;
    let mut tokens = tokens.into_iter();
    match (tokens.next(), tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(name)), Some(TokenTree::Group(group)), None) if name == "cfg" => {
            all_hold(group.stream(), facts)
        }
        _ => None,
    }
}

/// Whether every condition of a list holds: what is between the brackets of `cfg(…)`, which holds one.
pub fn all_hold(list: TokenStream, facts: Facts) -> Option<bool> {
    decided(list, facts, false)
}

/// "And" ends with the first `false`, "or" with the first `true`; else one that is not known decides.
fn decided(list: TokenStream, facts: Facts, deciding: bool) -> Option<bool> {
    let mut result = Some(!deciding);
    for condition in split(list) {
        match one(&condition, facts) {
            Some(held) if held == deciding => return Some(deciding),
            None => result = None,
            Some(_) => {}
        }
    }
    result
}

fn one(condition: &[TokenTree], facts: Facts) -> Option<bool> {
    match condition {
        [TokenTree::Ident(name)] => match name.to_string().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            name => facts(name, None),
        },
        [TokenTree::Ident(name), TokenTree::Punct(equals), TokenTree::Literal(value)]
            if equals.as_char() == '=' =>
        {
            let value = syn::parse_str::<syn::LitStr>(&value.to_string()).ok()?.value();
            facts(&name.to_string(), Some(&value))
        }
        [TokenTree::Ident(name), TokenTree::Group(group)]
            if group.delimiter() == Delimiter::Parenthesis =>
        {
            match name.to_string().as_str() {
                "all" => decided(group.stream(), facts, false),
                "any" => decided(group.stream(), facts, true),
                "not" => decided(group.stream(), facts, false).map(|held| !held),
                _ => None,
            }
        }
        _ => None,
    }
}

fn split(list: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut conditions = vec![vec![]];
    for token in list {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => conditions.push(vec![]),
            token => conditions.last_mut().into_iter().for_each(|one| one.push(token.clone())),
        }
    }
    conditions.retain(|condition| !condition.is_empty());
    conditions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linux(name: &str, value: Option<&str>) -> Option<bool> {
        match (name, value) {
            ("unix", None) => Some(true),
            ("windows" | "test", None) => Some(false),
            ("target_os", Some(value)) => Some(value == "linux"),
            _ => None,
        }
    }

    #[test]
    fn what_is_known_decides_and_what_is_not_does_not() {
        for (condition, expected) in [
            ("cfg(unix)", Some(true)),
            ("cfg( windows )", Some(false)),
            ("cfg(target_os = \"linux\")", Some(true)),
            ("cfg(target_os=\"macos\")", Some(false)),
            ("cfg(not(windows))", Some(true)),
            ("cfg(all(unix, target_os = \"linux\", not(test)))", Some(true)),
            ("cfg(all(unix, windows))", Some(false)),
            ("cfg(any(windows, unix,))", Some(true)),
            ("cfg(any())", Some(false)),
            ("cfg(all())", Some(true)),
            ("cfg(false)", Some(false)),
            ("cfg(tokio_unstable)", None),
            ("cfg(not(tokio_unstable))", None),
            ("cfg(all(tokio_unstable, windows))", Some(false)),
            ("cfg(any(tokio_unstable, unix))", Some(true)),
            ("cfg(any(tokio_unstable, windows))", None),
            ("x86_64-unknown-linux-gnu", None),
            ("cfg(", None),
        ] {
            assert_eq!(holds(condition, &linux), expected, "{condition}");
        }
    }
}
