//! Indexes of a table that is there: one at a time, with every key attribute, and filled before it can be read.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html>

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::LOOKS;
use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

#[derive(Default)]
pub struct Indexes {
    /// Each table as it was seen last.
    seen: HashMap<String, Value>,
    /// How often an index of a table is still seen while it is being filled.
    filling: HashMap<(String, String), u32>,
}

impl Layer for Indexes {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        if !call.is(&["dynamodb:UpdateTable"]) {
            return None;
        }
        let input = call.input();
        let updates = input["GlobalSecondaryIndexUpdates"].as_array()?;
        let table = input["TableName"].as_str().unwrap_or_default();
        let busy = self.filling.keys().any(|(of, _)| of == table);
        if updates.len() > 1 || busy {
            let text = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table";
            return call.refused(400, "LimitExceededException", text);
        }
        let created = &updates[0]["Create"];
        let seen = self.seen.get(table).filter(|_| created.is_object())?;
        let there = seen["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
        let wanted: BTreeSet<String> =
            [seen, created].into_iter().chain(there).flat_map(keys).collect();
        let defined = input["AttributeDefinitions"].as_array().into_iter().flatten();
        let defined: BTreeSet<String> = defined.filter_map(name).collect();
        if wanted == defined {
            return None;
        }
        let text = format!(
            "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions, or some are not used: {defined:?} for {wanted:?}"
        );
        call.refused(400, "ValidationException", &text)
    }

    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        let member = match call.operation.map(std::string::ToString::to_string).as_deref() {
            Some("dynamodb:DescribeTable") => "Table",
            Some("dynamodb:CreateTable" | "dynamodb:UpdateTable") => "TableDescription",
            _ => return,
        };
        if !answer.is_success() {
            return;
        }
        let input = call.input();
        let table = input["TableName"].as_str().unwrap_or_default().to_owned();
        let added = input["GlobalSecondaryIndexUpdates"].as_array().into_iter().flatten();
        let added = added.map(|update| &update["Create"]);
        let first = input["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
        for index in added.chain(first).filter_map(|index| index["IndexName"].as_str()) {
            self.filling.insert((table.clone(), index.to_owned()), LOOKS + 1);
        }
        let mut body = answer.json();
        self.seen.insert(table.clone(), body[member].clone());
        let Some(indexes) = body[member]["GlobalSecondaryIndexes"].as_array_mut() else { return };
        for index in indexes {
            let key = (table.clone(), index["IndexName"].as_str().unwrap_or_default().to_owned());
            let Some(looks) = self.filling.get_mut(&key) else { continue };
            *looks -= 1;
            if *looks == 0 {
                self.filling.remove(&key);
                continue;
            }
            index["IndexStatus"] = json!("CREATING");
            index["Backfilling"] = json!(true);
        }
        answer.set_json(&body);
    }
}

/// The attributes of a key schema.
fn keys(of: &Value) -> Vec<String> {
    of["KeySchema"].as_array().into_iter().flatten().filter_map(name).collect()
}

fn name(of: &Value) -> Option<String> {
    of["AttributeName"].as_str().map(str::to_owned)
}
