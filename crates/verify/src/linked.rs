//! Which operations a linked binary can call: the SDK keeps the target header of each as a string.
//!
//! It holds for release builds, where the linker drops what nothing reaches. It errs to one side only: a call in a branch
//! that never runs is found as well.

use std::collections::BTreeSet;

use super::operations::OPERATIONS;

/// The prefix of the `X-Amz-Target` header.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html>
const TARGET: &[u8] = b"DynamoDB_20120810.";

/// The operations of `DynamoDB` that a binary names. Constants lie end to end in it, so the longest known name counts.
pub fn operations_in(binary: &[u8]) -> BTreeSet<&'static str> {
    let names = OPERATIONS.iter().map(|operation| operation.name);
    let mut found = BTreeSet::new();
    let mut rest = binary;
    while let Some(start) = find(rest, TARGET) {
        rest = &rest[start + TARGET.len()..];
        found.extend(
            names
                .clone()
                .filter(|name| rest.starts_with(name.as_bytes()))
                .max_by_key(|name| name.len()),
        );
    }
    found
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut start = 0;
    while let Some(offset) = text[start..].iter().position(|byte| *byte == first) {
        start += offset;
        if text[start..].starts_with(wanted) {
            return Some(start);
        }
        start += 1;
    }
    None
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
}
