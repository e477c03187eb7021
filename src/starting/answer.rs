//! What Lambda does with the answer to a batch, when it is to repeat single messages or records:
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting>

use serde_json::{Value, json};

/// A batch that was answered: what was in it, by its identifiers, and what of it has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The identifiers that the answer would name.
    items: Vec<String>,
    failed: Failed,
    /// Records of a stream have an order; messages have none.
    is_stream: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Failed {
    /// By their places.
    Some(Vec<usize>),
    /// The answer has a form that Lambda takes for a failure of everything, and what is wrong with it.
    All(String),
}

impl Batch {
    /// Reads `payload`, the answer to `event` or, `in_vain`, why there is none; `None` when that is no batch.
    pub fn read(event: &Value, payload: &str, in_vain: bool) -> Option<Self> {
        let records = event["Records"].as_array()?;
        let is_stream = records.first()?["eventSource"] == "aws:dynamodb";
        let id = |record: &Value| {
            let id = if is_stream {
                &record["dynamodb"]["SequenceNumber"]
            } else {
                &record["messageId"]
            };
            id.as_str().unwrap_or_default().to_owned()
        };
        let items: Vec<String> = records.iter().map(id).collect();
        let failed = match in_vain {
            true => Failed::All("the function failed".into()),
            false => failed(&items, &serde_json::from_str(payload).unwrap_or_default()),
        };
        Some(Self { items, failed, is_stream })
    }

    pub fn is_good(&self) -> bool {
        matches!(&self.failed, Failed::Some(failed) if failed.is_empty())
    }

    /// What Lambda does next, on one line each. `again` says when a message is received again, and for how long.
    pub fn text(&self, again: &str) -> Vec<String> {
        let (count, word) = (self.items.len(), if self.is_stream { "record" } else { "message" });
        match &self.failed {
            Failed::Some(failed) if failed.is_empty() => {
                vec![format!("{count} of {count} {word}s are done")]
            }
            Failed::All(why) => {
                vec![
                    format!("Lambda repeats the whole batch of {count} {word}s: {why}"),
                    again.to_owned(),
                ]
            }
            Failed::Some(failed) if self.is_stream => {
                let first = failed.iter().min().copied().unwrap_or_default() + 1;
                let before = match first {
                    1 => "no record before it is done".to_owned(),
                    first => format!("the {} before it are done", first - 1),
                };
                vec![
                    format!(
                        "record {first} of {count} failed: Lambda goes on from it, and {before}"
                    ),
                    again.to_owned(),
                ]
            }
            Failed::Some(failed) => {
                let places: Vec<String> = failed.iter().map(|at| (at + 1).to_string()).collect();
                let places = places.join(", ");
                vec![
                    format!(
                        "{} of {count} messages failed: {places}; the others are deleted",
                        failed.len()
                    ),
                    again.to_owned(),
                ]
            }
        }
    }

    /// `{"size", "failed"}`: the places of what is repeated, from 0.
    pub fn document(&self) -> Value {
        let count = self.items.len();
        let failed: Vec<usize> = match &self.failed {
            Failed::All(_) => (0..count).collect(),
            Failed::Some(failed) if self.is_stream => {
                failed.iter().min().map(|first| (*first..count).collect()).unwrap_or_default()
            }
            Failed::Some(failed) => failed.clone(),
        };
        json!({"size": count, "failed": failed})
    }
}

/// No list, or an empty one, is a success. Anything that names nothing of the batch is a failure of all of it.
fn failed(items: &[String], answer: &Value) -> Failed {
    let list = match answer.get("batchItemFailures") {
        None | Some(Value::Null) => return Failed::Some(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Failed::All("`batchItemFailures` is no list".into()),
    };
    let mut places = Vec::new();
    for one in list {
        let id = one["itemIdentifier"].as_str().unwrap_or_default();
        match items.iter().position(|item| item == id) {
            Some(place) => places.push(place),
            None if id.is_empty() => return Failed::All("an entry has no `itemIdentifier`".into()),
            None => return Failed::All(format!("`{id}` is in no record of the batch")),
        }
    }
    places.sort_unstable();
    places.dedup();
    Failed::Some(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(payload: &Value) -> Batch {
        let event =
            json!({"Records": [{"messageId": "a"}, {"messageId": "b"}, {"messageId": "c"}]});
        Batch::read(&event, &payload.to_string(), false).expect("a batch")
    }

    fn stream(payload: &Value) -> Batch {
        let record = |number: &str| json!({"eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": number}});
        let event = json!({"Records": [record("1"), record("2"), record("3")]});
        Batch::read(&event, &payload.to_string(), false).expect("a batch")
    }

    fn failures(ids: &[&str]) -> Value {
        let list: Vec<Value> = ids.iter().map(|id| json!({"itemIdentifier": id})).collect();
        json!({"batchItemFailures": list})
    }

    #[test]
    fn no_list_and_an_empty_one_are_a_success() {
        for payload in [Value::Null, json!("done"), json!({}), failures(&[])] {
            let batch = queue(&payload);
            assert!(batch.is_good(), "{payload}");
            assert_eq!(batch.text(""), ["3 of 3 messages are done"]);
        }
    }

    #[test]
    fn of_a_queue_only_what_is_named_comes_again() {
        let batch = queue(&failures(&["b", "b"]));
        assert!(!batch.is_good());
        assert_eq!(batch.document(), json!({"size": 3, "failed": [1]}));
        assert_eq!(
            batch.text("later"),
            ["1 of 3 messages failed: 2; the others are deleted", "later"]
        );
    }

    #[test]
    fn of_a_stream_everything_from_the_first_on_comes_again() {
        let batch = stream(&failures(&["3", "2"]));
        assert_eq!(batch.document(), json!({"size": 3, "failed": [1, 2]}));
        let text = batch.text("later");
        assert_eq!(
            text[0],
            "record 2 of 3 failed: Lambda goes on from it, and the 1 before it are done"
        );
    }

    #[test]
    fn an_answer_that_lambda_cannot_read_repeats_everything() {
        for payload in [
            failures(&["z"]),
            failures(&[""]),
            json!({"batchItemFailures": [{}]}),
            json!({"batchItemFailures": "b"}),
        ] {
            let batch = queue(&payload);
            assert_eq!(batch.document(), json!({"size": 3, "failed": [0, 1, 2]}), "{payload}");
        }
    }

    #[test]
    fn an_event_without_records_is_no_batch() {
        assert_eq!(Batch::read(&json!({"schedule": "nightly"}), "{}", false), None);
    }
}
