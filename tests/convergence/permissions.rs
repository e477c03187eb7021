//! What `stackctl permissions` prints is what the verb needs, and nothing else: a deployer who has nothing, and is given
//! what each denial asks for, ends with exactly those actions; and one who has that policy alone can do it all.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::artifact;
use crate::drift::hand::DRIFTS;
use crate::drift::site;
use crate::lane::{Lane, NAME, Verb};
use crate::proxy::operation::Operation;
use crate::proxy::{Fault, What, When};
use crate::run::{Ended, Run};
use crate::strict::Rules;
use crate::support::{Aws, Deployer, actions_of, as_the_emulator_asks};

const PATIENCE: Duration = Duration::from_secs(90);

/// More denials than any verb has actions.
const MOST: usize = 80;

/// What happens by hand, and the words that are typed then.
type Step = (fn(&Lane), &'static [&'static str]);

/// A verb as it is typed, and what happens by hand before it is typed again.
struct Script {
    verb: &'static str,
    runs: &'static [Step],
    /// Actions that it does without: it does a little less then, and says so where that matters.
    optional: &'static [&'static str],
    /// Actions that no denial can ask for here, for the reason beside them.
    unseen: &'static [(&'static str, &'static str)],
}

const LISTED: &str = "the emulator answers GetFunction with the tags without asking";
const ALIAS: &str = "the emulator asks for ListAliases instead, whatever is done with one";
const SWITCH: &str = "the emulator cannot switch versions of a policy, so a local endpoint is sent the switch with the version";
const CODE: &str = "asked when the policy may be read, to compare the code of the version with it";
const GOES_ON: &str = "a teardown that may not list secrets says so and goes on";
const NO_SECRET: &str = "asked when there are secrets, which this stack does not have";
const OF_OTHERS: &str =
    "asked when somebody else has the policy, which then is the failure that is told";

const SCRIPTS: [Script; 7] = [
    Script {
        verb: "up",
        runs: &[
            (nothing, &["up", "--artifact", "FIRST"]),
            (drift_in_place, &["up", "--artifact", "FIRST"]),
            (drift_by_deletion, &["up", "--artifact", "FIRST"]),
            (full_of_versions, &["up", "--artifact", "SECOND"]),
            (without_tags, &["up", "--artifact", "SECOND", "--adopt"]),
            (nothing, &["up", "--artifact", "FIRST"]),
        ],
        optional: &[
            "lambda:InvokeFunction",
            "lambda:ListVersionsByFunction",
            "lambda:DeleteFunction",
            "tag:GetResources",
        ],
        unseen: &[
            ("lambda:ListTags", LISTED),
            ("lambda:GetAlias", ALIAS),
            ("lambda:UpdateAlias", ALIAS),
            ("iam:SetDefaultPolicyVersion", SWITCH),
        ],
    },
    Script {
        verb: "plan",
        runs: &[(nothing, &["plan", "--artifact", "FIRST"])],
        optional: &["tag:GetResources"],
        unseen: &[("lambda:GetAlias", ALIAS), ("lambda:ListTags", LISTED)],
    },
    Script {
        verb: "status",
        runs: &[(nothing, &["status"])],
        optional: &["tag:GetResources"],
        unseen: &[("lambda:GetAlias", ALIAS), ("lambda:ListTags", LISTED)],
    },
    Script {
        verb: "deploy",
        runs: &[
            (cut_off_before_the_switch, &["deploy", "--artifact", "SECOND"]),
            (nothing, &["deploy", "--artifact", "FIRST"]),
        ],
        optional: &[
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "lambda:InvokeFunction",
            "lambda:ListVersionsByFunction",
            "lambda:DeleteFunction",
        ],
        unseen: &[
            ("lambda:GetAlias", ALIAS),
            ("lambda:UpdateAlias", ALIAS),
            ("lambda:ListTags", LISTED),
        ],
    },
    Script {
        verb: "rollback",
        runs: &[(nothing, &["rollback"])],
        optional: &["iam:GetPolicy", "iam:GetPolicyVersion"],
        unseen: &[
            ("lambda:GetAlias", ALIAS),
            ("lambda:UpdateAlias", ALIAS),
            ("lambda:GetFunction", CODE),
            ("lambda:ListTags", LISTED),
        ],
    },
    Script {
        verb: "invoke",
        runs: &[(nothing, &["invoke", "--query", "userId=me"])],
        optional: &[],
        unseen: &[],
    },
    Script {
        verb: "teardown",
        runs: &[(protected_and_grown, &["teardown", "--force", "--export", "EXPORT"])],
        // A site that the file says nothing of is looked for.
        optional: &[
            "cloudfront:DescribeFunction",
            "cloudfront:GetFunction",
            "cloudfront:ListOriginAccessControls",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "tag:GetResources",
        ],
        unseen: &[
            ("lambda:ListTags", LISTED),
            ("iam:ListEntitiesForPolicy", OF_OTHERS),
            ("ssm:DescribeParameters", GOES_ON),
            ("ssm:ListTagsForResource", NO_SECRET),
            ("ssm:DeleteParameter", NO_SECRET),
        ],
    },
];

/// A stack with a frontend whose files have a rule of their own.
const RULED: &str =
    "[site]\ndirectory = \"dist\"\n[site.cache]\n\"*.txt\" = \"public, max-age=60\"\n";

const OF_SITE: [Script; 6] = [
    Script {
        verb: "up",
        runs: &[
            (|lane| lane.build("one"), &["up", "--artifact", "FIRST"]),
            (drift_of_site, &["up", "--artifact", "FIRST"]),
            (|lane| site::disown(lane.aws(), ""), &["up", "--artifact", "FIRST", "--adopt"]),
            (|lane| lane.build("two"), &["up", "--artifact", "FIRST"]),
        ],
        optional: &[],
        unseen: &[],
    },
    Script {
        verb: "plan",
        runs: &[(nothing, &["plan", "--artifact", "FIRST"])],
        optional: &[],
        unseen: &[],
    },
    Script { verb: "status", runs: &[(nothing, &["status"])], optional: &[], unseen: &[] },
    Script {
        verb: "deploy",
        runs: &[
            (|lane| lane.build("one"), &["deploy", "--artifact", "FIRST"]),
            (|lane| lane.build("two"), &["deploy", "--site"]),
        ],
        optional: &[],
        unseen: &[],
    },
    Script {
        verb: "rollback",
        runs: &[(nothing, &["rollback", "--site"])],
        optional: &[],
        unseen: &[],
    },
    Script { verb: "teardown", runs: &[(nothing, &["teardown"])], optional: &[], unseen: &[] },
];

/// Actions of S3 and `CloudFront` that are printed and that nothing here calls, and why.
const UNCALLED: [(&str, &str); 6] = [
    ("cloudfront:TagResource", "AWS asks for it where a distribution is made with tags"),
    ("s3:TagResource", "AWS asks for it where a bucket is made with tags"),
    ("s3:PutBucketOwnershipControls", "AWS asks for it where a bucket is made without ACLs"),
    ("s3:PutBucketTagging", "for a bucket whose tags were not taken when it was made"),
    ("s3:DeleteObjectVersion", "for a bucket with versions"),
    ("s3:AbortMultipartUpload", "for uploads that somebody else has begun"),
];

#[test]
fn whoever_is_given_what_each_denial_asks_for_ends_with_the_policy_of_the_verb() {
    let lane = Lane::take();
    lane.configure("function.keep_versions = 2\n");
    lane.set_layer(Rules::of_iam());
    let deployer = Deployer::new(Aws::at(lane.aws().port), "deployer");
    for script in &SCRIPTS {
        let mut given = Given::default();
        deployer.may(&given.statements);
        for (prepare, words) in script.runs {
            prepare(&lane);
            while given.is_refused(&lane, &deployer, words) {
                assert!(given.statements.len() < MOST, "{}: {given:#?}", script.verb);
                deployer.may(&given.statements);
            }
            deployer.may(&given.statements);
        }
        let names = |actions: &[&str]| actions.iter().map(ToString::to_string).collect();
        assert_eq!(given.done_without, names(script.optional), "{}: done without", script.verb);
        let mut all: BTreeSet<String> = actions_of(&given.statements).into_iter().collect();
        all.extend(script.unseen.iter().map(|(action, _)| (*action).to_owned()));
        let printed = policy(&lane, script.verb);
        let printed = actions_of(printed["Statement"].as_array().expect("the statements"));
        let asks_more: Vec<&String> = all.iter().filter(|one| !printed.contains(one)).collect();
        assert!(asks_more.is_empty() || asks_more == ["lambda:ListAliases"], "{asks_more:?}");
        all.remove("lambda:ListAliases");
        assert_eq!(all, printed.into_iter().collect(), "{}: asked for, and printed", script.verb);
    }
}

#[test]
fn whoever_has_the_policy_of_the_verb_alone_can_do_it() {
    is_enough("function.keep_versions = 2\n", &SCRIPTS);
}

#[test]
fn whoever_has_the_policy_of_the_verb_alone_can_do_it_with_a_site_and_is_given_nothing_else() {
    let (printed, called) = is_enough(RULED, &OF_SITE);
    let of_site = |action: &&String| action.starts_with("s3:") || action.starts_with("cloudfront:");
    let excused = |action: &&String| UNCALLED.iter().any(|(name, _)| name == action);
    let unused = printed.iter().filter(of_site).filter(|one| !called.contains(*one));
    let unused: Vec<&String> = unused.filter(|action| !excused(action)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

/// Runs the scripts with the policies of their verbs; returns what those allow, and what was called.
fn is_enough(config: &str, scripts: &[Script]) -> (BTreeSet<String>, BTreeSet<String>) {
    let lane = Lane::take();
    lane.configure(config);
    lane.set_layer(Rules::timeless());
    let deployer = Deployer::new(Aws::at(lane.aws().port), "deployer");
    let (mut all_allowed, mut all_called) = (BTreeSet::new(), BTreeSet::new());
    for script in scripts {
        let policy = policy(&lane, script.verb);
        deployer.may(&as_the_emulator_asks(&policy));
        for (prepare, words) in script.runs {
            prepare(&lane);
            lane.proxy().reset([]);
            run(&lane, &deployer, words).succeeded();
            let ledger = lane.proxy().ledger();
            let operations = ledger.calls().iter().map(|call| &call.operation);
            // Who one is may be asked by anybody.
            let asked = operations.filter(|operation| operation.service != "sts");
            let called: BTreeSet<String> = asked.map(action).collect();
            let allowed = actions_of(policy["Statement"].as_array().expect("the statements"));
            let beyond: Vec<&String> = called.iter().filter(|one| !allowed.contains(one)).collect();
            assert!(beyond.is_empty(), "{words:?}: {beyond:?}");
            all_allowed.extend(allowed);
            all_called.extend(called);
        }
    }
    (all_allowed, all_called)
}

/// What the deployer was given so far, each because of a denial.
#[derive(Debug, Default)]
struct Given {
    statements: Vec<Value>,
    /// Actions without which a run went well all the same.
    done_without: BTreeSet<String>,
}

impl Given {
    /// Runs once as the deployer. A failure has to name a statement, which is added; of a success, what was refused is.
    fn is_refused(&mut self, lane: &Lane, deployer: &Deployer, words: &[&str]) -> bool {
        lane.proxy().reset([]);
        let ended = run(lane, deployer, words);
        if ended.code == Some(0) {
            let ledger = lane.proxy().ledger();
            for call in ledger.calls().iter().filter(|call| call.status == Some(403)) {
                let action = action(&call.operation);
                self.statements.push(json!({"Effect": "Allow", "Action": action, "Resource": "*"}));
                self.done_without.insert(action);
            }
            return false;
        }
        let told: Value = serde_json::from_str(&ended.stderr).unwrap_or_default();
        let hint = told["error"]["hint"].as_str().unwrap_or_default();
        let rest = hint.split_once("the deployer needs ").map(|(_, rest)| rest);
        let statement = rest.and_then(|rest| Some(rest.split_once("; then run")?.0));
        let statement = statement.and_then(|text| serde_json::from_str(text).ok());
        let statement = statement.unwrap_or_else(|| panic!("{words:?} names none: {ended:#?}"));
        assert!(!self.statements.contains(&statement), "{statement} does not suffice");
        self.statements.push(statement);
        true
    }
}

fn run(lane: &Lane, deployer: &Deployer, words: &[&str]) -> Ended {
    let export = lane.folder().join("items.jsonl");
    let _ = std::fs::remove_file(&export);
    let word = |word: &&str| match *word {
        "FIRST" => artifact::first().to_owned(),
        "SECOND" => artifact::second().to_owned(),
        "EXPORT" => export.display().to_string(),
        word => word.to_owned(),
    };
    let mut command = lane.command(&["--yes", "--output", "json"]);
    command.args(words.iter().map(word)).envs(deployer.environment());
    Run::start(command).wait_at_most(PATIENCE)
}

pub fn policy(lane: &Lane, verb: &str) -> Value {
    Run::start(lane.command(&["permissions", verb, "--output", "json"])).wait().succeeded().json()
}

/// What IAM calls it: the name of the operation, but for three services.
fn action(operation: &Operation) -> String {
    let name = operation.name.as_str();
    match operation.service.as_str() {
        "lambda" if name == "Invoke" => "lambda:InvokeFunction".to_owned(),
        "tagging" => format!("tag:{name}"),
        "apigateway" => {
            let methods = [("Get", "GET"), ("Update", "PATCH"), ("Delete", "DELETE")];
            let method = methods.iter().find(|(verb, _)| name.starts_with(verb));
            format!("apigateway:{}", method.map_or("POST", |(_, method)| method))
        }
        "s3" | "cloudfront" => {
            let known = OTHERWISE.iter().find(|(operation, _)| *operation == name);
            format!("{}:{}", operation.service, known.map_or(name, |(_, action)| action))
        }
        _ => operation.to_string(),
    }
}

/// Operations whose action has another name.
const OTHERWISE: [(&str, &str); 9] = [
    ("CopyObject", "PutObject"),
    ("CreateDistributionWithTags", "CreateDistribution"),
    ("DeleteObjects", "DeleteObject"),
    ("GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
    ("HeadObject", "GetObject"),
    ("ListMultipartUploads", "ListBucketMultipartUploads"),
    ("ListObjectVersions", "ListBucketVersions"),
    ("ListObjectsV2", "ListBucket"),
    ("PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
];

fn drift_of_site(lane: &Lane) {
    for (_, change) in &site::DRIFTS {
        change(lane.aws());
    }
}

fn nothing(_: &Lane) {}

fn drift_in_place(lane: &Lane) {
    drift(lane, |name| !name.contains("deleted") && !name.contains("removed"));
}

fn drift_by_deletion(lane: &Lane) {
    drift(lane, |name| name.contains("deleted") || name.contains("removed"));
}

fn drift(lane: &Lane, wanted: impl Fn(&str) -> bool) {
    for (_, change) in DRIFTS.iter().filter(|(name, _)| wanted(name)) {
        change(lane.aws());
    }
}

/// As many versions of the policy as IAM keeps, the last one not ours.
fn full_of_versions(lane: &Lane) {
    let arn = ("PolicyArn", "arn:aws:iam::123456789012:policy/MyAppLambdaDynamoDB");
    let other = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    for _ in 0..4 {
        let fields = [arn, ("PolicyDocument", other), ("SetAsDefault", "true")];
        lane.aws().iam_or_nothing("CreatePolicyVersion", &fields);
    }
}

/// Everything that carries tags loses them.
fn without_tags(lane: &Lane) {
    let aws = lane.aws();
    let keys = [("TagKeys.member.1", "stackctl:stack"), ("TagKeys.member.2", "stackctl:stage")];
    let of_iam = |action: &str, on: (&str, &str)| aws.iam(action, &[&[on], &keys[..]].concat());
    of_iam("UntagRole", ("RoleName", "my-app-lambda-role"));
    for policy in ["MyAppLambdaDynamoDB", "MyAppLambdaLogs"] {
        let arn = format!("arn:aws:iam::123456789012:policy/{policy}");
        of_iam("UntagPolicy", ("PolicyArn", &arn));
    }
    let arn = |service: &str, rest: &str| format!("arn:aws:{service}:us-east-1:{rest}");
    let keys = json!(["stackctl:stack", "stackctl:stage"]);
    let table = arn("dynamodb", "123456789012:table/my-app-data");
    aws.json("dynamodb", "UntagResource", &json!({"ResourceArn": table, "TagKeys": keys}));
    let group = arn("logs", "123456789012:log-group:/aws/lambda/my-app-api");
    aws.json("logs", "UntagResource", &json!({"resourceArn": group, "tagKeys": keys}));
    let keys = "tagKeys=stackctl%3Astack&tagKeys=stackctl%3Astage";
    let function = arn("lambda", "123456789012:function:my-app-api").replace(':', "%3A");
    aws.rest("lambda", "DELETE", &format!("/2017-03-31/tags/{function}?{keys}"), &Value::Null);
    let apis = aws.get("apigateway", "/v2/apis")["items"].take();
    let ours = apis.as_array().and_then(|apis| apis.iter().find(|api| api["name"] == NAME));
    let id = ours.and_then(|api| api["apiId"].as_str()).expect("the stack is up");
    let api = arn("apigateway", &format!(":/apis/{id}")).replace(':', "%3A").replace('/', "%2F");
    aws.rest("apigateway", "DELETE", &format!("/v2/tags/{api}?{keys}"), &Value::Null);
}

/// The code is uploaded, and `live` not moved.
fn cut_off_before_the_switch(lane: &Lane) {
    let fault = Fault::for_ever(When::Always("lambda:UpdateAlias".to_owned()), What::Reset);
    assert_eq!(lane.run_with(Verb::Deploy, [fault]).0.code, Some(1));
}

/// What only a teardown with all its flags gets through, and what it has to clear away.
fn protected_and_grown(lane: &Lane) {
    full_of_versions(lane);
    drift(lane, |name| name == "inline policy");
    let input = json!({"TableName": "my-app-data", "DeletionProtectionEnabled": true});
    lane.aws().raw_json("dynamodb", "UpdateTable", &input);
}
