//! The paths of routes, in which `{name}` stands for one segment of a request's path and `{name+}` for all that is left.

use std::cmp::Ordering;

/// One segment of a route's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Segment<'a> {
    Literal(&'a str),
    Parameter(&'a str),
    Rest(&'a str),
}

/// What the names in a route's path stand for in the path of a request, as it was sent. `None` where the two do not fit.
pub(crate) fn parameters<'a>(route: &'a str, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut found = Vec::new();
    let mut left = path.strip_prefix('/')?;
    let mut segments = segments(route).peekable();
    while let Some(segment) = segments.next() {
        let (first, rest) = match left.split_once('/') {
            Some((first, rest)) => (first, Some(rest)),
            None => (left, None),
        };
        match segment {
            Segment::Rest(name) => {
                found.push((name, left));
                return (!left.is_empty()).then_some(found);
            }
            Segment::Literal(text) if text == first => {}
            Segment::Parameter(name) if !first.is_empty() => found.push((name, first)),
            _ => return None,
        }
        match (rest, segments.peek()) {
            (Some(rest), Some(_)) => left = rest,
            (None, None) => return Some(found),
            _ => return None,
        }
    }
    None
}

/// Which of two routes that both fit is meant: from the left, text comes before `{name}`, and that before `{name+}`, as
/// in API Gateway. The greater one is meant.
pub(crate) fn compare(one: &str, other: &str) -> Ordering {
    let weight = |segment| match segment {
        Segment::Literal(_) => 2,
        Segment::Parameter(_) => 1,
        Segment::Rest(_) => 0,
    };
    segments(one).map(weight).cmp(segments(other).map(weight))
}

fn segments(route: &str) -> impl Iterator<Item = Segment<'_>> {
    route.strip_prefix('/').unwrap_or(route).split('/').map(|text| {
        match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(name) => name.strip_suffix('+').map_or(Segment::Parameter(name), Segment::Rest),
            None => Segment::Literal(text),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_one_segment_and_with_a_plus_for_all_that_is_left() {
        for (route, path, found) in [
            ("/", "/", &[][..]),
            ("/items", "/items", &[]),
            ("/items/{id}", "/items/a%2Fb", &[("id", "a%2Fb")]),
            ("/users/{user}/items/{id}", "/users/me/items/1", &[("user", "me"), ("id", "1")]),
            ("/files/{path+}", "/files/a/b/", &[("path", "a/b/")]),
            ("/{proxy+}", "/a", &[("proxy", "a")]),
        ] {
            assert_eq!(parameters(route, path).as_deref(), Some(found), "{route} {path}");
        }
        for (route, path) in [
            ("/", "/a"),
            ("/items", "/items/"),
            ("/items/{id}", "/items"),
            ("/items/{id}", "/items/"),
            ("/items/{id}", "/items/a/b"),
            ("/items/{id}", "/other/a"),
            ("/files/{path+}", "/files/"),
            ("/{proxy+}", "/"),
            ("/items/{id}/notes", "/items/a"),
            ("/", ""),
        ] {
            assert_eq!(parameters(route, path), None, "{route} {path}");
        }
    }

    #[test]
    fn the_route_that_says_more_is_meant() {
        let order = ["/{proxy+}", "/{a}/b", "/items/{proxy+}", "/items/{id}", "/items/new"];
        for (index, less) in order.iter().enumerate() {
            for more in &order[index + 1..] {
                assert_eq!(compare(less, more), Ordering::Less, "{less} {more}");
            }
        }
    }
}
