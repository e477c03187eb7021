//! Where AWS is stricter than the emulator, one file a rule. What takes time on AWS takes a number of looks here.

mod api;
mod assumable;
mod buckets;
mod code;
mod deploying;
mod edge;
mod fading;
mod functions;
mod guard_rails;
mod http;
mod iam;
mod indexes;
mod markers;
mod paging;
mod parameters;
mod pass_role;
mod publishing;
mod rates;
mod spreading;
mod tables;
mod tags;
mod time_to_live;
mod visible;

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

pub use deploying::Deploying;
pub use fading::Fading;
pub use guard_rails::GuardRails;
pub use rates::Rate;

/// How many looks something takes that AWS does not do at once.
const LOOKS: u32 = 2;

/// For how long what was deleted is still read.
const DELETED: std::time::Duration = std::time::Duration::from_millis(1500);

/// Several rules; the first one that answers wins.
pub struct Rules(Vec<Box<dyn Layer>>);

impl Rules {
    /// All there are.
    pub fn all() -> Self {
        Self(rates().into_iter().chain(refusals()).chain(delays()).collect())
    }

    /// Those that make nobody wait.
    pub fn timeless() -> Self {
        Self(rates().into_iter().chain(refusals()).collect())
    }

    /// Those of one stack: the calls that an account may make in a second are not for many stacks at once.
    pub fn of_each_stack() -> Self {
        Self(refusals().into_iter().chain(delays()).collect())
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

type Rule = Box<dyn Layer>;

fn rates() -> [Rule; 2] {
    [Box::new(Rate::api_gateway()), Box::new(Rate::lambda())]
}

fn refusals() -> [Rule; 10] {
    [
        Box::<code::Code>::default(),
        Box::new(pass_role::PassRole),
        Box::new(iam::Iam),
        Box::new(api::Api),
        Box::new(publishing::Publishing),
        Box::new(http::Http),
        Box::new(tags::Tags),
        Box::new(edge::Edge),
        Box::new(buckets::Buckets),
        Box::new(parameters::Parameters),
    ]
}

fn delays() -> [Rule; 12] {
    [
        Box::<spreading::Spreading>::default(),
        Box::new(Fading::lasting(DELETED)),
        Box::<indexes::Indexes>::default(),
        Box::<time_to_live::TimeToLive>::default(),
        Box::<tables::Tables>::default(),
        Box::<functions::Functions>::default(),
        Box::<assumable::Assumable>::default(),
        Box::<visible::Visible>::default(),
        Box::<paging::Paging>::default(),
        Box::<deploying::Deploying>::default(),
        Box::<buckets::Unknown>::default(),
        Box::new(markers::Markers),
    ]
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
