//! What is refused before the first call, and said in words that help.

use crate::support::{Cloud, Outcome, Project};

#[test]
fn an_unknown_key_names_the_nearest() {
    let error = refused("offline-key", "[function]\nmemroy = 256\n");
    assert_eq!(error.message, "unknown key `function.memroy` in `stack.toml`");
    assert_eq!(error.hint, "did you mean `function.memory`?");
}

#[test]
fn limits_of_aws_are_refused_with_the_nearest_good_value() {
    let cases = [
        ("function.memory = 64", "`function.memory = 64`", "the nearest is 128"),
        ("function.timeout = 901", "`function.timeout = 901`", "the nearest is 900"),
        (
            "function.log_retention_days = 8",
            "`function.log_retention_days = 8`",
            "the nearest is 7",
        ),
        ("function.environment.AWS_REGION = \"x\"", "AWS_REGION", "choose another name"),
        ("function.environment.TABLE_NAME = \"x\"", "TABLE_NAME", "choose another name"),
        ("account = \"123\"", "`account = \"123\"`", "12 digits"),
        (
            "api.cors.allow_origins = [\"localhost:5173\"]",
            "localhost:5173",
            "http://localhost:5173",
        ),
        (
            "api.cors = { allow_origins = [\"*\"], allow_credentials = true }",
            "credentials from any origin",
            "list the origins",
        ),
    ];
    for (number, (keys, message, hint)) in cases.into_iter().enumerate() {
        let error = refused(&format!("offline-limit-{number}"), keys);
        assert!(error.message.contains(message), "{keys}: {}", error.message);
        assert!(error.hint.contains(hint), "{keys}: {}", error.hint);
    }
}

#[test]
fn a_bad_name_comes_back_as_a_good_one() {
    let project = Project::new("offline-name");
    project.write("stack.toml", "name = \"My_App\"\n");
    let error = error(&Cloud::offline(project.folder(), &["plan", "--output", "json"]).failed(2));
    assert!(error.hint.contains("`my-app`"), "{}", error.hint);
}

#[test]
fn a_handler_folder_that_is_no_crate_is_named() {
    let project = Project::new("offline-crate");
    project.write("stack.toml", "name = \"offline-crate\"\nfunction.crate = \"elsewhere\"\n");
    for verb in ["up", "plan", "build"] {
        let outcome = Cloud::offline(project.folder(), &[verb, "--output", "json"]).failed(2);
        let error = error(&outcome);
        assert!((error.message + &error.cause).contains("elsewhere"), "{verb}: {outcome:#?}");
    }
}

#[test]
fn without_a_file_the_way_to_one_is_told() {
    let project = Project::new("offline-file");
    let arguments = ["up", "--config", "other.toml", "--output", "json"];
    let error = error(&Cloud::offline(project.folder(), &arguments).failed(2));
    assert_eq!(error.message, "there is no `other.toml` here or in a folder above");
    assert!(error.hint.contains("--config"), "{}", error.hint);
}

#[test]
fn without_a_region_or_credentials_the_next_step_is_told() {
    let project = Project::new("offline-region");
    let status = ["status", "--output", "json"];
    let outcome = Cloud::offline(project.folder(), &status).failed(2);
    assert_eq!(error(&outcome).message, "no region is set");
    assert!(error(&outcome).hint.contains("AWS_REGION"));

    let outcome =
        Cloud::offline(project.folder(), &[&status[..], &["--region", "eu-north-1"]].concat());
    assert!([1, 2].contains(&outcome.code.unwrap_or_default()), "{outcome:#?}");
    assert!(error(&outcome).hint.contains("aws sso login"), "{outcome:#?}");
}

#[test]
fn a_wrong_word_on_the_command_line_is_a_matter_of_usage() {
    let project = Project::new("offline-usage");
    for arguments in [&["upp"][..], &["up", "--nonsense"], &["up", "-v", "-q"], &[]] {
        let outcome = Cloud::offline(project.folder(), arguments).failed(2);
        assert_eq!(outcome.stdout, "", "{arguments:?}");
        assert!(outcome.stderr.contains("Usage"), "{arguments:?}: {outcome:#?}");
    }
    assert!(
        Cloud::offline(project.folder(), &["upp"]).stderr.contains("'up'"),
        "the nearest verb is named"
    );
}

#[test]
fn a_wrong_word_is_a_document_where_documents_are_asked_for() {
    let project = Project::new("offline-usage-json");
    let json = ["--output", "json"];
    let cases: [(&[&str], &str, &str); 4] = [
        (&["upp"], "unrecognized subcommand 'upp'", "'up'"),
        (&["up", "--nonsense"], "unexpected argument '--nonsense' found", "Usage: stackctl up"),
        (&["cors"], "<ORIGIN>", "Usage: stackctl cors"),
        (&[], "requires a subcommand", "Usage: stackctl"),
    ];
    for (words, message, hint) in cases {
        let outcome = Cloud::offline(project.folder(), &[&json[..], words].concat()).failed(2);
        assert_eq!((outcome.stdout.as_str(), &outcome.error()["exit_code"]), ("", &2.into()));
        let told = error(&outcome);
        assert!(told.message.contains(message) && told.hint.contains(hint), "{outcome:#?}");
    }
    let help = Cloud::offline(project.folder(), &[&json[..], &["--help"]].concat()).succeeded();
    assert!(help.stdout.contains("Usage:"));
}

struct Refusal {
    message: String,
    cause: String,
    hint: String,
}

/// Every verb that reads the file refuses it in the same words.
#[track_caller]
fn refused(name: &str, keys: &str) -> Refusal {
    let project = Project::new(name);
    project.write("stack.toml", &format!("name = \"{name}\"\n{keys}"));
    let refusals = ["up", "deploy", "plan", "build", "status", "teardown"].map(|verb| {
        let outcome = Cloud::offline(project.folder(), &[verb, "--output", "json"]).failed(2);
        assert_eq!(outcome.stdout, "", "{verb}");
        outcome.stderr
    });
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:#?}");
    error(&Outcome { code: None, stdout: String::new(), stderr: refusals[0].clone() })
}

#[track_caller]
fn error(outcome: &Outcome) -> Refusal {
    let error = outcome.error();
    let told = |member: &str| error[member].as_str().unwrap_or_default().to_owned();
    Refusal { message: told("message"), cause: told("cause"), hint: told("hint") }
}
