//! How many calls a second an account may make of a service.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.

use std::time::Instant;

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

/// A bucket of tokens: each call takes one, and they come back with time.
pub struct Rate {
    service: &'static str,
    a_second: f64,
    burst: f64,
    left: f64,
    since: Instant,
}

impl Rate {
    pub fn new(service: &'static str, a_second: f64, burst: f64) -> Self {
        Self { service, a_second, burst, left: burst, since: Instant::now() }
    }

    /// All management calls of all APIs together.
    pub fn api_gateway() -> Self {
        Self::new("apigateway", 10.0, 40.0)
    }

    /// All control-plane calls but `GetFunction`.
    pub fn lambda() -> Self {
        Self::new("lambda", 15.0, 15.0)
    }
}

impl Layer for Rate {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        let operation = call.operation?;
        if operation.service != self.service || operation.name == "GetFunction" {
            return None;
        }
        let now = Instant::now();
        let returned = now.duration_since(self.since).as_secs_f64() * self.a_second;
        self.left = (self.left + returned).min(self.burst);
        self.since = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            return None;
        }
        call.refused(429, "TooManyRequestsException", "Rate exceeded")
    }
}
