//! Every item of the table as JSON lines, before the table goes.

use std::collections::HashMap;
use std::io::Write;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Number, Value};

use crate::cloud::Cloud;
use crate::cloud::Doing;
use engine::Progress;
use engine::error::{Error, Result};

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["dynamodb:Scan"];

/// Whether the items of `table` may be read at all: asked before anything is deleted.
pub async fn probe(cloud: &Cloud, table: &str) -> Result<()> {
    let client = Client::new(&cloud.sdk);
    let page = client.scan().table_name(table).limit(1).send().await;
    page.doing(format!("read the items of table `{table}`")).map(|_| ())
}

/// Writes the items of `table`, one a line, and returns how many there were. Numbers keep their digits,
/// sets become arrays, and binary values become base64.
pub async fn export(
    cloud: &Cloud,
    table: &str,
    to: &mut impl Write,
    progress: &Progress,
) -> Result<u64> {
    let client = Client::new(&cloud.sdk);
    let mut count = 0;
    let mut from = None;
    loop {
        let page = client
            .scan()
            .table_name(table)
            .consistent_read(true)
            .set_exclusive_start_key(from.clone())
            .send()
            .await;
        let page = page.doing(format!("read the items of table `{table}`"))?;
        for item in page.items.unwrap_or_default() {
            writeln!(to, "{}", object(item)?).doing("write the export")?;
            count += 1;
        }
        progress.note(format!("{count} items written"));
        let last = page.last_evaluated_key.filter(|key| !key.is_empty());
        if last.is_some() && last == from {
            return Err(Error::failed(format!("read the items of table `{table}`"))
                .cause("the same page comes again and again"));
        }
        from = last;
        if from.is_none() {
            to.flush().doing("write the export")?;
            return Ok(count);
        }
    }
}

fn object(item: HashMap<String, AttributeValue>) -> Result<Value> {
    let mut members: Vec<(String, Value)> = item
        .into_iter()
        .map(|(name, attribute)| Ok((name, value(attribute)?)))
        .collect::<Result<_>>()?;
    members.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(members.into_iter().collect())
}

fn value(attribute: AttributeValue) -> Result<Value> {
    Ok(match attribute {
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::N(digits) => number(&digits),
        AttributeValue::Bool(is) => Value::Bool(is),
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::B(bytes) => Value::String(aws_smithy_types::base64::encode(bytes)),
        AttributeValue::M(map) => object(map)?,
        AttributeValue::L(list) => list.into_iter().map(value).collect::<Result<_>>()?,
        AttributeValue::Ss(set) => set.into_iter().map(Value::String).collect(),
        AttributeValue::Ns(set) => set.iter().map(|digits| number(digits)).collect(),
        AttributeValue::Bs(set) => set
            .into_iter()
            .map(|bytes| Value::String(aws_smithy_types::base64::encode(bytes)))
            .collect(),
        // Leaving it out would lose data without a word.
        other => {
            return Err(Error::failed("export the table")
                .cause(format!("it holds a value of an unknown type: {other:?}")));
        }
    })
}

/// DynamoDB keeps 38 digits; what JSON's own numbers cannot hold exactly stays a text.
fn number(digits: &str) -> Value {
    let parsed: Option<Number> = digits.parse().ok();
    match parsed {
        Some(number) if number.to_string() == digits => Value::Number(number),
        _ => Value::String(digits.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::Blob;

    use super::*;

    #[test]
    fn every_type_of_attribute_becomes_json() {
        let item = HashMap::from([
            ("text".to_owned(), AttributeValue::S("a".into())),
            ("whole".to_owned(), AttributeValue::N("42".into())),
            ("exact".to_owned(), AttributeValue::N("0.12345678901234567890123456789".into())),
            ("bytes".to_owned(), AttributeValue::B(Blob::new("hi"))),
            ("set".to_owned(), AttributeValue::Ss(vec!["x".into()])),
            (
                "list".to_owned(),
                AttributeValue::L(vec![AttributeValue::Null(true), AttributeValue::Bool(false)]),
            ),
        ]);
        assert_eq!(
            object(item).expect("all types are known").to_string(),
            r#"{"bytes":"aGk=","exact":"0.12345678901234567890123456789","list":[null,false],"set":["x"],"text":"a","whole":42}"#
        );
    }
}
