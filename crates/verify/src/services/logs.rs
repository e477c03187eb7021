//! `CloudWatch Logs`: what a function does with its own log group, and what is close to that.

use super::{Service, elsewhere};
use crate::catalogue::{NEEDED_FOR_LOGS, OTHER_LOG_ACTIONS};
use crate::snapshot::Stack;

pub struct Logs;

impl Service for Logs {
    /// Those that are needed come first, so that a wide grant is reported for one of them.
    fn actions(&self) -> Vec<String> {
        NEEDED_FOR_LOGS.into_iter().chain(OTHER_LOG_ACTIONS).map(str::to_owned).collect()
    }

    fn neighbours(&self, stack: &Stack, _needed: &[&str]) -> Vec<String> {
        let group = stack.log_group();
        let (other_region, other_account) = elsewhere(stack);
        let others = [
            format!(
                "arn:{}:logs:{}:{}:log-group:/aws/lambda/zz-another",
                stack.partition, stack.region, stack.account
            ),
            format!("{group}zz"),
            group.replace(&format!(":{}:", stack.region), &format!(":{other_region}:")),
            group.replace(&format!(":{}:", stack.account), &format!(":{other_account}:")),
        ];
        let own = [group.to_owned(), format!("{group}:log-stream:zz"), "*".to_owned()];
        let others =
            others.iter().flat_map(|other| [other.clone(), format!("{other}:log-stream:zz")]);
        own.into_iter().chain(others).collect()
    }

    /// `*` is not a group.
    fn takes(&self, action: &str, resource: &str) -> bool {
        resource != "*" || action == "logs:DescribeLogGroups"
    }

    fn arn(&self, _action: &str, name: &str) -> Option<String> {
        Some(format!("arn:${{partition}}:logs:${{region}}:${{account}}:log-group:{name}:*"))
    }
}
