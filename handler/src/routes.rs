//! The routes: which requests are answered, by which function, with which operations.
//!
//! ```text
//! routes! { <METHOD> "<path>" => <function> [<Operation>, …], … }
//! ```
//!
//! Each line makes one entry of [`ROUTES`] and one arm of the dispatch, so the two cannot drift. `<function>` is one of
//! `items`; each `<Operation>` must be declared in [`operations`](crate::operations). `stackctl` reads the same lines to
//! know which right each route needs.

use std::fmt;

use crate::{
    items::{create, list_or_get, remove, update},
    operations::Operation,
    panics,
    request::Request,
    response::Response,
    store::Store,
};

macro_rules! routes {
    ($($method:ident $path:literal => $function:ident [$($operation:ident),+ $(,)?]),+ $(,)?) => {
        /// Every route, in the order of their declaration.
        pub const ROUTES: &[Route] = &[$(
            Route {
                method: stringify!($method),
                path: $path,
                operations: &[$(Operation::$operation),+],
            }
        ),+];

        async fn dispatch(store: &impl Store, request: &Request) -> Result<Response, Response> {
            match (request.method.as_str(), request.path.as_str()) {
                $((stringify!($method), $path) => $function(store, request).await,)+
                (_, path) => Err(unmatched(path)),
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
    /// The HTTP method, in capitals.
    pub method: &'static str,
    /// The path, as a whole.
    pub path: &'static str,
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
    ROUTES.iter().find(|route| route.method == request.method && route.path == request.path)
}

fn unmatched(path: &str) -> Response {
    let methods: Vec<_> =
        ROUTES.iter().filter(|route| route.path == path).map(|route| route.method).collect();
    match methods.as_slice() {
        [] => Response::error(404, "Not found"),
        methods => {
            Response::error(405, "Method not allowed").with_header("allow", methods.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::operations::OPERATIONS;

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
        request.path = "/items".into();
        assert_eq!(find(&request), None);
    }
}
