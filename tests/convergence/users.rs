//! A stack whose routes ask for tokens: however its making is cut short, no route is open meanwhile, and the next run ends it.

use serde_json::Value;

use crate::lane::{Lane, Verb};
use crate::proxy::{Fault, What, When};
use crate::run::Run;
use crate::snapshot;
use crate::strict::Rules;

const AUTH: &str =
    "[auth]\nissuer = \"https://tenant.example/\"\naudience = [\"https://api.example\"]\n";

fn prepare(lane: &Lane) {
    lane.fresh();
    lane.set_layer(Rules::timeless());
    lane.configure(AUTH);
}

/// The routes of the stack that everybody may call.
fn open_routes(lane: &Lane) -> Vec<String> {
    let get = |path: &str| lane.aws().rest("apigateway", "GET", path, &Value::Null)["items"].take();
    let list = |items: Value| items.as_array().cloned().unwrap_or_default();
    let is_ours = |api: &Value| api["tags"]["stackctl:stack"] == "my-app";
    let apis = list(get("/v2/apis")).into_iter().filter(is_ours);
    let routes = apis.flat_map(|api| {
        let id = api["apiId"].as_str().expect("an id").to_owned();
        list(get(&format!("/v2/apis/{id}/routes")))
    });
    let open = routes.filter(|route| route["authorizationType"] != "JWT");
    open.map(|route| route["routeKey"].to_string()).collect()
}

#[test]
fn a_run_that_is_broken_at_any_write_of_the_gateway_opens_no_route_and_is_ended_by_the_next() {
    let lane = Lane::take();
    prepare(&lane);
    let before = lane.snapshot();
    let (up, ledger) = lane.run(Verb::Up);
    up.succeeded();
    let end = lane.snapshot();
    assert_eq!(open_routes(&lane), [""; 0]);
    let writes = ledger.calls().iter().filter(|call| call.is_write());
    let mut writes: Vec<String> = writes.map(|call| call.operation.to_string()).collect();
    writes.retain(|name| {
        ["Api", "Authorizer", "Integration", "Route", "Stage"].iter().any(|of| name.ends_with(of))
    });
    writes.sort();
    writes.dedup();
    assert!(writes.iter().any(|name| name.ends_with("CreateAuthorizer")), "{writes:?}");
    for write in writes {
        for what in [What::Held, What::HeldAfter, What::Lost] {
            prepare(&lane);
            let told = format!("{write} {what:?}");
            let fault = Fault::once(When::Operation(write.clone()), what.clone());
            match what {
                What::Lost => drop(lane.run_with(Verb::Up, [fault])),
                _ => drop(lane.until(Verb::Up, fault, Run::kill)),
            }
            assert_eq!(open_routes(&lane), [""; 0], "{told}");
            lane.run(Verb::Up).0.succeeded();
            let differences = snapshot::differences(&lane.snapshot(), &end);
            assert!(differences.is_empty(), "{told}: {}", differences.join("\n"));
        }
    }
    lane.run(Verb::Teardown).0.succeeded();
    assert_eq!(lane.snapshot(), before);
}

#[test]
fn an_authorizer_that_was_changed_by_hand_is_put_back_and_then_nothing_is_written() {
    let lane = Lane::take();
    prepare(&lane);
    lane.run(Verb::Up).0.succeeded();
    let end = lane.snapshot();
    let get = |path: &str| lane.aws().rest("apigateway", "GET", path, &Value::Null)["items"].take();
    let apis = get("/v2/apis");
    let is_ours = |api: &&Value| api["tags"]["stackctl:stack"] == "my-app";
    let api = apis.as_array().and_then(|apis| apis.iter().find(is_ours)).expect("it is there");
    let path = format!("/v2/apis/{}/authorizers", api["apiId"].as_str().expect("an id"));
    let id = get(&path)[0]["authorizerId"].as_str().expect("an id").to_owned();
    let foreign = serde_json::json!({
        "jwtConfiguration": {"issuer": "https://evil.example/", "audience": ["https://api.example"]},
    });
    lane.aws().rest("apigateway", "PATCH", &format!("{path}/{id}"), &foreign);
    assert_ne!(lane.snapshot(), end);
    let (up, _) = lane.run(Verb::Up);
    up.succeeded();
    assert!(snapshot::differences(&lane.snapshot(), &end).is_empty());
    let (again, ledger) = lane.run(Verb::Up);
    again.succeeded();
    // The gateway refuses the request of the proof, so Lambda is asked.
    let writes = ledger.calls().iter().filter(|call| call.is_write());
    let writes: Vec<String> = writes.map(|call| call.operation.to_string()).collect();
    assert_eq!(writes, ["lambda:Invoke"]);
}
