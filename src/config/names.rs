//! The names of everything in the cloud, all derived from the stack's name and stage.

/// The stage that adds no suffix.
pub const DEFAULT_STAGE: &str = "default";

/// The key of the function that `[function]` describes.
pub const API: &str = "api";

/// What the names of the role and the policies of `api` have in its place; no other function is called so.
pub const LAMBDA: &str = "lambda";

/// The alias that the API calls.
pub const ALIAS: &str = "live";

/// How the resources of one stack and stage are called. There is no state file: these are the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// What the names of tables and functions are made of: stack and stage.
    stack: String,
    suffix: String,
    pub api: String,
}

/// How a function is called, and what belongs to it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionNames {
    pub function: String,
    pub role: String,
    pub data_policy: String,
    pub logs_policy: String,
    pub log_group: String,
    /// The role with which a schedule invokes it.
    pub schedule_role: String,
}

impl Names {
    pub fn of(stack: &str, stage: &str) -> Self {
        let suffix = if stage == DEFAULT_STAGE { String::new() } else { format!("-{stage}") };
        Self { api: format!("{stack}{suffix}"), stack: stack.to_owned(), suffix }
    }

    /// The table that the file calls `key`.
    pub fn table(&self, key: &str) -> String {
        format!("{}-{key}{}", self.stack, self.suffix)
    }

    /// The user pool.
    pub fn users(&self) -> String {
        format!("{}-users{}", self.stack, self.suffix)
    }

    /// What stands for the site in the names of its resources.
    pub fn site(&self) -> String {
        format!("{}-site{}", self.stack, self.suffix)
    }

    /// The function that the file calls `key`, and its own. What belongs to `api` is named `lambda`, after the tutorial.
    pub fn function(&self, key: &str) -> FunctionNames {
        let Self { stack, suffix, .. } = self;
        let of = if key == API { LAMBDA } else { key };
        let (pascal, of_pascal) = (pascal_case(stack), pascal_case(of));
        let function = format!("{stack}-{key}{suffix}");
        FunctionNames {
            role: format!("{stack}-{of}-role{suffix}"),
            data_policy: format!("{pascal}{of_pascal}DynamoDB{suffix}"),
            logs_policy: format!("{pascal}{of_pascal}Logs{suffix}"),
            log_group: format!("/aws/lambda/{function}"),
            schedule_role: format!("{stack}-{of}-schedule-role{suffix}"),
            function,
        }
    }

    /// The key of the table or function that would be called so.
    pub fn key_of<'a>(&self, name: &'a str) -> Option<&'a str> {
        let key = name.strip_prefix(&self.stack)?.strip_prefix('-')?.strip_suffix(&self.suffix)?;
        (!key.is_empty()).then_some(key)
    }

    /// The key of the function whose role would be called so.
    pub fn key_of_role<'a>(&self, name: &'a str) -> Option<&'a str> {
        let own = name.strip_suffix(&self.suffix)?.strip_suffix("-role")?;
        let key = own.strip_prefix(&self.stack)?.strip_prefix('-').filter(|key| !key.is_empty())?;
        Some(if key == LAMBDA { API } else { key })
    }

    /// Whether something of the stack can be called so, whatever its tables and functions are.
    pub fn contains(&self, name: &str) -> bool {
        let of_policy = || {
            let rest = name.strip_prefix(&pascal_case(&self.stack))?.strip_suffix(&self.suffix)?;
            rest.strip_suffix("DynamoDB").or_else(|| rest.strip_suffix("Logs"))
        };
        let name_of_own = name.strip_prefix("/aws/lambda/").unwrap_or(name);
        name == self.api || self.key_of(name_of_own).is_some() || of_policy().is_some()
    }
}

fn pascal_case(name: &str) -> String {
    name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_names_are_those_of_the_tutorial() {
        let names = Names::of("my-frontend-app", DEFAULT_STAGE);
        let api = names.function(API);
        assert_eq!(names.table("data"), "my-frontend-app-data");
        assert_eq!(api.data_policy, "MyFrontendAppLambdaDynamoDB");
        assert_eq!(api.logs_policy, "MyFrontendAppLambdaLogs");
        assert_eq!(api.role, "my-frontend-app-lambda-role");
        assert_eq!(api.log_group, "/aws/lambda/my-frontend-app-api");
        assert_eq!(api.function, "my-frontend-app-api");
        assert_eq!(names.api, "my-frontend-app");
    }

    #[test]
    fn another_stage_is_a_suffix() {
        let names = Names::of("my-frontend-app", "dev");
        assert_eq!(names.table("data"), "my-frontend-app-data-dev");
        assert_eq!(names.function(API).log_group, "/aws/lambda/my-frontend-app-api-dev");
        assert_eq!(names.api, "my-frontend-app-dev");
    }

    #[test]
    fn a_function_of_another_key_shares_no_name_with_the_first() {
        let names = Names::of("shop", "dev");
        let worker = names.function("nightly-job");
        assert_eq!(names.key_of_role(&worker.role), Some("nightly-job"));
        assert_eq!(names.key_of_role("shop-lambda-role-dev"), Some(API));
        assert_eq!(names.key_of_role("shop-lambda-role"), None);
        let told = FunctionNames {
            function: "shop-nightly-job-dev".into(),
            role: "shop-nightly-job-role-dev".into(),
            data_policy: "ShopNightlyJobDynamoDB-dev".into(),
            logs_policy: "ShopNightlyJobLogs-dev".into(),
            log_group: "/aws/lambda/shop-nightly-job-dev".into(),
            schedule_role: "shop-nightly-job-schedule-role-dev".into(),
        };
        assert_eq!(worker, told);
    }

    #[test]
    fn a_stack_knows_its_own_names() {
        let names = Names::of("shop", "dev");
        for function in [names.function(API), names.function("worker")] {
            let FunctionNames {
                function,
                role,
                data_policy,
                logs_policy,
                log_group,
                schedule_role,
            } = function;
            for name in [function, role, data_policy, logs_policy, log_group, schedule_role] {
                assert!(names.contains(&name), "{name}");
            }
        }
        assert!(names.contains("shop-dev") && names.contains("shop-data-dev"));
        for name in ["shop", "shop-data", "other-dev", "shop--dev", "/aws/lambda/other-dev"] {
            assert!(!names.contains(name), "{name}");
        }
    }

    /// Checks values against the patterns of AWS's models, which Python's regular expressions read.
    const MATCH: &str = r"
import json, re, sys
for path, pattern, value in json.load(sys.stdin):
    pattern = pattern.replace('\\p{L}', '\\w').replace('\\p{Z}', '\\s').replace('\\p{N}', '\\w')
    if not re.fullmatch(pattern, value):
        print(path, repr(value), pattern)
";

    #[test]
    fn every_name_matches_the_pattern_of_aws() {
        let models = include_str!("../../tests/models.json");
        let models: serde_json::Value = serde_json::from_str(models).expect("JSON");
        let mut values = Vec::new();
        let mut add = |operation: &str, member: &str, value: &str| {
            let limits = &models[operation][member];
            let pattern = limits["pattern"].as_str().or_else(|| limits["each"]["pattern"].as_str());
            let pattern = pattern.unwrap_or_else(|| panic!("{operation} {member} has no pattern"));
            values.push(serde_json::json!([format!("{operation}.{member}"), pattern, value]));
        };
        let longest = format!("a{}", "-b2".repeat(12));
        for stack in ["a", "my-frontend-app", "a1-b2-c3", &longest] {
            for stage in [DEFAULT_STAGE, "dev", "a-1"] {
                let key = if stack == "a" { "worker" } else { API };
                let names = Names::of(stack, stage).function(key);
                for function in ["create_function", "create_alias", "add_permission"] {
                    add(&format!("lambda.{function}"), "function_name", &names.function);
                }
                add("iam.create_role", "role_name", &names.role);
                for policy in [&names.data_policy, &names.logs_policy] {
                    add("iam.create_policy", "policy_name", policy);
                    add("iam.put_role_policy", "policy_name", policy);
                }
                add("logs.create_log_group", "log_group_name", &names.log_group);
                for text in [stack, stage, "stackctl:stack", "eu-west-1"] {
                    add("iam.Tag", "value", text);
                    add("iam.Tag", "key", text);
                    add("lambda.create_function", "tags", text);
                    add("logs.create_log_group", "tags", text);
                }
            }
        }
        add("lambda.create_alias", "name", ALIAS);
        add("lambda.create_function", "handler", "bootstrap");
        let mut python = Command::new("python3");
        python.args(["-c", MATCH]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut python = python.spawn().expect("there is Python");
        let mut stdin = python.stdin.take().expect("it is piped");
        let text = serde_json::Value::from(values).to_string();
        stdin.write_all(text.as_bytes()).expect("it reads");
        drop(stdin);
        let output = python.wait_with_output().expect("it ends");
        assert!(output.status.success());
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    }
}
