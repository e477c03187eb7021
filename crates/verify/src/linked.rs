//! Which operations a linked program can call, by the marks that the SDK leaves in it.
//!
//! It holds for release builds, where the linker drops what nothing reaches. It errs to one side only: a call in a branch
//! that never runs is found as well.
//!
//! - The target header of each operation of `DynamoDB`, in programs of every SDK ([`operations_in`]).
//! - The symbols of each operation's `RuntimePlugin`, before stripping: they have service and operation.
//! - The name of each operation's interceptor, `GetItemEndpointParamsInterceptor`, also in stripped programs: it has no
//!   service, and constants lie end to end, so that the longest known name before it counts.

use std::collections::BTreeSet;

use memchr::memmem;

use super::operations::OPERATIONS;
use crate::services::actions_of;

/// The prefix of the `X-Amz-Target` header.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html>
const TARGET: &[u8] = b"DynamoDB_20120810.";

/// What every operation of an SDK since 1.0 has.
const INTERCEPTOR: &[u8] = b"EndpointParamsInterceptor";
/// The longest name of an operation has some sixty letters.
const LONGEST: usize = 96;

/// What the credential chain calls by itself, and what the client of S3 does: with a function's role it calls none of it,
/// except with one bucket type of S3.
///
/// <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>
const BROUGHT_ALONG: [(&str, &str); 6] = [
    ("s3", "CreateSession"),
    ("signin", "CreateOAuth2Token"),
    ("sso", "GetRoleCredentials"),
    ("ssooidc", "CreateToken"),
    ("sts", "AssumeRole"),
    ("sts", "AssumeRoleWithWebIdentity"),
];

/// What a program can call, of all services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    pub held: BTreeSet<Held>,
}

/// An operation that a program holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    pub operation: String,
    /// Those that it may be of: more than one where only its name is known.
    pub services: BTreeSet<String>,
}

/// The operations of `DynamoDB` that a binary names. Constants lie end to end in it, so the longest known name counts.
pub fn operations_in(binary: &[u8]) -> BTreeSet<&'static str> {
    let after = memmem::find_iter(binary, TARGET).map(|start| &binary[start + TARGET.len()..]);
    let longest = |rest: &[u8]| {
        let names = OPERATIONS.iter().map(|operation| operation.name);
        names.filter(|name| rest.starts_with(name.as_bytes())).max_by_key(|name| name.len())
    };
    after.filter_map(longest).collect()
}

impl Program {
    /// Reads the marks of a program: its symbols, or where they were stripped, the names of its interceptors.
    pub fn read(binary: &[u8]) -> Self {
        let by_symbols = symbols(binary);
        Program { held: if by_symbols.is_empty() { interceptors(binary) } else { by_symbols } }
    }

    /// Without what the credential chain brings into every program.
    pub fn of_the_handler(&self) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(|held| !held.is_brought_along())
    }

    /// The actions that the held operations may need.
    pub fn actions(&self) -> BTreeSet<String> {
        self.held.iter().flat_map(Held::actions).collect()
    }
}

impl Held {
    /// The actions that it may need.
    pub fn actions(&self) -> BTreeSet<String> {
        self.services.iter().flat_map(|service| actions_of(service, &self.operation)).collect()
    }

    fn is_brought_along(&self) -> bool {
        BROUGHT_ALONG
            .iter()
            .any(|(service, name)| self.operation == *name && self.services.contains(*service))
    }
}

/// `<aws_sdk_sqs::operation::send_message::SendMessage as …::RuntimePlugin>`, as both manglings of Rust write it.
fn symbols(binary: &[u8]) -> BTreeSet<Held> {
    let legacy = memmem::find_iter(binary, b"..operation..").filter_map(|at| legacy(binary, at));
    let newer = memmem::find_iter(binary, b"9operation").filter_map(|at| newer(binary, at));
    legacy
        .chain(newer)
        .map(|(service, operation)| {
            let service = audit::service_of(&service).unwrap_or(service);
            Held { operation, services: BTreeSet::from([service]) }
        })
        .collect()
}

/// `aws_sdk_sqs..operation..send_message..SendMessage$u20$as$u20$aws_smithy_runtime_api..client..runtime_plugin..RuntimePlugin`
fn legacy(binary: &[u8], at: usize) -> Option<(String, String)> {
    let krate = crate_before(&binary[..at])?;
    let rest = binary[at..].strip_prefix(b"..operation..")?;
    let module = leading(rest, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let rest = rest[module.len()..].strip_prefix(b"..")?;
    let name = leading(rest, |byte| byte.is_ascii_alphanumeric());
    let plugin: &[u8] =
        b"$u20$as$u20$aws_smithy_runtime_api..client..runtime_plugin..RuntimePlugin";
    rest[name.len()..].starts_with(plugin).then_some((krate, text(name)))
}

/// `11aws_sdk_sqs9operation12send_messageNtB2_11SendMessageNt…14runtime_plugin13RuntimePlugin`
fn newer(binary: &[u8], at: usize) -> Option<(String, String)> {
    let krate = crate_before(&binary[..at])?;
    let rest = binary[at..].strip_prefix(b"9operation")?;
    let (_, rest) = counted(rest)?;
    let (name, rest) = counted(back_reference(rest))?;
    let symbol = leading(rest, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    memmem::find(symbol, b"14runtime_plugin13RuntimePlugin").map(|_| (krate, text(name)))
}

/// What follows `NtB2_`, if that is there.
fn back_reference(rest: &[u8]) -> &[u8] {
    let Some(reference) = rest.strip_prefix(b"NtB") else { return rest };
    let digits = leading(reference, |byte| byte.is_ascii_alphanumeric());
    reference[digits.len()..].strip_prefix(b"_").unwrap_or(rest)
}

/// A name with its length before it, and the rest.
fn counted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = leading(text, |byte| byte.is_ascii_digit());
    let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let rest = &text[digits.len()..];
    let rest = rest.strip_prefix(b"_").unwrap_or(rest);
    (length > 0 && length <= rest.len()).then(|| rest.split_at(length))
}

/// The name of an SDK crate at the end of a text.
fn crate_before(text: &[u8]) -> Option<String> {
    let near = &text[text.len().saturating_sub(LONGEST)..];
    let start = memmem::rfind(near, b"aws_sdk_")?;
    let name = &near[start..];
    let plain =
        name.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_');
    plain.then(|| self::text(name))
}

/// The names before each `EndpointParamsInterceptor`.
fn interceptors(binary: &[u8]) -> BTreeSet<Held> {
    let known = audit::operations();
    let name = |end: usize| {
        let near = &binary[end.saturating_sub(LONGEST)..end];
        // The longest name comes first.
        let mut suffixes = (0..near.len()).map(|start| &near[start..]);
        suffixes.find_map(|suffix| {
            let (operation, services) = known.get_key_value(std::str::from_utf8(suffix).ok()?)?;
            let services = services.iter().map(|&service| service.to_owned()).collect();
            Some(Held { operation: (*operation).to_owned(), services })
        })
    };
    memmem::find_iter(binary, INTERCEPTOR).filter_map(name).collect()
}

fn leading(text: &[u8], keep: impl Fn(u8) -> bool) -> &[u8] {
    let end = text.iter().position(|byte| !keep(*byte)).unwrap_or(text.len());
    &text[..end]
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(binary: &[u8]) -> Vec<&'static str> {
        operations_in(binary).into_iter().collect()
    }

    #[test]
    fn names_that_lie_end_to_end_are_told_apart() {
        let binary =
            b"\0DynamoDB_20120810.QueryvalidDynamoDB_20120810.DescribeTableReplicaAutoScaling\xff";
        assert_eq!(found(binary), ["DescribeTableReplicaAutoScaling", "Query"]);
        assert_eq!(
            found(b"DynamoDB_20120810.DescribeTableDynamoDB_20120810.GetItem"),
            ["DescribeTable", "GetItem"]
        );
    }

    #[test]
    fn a_binary_without_calls_names_none() {
        assert!(found(b"GetItem DynamoDB_20120810. DynamoDB_20120810").is_empty());
        assert!(found(b"").is_empty());
    }

    #[test]
    fn a_prefix_that_starts_again_is_not_overlooked() {
        assert_eq!(found(b"DynamoDynamoDB_20120810.Scan"), ["Scan"]);
    }

    const LEGACY: &str = "_ZN131_$LT$aws_sdk_sqs..operation..send_message..SendMessage$u20$as$u20$aws_smithy_runtime_api..client..runtime_plugin..RuntimePlugin$GT$6config17h91a9cafaa575a09aE";
    const NEWER: &str = "_RNvXNtNtCsaBdF1hEmkY3_10aws_sdk_s39operation15list_objects_v2NtB2_13ListObjectsV2NtNtNtCs80KxIaHuHGf_22aws_smithy_runtime_api6client14runtime_plugin13RuntimePlugin6config";

    /// `service:Operation`, or `Operation` with how many services it may be of.
    fn held(binary: &str) -> Vec<String> {
        let one = |held: &Held| match held.services.iter().collect::<Vec<_>>()[..] {
            [service] => format!("{service}:{}", held.operation),
            ref many => format!("{} of {}", held.operation, many.len()),
        };
        Program::read(binary.as_bytes()).held.iter().map(one).collect()
    }

    #[test]
    fn symbols_of_both_manglings_name_service_and_operation() {
        assert_eq!(held(LEGACY), ["sqs:SendMessage"]);
        assert_eq!(
            held(&format!("\0{NEWER}\0{LEGACY}\0")),
            ["s3:ListObjectsV2", "sqs:SendMessage"]
        );
        for other in
            ["..operation..", "9operation", "aws_sdk_s39operation15list", "9operation99999999999x"]
        {
            assert!(held(other).is_empty(), "{other}");
        }
        let without_plugin = LEGACY.replace("RuntimePlugin", "Display");
        assert!(held(&without_plugin).is_empty());
    }

    #[test]
    fn a_stripped_program_has_the_names_of_its_interceptors() {
        let text = "ConflictExceptionBatchGetItemEndpointParamsInterceptorvalidPurgeQueueEndpointParamsInterceptor";
        assert_eq!(held(text), ["dynamodb:BatchGetItem", "sqs:PurgeQueue"]);
        assert!(held("EndpointParamsInterceptor xEndpointParamsInterceptor").is_empty());
        let shared = held("ListTagsForResourceEndpointParamsInterceptor");
        assert!(shared[0].starts_with("ListTagsForResource of "), "{shared:?}");
    }

    #[test]
    fn what_credentials_bring_along_is_not_the_handlers() {
        let text = ["GetRoleCredentials", "CreateToken", "AssumeRole", "GetObject"]
            .map(|name| format!("{name}EndpointParamsInterceptor"))
            .concat();
        let program = Program::read(text.as_bytes());
        let own: Vec<_> = program.of_the_handler().map(|held| held.operation.as_str()).collect();
        assert_eq!(own, ["GetObject"]);
        assert!(program.actions().contains("sts:AssumeRole"));
    }
}
