//! What is not the client's fault: a store that fails, and code that panics.

use handler::{
    event::Event,
    log::Log,
    request::{Body, Request},
    routes::{ROUTES, handle},
    service::serve,
    store::{Changes, Item, Page, Store, StoreError},
    values::{ItemId, UserId},
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

fn requests() -> impl Iterator<Item = Request> {
    ROUTES.iter().map(|route| Request {
        method: route.method.into(),
        path: route.path.into(),
        query: "userId=alice&itemId=item-1".into(),
        body: Body::Text(r#"{"title":"Tea"}"#.into()),
    })
}

#[tokio::test]
async fn a_store_that_fails_is_a_500_and_its_words_are_for_the_log_alone() {
    for request in requests() {
        let response = handle(&FAILING, &request).await;
        assert_eq!(response.status_code, 500);
        assert_eq!(response.body, r#"{"error":"Internal server error"}"#);
        assert_eq!(response.cause.as_deref(), Some("AccessDeniedException: a secret"));
    }
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_next_request_is_served() {
    for request in requests() {
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
    let mut requests = requests();
    let create = requests.find(|request| request.method == "POST").expect("there is a POST");
    assert_eq!(handle(&taken, &create).await.status_code, 409);
}

#[tokio::test]
async fn lambda_is_always_given_an_answer() {
    let event: Event = serde_json::from_str(
        r#"{"rawPath":"/","rawQueryString":"userId=alice","requestContext":{"http":{"method":"GET"}}}"#,
    )
    .expect("it is an event");
    let log = Log::from_environment();
    let Ok(response) = serve(&PANICKING, &log, LambdaEvent::new(event, Context::default())).await;
    assert_eq!(response.status_code, 500);
}
