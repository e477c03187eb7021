//! A distribution is made and changed at every edge, which takes minutes; a look just after a change may still see the
//! state before it, and what is not switched off everywhere is not deleted.
//! <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DeleteDistribution.html>

use std::collections::HashMap;

use super::LOOKS;
use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

pub struct Deploying {
    /// How many looks each change takes.
    looks: u32,
    /// Distributions, and how many looks their last change still takes.
    left: HashMap<String, u32>,
    /// The last look at each.
    seen: HashMap<String, Answer>,
    /// What the first look after a change sees.
    stale: HashMap<String, Answer>,
}

impl Default for Deploying {
    fn default() -> Self {
        Self::lasting(LOOKS)
    }
}

impl Deploying {
    pub fn lasting(looks: u32) -> Self {
        Self { looks, left: HashMap::new(), seen: HashMap::new(), stale: HashMap::new() }
    }
}

const DEPLOYED: &str = "<Status>Deployed</Status>";
const IN_PROGRESS: &str = "<Status>InProgress</Status>";

impl Layer for Deploying {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        let id = call.part(2);
        if call.is(&["cloudfront:GetDistribution"]) {
            return self.stale.remove(&id);
        }
        let busy = self.left.get(&id).is_some_and(|left| *left > 0);
        if call.is(&["cloudfront:DeleteDistribution"]) && busy {
            let text = "The distribution you are trying to delete has not been disabled.";
            return call.refused(409, "DistributionNotDisabled", text);
        }
        None
    }

    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        if !answer.is_success() {
            return;
        }
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        if call.is(&["cloudfront:CreateDistributionWithTags"]) {
            let id = text.split_once("<Id>").and_then(|(_, rest)| rest.split_once("</Id>"));
            let id = id.map(|(id, _)| id.to_owned()).expect("a distribution has an id");
            self.left.insert(id, self.looks);
            answer.body = text.replace(DEPLOYED, IN_PROGRESS).into_bytes();
        } else if call.is(&["cloudfront:UpdateDistribution"]) {
            let id = call.part(2);
            if let Some(seen) = self.seen.get(&id) {
                self.stale.insert(id.clone(), seen.clone());
            }
            self.left.insert(id, self.looks);
            answer.body = text.replace(DEPLOYED, IN_PROGRESS).into_bytes();
        } else if call.is(&["cloudfront:GetDistribution"]) {
            let left = self.left.entry(call.part(2)).or_default();
            if *left > 0 {
                *left -= 1;
                answer.body = text.replace(DEPLOYED, IN_PROGRESS).into_bytes();
            }
            self.seen.insert(call.part(2), answer.clone());
        }
    }
}
