//! The handler's own code against the emulator's database, without Lambda in between.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use aws_sdk_dynamodb::Config;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use handler::contract::{cases, replay};
use handler::dynamo::Dynamo;
use handler::routes::{self, ROUTES};
use handler::trace::Recorder;
use serde_json::json;

use crate::support::{Aws, Cloud};

#[tokio::test]
async fn the_contract_holds_on_the_database_with_the_declared_operations_and_no_other() {
    let cloud = Cloud::shared();
    Aws::of(cloud).json(
        "DynamoDB_20120810.CreateTable",
        &json!({
            "TableName": "store",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "userId", "AttributeType": "S"},
                {"AttributeName": "itemId", "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "userId", "KeyType": "HASH"},
                {"AttributeName": "itemId", "KeyType": "RANGE"},
            ],
        }),
    );
    let (recorder, key) = (Recorder::default(), cloud.key());
    let configuration = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(cloud.endpoint())
        .credentials_provider(Credentials::new(key.id, key.secret, None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .interceptor(recorder.clone())
        .build();
    let store = Dynamo::new(configuration, "store");

    let mut used = BTreeSet::new();
    let failures = replay(cases(), "store", async |request| {
        let response = routes::handle(&store, request).await;
        let asked = recorder.take();
        let route = routes::find(request);
        let declared = route.map(|route| route.operations).unwrap_or_default();
        let declared: BTreeSet<String> =
            declared.iter().map(|operation| operation.name().to_owned()).collect();
        assert!(asked.is_subset(&declared), "{request:?} asked for {asked:?}");
        used.extend(asked.into_iter().map(|operation| (route.map(ToString::to_string), operation)));
        response
    })
    .await;
    let failures: Vec<_> = failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));

    keep_record(&used.iter().map(|(_, operation)| operation.as_str()).collect());

    // What is declared and never used would be a right too many.
    let declared = ROUTES.iter().flat_map(|route| {
        route
            .operations
            .iter()
            .map(|operation| (Some(route.to_string()), operation.name().to_owned()))
    });
    assert_eq!(used, declared.collect());
}

/// Where `verify-policy` looks for the operations that the contract was seen to need.
fn keep_record(operations: &BTreeSet<&str>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/stackctl");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let record = json!({"operations": operations});
    fs::write(folder.join("operations.json"), record.to_string())
        .expect("the target folder can be written");
}
