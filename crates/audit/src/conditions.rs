//! Decides `#[cfg(…)]` for a Lambda function: Linux, release profile, no tests.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Meta};

/// What is known of a condition. Features can be switched on by whoever builds, so they are open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Truth {
    Yes,
    No,
    Open,
}

/// Whether code under these attributes can be part of the function.
pub fn is_built(attributes: &[Attribute]) -> bool {
    !attributes.iter().any(|attribute| {
        let path = attribute.path();
        if path.is_ident("test") || path.segments.last().is_some_and(|last| last.ident == "test") {
            return true;
        }
        match &attribute.meta {
            Meta::List(list) if path.is_ident("cfg") => all(list.tokens.clone()) == Truth::No,
            _ => false,
        }
    })
}

fn all(tokens: TokenStream) -> Truth {
    let mut result = Truth::Yes;
    for part in parts(tokens) {
        match one(&part) {
            Truth::No => return Truth::No,
            Truth::Open => result = Truth::Open,
            Truth::Yes => {}
        }
    }
    result
}

fn any(tokens: TokenStream) -> Truth {
    let mut result = Truth::No;
    for part in parts(tokens) {
        match one(&part) {
            Truth::Yes => return Truth::Yes,
            Truth::Open => result = Truth::Open,
            Truth::No => {}
        }
    }
    result
}

fn parts(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    for token in tokens {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => parts.push(Vec::new()),
            other => {
                if let Some(last) = parts.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn one(part: &[TokenTree]) -> Truth {
    let Some(TokenTree::Ident(name)) = part.first() else {
        return Truth::Open;
    };
    let name = name.to_string();
    if let Some(TokenTree::Group(group)) = part.get(1) {
        return match name.as_str() {
            "not" => match all(group.stream()) {
                Truth::Yes => Truth::No,
                Truth::No => Truth::Yes,
                Truth::Open => Truth::Open,
            },
            "any" => any(group.stream()),
            "all" => all(group.stream()),
            _ => Truth::Open,
        };
    }
    let value = part.get(2).map(ToString::to_string).unwrap_or_default();
    let is = |expected: &[&str]| {
        if expected.contains(&value.trim_matches('"')) { Truth::Yes } else { Truth::No }
    };
    match name.as_str() {
        "test" | "doctest" | "doc" | "miri" | "debug_assertions" | "windows" | "loom" => Truth::No,
        "unix" => Truth::Yes,
        "target_os" => is(&["linux"]),
        "target_family" => is(&["unix"]),
        "target_arch" => match value.trim_matches('"') {
            "x86_64" | "aarch64" => Truth::Open,
            _ => Truth::No,
        },
        "target_pointer_width" => is(&["64"]),
        _ => Truth::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(text: &str) -> bool {
        let item: syn::ItemFn = syn::parse_str(&format!("{text} fn f() {{}}")).expect("it parses");
        is_built(&item.attrs)
    }

    #[test]
    fn tests_debug_builds_and_other_systems_are_left_out() {
        for text in [
            "#[cfg(test)]",
            "#[test]",
            "#[tokio::test]",
            "#[cfg(debug_assertions)]",
            "#[cfg(all(unix, test))]",
            "#[cfg(windows)]",
            "#[cfg(target_os = \"macos\")]",
            "#[cfg(not(unix))]",
        ] {
            assert!(!built(text), "{text}");
        }
    }

    #[test]
    fn what_someone_can_switch_on_is_read() {
        for text in [
            "",
            "#[cfg(not(test))]",
            "#[cfg(feature = \"local\")]",
            "#[cfg(not(feature = \"local\"))]",
            "#[cfg(any(test, feature = \"x\"))]",
            "#[cfg(target_arch = \"aarch64\")]",
            "#[cfg(not(debug_assertions))]",
        ] {
            assert!(built(text), "{text}");
        }
    }
}
