//! Chains of builders, paginators, batches, transactions.

use crate::{assert_calls, served};

fn with_client(items: &str, body: &str) -> stackctl_audit::Audited {
    served(&format!(
        r"
use aws_sdk_dynamodb::{{types::*, Client}};
use std::collections::HashMap;
{items}
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {{
    let client = Client::new(&aws_config::load_from_env().await);
    {body}
    Ok(())
}}"
    ))
}

#[test]
fn a_builder_in_a_local_that_grows() {
    let function = with_client(
        "",
        r#"
    let mut request = client.query().index_name("byDate");
    for (name, value) in [("a", "b")] { request = request.expression_attribute_names(name, value); }
    request = request.table_name("t");
    match request.send().await { Ok(_) => {}, Err(_) => {} }"#,
    );
    assert_calls(&function, &["Query t/byDate"]);
}

#[test]
fn setters_that_take_an_option() {
    let function = with_client(
        "const T: &str = \"t\";",
        "client.get_item().set_table_name(Some(T.to_string())).set_key(Option::from(HashMap::new())).send().await?;",
    );
    assert_calls(&function, &["GetItem t"]);
}

#[test]
fn a_builder_that_another_function_sends() {
    let function = with_client(
        r"
async fn all(request: aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder) {
    request.into_paginator().items().send().collect::<Vec<_>>().await;
}",
        "all(client.scan().table_name(\"t\")).await;",
    );
    assert_calls(&function, &["Scan t"]);
}

#[test]
fn an_input_that_is_sent_with_a_client() {
    let function = with_client(
        "",
        r#"
    let input = aws_sdk_dynamodb::operation::put_item::PutItemInput::builder().table_name("t").item("id", AttributeValue::S("1".into()));
    input.send_with(&client).await?;"#,
    );
    assert_calls(&function, &["PutItem t"]);
}

#[test]
fn tables_of_batches() {
    let function = with_client(
        "",
        r#"
    let keys = KeysAndAttributes::builder().build()?;
    client.batch_get_item().request_items("a", keys).send().await?;
    client.batch_write_item().set_request_items(Some([("b".to_string(), vec![])].into())).send().await?;
    let mut items = HashMap::new();
    items.insert("c".to_string(), vec![WriteRequest::builder().build()]);
    client.batch_write_item().set_request_items(Some(items)).send().await?;"#,
    );
    assert_calls(&function, &["BatchGetItem a", "BatchWriteItem b", "BatchWriteItem c"]);
}

#[test]
fn members_of_a_transaction_need_their_own_rights() {
    let function = with_client(
        "",
        r#"
    let put = Put::builder().table_name("a").build()?;
    let check = ConditionCheck::builder().table_name("b").build()?;
    client.transact_write_items()
        .transact_items(TransactWriteItem::builder().put(put).build())
        .transact_items(TransactWriteItem::builder().condition_check(check).build())
        .send().await?;"#,
    );
    assert_calls(&function, &["TransactWriteItems a", "TransactWriteItems b"]);
    let actions: Vec<_> = function.calls.iter().flat_map(|call| call.actions.clone()).collect();
    assert!(actions.contains(&"dynamodb:PutItem".to_owned()), "{actions:?}");
    assert!(actions.contains(&"dynamodb:ConditionCheckItem".to_owned()), "{actions:?}");
    assert_eq!(actions.len(), 2);
}

#[test]
fn a_waiter_and_a_statement() {
    let function = with_client(
        "",
        r#"
    client.wait_until_table_exists().table_name("t").wait(std::time::Duration::from_secs(9)).await?;
    let table = std::env::var("TABLE")?;
    client.execute_statement().statement(format!("SELECT * FROM \"{table}\" WHERE id = ?")).send().await?;"#,
    );
    assert_calls(&function, &["DescribeTable t", "ExecuteStatement $TABLE"]);
    assert_eq!(function.calls[1].actions, ["dynamodb:PartiQLSelect"]);
}

#[test]
fn a_presigned_request_needs_the_right() {
    let function = served(
        r#"
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let client = aws_sdk_s3::Client::new(&aws_config::load_from_env().await);
    client.head_object().bucket("b").presigned(config()).await?;
    Ok(())
}"#,
    );
    assert_calls(&function, &["HeadObject b"]);
    assert_eq!(function.calls[0].actions, ["s3:GetObject"]);
}
