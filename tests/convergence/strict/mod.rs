//! Where AWS is stricter than the emulator, one file a rule. What takes time on AWS takes a number of looks here.

mod api;
mod assumable;
mod functions;
mod http;
mod iam;
mod paging;
mod pass_role;
mod publishing;
mod rates;
mod tables;
mod tags;
mod visible;

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

pub use rates::Rate;

/// How many looks something takes that AWS does not do at once.
const LOOKS: u32 = 2;

/// Several rules; the first one that answers wins.
pub struct Rules(Vec<Box<dyn Layer>>);

impl Rules {
    /// All there are.
    pub fn all() -> Self {
        let mut rules = Self::timeless();
        rules.0.push(Box::<tables::Tables>::default());
        rules.0.push(Box::<functions::Functions>::default());
        rules.0.push(Box::<assumable::Assumable>::default());
        rules.0.push(Box::<visible::Visible>::default());
        rules.0.push(Box::new(paging::Paging));
        rules
    }

    /// Those that make nobody wait.
    pub fn timeless() -> Self {
        Self(vec![
            Box::new(Rate::api_gateway()),
            Box::new(Rate::lambda()),
            Box::new(pass_role::PassRole),
            Box::new(iam::Iam),
            Box::new(api::Api),
            Box::new(publishing::Publishing),
            Box::new(http::Http),
            Box::new(tags::Tags),
        ])
    }

    /// Those of IAM.
    pub fn of_iam() -> Self {
        Self(vec![Box::new(pass_role::PassRole), Box::new(iam::Iam)])
    }

    pub fn with(mut self, rule: impl Layer + 'static) -> Self {
        self.0.insert(0, Box::new(rule));
        self
    }
}

impl Layer for Rules {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        self.0.iter_mut().find_map(|rule| rule.before(call))
    }

    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        for rule in &mut self.0 {
            rule.after(call, answer);
        }
    }
}
