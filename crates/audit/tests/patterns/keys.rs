//! The keys of tables and indexes, by what the code says of them.

use stackctl_audit::{Audited, FoundKey, Kind, Place, tables};

use crate::served;

const HEAD: &str = r"
use aws_sdk_dynamodb::{types::*, Client};
use std::collections::HashMap;
";

fn with_client(items: &str, body: &str) -> Audited {
    served(&format!(
        "{HEAD}{items}
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {{
    let client = Client::new(&aws_config::load_from_env().await);
    {body}
    Ok(())
}}"
    ))
}

/// `orders: user:S, at:N; byDate: …; ttl expires`
fn told(function: &Audited) -> Vec<String> {
    let key = |key: &FoundKey| {
        let kind = match key.kind {
            Some(Kind::S) => ":S",
            Some(Kind::N) => ":N",
            Some(Kind::B) => ":B",
            None => "",
        };
        format!("{}{kind}", key.attribute)
    };
    let keys = |partition: &Option<FoundKey>, sort: &Option<FoundKey>| {
        [partition, sort].into_iter().flatten().map(key).collect::<Vec<_>>().join(", ")
    };
    let name = |place: &Place| match place {
        Place::Env(name) => format!("${name}"),
        Place::Literal(name) | Place::Unknown(name) => name.clone(),
    };
    let table = |table: stackctl_audit::FoundTable| {
        let mut text = format!("{}: {}", name(&table.place), keys(&table.partition, &table.sort));
        for index in &table.indexes {
            text.push_str(&format!(
                "; {}: {}",
                name(&index.place),
                keys(&index.partition, &index.sort)
            ));
        }
        if let Some(expiry) = &table.expiry {
            text.push_str(if expiry.is_set { "; ttl " } else { "; ttl? " });
            text.push_str(&expiry.attribute);
        }
        text
    };
    tables(&[function]).into_iter().map(table).collect()
}

fn assert_keys(body: &str, expected: &[&str]) {
    let function = with_client("", body);
    assert_eq!(told(&function), expected, "{:#?}", function.keys);
}

#[test]
fn a_whole_key_in_the_chain() {
    assert_keys(
        r#"client.get_item().table_name("t").key("hero", AttributeValue::S("a".into())).key("at", AttributeValue::N("1".into())).send().await?;"#,
        &["t: hero:S, at:N"],
    );
}

#[test]
fn a_key_in_a_map_keeps_its_order() {
    assert_keys(
        r#"
    let mut key = HashMap::new();
    key.insert("part".to_string(), AttributeValue::S("a".into()));
    key.insert("idx".to_string(), AttributeValue::N("1".into()));
    client.delete_item().table_name("t").set_key(Some(key)).send().await?;"#,
        &["t: part:S, idx:N"],
    );
    assert_keys(
        r#"
    let key = HashMap::from([("id".to_owned(), AttributeValue::S("a".into()))]);
    client.delete_item().table_name("t").set_key(Some(key)).send().await?;"#,
        &["t: id:S"],
    );
}

#[test]
fn conditions_with_names_and_values_of_their_own() {
    assert_keys(
        r##"
    client.query().table_name("t").index_name("byStatus")
        .key_condition_expression("#s = :s AND created BETWEEN :a AND :b")
        .expression_attribute_names("#s", "status")
        .expression_attribute_values(":s", AttributeValue::S("open".into()))
        .expression_attribute_values(":a", AttributeValue::N("1".into()))
        .send().await?;
    client.get_item().table_name("t").key("id", AttributeValue::S("1".into())).send().await?;"##,
        &["t: id:S; byStatus: status:S, created:N"],
    );
}

#[test]
fn a_prefix_is_a_condition_on_the_sort_key() {
    assert_keys(
        r#"
    client.query().table_name("t").key_condition_expression("begins_with(sk, :p) and pk = :pk")
        .set_expression_attribute_values(Some(HashMap::from([
            (":pk".to_string(), AttributeValue::S("1".into())),
            (":p".to_string(), AttributeValue::S("1".into())),
        ]))).send().await?;"#,
        &["t: pk:S, sk:S"],
    );
}

#[test]
fn a_helper_that_makes_values() {
    let function = with_client(
        "fn text(value: &str) -> AttributeValue { AttributeValue::S(value.to_owned()) }
const KEY: &str = \"link\";",
        r#"client.get_item().table_name("t").key(KEY, text("a")).send().await?;"#,
    );
    assert_eq!(told(&function), ["t: link:S"]);
}

#[test]
fn an_item_alone_is_a_guess_and_a_check_is_not() {
    assert_keys(
        r#"client.put_item().table_name("t").item("uid", AttributeValue::S("a".into())).item("expiresAt", AttributeValue::N("1".into())).send().await?;"#,
        &["t: uid:S; ttl? expiresAt"],
    );
    assert_keys(
        r#"client.put_item().table_name("t").item("title", AttributeValue::S("a".into())).item("id", AttributeValue::S("a".into()))
        .condition_expression("attribute_not_exists(id) OR attribute_exists(title)").send().await?;"#,
        &["t: id:S"],
    );
    assert_keys(
        r#"client.put_item().table_name("t").item("title", AttributeValue::S("a".into())).item("PK", AttributeValue::S("a".into())).item("SK", AttributeValue::S("a".into())).send().await?;"#,
        &["t: PK:S, SK:S"],
    );
}

#[test]
fn an_item_made_of_a_struct() {
    let function = with_client(
        r#"
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Link { link_id: String, hits: u64 }"#,
        r#"
    let link = Link { link_id: "a".into(), hits: 1 };
    client.put_item().table_name("t").set_item(Some(serde_dynamo::to_item(link)?)).send().await?;"#,
    );
    assert_eq!(told(&function), ["t: linkId:S"]);
}

#[test]
fn members_of_batches_and_transactions() {
    assert_keys(
        r#"
    let get = KeysAndAttributes::builder().keys(HashMap::from([("id".to_string(), AttributeValue::N("1".into()))])).build()?;
    client.batch_get_item().request_items("a", get).send().await?;
    let update = Update::builder().table_name("b").key("pk", AttributeValue::S("1".into())).build()?;
    client.transact_write_items().transact_items(TransactWriteItem::builder().update(update).build()).send().await?;"#,
        &["a: id:N", "b: pk:S"],
    );
}

#[test]
fn a_table_that_the_program_makes() {
    assert_keys(
        r#"
    client.create_table().table_name("t")
        .key_schema(KeySchemaElement::builder().attribute_name("tid").key_type(KeyType::Hash).build()?)
        .key_schema(KeySchemaElement::builder().attribute_name("at").key_type(KeyType::Range).build()?)
        .attribute_definitions(AttributeDefinition::builder().attribute_name("at").attribute_type(ScalarAttributeType::N).build()?)
        .send().await?;
    client.update_time_to_live().table_name("t")
        .time_to_live_specification(TimeToLiveSpecification::builder().attribute_name("gone").enabled(true).build()?)
        .send().await?;"#,
        &["t: tid, at:N; ttl gone"],
    );
}

#[test]
fn a_variable_names_its_line() {
    let function = with_client("", "let mode = std::env::var(\"MODE\")?;");
    assert_eq!(function.env_sites.get("MODE").map(String::as_str), Some("src/main.rs:13"));
}
