//! What to change when a browser refuses.

use super::{CREDENTIALS, HEADERS, METHODS, ORIGIN, Refusal};
use crate::config::Cors;

/// What to change for each refusal of `origin`, each once: keys of `[api.cors]` as they should be, or what else.
/// `refusals` come with the method that was asked for and the headers.
pub fn advice<'a>(
    cors: &Cors,
    origin: &str,
    refusals: impl Iterator<Item = (&'a Refusal, &'a str, &'a [&'a str])>,
) -> Vec<String> {
    let mut wanted = cors.clone();
    let mut other = Vec::new();
    for (refusal, method, headers) in refusals {
        match refusal.header {
            ORIGIN if refusal.why.contains("more than once") => other.push(
                "the handler sets CORS headers too: leave them to the gateway".to_owned(),
            ),
            ORIGIN => {
                if !allows(&wanted.allow_origins, origin) || refusal.why.contains("credentials") {
                    wanted.allow_origins.retain(|allowed| allowed != "*");
                    add(&mut wanted.allow_origins, origin);
                }
            }
            METHODS => add(&mut wanted.allow_methods, method),
            HEADERS => headers.iter().for_each(|header| add(&mut wanted.allow_headers, header)),
            CREDENTIALS => wanted.allow_credentials = true,
            _ => other.push(
                "the gateway does not answer preflights: `[api.cors]` may be empty or not applied, run `stackctl up`".to_owned(),
            ),
        }
    }
    let keys = [
        ("allow_origins", &cors.allow_origins, &wanted.allow_origins),
        ("allow_methods", &cors.allow_methods, &wanted.allow_methods),
        ("allow_headers", &cors.allow_headers, &wanted.allow_headers),
    ];
    let changed = keys.iter().filter(|(_, now, then)| now != then);
    let mut changes: Vec<String> =
        changed.map(|(key, _, then)| format!("{key} = {}", list(then))).collect();
    if wanted.allow_credentials && !cors.allow_credentials {
        changes.push("allow_credentials = true".to_owned());
    }
    if changes.is_empty() && other.is_empty() {
        other.push(
            "`stack.toml` allows it already, and the API does not: run `stackctl up`".to_owned(),
        );
    }
    other.dedup();
    changes.extend(other);
    changes
}

/// Whether the rules of a file allow `origin`.
fn allows(rules: &[String], origin: &str) -> bool {
    rules.iter().any(|rule| match rule.strip_suffix('*') {
        Some(front) => origin.starts_with(front),
        None => rule == origin,
    })
}

/// An allowed origin that people take for `origin`: browsers do not.
pub fn lookalike<'a>(rules: &'a [String], origin: &str) -> Option<&'a str> {
    let bare = |text: &str| {
        let host = text.split("://").nth(1).unwrap_or(text).to_lowercase();
        let host = host.trim_end_matches('/').replace("127.0.0.1", "localhost");
        host.trim_start_matches("www.").split(':').next().unwrap_or_default().to_owned()
    };
    let rule = rules.iter().find(|rule| **rule != origin && bare(rule) == bare(origin))?;
    Some(rule)
}

fn add(list: &mut Vec<String>, value: &str) {
    if !list.iter().any(|known| known.eq_ignore_ascii_case(value)) {
        list.push(value.to_owned());
    }
}

fn list(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
    format!("[{}]", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(header: &'static str, why: &str) -> Refusal {
        Refusal { header, why: why.into() }
    }

    fn told(cors: &Cors, refusals: &[Refusal], method: &str) -> Vec<String> {
        let asked = refusals.iter().map(|refusal| (refusal, method, ["x-mine"].as_slice()));
        advice(cors, "https://app.example.com", asked)
    }

    #[test]
    fn an_unknown_origin_is_to_be_added_once() {
        let refusals = [refusal(ORIGIN, "it is missing"), refusal(ORIGIN, "it is missing")];
        assert_eq!(
            told(&Cors::default(), &refusals, "GET"),
            ["allow_origins = [\"http://localhost:5173\", \"https://app.example.com\"]"]
        );
    }

    #[test]
    fn a_method_and_a_header_are_to_be_added() {
        let refusals = [refusal(METHODS, "x"), refusal(HEADERS, "x")];
        assert_eq!(
            told(&Cors::default(), &refusals, "PUT"),
            [
                "allow_methods = [\"GET\", \"POST\", \"PATCH\", \"DELETE\", \"PUT\"]",
                "allow_headers = [\"content-type\", \"x-mine\"]",
            ]
        );
    }

    #[test]
    fn what_the_file_allows_already_is_to_be_applied() {
        let cors = Cors { allow_origins: vec!["https://*".into()], ..Cors::default() };
        let told = told(&cors, &[refusal(ORIGIN, "it is missing")], "GET");
        assert!(told[0].contains("stackctl up"), "{told:?}");
    }

    #[test]
    fn a_header_that_comes_twice_is_the_handlers() {
        let told = told(&Cors::default(), &[refusal(ORIGIN, "it is there more than once")], "GET");
        assert!(told[0].contains("the handler sets CORS headers"), "{told:?}");
    }

    #[test]
    fn credentials_take_the_place_of_any_origin() {
        let cors = Cors { allow_origins: vec!["*".into()], ..Cors::default() };
        let refusals = [refusal(ORIGIN, "not enough for credentials"), refusal(CREDENTIALS, "x")];
        assert_eq!(
            told(&cors, &refusals, "GET"),
            ["allow_origins = [\"https://app.example.com\"]", "allow_credentials = true"]
        );
    }

    #[test]
    fn an_origin_that_looks_alike_is_pointed_out() {
        let rules = ["http://localhost:5173".to_owned(), "https://www.a.com".to_owned()];
        assert_eq!(lookalike(&rules, "http://127.0.0.1:5173"), Some("http://localhost:5173"));
        assert_eq!(lookalike(&rules, "https://a.com"), Some("https://www.a.com"));
        assert_eq!(lookalike(&rules, "https://www.a.com"), None);
    }
}
