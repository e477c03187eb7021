//! Every `DynamoDB` call that this crate can make: the one place where the SDK's client is named.
//!
//! ```text
//! operations! { <method>: <Operation>, … }
//! ```
//!
//! `<method>` is what the code calls, `<Operation>` the name that `DynamoDB` gives the operation (`GetItem`). Each line
//! makes one method of [`Operations`] that begins the call on our table, and one variant of [`Operation`]. The client is
//! private to this file, so a call that is not declared here does not compile; `stackctl` reads the same lines to write
//! the function's IAM policy.
//!
//! `keys!` declares the keys of the table. `stackctl` refuses a `stack.toml` that names others.

use aws_sdk_dynamodb::{Client, Config};

macro_rules! operations {
    ($($method:ident: $operation:ident),+ $(,)?) => { pastey::paste! {
        /// An operation of `DynamoDB` that this crate calls.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Operation {
            $(
                #[doc = concat!("`", stringify!($operation), "`.")]
                $operation,
            )+
        }

        /// Every operation that this crate calls, in the order of their declaration.
        pub const OPERATIONS: &[Operation] = &[$(Operation::$operation),+];

        impl Operation {
            /// The name that `DynamoDB` knows it by, which is also the name of its IAM action.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$operation => stringify!($operation)),+
                }
            }
        }

        impl Operations {
            $(
                #[doc = concat!("Begins a `", stringify!($operation), "` on the table.")]
                pub(crate) fn $method(
                    &self,
                ) -> aws_sdk_dynamodb::operation::[<$operation:snake>]::builders::[<$operation FluentBuilder>] {
                    self.client.[<$operation:snake>]().table_name(&self.table)
                }
            )+
        }
    } };
}

operations! {
    get: GetItem,
    list: Query,
    put: PutItem,
    update: UpdateItem,
    delete: DeleteItem,
}

macro_rules! keys {
    (partition: $partition:literal, sort: $sort:literal $(,)?) => {
        /// The table's partition key, an attribute of type string.
        pub const PARTITION_KEY: &str = $partition;
        /// The table's sort key, an attribute of type string.
        pub const SORT_KEY: &str = $sort;
    };
}

keys! { partition: "userId", sort: "itemId" }

/// The declared operations, on one table.
#[derive(Debug, Clone)]
pub struct Operations {
    client: Client,
    table: String,
}

impl Operations {
    /// No connection is made before the first call.
    pub fn new(config: Config, table: impl Into<String>) -> Self {
        Self { client: Client::from_conf(config), table: table.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_has_the_name_of_its_action() {
        for operation in OPERATIONS {
            assert_eq!(operation.name(), format!("{operation:?}"));
        }
    }
}
