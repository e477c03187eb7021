//! Between Lambda and the routes: an event comes in, an answer goes out, and the log says so.

use std::{convert::Infallible, time::Instant};

use lambda_runtime::LambdaEvent;

use crate::{
    caller::Users,
    event::{EXPECTED, Event},
    events,
    log::Log,
    response::Response,
    routes,
    store::Store,
};

/// Serves one event. An answer is always given: what fails is a 500, and the environment lives on.
pub async fn serve(
    store: &impl Store,
    log: &Log,
    users: &Users,
    event: LambdaEvent<Event>,
) -> Result<Response, Infallible> {
    let start = Instant::now();
    let id = event.context.request_id;
    let _serving = events::serving(&id);
    if let Some(found) = event.payload.unexpected() {
        let words = format!("expected {EXPECTED}, and got {found}");
        log.unexpected(&id, &words);
        return Ok(Response::error(400, &words));
    }
    let request = event.payload.into_request(users);
    let response = routes::handle(store, &request).await;
    log.request(&id, &request, &response, start.elapsed());
    Ok(response)
}
