//! The names of everything in the cloud, all derived from the stack's name and stage.

/// The stage that adds no suffix.
pub const DEFAULT_STAGE: &str = "default";

/// The alias that the API calls.
pub const ALIAS: &str = "live";

/// How the resources of one stack and stage are called. There is no state file: these are the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// What the names of the tables are made of: stack and stage.
    stack: String,
    suffix: String,
    pub data_policy: String,
    pub logs_policy: String,
    pub role: String,
    pub log_group: String,
    pub function: String,
    pub api: String,
}

impl Names {
    pub fn of(stack: &str, stage: &str) -> Self {
        let suffix = if stage == DEFAULT_STAGE { String::new() } else { format!("-{stage}") };
        let pascal = pascal_case(stack);
        let function = format!("{stack}-api{suffix}");
        Self {
            data_policy: format!("{pascal}LambdaDynamoDB{suffix}"),
            logs_policy: format!("{pascal}LambdaLogs{suffix}"),
            role: format!("{stack}-lambda-role{suffix}"),
            log_group: format!("/aws/lambda/{function}"),
            function,
            api: format!("{stack}{suffix}"),
            stack: stack.to_owned(),
            suffix,
        }
    }

    /// The table that the file calls `key`.
    pub fn table(&self, key: &str) -> String {
        format!("{}-{key}{}", self.stack, self.suffix)
    }

    /// Whether something of the stack is called so.
    pub fn contains(&self, name: &str) -> bool {
        let Self { data_policy, logs_policy, role, log_group, function, api, .. } = self;
        let is_a_table = name.strip_suffix(&self.suffix).is_some_and(|rest| {
            rest.strip_prefix(&self.stack).is_some_and(|key| key.len() > 1 && key.starts_with('-'))
        });
        let others = [data_policy, logs_policy, role, log_group, function, api];
        is_a_table || others.into_iter().any(|own| own == name)
    }
}

fn pascal_case(name: &str) -> String {
    name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_tutorial() {
        let names = Names::of("my-frontend-app", DEFAULT_STAGE);
        assert_eq!(names.table("data"), "my-frontend-app-data");
        assert_eq!(names.data_policy, "MyFrontendAppLambdaDynamoDB");
        assert_eq!(names.logs_policy, "MyFrontendAppLambdaLogs");
        assert_eq!(names.role, "my-frontend-app-lambda-role");
        assert_eq!(names.log_group, "/aws/lambda/my-frontend-app-api");
        assert_eq!(names.function, "my-frontend-app-api");
        assert_eq!(names.api, "my-frontend-app");
    }

    #[test]
    fn another_stage_is_a_suffix() {
        let names = Names::of("my-frontend-app", "dev");
        assert_eq!(names.table("data"), "my-frontend-app-data-dev");
        assert_eq!(names.log_group, "/aws/lambda/my-frontend-app-api-dev");
        assert_eq!(names.api, "my-frontend-app-dev");
    }
}
