//! The JSON Schema of `stack.toml`, for editors.

/// Written beside a new project's file, whose first line names it.
pub const SCHEMA: &str = include_str!("../../templates/stack.schema.json");

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::file::SAMPLE;
    use super::super::tests::config;
    use super::*;

    fn schema() -> Value {
        serde_json::from_str(SCHEMA).expect("the schema is JSON")
    }

    fn sample() -> Value {
        let table: toml::Table = SAMPLE.parse().expect("the sample is TOML");
        serde_json::to_value(table).expect("the sample holds nothing that JSON has not")
    }

    fn resolved<'a>(schema: &'a Value, node: &'a Value) -> &'a Value {
        match node["$ref"].as_str() {
            Some(reference) => schema.pointer(&reference[1..]).expect("references lead somewhere"),
            None => node,
        }
    }

    /// Every key that is no table of further keys, as its path, its schema and its value in the sample.
    fn keys(
        path: &str,
        schema: &Value,
        node: &Value,
        sample: &Value,
    ) -> Vec<(String, Value, Value)> {
        let node = resolved(schema, node);
        let Some(properties) = node["properties"].as_object() else {
            return vec![(path.to_owned(), node.clone(), sample.clone())];
        };
        assert_eq!(node["additionalProperties"], false, "`{path}` takes any key");
        let table = sample.as_object().expect("a table");
        assert_eq!(
            properties.keys().collect::<Vec<_>>(),
            table.keys().collect::<Vec<_>>(),
            "the schema and the sample have other keys in `{path}`"
        );
        let inner = properties.iter().flat_map(|(key, node)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            keys(&path, schema, node, &table[key])
        });
        inner.collect()
    }

    fn all() -> Vec<(String, Value, Value)> {
        let (schema, sample) = (schema(), sample());
        let mut keys = keys("", &schema, &schema, &sample);
        keys.retain(|(path, ..)| !["stage", "tables", "functions"].contains(&path.as_str()));
        keys
    }

    fn is_taken(path: &str, value: &Value) -> bool {
        config(&format!("name = \"app\"\n{path} = {value}")).is_ok()
    }

    #[test]
    fn the_keys_and_their_defaults_are_those_of_the_sample() {
        for (path, node, value) in all() {
            let is_an_example = [
                "name",
                "region",
                "account",
                "function.queue.visibility",
                "auth.issuer",
                "auth.audience",
                "domain.name",
            ];
            let is_an_example = is_an_example.contains(&path.as_str());
            if !is_an_example && !path.starts_with("function.budget.") {
                assert_eq!(node["default"], value, "{path}");
            }
        }
    }

    #[test]
    fn a_stage_takes_the_same_keys() {
        let schema = schema();
        let mut whole = schema["properties"].clone();
        whole.as_object_mut().expect("properties").remove("stage");
        let stage = &schema["properties"]["stage"]["additionalProperties"];
        assert_eq!((&stage["properties"], &stage["additionalProperties"]), (&whole, &false.into()));
    }

    #[test]
    fn numbers_and_words_are_taken_as_far_as_the_schema_says_and_no_further() {
        for (path, node, _) in all() {
            for (limit, beyond) in [("minimum", -1), ("maximum", 1)] {
                if let Some(limit) = node[limit].as_i64() {
                    assert!(is_taken(&path, &limit.into()), "{path} = {limit}");
                    assert!(
                        !is_taken(&path, &(limit + beyond).into()),
                        "{path} = {limit} and more"
                    );
                }
            }
            for value in node["enum"].as_array().into_iter().flatten() {
                assert!(is_taken(&path, value), "{path} = {value}");
            }
            if node.get("enum").is_some() {
                assert!(!is_taken(&path, &2.into()) && !is_taken(&path, &"other".into()), "{path}");
            }
            for value in node["items"]["enum"].as_array().into_iter().flatten() {
                assert!(is_taken(&path, &vec![value.clone()].into()), "{path} = [{value}]");
            }
        }
    }
}
