//! Lambda has one code for two things: what is there already, and what is not done yet. Its words tell them apart.
//! <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>

use crate::cloud::Answer as _;
use engine::error::{Error, Result};

const CONFLICTS: [&str; 2] = ["ResourceConflictException", "ConflictException"];
const PASSING: [&str; 3] = ["in the following state", "in progress", "concurrent update"];

/// Whether Lambda is at work on the function, and takes the call in a moment.
pub(super) fn is_busy(error: &Error) -> bool {
    error.has_code(&CONFLICTS) && PASSING.iter().any(|words| error.says(words))
}

/// Marks a conflict as what is there already, unless it passes.
pub(super) fn exists<T>(answer: Result<T>) -> Result<T> {
    match answer {
        Err(error) if is_busy(&error) => Err(error),
        answer => answer.exists_if(&CONFLICTS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::error::Kind;

    #[test]
    fn what_is_pending_is_not_taken_for_what_is_there() {
        let conflict = |cause: &str| {
            let error = Error::failed("try").cause(cause);
            Error { code: Some("ResourceConflictException".into()), ..error }
        };
        let kind = |cause: &str| exists(Err::<(), _>(conflict(cause))).expect_err("refused").kind;
        for there in
            ["Function already exist: app-api", "The statement id (x) provided already exists."]
        {
            assert_eq!(kind(there), Kind::Exists, "{there}");
        }
        for passing in [
            "The operation cannot be performed at this time. The function is currently in the following state: Pending",
            "The operation cannot be performed at this time. An update is in progress for resource: x",
        ] {
            assert_eq!(kind(passing), Kind::Failed, "{passing}");
            assert!(is_busy(&conflict(passing)));
        }
    }
}
