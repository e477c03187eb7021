//! Where the requests of the loop go: to the list, and to one item of it, as the handler's routes have them.

use verify::manifest::Route;

/// Names the item where the path does not.
const ITEM: &str = "itemId=";

/// A list, and the way to one item of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    list: String,
    /// What comes before the item in a path; `None` where the query names the item.
    item: Option<String>,
    /// Changes an item.
    update: String,
}

impl Default for Places {
    /// Those of the handler of `stackctl init`.
    fn default() -> Self {
        Self { list: "/".into(), item: None, update: "PATCH".into() }
    }
}

impl Places {
    /// The shortest path that lists and creates and has items below it, such as `/items` with `/items/{id}`, unless `/` takes
    /// all requests itself.
    pub fn of(routes: &[Route]) -> Self {
        let has = |path: &str, method: &str| {
            let is = |route: &&Route| [method, "ANY"].contains(&route.method.as_str());
            routes.iter().filter(is).any(|route| route.path == path)
        };
        let update = |path: &str| ["PATCH", "PUT"].into_iter().find(|method| has(path, method));
        let whole = |list: &str, item: &str| {
            ["GET", "POST"].iter().all(|method| has(list, method))
                && ["GET", "DELETE"].iter().all(|method| has(item, method))
                && update(item).is_some()
        };
        let under = |route: &Route| {
            let (list, name) = route.path.rsplit_once('/')?;
            let list = if list.is_empty() { "/" } else { list };
            let is_one = name.starts_with('{') && name.ends_with('}') && !name.ends_with("+}");
            let found = is_one && !list.contains('{') && whole(list, &route.path);
            found.then(|| Self {
                list: list.to_owned(),
                item: Some(format!("{}/", list.trim_end_matches('/'))),
                update: update(&route.path).unwrap_or("PATCH").to_owned(),
            })
        };
        if whole("/", "/") {
            return Self { update: update("/").unwrap_or("PATCH").to_owned(), ..Self::default() };
        }
        let found = routes.iter().filter_map(under);
        found.min_by_key(|places| places.list.len()).unwrap_or_default()
    }

    /// The path and the query for a query that may name an item.
    pub fn target(&self, query: &str) -> (String, String) {
        let Some(before) = &self.item else { return (self.list.clone(), query.to_owned()) };
        let (items, rest): (Vec<&str>, Vec<&str>) =
            query.split('&').partition(|part| part.starts_with(ITEM));
        let path = items.first().map(|item| format!("{before}{}", &item[ITEM.len()..]));
        (path.unwrap_or_else(|| self.list.clone()), rest.join("&"))
    }

    /// The method of these routes for one of the handler of `stackctl init`.
    pub fn method<'m>(&'m self, method: &'m str) -> &'m str {
        if method == "PATCH" { &self.update } else { method }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use verify::manifest::Site;

    fn places(routes: &str) -> Places {
        let route = |text: &str| {
            let (method, path) = text.trim().split_once(' ').expect("a method and a path");
            let site = Site { file: "src/routes.rs".into(), line: 1 };
            let (method, path) = (method.into(), path.into());
            Route { method, path, public: false, operations: Vec::new(), site }
        };
        Places::of(&routes.split(',').map(route).collect::<Vec<_>>())
    }

    #[test]
    fn items_are_named_as_the_routes_have_them() {
        let query = "userId=u&itemId=7";
        for (routes, path, rest, update) in [
            ("GET /, POST /, PATCH /, DELETE /", "/", query, "PATCH"),
            ("ANY /", "/", query, "PATCH"),
            (
                "GET /items, POST /items, GET /items/{id}, PUT /items/{id}, DELETE /items/{id}",
                "/items/7",
                "userId=u",
                "PUT",
            ),
            ("GET /, POST /, ANY /{id}", "/7", "userId=u", "PATCH"),
            // No route takes one item away: it is not the loop of a user.
            ("GET /items, POST /items, GET /items/{id}", "/", query, "PATCH"),
            ("GET /f, POST /f, ANY /f/{rest+}", "/", query, "PATCH"),
        ] {
            let places = places(routes);
            assert_eq!(places.target(query), (path.into(), rest.into()), "{routes}");
            assert_eq!(places.method("PATCH"), update, "{routes}");
            assert_eq!(places.method("GET"), "GET");
        }
    }

    #[test]
    fn what_names_no_item_goes_to_the_list() {
        let places = places("GET /items, POST /items, ANY /items/{id}");
        assert_eq!(places.target("userId=u"), ("/items".into(), "userId=u".into()));
        assert_eq!(places.target(""), ("/items".into(), String::new()));
    }
}
