//! What was deleted can be read for a while: IAM and API Gateway are eventually consistent.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

/// Answers of before the deletion, for so long.
pub struct Fading {
    lasting: Duration,
    /// The last answer to each read, by what it is about.
    seen: HashMap<String, Answer>,
    /// What was deleted, and when.
    deleted: HashMap<String, Instant>,
}

impl Fading {
    pub fn lasting(lasting: Duration) -> Self {
        Self { lasting, seen: HashMap::new(), deleted: HashMap::new() }
    }

    /// A role or a policy by its name, a list of APIs by its one name.
    fn about(call: &Incoming) -> Option<String> {
        let policy = call.field("PolicyArn");
        match () {
            () if call.is(&["iam:GetRole", "iam:DeleteRole"]) => Some(call.field("RoleName")),
            () if call.is(&["iam:GetPolicy", "iam:DeletePolicy"]) => Some(policy),
            () if call.is(&["apigateway:GetApis", "apigateway:DeleteApi"])
                && !call.request.target.contains("nextToken") =>
            {
                Some("apis".to_owned())
            }
            () => None,
        }
    }
}

impl Layer for Fading {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        if !call.is(&["iam:GetRole", "iam:GetPolicy", "apigateway:GetApis"]) {
            return None;
        }
        let about = Self::about(call)?;
        if self.deleted.get(&about)?.elapsed() >= self.lasting {
            self.deleted.remove(&about);
            return None;
        }
        self.seen.get(&about).cloned()
    }

    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        let Some(about) = Self::about(call).filter(|_| answer.is_success()) else {
            // What is made anew is what is read.
            if call.is(&["iam:CreateRole"]) {
                self.deleted.remove(&call.field("RoleName"));
            } else if call.is(&["iam:CreatePolicy", "apigateway:CreateApi"]) {
                self.deleted.clear();
            }
            return;
        };
        if call.is(&["iam:DeleteRole", "iam:DeletePolicy", "apigateway:DeleteApi"]) {
            self.deleted.insert(about, Instant::now());
        } else {
            self.seen.insert(about, answer.clone());
        }
    }
}
