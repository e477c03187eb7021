//! Programs that are small, and large for a reader that walks shared parts each time: the work would double at each line.

use std::fmt::Write;

use crate::{Project, assert_calls, served};

#[test]
fn values_that_share_their_parts_are_not_walked_again() {
    let mut source = "
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    let v0 = (client.clone(), std::env::var(\"TABLE\").unwrap(), |x: i32| x);"
        .to_owned();
    for line in 1..60 {
        let before = line - 1;
        write!(source, "\n    let v{line} = [(v{before}.clone(), vec![v{before}.clone()])];")
            .expect("a string takes it");
    }
    source.push_str(
        "
    unread::take(if client.is_ready() { v59 } else { v58 });
    client.scan().table_name(std::env::var(\"TABLE\")?).send().await?;
    Ok(())
}",
    );
    let function = served(&source);
    assert!(crate::calls(&function).contains(&"Scan $TABLE".to_owned()), "{function:#?}");
    // The client inside is given to a crate that was not found, however deep it is.
    assert_eq!(crate::open(&function), ["any"]);
}

#[test]
fn closures_that_call_closures_are_called_once_for_what_they_are_given() {
    let mut source = "
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    let f0 = || client.scan().table_name(\"deep\").send();"
        .to_owned();
    for line in 1..40 {
        let before = line - 1;
        write!(source, "\n    let f{line} = || {{ f{before}(); f{before}() }};")
            .expect("a string takes it");
    }
    source.push_str("\n    f39().await?;\n    Ok(())\n}");
    assert_calls(&served(&source), &["Scan deep"]);
}

#[test]
fn globs_that_lead_to_one_another_are_followed_once() {
    let count = 24;
    let mut main = "use lambda_runtime::{run, service_fn, Error, LambdaEvent};\n".to_owned();
    let mut files = Vec::new();
    for at in 0..count {
        writeln!(main, "mod m{at};\npub use m{at}::*;").expect("a string takes it");
        let others: String = (0..count).fold(String::new(), |mut all, other| {
            writeln!(all, "pub use crate::m{other}::*;").expect("a string takes it");
            all
        });
        let body = if at == count - 1 {
            "pub async fn deep(client: &aws_sdk_dynamodb::Client) { client.scan().table_name(\"deep\").send().await; }"
        } else {
            "pub fn own() {}"
        };
        files.push((format!("src/m{at}.rs"), format!("use super::*;\n{others}{body}\n")));
    }
    main.push_str(
        "
#[tokio::main]
async fn main() -> Result<(), Error> { run(service_fn(handler)).await }
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let _ = not_defined_anywhere();
    deep(&aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await)).await;
    Ok(())
}",
    );
    files.push(("src/main.rs".to_owned(), main));
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert_calls(&Project::of(&files).functions(".")[0], &["Scan deep"]);
}

#[test]
fn a_macro_that_repeats_in_repetitions_is_expanded() {
    let groups: String = (0..40).fold(String::new(), |mut all, group| {
        let entries: String = (0..40).fold(String::new(), |mut all, entry| {
            write!(all, "e{group}_{entry}: u8, 1, 2, 3; ").expect("a string takes it");
            all
        });
        write!(all, "g{group} {{ {entries} }}").expect("a string takes it");
        all
    });
    let source = format!(
        "
macro_rules! settings {{
    ($($group:ident {{ $($name:ident : $ty:ty, $a:expr, $b:expr, $c:expr;)* }})*) => {{
        fn table() -> &'static str {{ $( $( let _ = ($a, $b, $c); )* )* \"set\" }}
    }};
}}
settings! {{ {groups} }}
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {{
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    client.scan().table_name(table()).send().await?;
    Ok(())
}}"
    );
    assert_calls(&served(&source), &["Scan set"]);
}

const STARTS: &str = "fn main() { lambda_runtime::run(1); }\n";

#[test]
fn a_file_that_is_a_module_of_itself_is_read_once() {
    for (path, text) in [
        ("src/main.rs", format!("#[path = \"main.rs\"] mod again;\n{STARTS}")),
        ("src/other.rs", "#[path = \"main.rs\"] mod back;".to_owned()),
    ] {
        let main = format!("mod other;\n{STARTS}");
        let project = Project::of(&[("src/main.rs", &main), ("src/other.rs", ""), (path, &text)]);
        let function = &project.functions(".")[0];
        assert!(function.unresolved[0].reason.contains("a module of itself"), "{function:#?}");
    }
}

#[test]
fn files_that_are_modules_twice_come_to_an_end() {
    let mut files = vec![("src/main.rs".to_owned(), format!("mod m0;\n{STARTS}"))];
    for at in 0..40 {
        let next = format!("#[path = \"m{}.rs\"] mod", at + 1);
        files.push((format!("src/m{at}.rs"), format!("{next} one; {next} other;")));
    }
    files.push(("src/m40.rs".to_owned(), String::new()));
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let function = &Project::of(&files).functions(".")[0];
    assert!(function.unresolved[0].reason.contains("too many files"), "{:#?}", function.unresolved);
}

#[test]
fn macros_that_use_macros_twice_come_to_an_end() {
    let mut main = STARTS.to_owned();
    for at in 0..40 {
        let next = at + 1;
        writeln!(main, "macro_rules! m{at} {{ () => {{ m{next}!(); m{next}!(); }} }}")
            .expect("a string takes it");
    }
    main.push_str("macro_rules! m40 { () => { f(); } } fn f() { m0!(); }");
    let function = &Project::of(&[("src/main.rs", &main)]).functions(".")[0];
    assert!(
        function.unresolved.iter().any(|one| one.reason.contains("make more than is read")),
        "{:#?}",
        function.unresolved
    );
}

#[test]
fn a_name_that_doubles_in_each_line_is_unknown() {
    for doubling in ["format!(\"{}{}\", A, A)", "A.clone() + &A", "A.replace(\"a\", \"aa\")"] {
        let mut source = "
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    let a0 = \"aa\".to_owned();"
            .to_owned();
        for line in 0..60 {
            let made = doubling.replace('A', &format!("a{line}"));
            write!(source, "\n    let a{} = {made};", line + 1).expect("a string takes it");
        }
        source.push_str("\n    client.scan().table_name(a60).send().await?;\n    Ok(())\n}");
        assert_eq!(crate::calls(&served(&source)), ["Scan ?"], "{doubling}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_of_the_kernel_without_an_end_is_refused() {
    let project = Project::of(&[("src/main.rs", &format!("mod endless;\n{STARTS}"))]);
    std::os::unix::fs::symlink("/proc/self/pagemap", project.0.join("src/endless.rs"))
        .expect("a link can be made");
    let function = &project.functions(".")[0];
    assert!(function.unresolved[0].reason.contains("was not read"), "{function:#?}");
}

#[test]
fn more_values_of_a_type_than_are_told_apart_settle() {
    let mut source = "
struct Job<F> { run: F }
async fn handler(_: LambdaEvent<()>) -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_from_env().await);
    let mut all = Vec::new();"
        .to_owned();
    for at in 0..24 {
        let job = format!("Job {{ run: |client| client.scan().table_name(\"t{at}\").send() }}");
        write!(source, "\n    all.push({job});").expect("a string takes it");
    }
    source.push_str("\n    for job in all { (job.run)(client.clone()).await?; }\n    Ok(())\n}");
    let function = served(&source);
    assert_eq!(crate::calls(&function).len(), 24, "{function:#?}");
    assert!(crate::open(&function).is_empty(), "{:#?}", function.unresolved);
}
