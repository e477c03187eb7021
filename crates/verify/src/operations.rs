//! Which IAM actions each `DynamoDB` operation of the SDK asks for, and on which kind of resource.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>

/// An operation of `aws-sdk-dynamodb`, by the name that is sent in its `X-Amz-Target` header.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    pub name: &'static str,
    pub actions: Actions,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Actions {
    /// The action has the operation's name.
    Same,
    /// The action has the operation's name, and the call needs these as well.
    SameAnd(&'static [&'static str]),
    /// There is no such action: it is authorised as this one.
    As(&'static str),
    /// There is no such action: one for each kind of member in a transaction.
    ///
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>
    Transaction,
    /// There is no such action: it depends on the verb of the statement.
    ///
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html>
    PartiQl,
}

use Actions::{As, PartiQl, Same, SameAnd, Transaction};

/// What one member of `TransactWriteItems` is authorised as.
pub const TRANSACTION_MEMBERS: [(&str, &str); 4] = [
    ("Put", "PutItem"),
    ("Update", "UpdateItem"),
    ("Delete", "DeleteItem"),
    ("ConditionCheck", "ConditionCheckItem"),
];

/// What a `PartiQL` statement is authorised as, by its first word.
pub const PARTIQL_VERBS: [(&str, &str); 4] = [
    ("SELECT", "PartiQLSelect"),
    ("INSERT", "PartiQLInsert"),
    ("UPDATE", "PartiQLUpdate"),
    ("DELETE", "PartiQLDelete"),
];

const RESTORE: &[&str] =
    &["PutItem", "UpdateItem", "DeleteItem", "GetItem", "Query", "Scan", "BatchWriteItem"];

/// Every operation of `aws-sdk-dynamodb` 1.136.
pub const OPERATIONS: [Operation; 58] = [
    operation("BatchExecuteStatement", PartiQl),
    operation("BatchGetItem", Same),
    operation("BatchWriteItem", Same),
    operation("CreateBackup", Same),
    operation("CreateGlobalTable", Same),
    operation("CreateTable", Same),
    operation("DeleteBackup", Same),
    operation("DeleteItem", Same),
    operation("DeleteResourcePolicy", Same),
    operation("DeleteTable", Same),
    operation("DescribeBackup", Same),
    operation("DescribeContinuousBackups", Same),
    operation("DescribeContributorInsights", Same),
    operation("DescribeEndpoints", Same),
    operation("DescribeExport", Same),
    operation("DescribeGlobalTable", Same),
    operation("DescribeGlobalTableSettings", Same),
    operation("DescribeImport", Same),
    operation("DescribeKinesisStreamingDestination", Same),
    operation("DescribeLimits", Same),
    operation("DescribeTable", Same),
    operation("DescribeTableReplicaAutoScaling", Same),
    operation("DescribeTimeToLive", Same),
    operation("DisableKinesisStreamingDestination", Same),
    operation("EnableKinesisStreamingDestination", Same),
    operation("ExecuteStatement", PartiQl),
    operation("ExecuteTransaction", PartiQl),
    operation("ExportTableToPointInTime", Same),
    operation("GetItem", Same),
    operation("GetResourcePolicy", Same),
    operation("ImportTable", SameAnd(&["CreateTable"])),
    operation("ListBackups", Same),
    operation("ListContributorInsights", Same),
    operation("ListExports", Same),
    operation("ListGlobalTables", Same),
    operation("ListImports", Same),
    operation("ListTables", Same),
    operation("ListTagsOfResource", Same),
    operation("PutItem", Same),
    operation("PutResourcePolicy", Same),
    operation("Query", Same),
    operation("RestoreTableFromBackup", SameAnd(RESTORE)),
    operation("RestoreTableToPointInTime", SameAnd(RESTORE)),
    operation("Scan", Same),
    operation("SearchVectors", Same),
    operation("TagResource", Same),
    operation("TransactGetItems", As("GetItem")),
    operation("TransactWriteItems", Transaction),
    operation("UntagResource", Same),
    operation("UpdateContinuousBackups", Same),
    operation("UpdateContributorInsights", Same),
    operation("UpdateGlobalTable", Same),
    operation("UpdateGlobalTableSettings", Same),
    operation("UpdateItem", Same),
    operation("UpdateKinesisStreamingDestination", Same),
    operation("UpdateTable", Same),
    operation("UpdateTableReplicaAutoScaling", Same),
    operation("UpdateTimeToLive", Same),
];

/// The SDK's waiters, and the operation that each of them repeats.
pub const WAITERS: [(&str, &str); 6] = [
    ("wait_until_contributor_insights_enabled", "DescribeContributorInsights"),
    ("wait_until_export_completed", "DescribeExport"),
    ("wait_until_import_completed", "DescribeImport"),
    ("wait_until_kinesis_streaming_destination_active", "DescribeKinesisStreamingDestination"),
    ("wait_until_table_exists", "DescribeTable"),
    ("wait_until_table_not_exists", "DescribeTable"),
];

const fn operation(name: &'static str, actions: Actions) -> Operation {
    Operation { name, actions }
}

impl Operation {
    pub fn named(name: &str) -> Option<&'static Operation> {
        OPERATIONS.iter().find(|operation| operation.name == name)
    }

    /// The operation behind a method of the SDK's client, `transact_get_items` say, or a waiter.
    pub fn of_method(method: &str) -> Option<&'static Operation> {
        let waiter = WAITERS
            .iter()
            .find(|(name, _)| *name == method)
            .and_then(|(_, name)| Operation::named(name));
        waiter.or_else(|| {
            OPERATIONS.iter().find(|operation| snake(operation.name).eq(method.chars()))
        })
    }

    /// The actions without their `dynamodb:` that this operation may ask for, whatever its members or statement are.
    pub fn possible_actions(&self) -> Vec<&'static str> {
        match self.actions {
            Same => vec![self.name],
            SameAnd(others) => [self.name].into_iter().chain(others.iter().copied()).collect(),
            As(other) => vec![other],
            Transaction => TRANSACTION_MEMBERS.iter().map(|(_, action)| *action).collect(),
            PartiQl => PARTIQL_VERBS.iter().map(|(_, action)| *action).collect(),
        }
    }
}

/// The action of a `PartiQL` statement, or nothing when its verb is not one of the four or its table is not said.
///
/// `EXISTS(SELECT …)` in a transaction reads, too, but asks for `PartiQLSelect` only when it is alone: it stays unknown.
pub fn partiql_action(statement: &str) -> Option<&'static str> {
    audit::partiql(statement).map(|(action, ..)| action)
}

/// `TransactGetItems` → `transact_get_items`: how the SDK names its methods and modules.
pub fn snake_case(name: &str) -> String {
    snake(name).collect()
}

fn snake(name: &str) -> impl Iterator<Item = char> {
    name.chars().enumerate().flat_map(|(place, character)| {
        let begins_a_word = place > 0 && character.is_ascii_uppercase();
        begins_a_word.then_some('_').into_iter().chain([character.to_ascii_lowercase()])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_method() {
        for operation in &OPERATIONS {
            assert_eq!(Operation::of_method(&snake_case(operation.name)), Some(operation));
        }
        assert_eq!(
            Operation::of_method("wait_until_table_exists"),
            Operation::named("DescribeTable")
        );
        assert_eq!(Operation::of_method("table_name"), None);
    }

    #[test]
    fn the_names_are_sorted_and_unique() {
        assert!(OPERATIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn a_transaction_has_no_action_of_its_own() {
        let actions = |name: &str| Operation::named(name).expect("it is listed").possible_actions();
        assert_eq!(actions("TransactGetItems"), ["GetItem"]);
        assert_eq!(
            actions("TransactWriteItems"),
            ["PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"]
        );
    }

    #[test]
    fn a_partiql_statement_is_authorised_by_its_verb() {
        assert_eq!(partiql_action(" select * from \"t\""), Some("PartiQLSelect"));
        assert_eq!(partiql_action("EXISTS(SELECT 1)"), None);
        assert_eq!(partiql_action(""), None);
    }
}
