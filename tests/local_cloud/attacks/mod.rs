//! Attacks that worked once, each as a test that fails when it works again.
//!
//! | # | attack | test |
//! |---|---|---|
//! | 1 | a page sends the browser to a presigned GET that creates a stack | `page::a_page_runs_nothing_through_the_local_cloud` |
//! | 2 | the same by `fetch` without CORS, and by pictures | `page::a_page_runs_nothing_through_the_local_cloud`, `gate::a_signature_that_is_none_creates_nothing` |
//! | 3 | another user of the machine runs code as the developer | `stranger::another_user_reaches_nothing_but_the_apis` |
//! | 4 | well-known keys are taken without a signature | `gate::no_key_that_can_be_guessed_is_taken`, `gate::the_keys_of_a_function_cannot_be_computed` |
//! | 5 | a form of a page resets and reconfigures the cloud | `gate::a_form_commands_nothing`, `page::…` |
//! | 6 | control paths and buckets are told to everybody, under any Host | `gate::nothing_is_told_without_a_key`, `gate::a_name_that_was_rebound_reaches_nothing` |
//! | 7 | a cache in a shared folder holds another user's Python | `project::a_cache_of_another_user_is_not_used`, `crates/machine/src/private.rs` |
//! | 8 | the cache is writable by all under umask 000 | `crates/machine/src/private.rs`, `crates/local-cloud/src/install.rs` |
//! | 9, 10 | git runs programs of a repository within the project | `crates/package/src/commit.rs` |
//! | 11 | a zip and a record of it, shipped in `target`, are taken for the program's | `crates/package/src/store.rs` |
//! | 12, 14 | a file is written through a link out of the project; a hand-written one is replaced | `project::a_client_replaces_nothing_that_is_not_one`, `src/files.rs` |
//! | 13 | links wait under the names of temporary files | `crates/machine/src/disk.rs`, `crates/package/src/store.rs` |
//! | 15 | control characters in texts of others | not here: it is about words |
//! | 16 | build scripts see credentials | `project::cargo_sees_no_credentials` |
//! | 17 | the CI recipe builds with credentials, and from names that move | `src/scaffold/mod.rs` |
//! | 18 | an answer that does not end fills the memory | `project::an_answer_that_does_not_end_is_a_failure`, `src/cloud/bounded.rs` |
//! | 19 | devices, pipes and huge files as sources | `project::only_files_of_a_sane_size_are_read`, `crates/machine/src/disk.rs` |
//! | 20 | `init` writes through links, and leaves half a project | `project::init_follows_no_link_and_leaves_nothing_behind` |
//! | 21 | `stack.toml` is a link to a secret, which an error quotes | `project::a_link_out_of_the_project_is_not_read_as_its_file` |
//! | 22 | a name of 100 MB in an error | `project::only_files_of_a_sane_size_are_read` |
//! | 23 | `man` writes through a link | `project::a_manual_is_not_written_through_a_link` |
//! | 24 | a relative `XDG_CACHE_HOME` is taken | `project::a_relative_cache_is_ignored` |
//! | 25 | a function's session or an IAM user resets the cloud, or reads the code of all functions | `issued::an_issued_key_does_not_command_the_cloud_itself` |
//! | 26 | an IAM user names a second operation or table, which the emulator then carries out without a right to it | `issued::an_issued_key_reaches_no_further_than_its_policy` |
//! | 27 | who has seen a signed request, or was given a presigned URL, sends it with another body or operation | `gate::a_signature_is_good_for_one_request` |
//! | 28 | any `Authorization` passes for a signature at an API's route with `AWS_IAM` | `gate::a_route_that_wants_a_signature_takes_nothing_else` |
//! | 29 | a role's body is JSON and a form at once, or packed: one operation is judged and another carried out | `issued::a_body_is_judged_as_it_is_carried_out` |
//! | 30 | an operation for which the emulator knows no right: every function, mapping and user is open to every role | `issued::what_takes_no_right_that_is_known_is_refused` |
//! | 31 | `doctor` runs the compiler that a project brings | `crates/package/src/toolchain.rs` |
//! | 32 | a quote in `stack.toml` ends a quoted document in the script of `ci init` | `src/commands/ci.rs` |
//! | 33 | the build of a site sees credentials, and runs beside a zip | `project::the_build_of_a_site_sees_no_credentials_and_does_not_run_beside_a_zip` |
//! | 34 | a zip holds a second `bootstrap` that only another reader finds | `crates/package/src/package.rs` |
//! | 35 | small sources that an audit never ends with, or that end it: modules, macros and texts that double, files without an end | `crates/audit/tests/patterns/size.rs` |
//! | 36 | a cell of a table that is wider than `format!` can make it | `src/ui/columns.rs` |

mod gate;
mod issued;
mod page;
mod project;
mod stranger;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tap::sign::Key;

use crate::support::{Aws, Response};

const PATIENCE: Duration = Duration::from_secs(30);

/// The status that a server on this machine answers to these very bytes; 0 when it answers nothing.
fn status_of(port: u16, request: &str) -> u16 {
    let line = begin_of_answer(port, request, 12);
    line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

/// What is answered, up to so many bytes.
fn begin_of_answer(port: u16, request: &str, bytes: u64) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time that can be waited");
    stream.write_all(request.as_bytes()).expect("it takes the request");
    let mut start = Vec::new();
    let _ = stream.take(bytes).read_to_end(&mut start);
    String::from_utf8_lossy(&start).into_owned()
}

/// A request as it is written, with its Host and the length of its body.
fn written(port: u16, line: &str, headers: &[&str], body: &str) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    format!(
        "{line} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// What is answered to a request that this key has signed, with all its headers.
fn signed(
    port: u16,
    key: &Key,
    service: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response {
    Aws::at(port).signed_by(key, service, method, path, headers, body)
}

/// The path of a GET that makes a role, with a signature that is none.
fn presigned(key: &str, role: &str) -> String {
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let template = format!(
        r#"{{"Resources":{{"R":{{"Type":"AWS::IAM::Role","Properties":{{"RoleName":"{role}","AssumeRolePolicyDocument":{trust}}}}}}}}}"#
    );
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let scope = encode(&format!("{key}/20260830/us-east-1/cloudformation/aws4_request"));
    format!(
        "/?Action=CreateStack&Version=2010-05-15&StackName={role}&TemplateBody={}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={scope}&X-Amz-Date=20260830T120000Z&X-Amz-Expires=604800&X-Amz-SignedHeaders=host&X-Amz-Signature=00",
        encode(&template)
    )
}
