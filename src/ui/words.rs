//! The words for actions, times and failures, the same in every view.

use std::time::Duration;

use super::Paint;
use engine::Action;
use engine::error::Error;

/// The kind of the one label that is no resource of a stack: it is not deleted, but stopped.
pub const LOCAL_CLOUD: &str = "local cloud";

/// What is being done while something of this kind is read: code is built to be compared.
pub fn looking(kind: &str) -> &'static str {
    if kind == "code" { "preparing" } else { "looking" }
}

/// What is being done with something of this kind: code is on this machine, so it is not created.
pub fn doing(kind: &str, action: &Action) -> &'static str {
    match action {
        Action::Create if kind == "code" => "preparing",
        Action::Delete if kind == LOCAL_CLOUD => "stopping",
        Action::Update(_) if kind == LOCAL_CLOUD => "emptying",
        Action::Keep => "keeping",
        Action::Create => "creating",
        Action::Update(_) => "changing",
        Action::Recheck => "checking",
        Action::Delete => "deleting",
    }
}

/// What has been done with something of this kind.
pub fn done(kind: &str, action: &Action) -> &'static str {
    match action {
        Action::Create if kind == "code" => "ready",
        Action::Delete if kind == LOCAL_CLOUD => "stopped",
        Action::Update(_) if kind == LOCAL_CLOUD => "emptied",
        Action::Keep => "unchanged",
        Action::Create => "created",
        Action::Update(_) => "changed",
        Action::Recheck => "ready",
        Action::Delete => "deleted",
    }
}

/// What is said of something that needs nothing: code that was built for another version is not unchanged.
pub fn unchanged(kind: &str) -> &'static str {
    if kind == "code" { "ready" } else { "unchanged" }
}

/// `0.31 s`, `12.4 s`, `3 min 5 s`.
pub fn seconds(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    match seconds {
        ..10.0 => format!("{seconds:.2} s"),
        ..100.0 => format!("{seconds:.1} s"),
        _ => format!("{} min {} s", took.as_secs() / 60, took.as_secs() % 60),
    }
}

/// A failure as three short answers: what, why, and what next.
pub fn failure(error: &Error, paint: Paint, verbose: bool) -> String {
    let mut text = format!("{} {}", paint.red("error:"), below(&error.message));
    let code = error.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
    if let Some(cause) = &error.cause {
        text = format!("{text}\n  {} {}{code}", paint.bold("cause:"), below(cause));
    }
    if let (Some(id), true) = (&error.request_id, verbose) {
        text = format!("{text}\n  {} {id}", paint.bold("request:"));
    }
    if let Some(hint) = &error.hint {
        text = format!("{text}\n  {} {}", paint.bold("hint:"), below(hint));
    }
    text
}

/// Further lines of a text stand below its first, so that none looks like a line of ours.
fn below(text: &str) -> String {
    text.replace('\n', "\n    ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_answers_what_why_and_what_next() {
        let mut error = Error::failed("create function `app-api`")
            .cause("The role cannot be assumed.")
            .hint("run it again");
        error.code = Some("InvalidParameterValueException".into());
        assert_eq!(
            failure(&error, Paint::new(false), false),
            "error: failed to create function `app-api`\n  cause: The role cannot be assumed. (InvalidParameterValueException)\n  hint: run it again"
        );
    }

    #[test]
    fn a_line_of_an_answer_does_not_look_like_one_of_ours() {
        let error = Error::failed("create the table").cause("no\nerror: forged");
        assert_eq!(
            failure(&error, Paint::new(false), false),
            "error: failed to create the table\n  cause: no\n    error: forged"
        );
    }

    #[test]
    fn the_local_cloud_is_stopped_and_not_deleted() {
        assert_eq!(done(LOCAL_CLOUD, &Action::Delete), "stopped");
        assert_eq!(done(LOCAL_CLOUD, &Action::Update(Vec::new())), "emptied");
        assert_eq!(done("table", &Action::Delete), "deleted");
    }

    #[test]
    fn seconds_are_as_exact_as_anyone_cares() {
        let told = [310, 12_440, 185_000].map(|millis| seconds(Duration::from_millis(millis)));
        assert_eq!(told, ["0.31 s", "12.4 s", "3 min 5 s"]);
    }
}
