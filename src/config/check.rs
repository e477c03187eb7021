//! What AWS or a browser would refuse is refused here, before the first call.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Attribute, AttributeKind, Config, Cors, Function, Projection, Table, Trigger, auth, function,
    function::within, origin, region,
};
use engine::error::{Error, Result};

/// Variables that Lambda sets itself: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
const RESERVED: [&str; 18] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// A name of ours: every name in the cloud begins with it, so it holds only what all services take.
pub fn name(what: &str, name: &str) -> Result<()> {
    let good = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(fits)
        && !name.ends_with('-')
        && !name.contains("--");
    if good {
        return Ok(());
    }
    let error = Error::usage(format!("invalid {what}: \"{name}\""));
    let rule = "use lower-case letters, digits and single hyphens, with a letter first";
    Err(match better_name(name) {
        None => error.hint(rule),
        Some(better) => error.hint(format!("{rule}, for example `{better}`")),
    })
}

/// The good name that is nearest to one of any kind.
pub fn better_name(name: &str) -> Option<String> {
    let mut better: String =
        name.to_lowercase().chars().map(plain).map(|c| if fits(c) { c } else { '-' }).collect();
    while better.contains("--") {
        better = better.replace("--", "-");
    }
    let better = better.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit());
    let better = better.trim_end_matches('-');
    (!better.is_empty()).then(|| better.to_owned())
}

/// The letter without its accent, in the languages that write most of them.
fn plain(letter: char) -> char {
    const ACCENTED: [(&str, char); 11] = [
        ("àáâãäåāăą", 'a'),
        ("çćč", 'c'),
        ("ďđ", 'd'),
        ("èéêëēęě", 'e'),
        ("ìíîïī", 'i'),
        ("ñńň", 'n'),
        ("òóôõöøō", 'o'),
        ("śšş", 's'),
        ("ùúûüūůű", 'u'),
        ("ýÿ", 'y'),
        ("źżž", 'z'),
    ];
    let known = ACCENTED.iter().find(|(letters, _)| letters.contains(letter));
    known.map_or(letter, |(_, plain)| *plain)
}

fn fits(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
}

/// Everything else, in the order of the file.
pub fn limits(config: &Config) -> Result<()> {
    lengths(config)?;
    config.region.as_deref().map_or(Ok(()), |region| region::check("region", region))?;
    account(config)?;
    tags(config)?;
    tables(config)?;
    config.functions.values().try_for_each(|function| function::check(config, function))?;
    queues(config)?;
    streams(config)?;
    cors(&config.cors)
}

fn queues(config: &Config) -> Result<()> {
    let mut variables = BTreeSet::new();
    for (key, queue) in config.queues() {
        let place = format!("{}.queue.env", config.functions[key].place());
        variable(&place, &queue.env)?;
        let is_set = |function: &Function| function.settings.environment.contains_key(&queue.env);
        let is_table = config.tables.values().any(|table| table.env == queue.env);
        if is_table || config.functions.values().any(is_set) || !variables.insert(&queue.env) {
            return Err(Error::usage(format!("`{place} = \"{}\"` is taken", queue.env))
                .hint("give each queue a variable of its own: `queue = { env = \"JOBS_URL\" }`"));
        }
    }
    Ok(())
}

/// A shard of a stream is read by two processes at most:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>
const MOST_READERS: usize = 2;

fn streams(config: &Config) -> Result<()> {
    for key in config.tables.keys() {
        let starts = |function: &&Function| matches!(&function.trigger, Some(Trigger::Stream(table)) if table == key);
        let count = config.functions.values().filter(starts).count();
        if count > MOST_READERS {
            return Err(Error::usage(format!(
                "the stream of table `{key}` starts {count} functions, and takes {MOST_READERS}"
            ))
            .hint("let one function take the changes and pass them on"));
        }
    }
    Ok(())
}

fn lengths(config: &Config) -> Result<()> {
    let names = &config.names;
    let tables = config.tables.values().map(|table| ("table", &table.name, 255));
    let functions = config.functions.values().flat_map(|function| {
        [
            ("role", &function.role, 64),
            ("function", &function.name, 64),
            ("policy", &function.data_policy, 128),
        ]
    });
    for (what, name, limit) in functions.chain([("API", &names.api, 128)]).chain(tables) {
        if name.len() > limit {
            let message = format!(
                "the {what} would be called `{name}`: {} characters; the AWS limit is {limit}",
                name.len()
            );
            return Err(Error::usage(message)
                .hint(format!("shorten `name` or the stage by {}", name.len() - limit)));
        }
    }
    Ok(())
}

/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html>
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn account(config: &Config) -> Result<()> {
    match &config.account {
        Some(account) if !is_account(account) => {
            Err(Error::usage(format!("`account = \"{account}\"` is not an account"))
                .hint("an AWS account has 12 digits"))
        }
        _ => Ok(()),
    }
}

/// Tags of one resource: <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>
const MOST_TAGS: usize = 50;
/// Those that are ours, of the resource that has the most of them: stack, stage, region, and what was asked about.
const OUR_TAGS: usize = 4;

/// What all services take: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html>
fn tags(config: &Config) -> Result<()> {
    let tags = &config.tags;
    let most = MOST_TAGS - OUR_TAGS;
    if tags.len() > most {
        return Err(Error::usage(format!("`tags` has {} tags, and takes {most}", tags.len()))
            .hint(format!("AWS takes {MOST_TAGS} of a resource, and {OUR_TAGS} are stackctl's")));
    }
    let mut keys = BTreeSet::new();
    for (key, value) in tags {
        let place = format!("tags.{key}");
        let lower = key.to_lowercase();
        if let Some(prefix) = ["aws:", "stackctl:"].iter().find(|one| lower.starts_with(*one)) {
            return Err(Error::usage(format!("`{place}` is reserved"))
                .hint(format!("keys that begin with `{prefix}` are not yours to give")));
        }
        let fits = |text: &str| {
            text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
        };
        let lengths = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        if !lengths || !fits(key) || !fits(value) {
            return Err(Error::usage(format!(
                "`{place} = \"{value}\"` is not a tag that AWS takes"
            ))
            .hint("a key has 1 to 128, a value up to 256 letters, digits, spaces and `_.:/=+-@`"));
        }
        if !keys.insert(lower) {
            return Err(Error::usage(format!("`{place}` is there twice"))
                .hint("to IAM, keys that differ in capitals alone are the same"));
        }
    }
    Ok(())
}

/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>
const MOST_INDEXES: usize = 20;
/// Of one index, beside its keys, when they are listed.
const MOST_ATTRIBUTES: usize = 20;
/// Of all indexes of a table together.
const MOST_ATTRIBUTES_IN_ALL: usize = 100;

fn tables(config: &Config) -> Result<()> {
    let mut variables = BTreeSet::new();
    for table in config.tables.values() {
        let place = table.place();
        different(&place, &table.partition, table.sort.as_ref())?;
        cloud_name(&format!("{place}.name"), &table.name)?;
        variable(&format!("{place}.env"), &table.env)?;
        if !variables.insert(&table.env) {
            return Err(Error::usage(format!("two tables have the variable `{}`", table.env))
                .hint("give one of them another `env`"));
        }
        if table.indexes.len() > MOST_INDEXES {
            return Err(Error::usage(format!(
                "`{place}.indexes` has {} indexes; the limit of DynamoDB is {MOST_INDEXES}",
                table.indexes.len()
            )));
        }
        for (name, index) in &table.indexes {
            let place = format!("{place}.indexes.{name}");
            cloud_name(&place, name)?;
            different(&place, &index.partition, index.sort.as_ref())?;
        }
        one_type_each(table)?;
        projections(table)?;
        time_to_live(table)?;
    }
    Ok(())
}

fn different(place: &str, partition: &Attribute, sort: Option<&Attribute>) -> Result<()> {
    if sort.is_some_and(|sort| sort.name == partition.name) {
        return Err(Error::usage(format!(
            "`{place}.partition_key` and `{place}.sort_key` are both `{}`",
            partition.name
        )));
    }
    Ok(())
}

/// An attribute has one type in all keys that it is part of.
fn one_type_each(table: &Table) -> Result<()> {
    let mut kinds = BTreeMap::new();
    for attribute in table.key_attributes() {
        let first = *kinds.entry(&attribute.name).or_insert(attribute.kind);
        if first != attribute.kind {
            return Err(Error::usage(format!(
                "`{}` has two types in the keys of `{}`",
                attribute.name,
                table.place()
            )));
        }
    }
    Ok(())
}

/// DynamoDB counts the attributes that are listed, one in two indexes twice.
fn projections(table: &Table) -> Result<()> {
    let mut in_all = 0;
    for (name, index) in &table.indexes {
        let Projection::Attributes(attributes) = &index.projection else { continue };
        let place = format!("{}.indexes.{name}.projection", table.place());
        let different: BTreeSet<&String> = attributes.iter().collect();
        if attributes.is_empty() {
            return Err(Error::usage(format!("`{place}` is an empty list"))
                .hint("write `\"keys\"` for the keys alone, or `\"all\"`"));
        }
        if different.len() < attributes.len() || attributes.iter().any(String::is_empty) {
            return Err(Error::usage(format!(
                "`{place}` must list different attributes, once each"
            )));
        }
        in_all += attributes.len();
        for (count, most, of) in [
            (attributes.len(), MOST_ATTRIBUTES, "an index"),
            (in_all, MOST_ATTRIBUTES_IN_ALL, "all indexes of a table together"),
        ] {
            if count > most {
                let message = format!(
                    "`{place}`: {count} attributes; the limit of DynamoDB is {most} for {of}"
                );
                return Err(Error::usage(message).hint("write `projection = \"all\"`"));
            }
        }
    }
    Ok(())
}

/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>: a number of seconds.
fn time_to_live(table: &Table) -> Result<()> {
    let Some(attribute) = &table.ttl else { return Ok(()) };
    let place = table.place();
    if attribute.len() > 255 {
        return Err(Error::usage(format!("`{place}.ttl` must have 1 to 255 characters")));
    }
    let key = table.key_attributes().find(|key| key.name == *attribute);
    if key.is_some_and(|key| key.kind != AttributeKind::Number) {
        return Err(Error::usage(format!(
            "`{place}.ttl = \"{attribute}\"` is a key that is no number"
        ))
        .hint("an item expires at a number of seconds since 1970: name another attribute"));
    }
    Ok(())
}

/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
fn cloud_name(place: &str, name: &str) -> Result<()> {
    let good = (3..=255).contains(&name.len())
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"_.-".contains(&c));
    if good {
        return Ok(());
    }
    Err(Error::usage(format!("`{place}`: `{name}` is not a valid name for DynamoDB"))
        .hint("use 3 to 255 letters, digits, `_`, `.` and `-`"))
}

/// A variable that Lambda takes and does not set itself.
pub fn variable(place: &str, name: &str) -> Result<()> {
    if RESERVED.contains(&name) {
        return Err(Error::usage(format!("`{place}` is reserved"))
            .hint(format!("Lambda sets `{name}` itself; choose another name")));
    }
    if name == auth::VARIABLE {
        return Err(Error::usage(format!("`{place}` is reserved"))
            .hint("stackctl says there how the function knows its caller; choose another name"));
    }
    let good = name.len() >= 2
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    if good {
        return Ok(());
    }
    Err(Error::usage(format!("`{place}` is not a valid name for Lambda"))
        .hint("use two or more letters, digits and underscores, with a letter first"))
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>
fn cors(cors: &Cors) -> Result<()> {
    if cors.allow_credentials && cors.allow_origins.iter().any(|origin| origin == "*") {
        return Err(Error::usage(
            "`api.cors` allows credentials from any origin, which browsers and API Gateway refuse",
        )
        .hint("list the origins in `allow_origins`, or set `allow_credentials = false`"));
    }
    for origin in &cors.allow_origins {
        origin::check(origin)?;
    }
    for method in &cors.allow_methods {
        let known = ["GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "DELETE", "*"];
        if !known.contains(&method.as_str()) {
            return Err(Error::usage(format!(
                "`api.cors.allow_methods` holds `{method}`, which is not a method"
            ))
            .hint(format!("methods are written like `{}`", method.to_uppercase())));
        }
    }
    within("api.cors.max_age", cors.max_age, -1..=86400, "seconds")
}

#[cfg(test)]
mod tests {
    use crate::config::tests::config;

    fn refusal(text: &str) -> (String, String) {
        let error = config(&format!("name = \"app\"\n{text}")).expect_err("refused");
        (error.message, error.hint.unwrap_or_default())
    }

    #[test]
    fn a_bad_name_is_refused_with_a_good_one() {
        for (bad, good) in [
            ("My App", "my-app"),
            ("my_app", "my-app"),
            ("-app", "app"),
            ("app--x", "app-x"),
            ("9app", "app"),
            ("Über", "uber"),
            ("café", "cafe"),
        ] {
            let error = config(&format!("name = \"{bad}\"")).expect_err(bad);
            assert!(error.hint.expect("a hint").ends_with(&format!("`{good}`")), "{bad}");
        }
        assert!(config("name = \"\"").is_err());
    }

    #[test]
    fn a_derived_name_that_is_too_long_is_refused() {
        let name = "a".repeat(53);
        let error = config(&format!("name = \"{name}\"")).expect_err("65 characters");
        assert_eq!(error.hint.as_deref(), Some("shorten `name` or the stage by 1"));
        assert!(config(&format!("name = \"{}\"", &name[1..])).is_ok());
    }

    #[test]
    fn numbers_out_of_range_name_the_nearest() {
        assert_eq!(refusal("[function]\nmemory = 64").1, "the nearest is 128");
        assert_eq!(refusal("[function]\ntimeout = 901").1, "the nearest is 900");
        assert_eq!(refusal("[function]\nlog_retention_days = 8").1, "the nearest is 7");
        assert_eq!(refusal("[api.cors]\nmax_age = 86401").1, "the nearest is 86400");
    }

    #[test]
    fn tags_are_those_that_every_service_takes() {
        assert!(config("name = \"app\"\ntags = { team = \"shop & co\" }").is_err());
        assert!(
            config("name = \"app\"\ntags = { \"cost:centre\" = \"Küche 7\", x = \"\" }").is_ok()
        );
        for (tags, part) in [
            ("\"aws:x\" = \"1\"", "is reserved"),
            ("\"stackctl:stack\" = \"1\"", "is reserved"),
            ("\"\" = \"1\"", "is not a tag"),
            ("\"a*\" = \"1\"", "is not a tag"),
            ("Team = \"a\", team = \"b\"", "is there twice"),
        ] {
            let message = refusal(&format!("tags = {{ {tags} }}")).0;
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_boundary_is_the_arn_of_a_policy_and_a_path_begins_and_ends_with_a_slash() {
        for boundary in ["arn:aws:iam::123456789012:policy/B", "arn:aws-cn:iam::aws:policy/x/B", ""]
        {
            let text = format!("name = \"app\"\nfunction.boundary = \"{boundary}\"");
            assert!(config(&text).is_ok(), "{boundary}");
        }
        for boundary in
            ["Boundary", "arn:aws:iam::1:role/B", "arn:aws:iam:::policy/B", "arn:aws:s3:::b"]
        {
            let message = refusal(&format!("function.boundary = \"{boundary}\"")).0;
            assert!(message.ends_with("is not the ARN of a policy"), "{message}");
        }
        for path in ["", "apps/", "/apps", "/a b/"] {
            let message = refusal(&format!("function.role_path = \"{path}\"")).0;
            assert!(message.ends_with("is not the path of a role"), "{message}");
        }
    }

    #[test]
    fn variables_that_lambda_owns_are_refused() {
        for name in ["AWS_REGION", "TABLE_NAME", "_HANDLER", "AUTH"] {
            assert_eq!(
                refusal(&format!("[function.environment]\n{name} = \"x\"")).0,
                format!("`function.environment.{name}` is reserved")
            );
        }
        assert!(
            refusal("[function.environment]\nA = \"x\"")
                .0
                .ends_with("is not a valid name for Lambda")
        );
    }

    #[test]
    fn too_large_an_environment_is_refused() {
        let text = format!("[function.environment]\nBIG = \"{}\"", "x".repeat(4096));
        assert!(refusal(&text).0.ends_with("the limit of Lambda is 4096"));
    }

    #[test]
    fn cors_that_browsers_or_aws_refuse_is_refused() {
        let origin =
            |origin: &str| refusal(&format!("[api.cors]\nallow_origins = [\"{origin}\"]")).1;
        assert_eq!(origin("localhost:5173"), "an origin has a scheme: `http://localhost:5173`");
        assert_eq!(origin("app.example.com"), "an origin has a scheme: `https://app.example.com`");
        assert_eq!(origin("https://a.example/"), "an origin has no path: `https://a.example`");
        assert!(origin("https://*.example.com").starts_with("API Gateway knows no wildcard"));
        assert!(
            refusal("[api.cors]\nallow_origins = [\"*\"]\nallow_credentials = true")
                .1
                .starts_with("list the origins")
        );
        assert_eq!(
            refusal("[api.cors]\nallow_methods = [\"get\"]").1,
            "methods are written like `GET`"
        );
    }

    #[test]
    fn indexes_that_dynamodb_refuses_are_refused() {
        let index = |projection: &str| {
            refusal(&format!(
                "[table.indexes.byA]\npartition_key = \"a\"\nprojection = {projection}"
            ))
            .0
        };
        let list = |count: usize| {
            let names: Vec<String> = (0..count).map(|number| format!("a{number}")).collect();
            format!("{names:?}")
        };
        let place = "`table.indexes.byA.projection`";
        assert_eq!(index("[]"), format!("{place} is an empty list"));
        assert!(index("[\"b\", \"b\"]").contains("different attributes"));
        assert_eq!(
            index(&list(21)),
            format!("{place}: 21 attributes; the limit of DynamoDB is 20 for an index")
        );
        let many: String = (0..6)
            .map(|number| {
                format!(
                    "[table.indexes.by{number}]\npartition_key = \"a\"\nprojection = {}\n",
                    list(17)
                )
            })
            .collect();
        assert!(refusal(&many).0.contains("102 attributes; the limit of DynamoDB is 100 for all"));
        let two = "[table.indexes.byA]\npartition_key = \"userId:N\"";
        assert!(refusal(two).0.contains("`userId` has two types"));
    }

    #[test]
    fn items_expire_at_a_number() {
        let text = "[table]\nttl = \"itemId\"";
        assert_eq!(refusal(text).0, "`table.ttl = \"itemId\"` is a key that is no number");
        let number = "name = \"app\"\n[table]\nsort_key = \"at:N\"\nttl = \"at\"";
        assert!(config(number).is_ok());
    }

    #[test]
    fn keys_must_differ() {
        assert!(refusal("[table]\nsort_key = \"userId\"").0.ends_with("are both `userId`"));
    }
}
