//! What cannot be followed is said.

use stackctl_audit::{Verdict, audit};

use crate::{Project, calls, open, served};

#[test]
fn a_table_that_the_source_does_not_name_is_unknown() {
    let function = served(
        r"
async fn handler(event: LambdaEvent<String>) -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    client.scan().table_name(event.payload).send().await?;
    Ok(())
}",
    );
    assert_eq!(calls(&function), ["Scan ?"]);
    assert_eq!(function.verdict, Verdict::Partly);
}

#[test]
fn a_client_that_another_crate_is_given() {
    let function = served(
        r"
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    unread_store::Store::new(client).save().await?;
    Ok(())
}",
    );
    assert!(calls(&function).is_empty());
    assert_eq!(open(&function), ["any"]);
    assert_eq!(function.verdict, Verdict::None);
}

#[test]
fn a_file_that_is_not_rust_is_named() {
    let project = Project::of(&[
        ("src/main.rs", "mod broken; fn main() { lambda_runtime::run(1); }"),
        ("src/broken.rs", "fn ( {"),
    ]);
    let function = &project.functions(".")[0];
    assert_eq!(open(function), ["any"]);
    assert!(function.unresolved[0].site.starts_with("src/broken.rs:"));
}

#[test]
fn a_folder_without_a_manifest_is_refused() {
    let refused = audit(&std::env::temp_dir().join("no-such-project")).expect_err("nothing there");
    assert!(refused.to_string().contains("cannot be opened"), "{refused}");
}

#[test]
fn nesting_that_nobody_writes_is_refused_and_long_chains_are_read() {
    let deep = format!(
        "fn main() {{ let x = {}1{}; lambda_runtime::run(x); }}",
        "(".repeat(5_000),
        ")".repeat(5_000)
    );
    let project = Project::of(&[("src/main.rs", &deep)]);
    let _ = project.functions(".");
    let chain = format!("fn main() {{ lambda_runtime::run(x{}); }}", ".a()".repeat(3_000));
    let _ = Project::of(&[("src/main.rs", &chain)]).functions(".");
    let nested = "macro_rules! m { ($($x:tt)*) => { m!(a $($x)*) } } fn main() { m!(); lambda_runtime::run(1); }";
    let _ = Project::of(&[("src/main.rs", nested)]).functions(".");
}
