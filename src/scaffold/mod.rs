//! A new project: the files that `stackctl init` writes, all of them from this repository.

mod lock;
mod manifest;

/// The files of our own handler, as they are tested here.
const HANDLER: &[(&str, &str)] = embedded![
    "contract.json",
    "openapi.json",
    "src/contract.rs",
    "src/contract/replay.rs",
    "src/contract/template.rs",
    "src/dynamo.rs",
    "src/dynamo/attributes.rs",
    "src/dynamo/failure.rs",
    "src/environment.rs",
    "src/event.rs",
    "src/items.rs",
    "src/lib.rs",
    "src/listing.rs",
    "src/log.rs",
    "src/main.rs",
    "src/memory.rs",
    "src/operations.rs",
    "src/panics.rs",
    "src/query.rs",
    "src/request.rs",
    "src/response.rs",
    "src/routes.rs",
    "src/service.rs",
    "src/store.rs",
    "src/time.rs",
    "src/token.rs",
    "src/trace.rs",
    "src/values.rs",
    "tests/contract.rs",
    "tests/dynamo.rs",
    "tests/failures.rs",
    "tests/openapi/main.rs",
    "tests/openapi/schema.rs",
    "tests/properties.rs",
];

macro_rules! embedded {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../handler/", $path)))),+]
    };
}
