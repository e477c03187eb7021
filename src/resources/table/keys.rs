//! The keys of a table, as the file says them and as DynamoDB takes them.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, KeySchemaElement, KeyType, ScalarAttributeType,
};

use crate::config::{Attribute, AttributeKind};

/// The keys as DynamoDB takes them, and the types of their attributes.
pub(super) fn schema(
    partition: &Attribute,
    sort: Option<&Attribute>,
) -> (Vec<KeySchemaElement>, Vec<AttributeDefinition>) {
    let element = |attribute: &Attribute, kind| {
        let element = KeySchemaElement::builder().attribute_name(&attribute.name).key_type(kind);
        element.build().expect("both fields are set")
    };
    let definition = |attribute: &Attribute| {
        let kind = match attribute.kind {
            AttributeKind::String => ScalarAttributeType::S,
            AttributeKind::Number => ScalarAttributeType::N,
            AttributeKind::Binary => ScalarAttributeType::B,
        };
        let definition =
            AttributeDefinition::builder().attribute_name(&attribute.name).attribute_type(kind);
        definition.build().expect("both fields are set")
    };
    let mut elements = vec![element(partition, KeyType::Hash)];
    elements.extend(sort.map(|sort| element(sort, KeyType::Range)));
    let definitions = [Some(partition), sort].into_iter().flatten().map(definition);
    (elements, definitions.collect())
}
