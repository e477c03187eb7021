//! What goes wrong with which call.

use std::time::Duration;

use tap::Operation;

/// Which attempts a fault meets.
#[derive(Debug, Clone)]
pub enum When {
    /// The first attempt of the call of this number.
    Call(usize),
    /// Every attempt of the call of this number and of all later ones.
    From(usize),
    /// The first attempt of an operation's first call, written `service:Name`.
    Operation(String),
    /// Every attempt of an operation.
    Always(String),
    /// The first attempt of every call whose number is a multiple of this one.
    Each(usize),
}

/// What happens to a request.
#[derive(Debug, Clone)]
pub enum What {
    /// It is refused with status, code and message, and not passed on.
    Refused(u16, &'static str, &'static str),
    /// It is passed on after a while.
    Late(Duration),
    /// It is not passed on, and the connection breaks.
    Reset,
    /// It is done, and the connection breaks before the answer.
    Lost,
    /// It is not passed on and not answered until the proxy is released.
    Held,
    /// It is done and not answered until the proxy is released.
    HeldAfter,
}

#[derive(Debug, Clone)]
pub struct Fault {
    pub when: When,
    pub what: What,
    /// How often it may still happen.
    pub times: u32,
}

impl Fault {
    pub fn once(when: When, what: What) -> Self {
        Self { when, what, times: 1 }
    }

    pub fn for_ever(when: When, what: What) -> Self {
        Self { when, what, times: u32::MAX }
    }

    /// Whether it meets this attempt of the call with this number.
    pub fn meets(&self, number: usize, attempt: u32, operation: &Operation) -> bool {
        let first = attempt == 1;
        self.times > 0
            && match self.when {
                When::Call(call) => first && number == call,
                When::From(call) => number >= call,
                When::Operation(ref name) => first && operation.to_string() == *name,
                When::Always(ref name) => operation.to_string() == *name,
                When::Each(every) => first && number.is_multiple_of(every),
            }
    }
}
