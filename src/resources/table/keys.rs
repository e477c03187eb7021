//! Key schemas, as the file says them, as DynamoDB takes them, and as plans show them.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, KeySchemaElement, KeyType, ScalarAttributeType,
};

use crate::config::{Attribute, AttributeKind};

/// The keys as DynamoDB takes them.
pub(super) fn schema(partition: &Attribute, sort: Option<&Attribute>) -> Vec<KeySchemaElement> {
    let element = |attribute: &Attribute, kind| {
        let element = KeySchemaElement::builder().attribute_name(&attribute.name).key_type(kind);
        element.build().expect("both fields are set")
    };
    let mut elements = vec![element(partition, KeyType::Hash)];
    elements.extend(sort.map(|sort| element(sort, KeyType::Range)));
    elements
}

/// `known` and the attributes that are not among them. DynamoDB takes exactly those that are part of a key, each once.
pub(super) fn definitions<'a>(
    known: &[AttributeDefinition],
    attributes: impl IntoIterator<Item = &'a Attribute>,
) -> Vec<AttributeDefinition> {
    let mut all = known.to_vec();
    for attribute in attributes {
        if all.iter().any(|one| one.attribute_name() == attribute.name) {
            continue;
        }
        let kind = match attribute.kind {
            AttributeKind::String => ScalarAttributeType::S,
            AttributeKind::Number => ScalarAttributeType::N,
            AttributeKind::Binary => ScalarAttributeType::B,
        };
        let definition =
            AttributeDefinition::builder().attribute_name(&attribute.name).attribute_type(kind);
        all.push(definition.build().expect("both fields are set"));
    }
    all
}

/// As `partition + sort`, for the keys that the file says.
pub(super) fn wanted(partition: &Attribute, sort: Option<&Attribute>) -> String {
    let keys = [Some(partition), sort].into_iter().flatten();
    keys.map(ToString::to_string).collect::<Vec<_>>().join(" + ")
}

/// The same for the keys that are there. An index may have several attributes of each kind: `a, b + c`.
pub(super) fn found(schema: &[KeySchemaElement], definitions: &[AttributeDefinition]) -> String {
    let part = |kind: &KeyType| {
        let names = schema.iter().filter(|key| key.key_type() == kind);
        let names = names.map(|key| with_type(key.attribute_name(), definitions));
        names.collect::<Vec<_>>().join(", ")
    };
    let parts = [part(&KeyType::Hash), part(&KeyType::Range)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" + ")
}

fn with_type(name: &str, definitions: &[AttributeDefinition]) -> String {
    let definition = definitions.iter().find(|one| one.attribute_name() == name);
    match definition.map(AttributeDefinition::attribute_type) {
        None | Some(ScalarAttributeType::S) => name.to_owned(),
        Some(other) => format!("{name}:{other}"),
    }
}
