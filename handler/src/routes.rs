//! The routes: which requests are answered, by which function, with which operations.
//!
//! ```text
//! routes! { [public] <METHOD> "<path>" => <function> [<Operation>, …], … }
//! ```
//!
//! Each line makes one entry of [`ROUTES`] and one arm of the dispatch, so the two cannot drift. `<METHOD>` may be `ANY`.
//! In `<path>`, `{name}` stands for one segment and `{name+}` at the end for all that is left; [`Request::parameter`] has
//! what came there. `<function>` is one of `items`, of this file, or a path to another; each `<Operation>` must be declared
//! in [`operations`](crate::operations), and a route without any is fine. Where the API has users, a route is for them
//! alone unless it says `public`. `stackctl` reads the same lines to know which right each route needs, and which need a
//! token.

use std::{borrow::Cow, fmt};

use crate::{
    caller::Caller,
    items::{create, list_or_get, remove, update},
    operations::Operation,
    panics, path,
    query::decode_path as decode,
    request::Request,
    response::Response,
    store::Store,
    values::Refusal,
};

macro_rules! method {
    (public $method:ident) => {
        stringify!($method)
    };
    ($method:ident) => {
        stringify!($method)
    };
}

macro_rules! is_public {
    (public $method:ident) => {
        true
    };
    ($method:ident) => {
        false
    };
}

macro_rules! routes {
    ($($($word:ident)+ $path:literal => $function:path [$($operation:ident),* $(,)?]),+ $(,)?) => {
        /// Every route, in the order of their declaration.
        pub const ROUTES: &[Route] = &[$(
            Route {
                method: method!($($word)+),
                path: $path,
                public: is_public!($($word)+),
                operations: &[$(Operation::$operation),*],
            }
        ),+];

        pub(super) async fn dispatch(store: &impl Store, request: &Request) -> Result<Response, Response> {
            let Some(route) = find_in(ROUTES, request) else {
                return Err(unmatched(ROUTES, request));
            };
            let request = &*routed(route, request)?;
            admitted(route, request)?;
            match (route.method, route.path) {
                $((method!($($word)+), $path) => $function(store, request).await,)+
                _ => Err(unmatched(ROUTES, request)),
            }
        }
    };
}

routes! {
    GET "/" => list_or_get [GetItem, Query],
    POST "/" => create [PutItem],
    PATCH "/" => update [UpdateItem],
    DELETE "/" => remove [DeleteItem],
}

/// One kind of request that is answered, and what answering it may ask of `DynamoDB`.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// The HTTP method, in capitals; `ANY` for those that no other route of the path has.
    pub method: &'static str,
    /// The path, as a whole, with `{name}` and `{name+}` as they are declared.
    pub path: &'static str,
    /// Whether it answers everybody, also where the API has users.
    pub public: bool,
    /// The operations that the route may call, and no other.
    pub operations: &'static [Operation],
}

impl fmt::Display for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)
    }
}

/// Answers a request, whatever it is: what goes wrong becomes an answer too, a panic included.
pub async fn handle(store: &impl Store, request: &Request) -> Response {
    match panics::caught(dispatch(store, request)).await {
        Ok(Ok(response) | Err(response)) => response,
        Err(panic) => Response::failure(panic.to_string()),
    }
}

/// The route that a request takes, if there is one.
pub fn find(request: &Request) -> Option<&'static Route> {
    find_in(ROUTES, request)
}

fn find_in(routes: &'static [Route], request: &Request) -> Option<&'static Route> {
    let path = path_in(routes, request)?;
    let with = |method| routes.iter().find(|route| route.path == path && route.method == method);
    with(request.method.as_str()).or_else(|| with("ANY"))
}

/// The path of the route that the gateway chose; for a request that came without one, the path that fits best.
fn path_in(routes: &'static [Route], request: &Request) -> Option<&'static str> {
    let paths = || routes.iter().map(|route| route.path);
    let is = |text: &str| paths().find(|path| *path == text);
    let chosen = request.route_key.split_once(' ').and_then(|(_, path)| is(path));
    chosen.or_else(|| is(&request.path)).or_else(|| {
        let fits = |route: &&'static str| path::parameters(route, &request.path).is_some();
        paths().filter(fits).max_by(|one, other| path::compare(one, other))
    })
}

/// The request with the parameters of the route's path. Those that the gateway has given are taken as they are.
fn routed<'r>(route: &Route, request: &'r Request) -> Result<Cow<'r, Request>, Refusal> {
    let is_given = |(name, _): &(&str, &str)| request.parameters.contains_key(*name);
    match path::parameters(route.path, &request.path) {
        Some(found) if !found.iter().all(is_given) => {
            let mut request = request.clone();
            for (name, text) in found {
                let text = decode(text).ok_or_else(|| Refusal::bad_request("Malformed path"))?;
                request.parameters.insert(name.into(), text);
            }
            Ok(Cow::Owned(request))
        }
        _ => Ok(Cow::Borrowed(request)),
    }
}

/// Lets through whom the route answers. That the gateway let somebody else through is an error of its setting.
fn admitted(route: &Route, request: &Request) -> Result<(), Response> {
    match &request.caller {
        _ if route.public => Ok(()),
        Caller::Nobody(why) => {
            let cause = format!("the route is not public, and the gateway let it through: {why}");
            Err(Response { cause: Some(cause), ..Response::from(Refusal::unauthorized()) })
        }
        _ => Ok(request.check_names_nobody()?),
    }
}

fn unmatched(routes: &'static [Route], request: &Request) -> Response {
    let Some(path) = path_in(routes, request) else {
        return Response::error(404, "Not found");
    };
    let methods = routes.iter().filter(|route| route.path == path).map(|route| route.method);
    let methods = methods.collect::<Vec<_>>().join(", ");
    Response::error(405, "Method not allowed").with_header("allow", methods)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{memory::Memory, operations::OPERATIONS};

    #[test]
    fn every_operation_is_declared_for_a_route_that_needs_it() {
        let used: BTreeSet<_> = ROUTES.iter().flat_map(|route| route.operations).collect();
        assert_eq!(used, OPERATIONS.iter().collect());
    }

    #[test]
    fn no_two_routes_answer_the_same_request() {
        let names: BTreeSet<_> = ROUTES.iter().map(Route::to_string).collect();
        assert_eq!(names.len(), ROUTES.len());
    }

    #[test]
    fn a_request_is_of_one_route_or_of_none() {
        let mut request =
            Request { method: "PATCH".into(), path: "/".into(), ..Request::default() };
        assert_eq!(find(&request).map(Route::to_string).as_deref(), Some("PATCH /"));
        request.path = "/no such path".into();
        assert_eq!(find(&request), None);
    }

    /// Routes of a module of its own: what is declared here is what the handler's own routes may be.
    mod others {
        use super::super::*;

        fn answer(name: &str, request: &Request) -> Response {
            Response::json(200, &(name, request.parameter("id"), request.parameter("rest")))
        }

        pub(super) mod functions {
            use super::*;

            macro_rules! functions {
                ($($name:ident),+) => {$(
                    pub(crate) async fn $name(
                        _: &impl Store,
                        request: &Request,
                    ) -> Result<Response, Response> {
                        Ok(answer(stringify!($name), request))
                    }
                )+};
            }
            functions! { health, one, newest, any, files }
        }
        use functions::{files, newest, one};

        routes! {
            public GET "/health" => functions::health [],
            GET "/items/{id}" => one [GetItem],
            GET "/items/new" => newest [Query,],
            ANY "/items/{id}" => functions::any [],
            GET "/files/{rest+}" => files [],
        }
    }

    async fn asked(method: &str, path: &str) -> (u16, String) {
        let request = Request { method: method.into(), path: path.into(), ..Request::default() };
        answered(&request).await
    }

    async fn answered(request: &Request) -> (u16, String) {
        let answer = others::dispatch(&Memory::default(), request).await;
        let answer = answer.unwrap_or_else(|refused| refused);
        (answer.status_code, answer.body)
    }

    #[tokio::test]
    async fn paths_with_names_lead_to_their_functions() {
        for (method, path, answer) in [
            ("GET", "/health", r#"["health","",""]"#),
            ("GET", "/items/a%2Fb%20c+d", r#"["one","a/b c+d",""]"#),
            ("GET", "/items/new", r#"["newest","",""]"#),
            ("DELETE", "/items/a", r#"["any","a",""]"#),
            ("GET", "/files/a/b%21", r#"["files","","a/b!"]"#),
        ] {
            assert_eq!(asked(method, path).await, (200, answer.into()), "{method} {path}");
        }
        for (method, path, status) in [
            ("GET", "/items", 404),
            ("GET", "/items/", 404),
            ("GET", "/items/a/b", 404),
            ("GET", "/items/%", 400),
            ("GET", "/items/%FF", 400),
            ("POST", "/items/new", 405),
            ("POST", "/health", 405),
            ("GET", "/files/", 404),
            ("GET", "", 404),
        ] {
            assert_eq!(asked(method, path).await.0, status, "{method} {path}");
        }
    }

    #[tokio::test]
    async fn without_a_verified_user_only_public_routes_answer() {
        let caller = Caller::Nobody("no claims".into());
        let asked = |path: &str| Request {
            method: "GET".into(),
            path: path.into(),
            caller: caller.clone(),
            ..Request::default()
        };
        assert_eq!(answered(&asked("/health")).await.0, 200);
        let refused = others::dispatch(&Memory::default(), &asked("/items/a")).await;
        let refused = refused.expect_err("it is not public");
        assert_eq!(
            (refused.status_code, refused.body.as_str()),
            (401, r#"{"error":"Unauthorized"}"#)
        );
        assert!(refused.cause.is_some_and(|cause| cause.ends_with("no claims")), "it is logged");
        assert_eq!(others::ROUTES.iter().filter(|route| route.public).count(), 1);
    }

    /// The gateway has decoded the path before it chose, and says what it chose.
    #[tokio::test]
    async fn what_the_gateway_chose_is_taken() {
        let request = Request {
            method: "GET".into(),
            path: "/items/50%/new".into(),
            route_key: "ANY /items/{id}".into(),
            parameters: [("id".into(), "50%/new".into())].into(),
            ..Request::default()
        };
        assert_eq!(answered(&request).await, (200, r#"["one","50%/new",""]"#.into()));
        let chosen = |key: &str| Request { route_key: key.into(), ..request.clone() };
        assert_eq!(answered(&chosen("$default")).await.0, 404);
        assert_eq!(answered(&chosen("ANY /elsewhere")).await.0, 404);
    }
}
