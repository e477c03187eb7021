//! Time to live changes once an hour, to another attribute never at once.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html>

use std::collections::HashMap;

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

/// The tables whose time to live was changed, in the hour that a test lasts, each with the attribute that is on.
#[derive(Default)]
pub struct TimeToLive(HashMap<String, Option<String>>);

impl Layer for TimeToLive {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        if !call.is(&["dynamodb:UpdateTimeToLive"]) {
            return None;
        }
        let (table, wanted) = change(call);
        let on = self.0.get(&table)?;
        let text = match (on, &wanted) {
            (Some(on), Some(wanted)) if on != wanted => {
                format!(
                    "TimeToLive is active on a different AttributeName: current AttributeName is {on}"
                )
            }
            (Some(_), Some(_)) => "TimeToLive is already enabled".to_owned(),
            (None, None) => "TimeToLive is already disabled".to_owned(),
            _ => "Time to live has been modified multiple times within a fixed interval".to_owned(),
        };
        call.refused(400, "ValidationException", &text)
    }

    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        if call.is(&["dynamodb:UpdateTimeToLive"]) && answer.is_success() {
            let (table, wanted) = change(call);
            self.0.insert(table, wanted);
        }
        if call.is(&["dynamodb:CreateTable"]) && answer.is_success() {
            self.0.remove(call.input()["TableName"].as_str().unwrap_or_default());
        }
    }
}

/// The table, and the attribute that is turned on, if one is.
fn change(call: &Incoming) -> (String, Option<String>) {
    let input = call.input();
    let specification = &input["TimeToLiveSpecification"];
    let attribute = specification["AttributeName"].as_str().map(str::to_owned);
    let table = input["TableName"].as_str().unwrap_or_default().to_owned();
    (table, attribute.filter(|_| specification["Enabled"] == true))
}
