//! Tables are made, changed and deleted in their own time, and take nothing else meanwhile.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html>,
//! `API_UpdateTable`, `API_DeleteTable`, `API_UpdateContinuousBackups`.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::LOOKS;
use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

#[derive(Default)]
pub struct Tables {
    busy: HashMap<String, Busy>,
    /// Tables that take no backups yet, and how often they still refuse.
    without_backups: HashMap<String, u32>,
}

struct Busy {
    status: &'static str,
    looks: u32,
    description: Value,
}

impl Layer for Tables {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        let table = table_of(call);
        let status = self.busy.get(&table).map(|busy| busy.status);
        if call.is(&["dynamodb:CreateTable"]) && status.is_some() {
            let text = format!("Table already exists: {table}");
            return call.refused(400, "ResourceInUseException", &text);
        }
        if call.is(&["dynamodb:DescribeTable"]) && status == Some("DELETING") {
            return self.look(&table).map(|description| told(&json!({"Table": description})));
        }
        if call.is(&["dynamodb:DeleteTable"]) && status == Some("DELETING") {
            let description = &self.busy[&table].description;
            return Some(told(&json!({"TableDescription": description})));
        }
        let changes = ["dynamodb:UpdateTable", "dynamodb:DeleteTable", "dynamodb:TagResource"];
        if call.is(&changes) && self.look(&table).is_some() {
            let text = format!(
                "Attempt to change a resource which is still in use: Table is being changed: {table}"
            );
            return call.refused(400, "ResourceInUseException", &text);
        }
        if call.is(&["dynamodb:UpdateContinuousBackups"]) {
            let refusals = self.without_backups.get_mut(&table).filter(|left| **left > 0)?;
            *refusals -= 1;
            let text =
                format!("Backups are being enabled for the table: {table}. Please retry later");
            return call.refused(400, "ContinuousBackupsUnavailableException", &text);
        }
        None
    }

    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        let table = table_of(call);
        let backups = ["dynamodb:UpdateContinuousBackups", "dynamodb:DescribeContinuousBackups"];
        if call.is(&backups) && !answer.is_success() {
            let text = String::from_utf8_lossy(&answer.body);
            answer.body = text.replace("ResourceNotFound", "TableNotFound").into_bytes();
            answer.headers.set("x-amzn-errortype", "TableNotFoundException");
        }
        if !answer.is_success() {
            return;
        }
        for (operation, status) in
            [("CreateTable", "CREATING"), ("UpdateTable", "UPDATING"), ("DeleteTable", "DELETING")]
        {
            if !call.is(&[&format!("dynamodb:{operation}")]) {
                continue;
            }
            if status == "CREATING" {
                self.without_backups.insert(table.clone(), LOOKS);
            }
            let mut body = answer.json();
            body["TableDescription"]["TableStatus"] = json!(status);
            let description = body["TableDescription"].clone();
            answer.set_json(&body);
            self.busy.insert(table.clone(), Busy { status, looks: LOOKS, description });
        }
        if call.is(&["dynamodb:DescribeTable"])
            && let Some(seen) = self.look(&table)
        {
            let mut body = answer.json();
            body["Table"]["TableStatus"] = seen["TableStatus"].clone();
            answer.set_json(&body);
        }
    }
}

impl Tables {
    /// The table while it is busy; every look and every refusal brings its end nearer.
    fn look(&mut self, table: &str) -> Option<Value> {
        let busy = self.busy.get_mut(table)?;
        if busy.looks == 0 {
            self.busy.remove(table);
            return None;
        }
        busy.looks -= 1;
        Some(busy.description.clone())
    }
}

fn table_of(call: &Incoming) -> String {
    let input = call.input();
    let arn = input["ResourceArn"].as_str().and_then(|arn| arn.split('/').nth(1));
    input["TableName"].as_str().or(arn).unwrap_or_default().to_owned()
}

fn told(body: &Value) -> Answer {
    Answer::new(200, "application/x-amz-json-1.0", body.to_string())
}
