//! Routes as API Gateway's HTTP API takes them, checked before the first call.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>

use std::collections::BTreeMap;

use engine::error::{Error, Result};
use verify::manifest::{Manifest, Route};

/// The methods that a route may have; the gateway answers `OPTIONS` itself.
pub const METHODS: [&str; 6] = ["GET", "HEAD", "PATCH", "POST", "PUT", "DELETE"];
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const MOST_ROUTES: usize = 300;

/// Refuses a route that API Gateway would refuse, or would never match.
pub fn check(manifest: &Manifest) -> Result<()> {
    let mut seen = BTreeMap::new();
    for route in &manifest.routes {
        if let Some(hint) = method_problem(&route.method).or_else(|| path_problem(&route.path)) {
            return Err(refused(route, "is not a route that API Gateway accepts").hint(hint));
        }
        if let Some(before) = seen.insert(key(route), &route.site) {
            return Err(refused(route, "is declared twice").hint(format!("it is at {before}, too")));
        }
    }
    match manifest.routes.get(MOST_ROUTES) {
        Some(route) => Err(refused(route, "is one route too many").hint(format!(
            "the limit of API Gateway is {MOST_ROUTES}: `{{proxy+}}` replaces many"
        ))),
        None => Ok(()),
    }
}

/// Which route takes a request, and the values of its parameters: the most exact one, as API Gateway chooses.
/// A part of the path that stands for a value, such as `{item}` in a contract, is any value.
pub fn of_request<'a>(
    routes: &'a [Route],
    method: &str,
    path: &'a str,
) -> Option<(usize, BTreeMap<&'a str, String>)> {
    let mut best: Option<(Vec<u8>, usize, BTreeMap<&str, String>)> = None;
    for (at, route) in routes.iter().enumerate() {
        let exactness = match route.method.as_str() {
            own if own == method => 1,
            "ANY" => 0,
            _ => continue,
        };
        let Some((mut kinds, values)) = segments(&route.path, path) else { continue };
        kinds.push(exactness);
        if best.as_ref().is_none_or(|(before, ..)| *before < kinds) {
            best = Some((kinds, at, values));
        }
    }
    best.map(|(_, at, values)| (at, values))
}

/// How exactly each part of a path is meant, when the pattern matches it: a word, a value, or all the rest.
fn segments<'a>(pattern: &'a str, path: &'a str) -> Option<(Vec<u8>, BTreeMap<&'a str, String>)> {
    let (mut kinds, mut values) = (Vec::new(), BTreeMap::new());
    let mut rest = path.split('/').peekable();
    for part in pattern.split('/') {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        match name.map(|name| (name.trim_end_matches('+'), name.ends_with('+'))) {
            Some((name, true)) => {
                let all: Vec<&str> = rest.by_ref().collect();
                values.insert(name, all.join("/"));
                kinds.push(0);
                return (!all.is_empty()).then_some((kinds, values));
            }
            Some((name, false)) => {
                let value = rest.next().filter(|value| !value.is_empty())?;
                values.insert(name, value.to_owned());
                kinds.push(1);
            }
            None => {
                rest.next().filter(|word| *word == part)?;
                kinds.push(2);
            }
        }
    }
    rest.peek().is_none().then_some((kinds, values))
}

fn refused(route: &Route, what: &str) -> Error {
    Error::usage(format!("{}: `{} {}` {what}", route.site, route.method, route.path))
}

/// Two paths that differ in the names of their parameters alone are one.
fn key(route: &Route) -> String {
    let segment = |segment: &str| match (segment.starts_with('{'), segment.ends_with("+}")) {
        (true, true) => "{+}".to_owned(),
        (true, false) => "{}".to_owned(),
        _ => segment.to_owned(),
    };
    let path: Vec<String> = route.path.split('/').map(segment).collect();
    format!("{} {}", route.method, path.join("/"))
}

fn method_problem(method: &str) -> Option<String> {
    let capitals = method.to_uppercase();
    match capitals.as_str() {
        _ if METHODS.contains(&method) => None,
        _ if METHODS.contains(&capitals.as_str()) => {
            Some(format!("methods are written in capitals: `{capitals}`"))
        }
        "OPTIONS" => {
            Some("API Gateway answers `OPTIONS` itself, from [api.cors] in stack.toml".into())
        }
        "ANY" => Some(
            "write a route for each method: `ANY` would also match the browser's `OPTIONS`".into(),
        ),
        _ => Some(format!("the methods are {}", METHODS.join(", "))),
    }
}

/// What is wrong with a path, with the nearest right one.
fn path_problem(path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return Some(format!("a path starts with a slash: `/{path}`"));
    }
    if let Some((before, _)) = path.split_once(['?', '#']) {
        return Some(format!("a path has no query: `{before}`"));
    }
    let segments: Vec<&str> = path[1..].split('/').collect();
    let last = segments.len() - 1;
    for (at, segment) in segments.iter().enumerate() {
        if *segment == "*" || *segment == "**" || segment.starts_with(':') {
            return Some(format!("the nearest is `{}`", rewritten(&segments)));
        }
        if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let plain = name.strip_suffix('+').unwrap_or(name);
            if plain.is_empty()
                || !plain.chars().all(|one| one.is_ascii_alphanumeric() || "._-".contains(one))
            {
                return Some(format!(
                    "`{segment}` is not a parameter: it has letters, digits, `.`, `_` and `-`"
                ));
            }
            if name.ends_with('+') && at != last {
                return Some(format!(
                    "`{segment}` matches the rest of the path, so it must be the last part"
                ));
            }
        } else if let Some(wrong) = segment.chars().find(|one| !is_plain(*one)) {
            return Some(match wrong {
                '{' | '}' => format!(
                    "a parameter is a whole segment: `/{{{}}}`",
                    segment.replace(['{', '}'], "")
                ),
                ' ' => format!("write `{}`", path.replace(' ', "%20")),
                wrong => format!("a path cannot have `{wrong}`"),
            });
        }
    }
    if path.len() > 1 && segments[..last].iter().any(|segment| segment.is_empty()) {
        return Some("a path has no empty segments".to_owned());
    }
    None
}

/// `/files/*` and `/items/:id` in API Gateway's words.
fn rewritten(segments: &[&str]) -> String {
    let last = segments.len() - 1;
    let segment = |(at, segment): (usize, &&str)| match segment.strip_prefix(':') {
        Some(name) => format!("{{{name}}}"),
        None if segment.starts_with('*') && at == last => "{proxy+}".to_owned(),
        None if segment.starts_with('*') => "{part}".to_owned(),
        None => (*segment).to_owned(),
    };
    let segments: Vec<String> = segments.iter().enumerate().map(segment).collect();
    format!("/{}", segments.join("/"))
}

/// What RFC 3986 lets a path have, and API Gateway takes.
fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~!$&'()+,;=:@%".contains(character)
}

#[cfg(test)]
mod tests {
    use verify::manifest::Site;

    use super::*;

    fn hint(lines: &str) -> Option<String> {
        let source = format!("operations! {{ get: GetItem }}\nroutes! {{ {lines} }}");
        let manifest = Manifest::from_sources(&[("r.rs", source)]).expect("it can be read");
        check(&manifest).err().map(|error| error.hint.unwrap_or_default())
    }

    fn of_path(path: &str) -> Option<String> {
        hint(&format!("GET {path:?} => get [GetItem]"))
    }

    #[test]
    fn routes_that_api_gateway_takes_are_taken() {
        for path in [
            "/",
            "/items",
            "/items/{id}",
            "/items/{id}/",
            "/files/{proxy+}",
            "/a-b_c.d~e",
            "/v1/{a}/x/{b}",
        ] {
            assert_eq!(of_path(path), None, "{path}");
        }
        assert_eq!(hint("GET \"/\" => a [GetItem], POST \"/\" => b [GetItem]"), None);
    }

    #[test]
    fn the_nearest_right_route_is_named() {
        for (path, expected) in [
            ("items", "a path starts with a slash: `/items`"),
            ("/a b", "write `/a%20b`"),
            ("/files/*", "the nearest is `/files/{proxy+}`"),
            ("/*/x", "the nearest is `/{part}/x`"),
            ("/items/:id", "the nearest is `/items/{id}`"),
            ("/?x=1", "a path has no query: `/`"),
            ("/items/{id+}/x", "`{id+}` matches the rest of the path, so it must be the last part"),
            ("/items/{}", "`{}` is not a parameter: it has letters, digits, `.`, `_` and `-`"),
            ("/items/x{id}", "a parameter is a whole segment: `/{xid}`"),
            ("/a//b", "a path has no empty segments"),
            ("/ü", "a path cannot have `ü`"),
        ] {
            assert_eq!(of_path(path).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn methods_are_those_that_are_routed() {
        let of_method = |method: &str| hint(&format!("{method} \"/small\" => get [GetItem]"));
        assert_eq!(of_method("get").as_deref(), Some("methods are written in capitals: `GET`"));
        assert!(of_method("OPTIONS").is_some_and(|hint| hint.contains("answers `OPTIONS` itself")));
        assert!(of_method("ANY").is_some_and(|hint| hint.contains("a route for each method")));
        assert!(of_method("FETCH").is_some_and(|hint| hint.starts_with("the methods are GET")));
    }

    #[test]
    fn one_route_is_declared_once() {
        let twice = hint("GET \"/{a}\" => x [GetItem], GET \"/{b}\" => y [GetItem]");
        assert_eq!(twice.as_deref(), Some("it is at r.rs:2, too"));
    }

    #[test]
    fn a_request_goes_to_the_most_exact_route() {
        let routes = [
            ("GET", "/{proxy+}"),
            ("GET", "/items/{id}"),
            ("GET", "/items/all"),
            ("ANY", "/items/{id}"),
            ("GET", "/"),
        ];
        let routes = routes.map(|(method, path)| Route {
            method: method.into(),
            path: path.into(),
            public: false,
            operations: Vec::new(),
            site: Site { file: "routes.rs".into(), line: 1 },
        });
        let taken = |method: &str, path: &'static str| of_request(&routes, method, path);
        let values = |pairs: &[(&'static str, &str)]| {
            pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
        };
        assert_eq!(taken("GET", "/"), Some((4, values(&[]))));
        assert_eq!(taken("GET", "/items/all"), Some((2, values(&[]))));
        assert_eq!(taken("GET", "/items/7"), Some((1, values(&[("id", "7")]))));
        assert_eq!(taken("PUT", "/items/7"), Some((3, values(&[("id", "7")]))));
        assert_eq!(
            taken("GET", "/items/7/parts"),
            Some((0, values(&[("proxy", "items/7/parts")])))
        );
        assert_eq!(taken("PUT", "/other"), None);
    }
}
