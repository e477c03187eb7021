//! The events themselves, as Lambda's documentation has them:
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>

use std::time::{Duration, UNIX_EPOCH};

use aws_smithy_types::date_time::{DateTime, Format};
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

use super::item::item;
use crate::cloud::Identity;
use crate::config::Table;
use engine::error::{Error, Result};

/// Makes events of this account and region, at this moment after 1970.
pub struct Maker<'a> {
    pub identity: &'a Identity,
    pub now: Duration,
}

/// A change of one item of a table.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub old: Option<Map<String, Value>>,
    pub new: Option<Map<String, Value>>,
}

/// What a schedule hands to its function, with what Scheduler fills in.
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html>
pub fn schedule_input(schedule: &str) -> Value {
    json!({
        "schedule": schedule,
        "time": "<aws.scheduler.scheduled-time>",
        "execution": "<aws.scheduler.execution-id>",
    })
}

impl Maker<'_> {
    /// A batch of messages of a queue, each received for the first time.
    pub fn messages(&self, queue: &str, bodies: &[String]) -> Value {
        let sent = self.now.as_millis().to_string();
        let record = |(at, body): (usize, &String)| {
            json!({
                "messageId": self.id(at),
                "receiptHandle": format!("stackctl-{}", self.id(at)),
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": sent,
                    "SenderId": self.identity.account,
                    "ApproximateFirstReceiveTimestamp": sent,
                },
                "messageAttributes": {},
                "md5OfBody": hex(&Md5::digest(body.as_bytes())),
                "eventSource": "aws:sqs",
                "eventSourceARN": self.identity.arn("sqs", queue),
                "awsRegion": self.identity.region,
            })
        };
        json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
    }

    /// Changes of a table, as its stream has them.
    pub fn changes(&self, table: &Table, changes: &[Change]) -> Result<Value> {
        let records: Result<Vec<Value>> =
            changes.iter().enumerate().map(|(at, one)| self.change(table, at, one)).collect();
        Ok(json!({"Records": records?}))
    }

    fn change(&self, table: &Table, at: usize, change: &Change) -> Result<Value> {
        let (name, image) = match (&change.old, &change.new) {
            (None, Some(new)) => ("INSERT", new),
            (Some(_), Some(new)) => ("MODIFY", new),
            (Some(old), None) => ("REMOVE", old),
            (None, None) => return Err(Error::usage("a change has an item, or had one")),
        };
        let mut keys = Map::new();
        for attribute in [Some(&table.partition), table.sort.as_ref()].into_iter().flatten() {
            let value = image.get(&attribute.name).ok_or_else(|| {
                Error::usage(format!("the item has no `{}`", attribute.name))
                    .hint(format!("it is a part of the key of table `{}`", table.name))
            })?;
            keys.insert(attribute.name.clone(), value.clone());
        }
        let label = self.time().replace('Z', ".000");
        let mut record = json!({
            "ApproximateCreationDateTime": self.now.as_secs(),
            "Keys": item(&keys),
            "SequenceNumber": format!("{:021}", self.now.as_millis() + at as u128),
            "SizeBytes": image_size(change),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        });
        for (member, image) in [("OldImage", &change.old), ("NewImage", &change.new)] {
            if let Some(image) = image {
                record[member] = item(image);
            }
        }
        Ok(json!({
            "eventID": self.id(at).replace('-', ""),
            "eventName": name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": self.identity.region,
            "dynamodb": record,
            "eventSourceARN":
                self.identity.arn("dynamodb", &format!("table/{}/stream/{label}", table.name)),
        }))
    }

    /// What the schedule of this name hands over now.
    pub fn schedule(&self, name: &str) -> Value {
        let mut input = schedule_input(name);
        input["time"] = self.time().into();
        input["execution"] = self.id(0).into();
        input
    }

    fn time(&self) -> String {
        let whole = Duration::from_secs(self.now.as_secs());
        DateTime::from(UNIX_EPOCH + whole).fmt(Format::DateTime).unwrap_or_default()
    }

    /// An identifier in the form of the others of AWS: of this moment and a place in the batch.
    fn id(&self, at: usize) -> String {
        let text = hex(&Md5::digest(format!("{} {at}", self.now.as_nanos()).as_bytes()));
        let parts = [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]];
        parts.join("-")
    }
}

fn image_size(change: &Change) -> usize {
    let images = [&change.old, &change.new].into_iter().flatten();
    images.map(|image| Value::Object(image.clone()).to_string().len()).sum()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    fn identity() -> Identity {
        let text = |text: &str| text.to_owned();
        Identity {
            account: text("123456789012"),
            partition: text("aws"),
            region: text("us-east-1"),
        }
    }

    fn made<T>(make: impl FnOnce(&Maker<'_>) -> T) -> T {
        make(&Maker { identity: &identity(), now: Duration::from_secs(1_788_000_001) })
    }

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn a_batch_has_a_record_for_each_message() {
        let event = made(|maker| maker.messages("app-worker", &["a".into(), "b".into()]));
        let records = event["Records"].as_array().expect("records");
        assert_eq!(records.len(), 2);
        assert_eq!(records[0]["body"], "a");
        assert_eq!(records[0]["md5OfBody"], "0cc175b9c0f1b6a831c399e269772661");
        assert_eq!(records[0]["eventSourceARN"], "arn:aws:sqs:us-east-1:123456789012:app-worker");
        assert_ne!(records[0]["messageId"], records[1]["messageId"]);
        assert_eq!(records[0]["messageId"].as_str().map(str::len), Some(36));
    }

    #[test]
    fn a_change_is_named_by_the_images_that_it_has() {
        let config = config("name = \"app\"\n").expect("valid");
        let table = config.main().expect("a table");
        let image = |title: &str| {
            Some(object(&json!({"userId": "u", "itemId": "i", "title": title, "n": 2})))
        };
        let changes = [
            Change { new: image("a"), ..Change::default() },
            Change { old: image("a"), new: image("b") },
            Change { old: image("b"), new: None },
        ];
        let event = made(|maker| maker.changes(table, &changes)).expect("made");
        let records = event["Records"].as_array().expect("records");
        let names: Vec<&str> = records.iter().filter_map(|one| one["eventName"].as_str()).collect();
        assert_eq!(names, ["INSERT", "MODIFY", "REMOVE"]);
        let first = &records[0]["dynamodb"];
        assert_eq!(first["Keys"], json!({"userId": {"S": "u"}, "itemId": {"S": "i"}}));
        assert_eq!(first["NewImage"]["n"], json!({"N": "2"}));
        assert_eq!(first.get("OldImage"), None);
        assert!(records[2]["dynamodb"].get("NewImage").is_none());
        let arn = records[0]["eventSourceARN"].as_str().expect("an ARN");
        assert!(arn.contains(":table/app-data/stream/20"), "{arn}");
        let sequence = |at: usize| records[at]["dynamodb"]["SequenceNumber"].as_str().expect("one");
        assert!(sequence(0) < sequence(1) && sequence(1) < sequence(2));
    }

    #[test]
    fn an_item_without_its_key_is_refused() {
        let config = config("name = \"app\"\n").expect("valid");
        let table = config.main().expect("a table");
        let change = Change { new: Some(object(&json!({"userId": "u"}))), old: None };
        let error = made(|maker| maker.changes(table, &[change])).expect_err("no key");
        assert_eq!(error.message, "the item has no `itemId`");
    }

    #[test]
    fn a_schedule_hands_over_its_time() {
        let input = made(|maker| maker.schedule("app-nightly"));
        assert_eq!(input["schedule"], "app-nightly");
        assert_eq!(input["time"], "2026-08-29T10:40:01Z");
        assert!(!input.to_string().contains("<aws."), "{input}");
    }
}
