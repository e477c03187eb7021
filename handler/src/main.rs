//! The program that Lambda starts: everything that can be done before the first request is done before it.

use std::process::ExitCode;

use handler::{caller::Users, dynamo::Dynamo, events, log::Log, panics, secrets, service};
use lambda_runtime::{LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    panics::record_locations();
    let log = Log::from_environment();
    events::write_to(log);
    match run(&log).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log.failure("The function cannot start", &error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn run(log: &Log) -> Result<(), lambda_runtime::Error> {
    let store = Dynamo::from_environment()?;
    let (warmed, secrets) = tokio::join!(store.warm(), secrets::load());
    log.warmed(warmed);
    secrets?;
    let users = Users::from_environment();
    let service = service_fn(|event: LambdaEvent<_>| service::serve(&store, log, &users, event));
    // 16 KB of future: boxed, it is not copied from frame to frame.
    Box::pin(lambda_runtime::run(service)).await
}
