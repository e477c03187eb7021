//! A stack with a frontend, through the rules of AWS that the emulator lacks.

use std::time::Duration;

use serde_json::Value;

use crate::drift;
use crate::figures;
use crate::lane::{Lane, SITE, Verb};
use crate::proxy::wire::Answer;
use crate::proxy::{Fault, Incoming, Layer, Ledger, What, When};
use crate::run::Run;
use crate::snapshot;
use crate::strict::{Deploying, Rules};

const BUCKET: &str = "my-app-site-123456789012-us-east-1-an";

/// A lane with such a stack.
fn up(rules: Rules) -> Lane {
    let lane = Lane::take();
    lane.configure(SITE);
    lane.set_layer(rules);
    lane.run(Verb::Up).0.succeeded();
    lane
}

fn writes_nothing(lane: &Lane, verb: Verb) {
    let (again, ledger) = lane.run(verb);
    again.succeeded();
    let writes = ledger.calls().iter().filter(|call| call.is_write());
    let writes: Vec<String> = writes.map(|call| call.operation.to_string()).collect();
    assert_eq!(writes, [""; 0]);
}

#[test]
fn every_verb_of_a_stack_with_a_site_ends_well_where_aws_is_stricter_than_the_emulator() {
    let lane = Lane::take();
    let before = lane.snapshot();
    lane.configure(SITE);
    lane.set_layer(Rules::all());
    lane.run(Verb::Up).0.succeeded();
    let one = lane.snapshot();
    let objects = one["buckets"][BUCKET]["objects"].clone();
    assert_eq!(objects.as_object().map(serde_json::Map::len), Some(5), "{objects:#}");
    assert_eq!(one["edge"]["distributions"].as_array().map(Vec::len), Some(2));
    writes_nothing(&lane, Verb::Up);
    lane.run(Verb::DeploySite).0.succeeded();
    writes_nothing(&lane, Verb::DeploySite);
    lane.run(Verb::RollbackSite).0.succeeded();
    let page = |of: &Value| of["buckets"][BUCKET]["objects"]["site/index.html"].clone();
    assert_eq!(page(&lane.snapshot()), page(&one));
    lane.run(Verb::Teardown).0.succeeded();
    let differences = snapshot::differences(&lane.snapshot(), &before);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn a_switch_whose_answer_is_lost_is_known_by_the_release_that_is_served() {
    for (before, verb) in [(None, Verb::DeploySite), (Some(Verb::DeploySite), Verb::RollbackSite)] {
        let prepared = || {
            let lane = up(Rules::timeless());
            before.map(|before| lane.run(before).0.succeeded());
            lane
        };
        let lane = prepared();
        let (_, ledger) = lane.run(verb);
        let calls = ledger.calls().iter().enumerate();
        let puts = calls.filter(|(_, call)| call.operation.name == "PutObject");
        // The last object that is put is the entry page.
        let last = puts.map(|(index, _)| index + 1).next_back().expect("it is put");
        drop(lane);
        let (ended, ledger) =
            prepared().run_with(verb, [Fault::once(When::Call(last), What::Lost)]);
        ended.succeeded();
        assert!(ledger.calls()[last - 1].attempts > 1, "{:#?}", ledger.calls());
    }
}

#[test]
fn two_ups_at_once_make_one_site_and_two_deploys_at_once_end_with_the_release_that_both_ship() {
    let lane = up(Rules::timeless());
    let wanted = lane.snapshot();
    lane.fresh();
    lane.configure(SITE);
    lane.set_layer(Rules::timeless());
    for verb in [Verb::Up, Verb::DeploySite] {
        let runs = [lane.start(verb), lane.start(verb)];
        let ended = runs.map(|run| run.wait_at_most(Duration::from_secs(90)));
        for run in &ended {
            assert!(run.code == Some(0) || run.stderr.contains("hint"), "{run:#?}");
        }
        lane.run(verb).0.succeeded();
        if verb == Verb::Up {
            let differences = snapshot::differences(&lane.snapshot(), &wanted);
            assert!(differences.is_empty(), "{differences:#?} after {ended:#?}");
        }
        writes_nothing(&lane, verb);
    }
}

#[test]
fn a_teardown_that_is_killed_while_the_distribution_is_switched_off_is_ended_later_even_without_the_file()
 {
    for config in [SITE, ""] {
        let lane = Lane::take();
        let before = lane.snapshot();
        lane.configure(SITE);
        lane.set_layer(Rules::timeless().with(Deploying::default()));
        lane.run(Verb::Up).0.succeeded();
        let fault =
            Fault::once(When::Operation("cloudfront:UpdateDistribution".into()), What::HeldAfter);
        lane.until(Verb::Teardown, fault, Run::kill).expect("it was killed");
        lane.configure(config);
        lane.run(Verb::Teardown).0.succeeded();
        let differences = snapshot::differences(&lane.snapshot(), &before);
        assert!(differences.is_empty(), "{config}: {differences:#?}");
    }
}

#[test]
fn a_teardown_by_name_finds_the_site_whatever_is_left_of_it() {
    for last in ["s3:DeleteBucket", "cloudfront:DeleteFunction", "cloudfront:DeleteDistribution"] {
        let lane = Lane::take();
        let before = lane.snapshot();
        lane.configure(SITE);
        lane.run(Verb::Up).0.succeeded();
        let fault = Fault::once(When::Operation(last.into()), What::HeldAfter);
        lane.until(Verb::Teardown, fault, Run::kill).expect("it was killed");
        std::fs::remove_file(lane.folder().join("stack.toml")).expect("it is there");
        let words = ["teardown", "--name", "my-app", "--yes", "--output", "json"];
        Run::start(lane.command(&words)).wait().succeeded();
        let differences = snapshot::differences(&lane.snapshot(), &before);
        assert!(differences.is_empty(), "{last}: {differences:#?}");
    }
}

#[test]
fn a_teardown_that_does_not_wait_for_the_edges_says_what_is_left_and_how_to_go_on() {
    let lane = up(Rules::timeless().with(Deploying::lasting(u32::MAX)));
    let mut words = Verb::Teardown.arguments();
    words.extend(["--timeout", "8s"]);
    let ended = Run::start(lane.command(&words)).wait();
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    for told in [
        "every edge has switched the distribution off",
        "run the same command again",
        "not deleted yet",
        "bucket my-app-site",
    ] {
        assert!(ended.stderr.contains(told), "{told}: {ended:#?}");
    }
    assert!(!ended.stderr.contains("not deleted yet: function"), "{ended:#?}");
    lane.set_layer(Rules::timeless());
    lane.run(Verb::Teardown).0.succeeded();
}

#[test]
fn what_the_edges_keep_by_a_rule_is_invalidated_when_it_changes_and_nothing_else_is() {
    let lane = Lane::take();
    let ruled = "[site.cache]\n\"same.txt\" = \"public, max-age=60\"\n\"robots.txt\" = \"public, max-age=60\"\n";
    lane.configure(&[SITE, ruled].concat());
    lane.set_layer(Rules::timeless());
    lane.run(Verb::Up).0.succeeded();
    let invalidated = |ledger: &Ledger| {
        let calls = ledger.calls().iter();
        calls.filter(|call| call.operation.name == "CreateInvalidation").count()
    };
    let (shipped, ledger) = lane.run(Verb::DeploySite);
    shipped.succeeded();
    assert_eq!(invalidated(&ledger), 0, "neither file has changed");
    let robots = lane.folder().join("dist/robots.txt");
    std::fs::write(robots, "User-agent: none").expect("the project can be written");
    let ship = |words: &[&str]| {
        lane.proxy().reset([]);
        Run::start(lane.command(words)).wait().succeeded();
        lane.proxy().ledger()
    };
    assert_eq!(invalidated(&ship(&["deploy", "--site"])), 1);
    // Without the rule, `up` still sees what the edges keep.
    lane.configure(SITE);
    let ledger = ship(&["up", "--artifact", crate::artifact::first(), "--yes"]);
    assert_eq!(invalidated(&ledger), 1);
    let (again, ledger) = lane.run(Verb::RollbackSite);
    again.succeeded();
    assert_eq!(invalidated(&ledger), 1, "the release of before had the rule");
}

/// Files of a page that is large for a test, and the bytes of its largest file.
const MANY: usize = 400;
const LARGE: u64 = 128 << 20;

#[test]
fn an_upload_that_was_killed_goes_on_where_it_stopped_and_holds_no_file_in_memory() {
    let lane = up(Rules::timeless());
    let page = lane.folder().join("dist");
    for number in 0..MANY {
        std::fs::write(page.join(format!("{number}.txt")), number.to_string()).expect("written");
    }
    let large =
        std::fs::File::create(page.join("z-large.bin")).expect("the project can be written");
    large.set_len(LARGE).expect("a hole takes no room");
    let deploy = || Run::start(lane.command(&["deploy", "--site"]));
    let puts = || {
        let ledger = lane.proxy().ledger();
        ledger.calls().iter().filter(|call| call.operation.name == "PutObject").count()
    };
    lane.proxy().reset([Fault::once(When::Call(MANY / 2), What::Held)]);
    let mut run = deploy();
    while !lane.proxy().has_struck(Duration::from_millis(20)) {
        assert!(!run.has_ended(), "{:#?}", run.wait());
    }
    run.kill();
    let before = puts();
    lane.proxy().reset([]);
    let (ended, peak) = deploy().wait_and_measure();
    ended.succeeded();
    // What was on its way when it was killed is sent again, and so is the manifest.
    assert!(before + puts() <= MANY + 40, "{before} and then {}", puts());
    assert!(peak < LARGE, "{peak} bytes in memory, and one file alone has {LARGE}");
    figures::note("memory", &format!("{MANY} files and one of {LARGE} bytes: {peak} bytes"));
    lane.proxy().reset([]);
    deploy().wait().succeeded();
    assert_eq!(lane.proxy().ledger().writes(), 0);
}

/// An operation and how it is refused: status, code, message.
type Refusal = (&'static str, u16, &'static str, &'static str);

fn refused((operation, status, code, message): Refusal, times: u32) -> Fault {
    let what = What::Refused(status, code, message);
    Fault { when: When::Always(operation.to_owned()), what, times }
}

const CONFLICT: &str = "A conflicting conditional operation is currently in progress against this resource. Please try again.";

#[test]
fn refusals_of_s3_and_cloudfront_that_pass_are_outlasted() {
    let lane = Lane::take();
    let before = lane.snapshot();
    let ruled = "[site.cache]\n\"robots.txt\" = \"public, max-age=60\"\n";
    lane.configure(&[SITE, ruled].concat());
    let in_up = [
        ("s3:CreateBucket", 409, "OperationAborted", CONFLICT),
        ("s3:PutBucketPolicy", 404, "NoSuchBucket", "The specified bucket does not exist"),
        ("s3:PutObject", 503, "SlowDown", "Please reduce your request rate."),
        ("cloudfront:CreateDistributionWithTags", 400, "Throttling", "Rate exceeded"),
    ];
    lane.run_with(Verb::Up, in_up.map(|one| refused(one, 2))).0.succeeded();
    writes_nothing(&lane, Verb::Up);
    let full = "Your request exceeds the maximum number of in-progress invalidations.";
    let full = ("cloudfront:CreateInvalidation", 400, "TooManyInvalidationsInProgress", full);
    let robots = lane.folder().join("dist/robots.txt");
    std::fs::write(robots, "User-agent: none").expect("the project can be written");
    lane.proxy().reset([refused(full, 2)]);
    Run::start(lane.command(&["deploy", "--site"])).wait().succeeded();
    let used = "It is still associated with a distribution.";
    let in_teardown = [
        ("cloudfront:DeleteDistribution", 409, "DistributionNotDisabled", "It is not disabled."),
        ("cloudfront:DeleteFunction", 409, "FunctionInUse", used),
        ("cloudfront:DeleteOriginAccessControl", 409, "OriginAccessControlInUse", used),
        ("s3:DeleteBucket", 409, "BucketNotEmpty", "The bucket you tried to delete is not empty"),
    ];
    let stale =
        "The precondition given in one or more of the request-header fields evaluated to false.";
    let stale = ("cloudfront:UpdateDistribution", 412, "PreconditionFailed", stale);
    let faults = in_teardown.map(|one| refused(one, 2)).into_iter().chain([refused(stale, 1)]);
    lane.run_with(Verb::Teardown, faults).0.succeeded();
    let differences = snapshot::differences(&lane.snapshot(), &before);
    assert!(differences.is_empty(), "{differences:#?}");
}

const FINAL: [(Refusal, &str); 7] = [
    (
        (
            "s3:CreateBucket",
            409,
            "BucketAlreadyExists",
            "The requested bucket name is not available.",
        ),
        "choose another `name`",
    ),
    (
        (
            "s3:CreateBucket",
            400,
            "TooManyBuckets",
            "You have attempted to create more buckets than allowed",
        ),
        "quota",
    ),
    (
        ("s3:PutBucketPolicy", 400, "MalformedPolicy", "Policy has invalid resource"),
        "write the policy of bucket",
    ),
    (
        ("cloudfront:CreateOriginAccessControl", 400, "TooManyOriginAccessControls", "Too many"),
        "quota",
    ),
    (("cloudfront:CreateDistributionWithTags", 400, "TooManyDistributions", "Too many"), "quota"),
    (
        (
            "cloudfront:CreateDistributionWithTags",
            403,
            "AccessDenied",
            "Your account must be verified before you can add new CloudFront resources.",
        ),
        "AWS Support",
    ),
    (
        (
            "cloudfront:CreateDistributionWithTags",
            403,
            "AccessDenied",
            "User: u is not authorized to perform: cloudfront:TagResource on resource: r",
        ),
        "\\\"Action\\\": \\\"cloudfront:TagResource\\\"",
    ),
];

#[test]
fn final_refusals_of_s3_and_cloudfront_are_told_with_the_way_out() {
    let lane = Lane::take();
    lane.configure(SITE);
    for (refusal, told) in FINAL {
        lane.fresh();
        lane.configure(SITE);
        let (ended, _) = lane.run_with(Verb::Up, [refused(refusal, u32::MAX)]);
        assert_eq!(ended.code, Some(1), "{refusal:?}: {ended:#?}");
        assert!(ended.stderr.contains(told), "{refusal:?}: {ended:#?}");
    }
    lane.run(Verb::Up).0.succeeded();
    let plan = "You can't delete this distribution while it's subscribed to a pricing plan.";
    let plan = ("cloudfront:DeleteDistribution", 400, "InvalidArgument", plan);
    let (ended, _) = lane.run_with(Verb::Teardown, [refused(plan, u32::MAX)]);
    assert!(ended.stderr.contains("cancel its pricing plan"), "{ended:#?}");
    lane.run(Verb::Teardown).0.succeeded();
}

#[test]
fn a_page_that_somebody_ships_meanwhile_is_left_and_told() {
    let lane = up(Rules::timeless());
    let by_hand = || {
        let page = format!("/{BUCKET}/site/index.html");
        lane.aws().put_xml("s3", "PUT", &page, "<title>by hand</title>");
    };
    let fault = Fault::once(When::Operation("s3:PutObject".into()), What::Held);
    let ended = lane.until(Verb::DeploySite, fault, |_| by_hand()).expect("it puts something");
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(ended.stderr.contains("another run has shipped the site"), "{ended:#?}");
    let page = lane.aws().send("s3", "GET", &format!("/{BUCKET}/site/index.html"), &[], "").1;
    assert_eq!(page, "<title>by hand</title>");
}

#[test]
fn two_distributions_of_ours_are_told_by_their_ids_and_none_is_touched() {
    let lane = up(Rules::timeless());
    let one = drift::site::distribution_id(lane.aws());
    let path = format!("/2020-05-31/distribution/{one}/config");
    let config = lane.aws().send("cloudfront", "GET", &path, &[], "").1;
    let config = config.replace("stackctl/123456789012", "copied");
    let start = config.find("<DistributionConfig").expect("a configuration");
    let tags = ["stack>my-app", "stage>default"].map(|tag| {
        let (key, value) = tag.split_once('>').expect("both");
        format!("<Tag><Key>stackctl:{key}</Key><Value>{value}</Value></Tag>")
    });
    let copy = format!(
        "<DistributionConfigWithTags>{}<Tags><Items>{}</Items></Tags></DistributionConfigWithTags>",
        &config[start..],
        tags.concat()
    );
    lane.aws().put_xml("cloudfront", "POST", "/2020-05-31/distribution?WithTags", &copy);
    let (ended, ledger) = lane.run(Verb::Up);
    assert_eq!((ended.code, ledger.writes()), (Some(1), 0), "{ended:#?}");
    assert!(ended.stderr.contains("there are 2") && ended.stderr.contains(&one), "{ended:#?}");
}

#[test]
fn a_bucket_that_keeps_versions_is_emptied_of_all_of_them() {
    let lane = Lane::take();
    let before = lane.snapshot();
    lane.configure(SITE);
    lane.set_layer(Rules::all());
    lane.run(Verb::Up).0.succeeded();
    let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    lane.aws().put_xml("s3", "PUT", &format!("/{BUCKET}?versioning"), on);
    lane.run(Verb::DeploySite).0.succeeded();
    lane.run(Verb::Up).0.succeeded();
    lane.run(Verb::Teardown).0.succeeded();
    let differences = snapshot::differences(&lane.snapshot(), &before);
    assert!(differences.is_empty(), "{differences:#?}");
}

/// S3 deletes nothing of a bucket whose objects are locked, and says so in an answer of 200.
struct Locked;

impl Layer for Locked {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        let body = "<DeleteResult><Error><Key>site/index.html</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error></DeleteResult>";
        call.is(&["s3:DeleteObjects"]).then(|| Answer::new(200, "application/xml", body))
    }
}

#[test]
fn objects_that_are_locked_are_named_and_the_bucket_stays() {
    let lane = up(Rules::timeless());
    lane.set_layer(Rules::timeless().with(Locked));
    let (ended, _) = lane.run(Verb::Teardown);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    for told in ["site/index.html: Access Denied", "not deleted yet: bucket my-app-site"] {
        assert!(ended.stderr.contains(told), "{told}: {ended:#?}");
    }
    lane.set_layer(Rules::timeless());
    lane.run(Verb::Teardown).0.succeeded();
}
