use super::*;

fn audit(text: &str) -> Audit {
    Audit::of_sources(&[("handler.rs", text)])
}

/// What is called, and what is in doubt for which reason.
fn read(text: &str) -> (Vec<String>, Vec<&'static str>) {
    let audit = audit(text);
    let calls = audit.calls.iter().map(|found| found.call.operation.clone()).collect();
    (calls, audit.unresolved.iter().map(|doubt| doubt.reason).collect())
}

fn called(text: &str) -> Vec<String> {
    let (calls, doubts) = read(text);
    assert!(doubts.is_empty(), "{doubts:?} in {text}");
    calls
}

#[test]
fn a_plain_call_is_found_with_its_line() {
    let audit = audit(
        "use aws_sdk_dynamodb::Client;\nasync fn f(c: &Client) {\n    c.get_item().send().await;\n}\npub fn g() { f }",
    );
    assert_eq!(audit.calls[0].site.to_string(), "handler.rs:3");
    assert_eq!(audit.calls[0].call.operation, "GetItem");
}

#[test]
fn the_client_is_known_by_any_name() {
    let bodies = [
        "use aws_sdk_dynamodb as ddb; pub fn f(c: ddb::Client) { (&c).clone().scan() }",
        "use aws_sdk_dynamodb::Client as Db; pub fn f(c: &Db) { c.scan() }",
        "use aws_sdk_dynamodb::*; pub fn f(c: &Client) { c.scan() }",
        "use aws_sdk_dynamodb::{self as d, types::X}; pub fn f(c: &d::Client) { c.scan() }",
        "type Db = aws_sdk_dynamodb::Client; pub fn f(c: &Db) { c.scan() }",
        "pub fn f(c: impl AsRef<aws_sdk_dynamodb::Client>) { c.as_ref().scan() }",
        "pub fn f<C: std::ops::Deref<Target = aws_sdk_dynamodb::Client>>(c: C) { c.scan() }",
        "struct W(aws_sdk_dynamodb::Client); impl std::ops::Deref for W { type Target = aws_sdk_dynamodb::Client; fn deref(&self) -> &aws_sdk_dynamodb::Client { &self.0 } } pub fn f(w: W) { w.scan() }",
        "pub fn f(config: &C) { let c = aws_sdk_dynamodb::Client::new(config); c.scan() }",
        "pub fn f(c: Option<aws_sdk_dynamodb::Client>) { if let Some(c) = &c { c.scan() } }",
        "struct S { db: aws_sdk_dynamodb::Client } pub fn f(S { db }: S) { db.scan() }",
    ];
    for body in bodies {
        assert_eq!(called(body), ["Scan"], "{body}");
    }
}

#[test]
fn fields_and_methods_lead_to_the_client() {
    let text = "use aws_sdk_dynamodb::Client;
        struct Cache; impl Cache { fn scan(&self) {} }
        struct S { db: Client, cache: Cache }
        impl S { pub fn f(&self) { self.db.query(); self.cache.scan(); } }";
    assert_eq!(called(text), ["Query"]);
    let text = "trait Has { fn db(&self) -> &aws_sdk_dynamodb::Client; } pub fn f(h: &impl Has) { h.db().put_item() }";
    assert_eq!(called(text), ["PutItem"]);
}

#[test]
fn a_static_and_an_arc_lead_to_the_client() {
    let text = "use aws_sdk_dynamodb::Client; use std::sync::*; static DB: OnceLock<Client> = OnceLock::new();
        pub fn f() { DB.get().unwrap().get_item() }";
    assert_eq!(called(text), ["GetItem"]);
    let text = "use aws_sdk_dynamodb::Client; pub fn f(c: Arc<Client>) { let d = Arc::clone(&c); spawn(move || async move { d.put_item() }) }";
    assert_eq!(called(text), ["PutItem"]);
}

#[test]
fn functions_of_the_client_count_as_calls() {
    assert_eq!(
        called("use aws_sdk_dynamodb::Client; pub fn f(c: &Client) { Client::delete_item(c); }"),
        ["DeleteItem"]
    );
    assert_eq!(
        called("use aws_sdk_dynamodb::Client; pub fn f() { let g = Client::get_item; }"),
        ["GetItem"]
    );
    assert_eq!(called("pub fn f(c: &C) { <aws_sdk_dynamodb::Client>::get_item(c); }"), ["GetItem"]);
}

#[test]
fn waiters_paginators_and_inputs_count_as_calls() {
    let text = "use aws_sdk_dynamodb::{Client, client::Waiters}; pub fn f(c: &Client) { c.wait_until_table_exists().table_name(\"t\"); c.query().into_paginator() }";
    assert_eq!(called(text), ["DescribeTable", "Query"]);
    let text = "use aws_sdk_dynamodb::operation::get_item::GetItemInput; pub fn f(c: &aws_sdk_dynamodb::Client) { GetItemInput::builder().table_name(\"t\").send_with(c) }";
    assert_eq!(called(text), ["GetItem"]);
}

#[test]
fn macros_with_plain_arguments_are_read() {
    let text = "pub fn f(c: &aws_sdk_dynamodb::Client) { tokio::join!(c.get_item().send(), async { c.scan().send().await }); }";
    assert_eq!(called(text), ["GetItem", "Scan"]);
}

#[test]
fn what_a_macro_makes_of_a_name_is_in_doubt() {
    let text = "macro_rules! call { ($c:expr, $m:ident) => { $c.$m().send() } } pub fn f(c: &aws_sdk_dynamodb::Client) { call!(c, put_item); }";
    let audit = audit(text);
    assert!(audit.calls.is_empty());
    assert_eq!(audit.unresolved[0].reason, "macro");
    assert_eq!(audit.unresolved[0].candidates, Candidates::of(["PutItem"]));
    assert_eq!(
        read("macro_rules! m { ($c:expr) => { $c.get_item() } } pub fn f() { m!(x) }").1,
        ["macro"]
    );
}

#[test]
fn other_methods_of_the_same_name_are_not_calls() {
    assert!(called("struct Db; impl Db { fn query(&self) {} fn scan(&self) {} } pub fn f(d: &Db) { d.query(); d.scan() }").is_empty());
    assert!(
        called("pub fn f(connection: &rusqlite::Connection) { connection.query(\"SELECT 1\") }")
            .is_empty()
    );
    assert!(called("pub fn f() { let c = Cache::new(); c.scan() }").is_empty());
}

#[test]
fn a_shadowed_client_is_no_client() {
    let text =
        "pub fn f(c: &aws_sdk_dynamodb::Client) { c.get_item(); let c = Cache::new(); c.scan() }";
    assert_eq!(called(text), ["GetItem"]);
    let text = "pub fn f(c: Cache) { { let c = aws_sdk_dynamodb::Client::new(x); c.get_item(); } c.scan() }";
    assert_eq!(called(text), ["GetItem"]);
}

#[test]
fn an_unknown_receiver_is_in_doubt() {
    let audit = audit("pub fn f() { helpers::client().put_item() }");
    assert_eq!(audit.unresolved[0].reason, "receiver");
    assert_eq!(audit.possible_operations(), Candidates::of(["PutItem"]));
    assert_eq!(
        read("pub fn f(c: &aws_sdk_dynamodb::Client) { with(|x| x.get_item()) }").1,
        ["receiver"]
    );
}

#[test]
fn tests_and_dead_functions_are_not_deployed() {
    let text = "use aws_sdk_dynamodb::Client;
        #[cfg(test)] mod tests { fn t(c: &super::Client) { c.create_table() } }
        #[cfg(all(test, unix))] fn u(c: &Client) { c.create_table() }
        #[tokio::test] async fn v() { client().create_table() }
        fn dead(c: &Client) { c.delete_table() }
        pub fn live(c: &Client) { c.get_item() }";
    assert_eq!(called(text), ["GetItem"]);
    let text = "use aws_sdk_dynamodb::Client; #[cfg(not(test))] pub fn f(c: &Client) { c.scan() }";
    assert_eq!(called(text), ["Scan"]);
    let files = [
        ("lib.rs", "#[cfg(test)] mod fakes;"),
        ("fakes.rs", "pub fn f(c: &aws_sdk_dynamodb::Client) { c.scan() }"),
    ];
    assert!(Audit::of_sources(&files).calls.is_empty());
}

#[test]
fn the_index_and_the_statement_are_read_where_they_are_literals() {
    let text = "pub fn f(c: &aws_sdk_dynamodb::Client) { c.query().table_name(\"t\").index_name(\"byStatus\").send(); c.query() }";
    let audit = audit(text);
    assert_eq!(audit.calls[0].call.index.as_deref(), Some("byStatus"));
    assert_eq!(audit.calls[1].call.index, None);
    assert_eq!(
        read("pub fn f(c: &aws_sdk_dynamodb::Client, i: String) { c.query().index_name(i) }").1,
        ["index"]
    );
    let text = "pub fn f(c: &aws_sdk_dynamodb::Client) { c.execute_statement().statement(\"SELECT * FROM t\") }";
    assert_eq!(
        super::tests::audit(text).calls[0].call.statement.as_deref(),
        Some("SELECT * FROM t")
    );
}

#[test]
fn a_transaction_needs_what_is_put_into_it() {
    let text = "use aws_sdk_dynamodb::{Client, types::*}; pub fn f(c: &Client, p: Put) { c.transact_write_items().transact_items(TransactWriteItem::builder().put(p).build()) }";
    assert_eq!(audit(text).calls[0].call.members.as_deref(), Some(&["Put".to_owned()][..]));
    assert_eq!(
        read("pub fn f(c: &aws_sdk_dynamodb::Client) { c.transact_write_items() }").1,
        ["transaction"]
    );
}

#[test]
fn the_typed_operations_of_a_handler_are_resolved_exactly() {
    let sources = [
        (
            "operations.rs",
            "use aws_sdk_dynamodb::Client; macro_rules! operations { ($($m:ident: $o:ident),+) => { pastey::paste! { impl Operations { $(fn $m(&self) { self.client.[<$o:snake>]() })+ } } } } operations! { get: GetItem, list: Query } pub struct Operations { client: Client }",
        ),
        (
            "dynamo.rs",
            "use crate::operations::Operations;\npub struct Dynamo { operations: Operations }\nimpl Dynamo { pub async fn one(&self) {\n self.operations.get().send().await; map.get(); limit.get() } }",
        ),
    ];
    let audit = Audit::of_sources(&sources);
    assert_eq!(audit.unresolved, []);
    assert_eq!(audit.operations().into_iter().collect::<Vec<_>>(), ["GetItem"]);
    assert_eq!(audit.calls[0].site.to_string(), "dynamo.rs:4");
}

#[test]
fn other_services_are_named() {
    let audit = audit("use aws_sdk_s3::Client;\npub fn f(c: &Client) { c.get_object() }");
    assert_eq!(audit.services[0].0, "aws_sdk_s3");
    assert!(audit.calls.is_empty());
}

#[test]
fn hostile_sources_are_in_doubt_and_no_crash() {
    for text in [
        "fn f( {",
        "\u{0}",
        &("(".repeat(20_000) + &")".repeat(20_000)),
        &format!("fn f() {{ a{} }}", ".b()".repeat(50_000)),
        &format!("fn f() {{ {}a }}", "!".repeat(50_000)),
    ] {
        assert_eq!(read(text).1, ["syntax"]);
    }
    let chain = format!("pub fn f() {{ {} {{}} }}", "if a {} else ".repeat(50_000));
    assert_eq!(read(&chain).1, ["syntax"]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_source_makes_the_audit_panic(text in "\\PC{0,120}") {
        audit(&text);
    }

    #[test]
    fn no_tokens_make_the_audit_panic(words in proptest::collection::vec(proptest::sample::select(vec![
        "fn f", "(", ")", "{", "}", "<", ">", "::", ".", ";", ",", "=", "&", "|", "!", "?", "let x", "x", "self", "Client", "use",
        "aws_sdk_dynamodb", "get_item", "GetItem", "query()", "operations!", "routes!", "macro_rules! m", "$x", "=>", "impl",
        "struct S", "trait T", "async", "move", "await", "match", "if", "\"t\"", "index_name", "#[cfg(test)]", "mod m", "pub",
    ]), 0..60)) {
        audit(&words.join(" "));
    }
}
