//! What is not the client's fault: a store that fails, and code that panics.

use handler::{
    caller::{UserId, Users},
    contract::{cases, replay},
    event::Event,
    log::Log,
    memory::Memory,
    request::Request,
    routes::{ROUTES, find, handle},
    service::serve,
    store::{Changes, Item, Page, Store, StoreError},
    values::ItemId,
};
use lambda_runtime::{Context, LambdaEvent};

/// Does the same whatever it is asked.
struct Always(fn() -> StoreError);

impl Store for Always {
    async fn get(&self, _: &UserId, _: &ItemId) -> Result<Option<Item>, StoreError> {
        Err((self.0)())
    }

    async fn list(
        &self,
        _: &UserId,
        _: Option<&ItemId>,
        _: Option<u16>,
    ) -> Result<Page, StoreError> {
        Err((self.0)())
    }

    async fn create(&self, _: &Item) -> Result<(), StoreError> {
        Err((self.0)())
    }

    async fn update(
        &self,
        _: &UserId,
        _: &ItemId,
        _: &Changes,
    ) -> Result<Option<Item>, StoreError> {
        Err((self.0)())
    }

    async fn delete(&self, _: &UserId, _: &ItemId) -> Result<(), StoreError> {
        Err((self.0)())
    }
}

const FAILING: Always = Always(|| StoreError::Failed("AccessDeniedException: a secret".into()));
const PANICKING: Always = Always(|| panic!("a defect"));

/// The requests of the contract that are served with the help of the store.
async fn requests() -> Vec<Request> {
    let (store, mut served) = (Memory::default(), Vec::new());
    let failures = replay(cases(), "failures", async |request| {
        let response = handle(&store, request).await;
        let asks = find(request).is_some_and(|route| !route.operations.is_empty());
        if asks && response.status_code < 300 {
            served.push(request.clone());
        }
        response
    });
    assert_eq!(failures.await, []);
    served
}

#[tokio::test]
async fn every_route_that_needs_the_store_is_shown_by_a_request() {
    let shown: Vec<_> = requests().await.iter().filter_map(find).collect();
    for route in ROUTES.iter().filter(|route| !route.operations.is_empty()) {
        assert!(shown.contains(&route), "no case of contract.json is served by {route}");
    }
}

#[tokio::test]
async fn a_store_that_fails_is_a_500_and_its_words_are_for_the_log_alone() {
    for request in requests().await {
        let response = handle(&FAILING, &request).await;
        assert_eq!(response.status_code, 500);
        assert_eq!(response.body, r#"{"error":"Internal server error"}"#);
        assert_eq!(response.cause.as_deref(), Some("AccessDeniedException: a secret"));
    }
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_next_request_is_served() {
    for request in requests().await {
        let response = handle(&PANICKING, &request).await;
        assert_eq!(response.status_code, 500);
        assert_eq!(response.body, r#"{"error":"Internal server error"}"#);
        assert!(response.cause.is_some_and(|cause| cause.contains("a defect")));
    }
    let request = Request { method: "PUT".into(), path: "/".into(), ..Request::default() };
    assert_eq!(handle(&PANICKING, &request).await.status_code, 405);
}

#[tokio::test]
async fn an_item_that_exists_is_a_conflict() {
    let taken = Always(|| StoreError::Exists);
    let requests = requests().await;
    let is_create =
        |request: &&Request| (request.method.as_str(), request.path.as_str()) == ("POST", "/");
    let create = requests.iter().find(is_create).expect("there is a POST");
    assert_eq!(handle(&taken, create).await.status_code, 409);
}

#[tokio::test]
async fn lambda_is_always_given_an_answer() {
    let event: Event = serde_json::from_str(
        r#"{"rawPath":"/","rawQueryString":"userId=alice","requestContext":{"http":{"method":"GET"}}}"#,
    )
    .expect("it is an event");
    let log = Log::from_environment();
    let event = LambdaEvent::new(event, Context::default());
    let Ok(response) = serve(&PANICKING, &log, &Users::Named, event).await;
    assert_eq!(response.status_code, 500);
}
