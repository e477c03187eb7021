use serde_json::{Value, json};
use wire::Secret as Hidden;

use super::*;
use crate::cloud::replay::{Exchange, Replay, lost, ok, refused, together};
use crate::resources::fixture::{config, drift, is_absent, tag_list, there};

const NAME: &str = "/stackctl/app/default/STRIPE_KEY";

fn secret(replay: &Replay) -> Secret {
    Secret::new(&replay.cloud(), &config(), "STRIPE_KEY")
}

fn described(kind: &str, version: i64) -> Exchange {
    let parameter = json!({"Name": NAME, "Type": kind, "Version": version, "Tier": "Standard"});
    ok("DescribeParameters", json!({"Parameters": [parameter]}))
}

fn tagged(tags: &Value) -> Exchange {
    ok("ListTagsForResource", json!({"TagList": tags}))
}

fn found(kind: &str, version: i64, tags: &Value) -> Exchange {
    together([described(kind, version), tagged(tags)])
}

fn exists() -> Exchange {
    refused("PutParameter", 400, "ParameterAlreadyExists", "The parameter already exists.")
}

async fn put(replay: &Replay) -> Result<i64> {
    let value = Hidden::new("canary");
    values::put(&replay.cloud(), &config(), "STRIPE_KEY", &value, &Progress::silent()).await
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_set_reads_as_none() {
    let none = ok("DescribeParameters", json!({"Parameters": []}));
    let invalid = refused("ListTagsForResource", 400, "InvalidResourceId", "not valid");
    let replay = Replay::new([together([none, invalid])]);
    is_absent(&secret(&replay)).await;
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn one_that_is_set_differs_in_nothing_and_plain_text_is_told_and_left() {
    let replay = Replay::new([found("SecureString", 7, &tag_list())]);
    let secret = secret(&replay);
    let live = there(&secret).await;
    assert!(secret.is_ours(&live) && live.version == 7);
    assert_eq!(drift(&secret, &Inputs::default(), &live), [] as [&str; 0]);
    let replay = Replay::new([found("String", 8, &tag_list())]);
    let secret = self::secret(&replay);
    let live = there(&secret).await;
    let [difference] = &secret.diff(&Inputs::default(), &live)[..] else { panic!("one") };
    assert_eq!(difference.to_string(), "type: String → SecureString");
    assert!(difference.exposes && !difference.is_to_be_made());
}

#[tokio::test(start_paused = true)]
async fn one_without_our_tags_is_not_ours_and_takes_them() {
    let tag = ok("AddTagsToResource", json!({}));
    let replay = Replay::new([found("SecureString", 1, &json!([])), tag]);
    let secret = secret(&replay);
    let live = there(&secret).await;
    assert!(!secret.is_ours(&live));
    let live = secret.update(&Inputs::default(), &live, &Progress::silent()).await.expect("taken");
    assert!(secret.is_ours(&live));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_is_deleted() {
    let gone = refused("DeleteParameter", 400, "ParameterNotFound", "gone");
    let replay = Replay::new([found("SecureString", 1, &tag_list()), gone]);
    let secret = secret(&replay);
    let live = there(&secret).await;
    assert_eq!(secret.delete(&live, &Progress::silent()).await, Ok(()));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_new_one_is_encrypted_has_our_tags_and_costs_nothing() {
    let replay = Replay::new([ok("PutParameter", json!({"Version": 1, "Tier": "Standard"}))]);
    assert_eq!(put(&replay).await, Ok(1));
    let [call] = &replay.sent()[..] else { panic!("one call") };
    for part in ["SecureString", "\"Overwrite\":false", "stackctl:stage", "\"Standard\""] {
        assert!(call.contains(part), "{part}: {call}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_value_is_a_new_version_and_comes_without_tags() {
    let put_again = ok("PutParameter", json!({"Version": 8}));
    let replay = Replay::new([exists(), tagged(&tag_list()), put_again]);
    assert_eq!(put(&replay).await, Ok(8));
    let last = replay.sent().pop().expect("a call");
    assert!(last.contains("\"Overwrite\":true") && !last.contains("Tags"), "{last}");
    assert!(last.contains("\"Type\":\"SecureString\""), "a change without it may be plain text");
}

/// Fault 132.
#[tokio::test(start_paused = true)]
async fn one_of_another_stack_is_not_overwritten() {
    let other = json!([{"Key": "stackctl:stack", "Value": "other"}]);
    let replay = Replay::new([exists(), tagged(&other)]);
    let refused = put(&replay).await.expect_err("it is not ours");
    assert!(refused.message.ends_with("does not belong to this stack"), "{refused:?}");
    replay.is_over();
}

/// Fault 134.
#[tokio::test(start_paused = true)]
async fn a_parameter_that_is_busy_is_waited_for() {
    let busy = refused("PutParameter", 400, "TooManyUpdates", "There are concurrent updates");
    let put_again = ok("PutParameter", json!({"Version": 2}));
    let replay = Replay::new([busy, exists(), tagged(&tag_list()), put_again]);
    assert_eq!(put(&replay).await, Ok(2));
    replay.is_over();
}

/// A second version of the same value does no harm.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_made_up_for() {
    let put_again = ok("PutParameter", json!({"Version": 2}));
    let replay = Replay::new([lost("PutParameter"), exists(), tagged(&tag_list()), put_again]);
    assert_eq!(put(&replay).await, Ok(2));
    replay.is_over();
}

/// Fault 135.
#[tokio::test(start_paused = true)]
async fn a_quota_is_told_with_what_to_do() {
    for code in ["ParameterLimitExceeded", "ParameterMaxVersionLimitExceeded"] {
        let replay = Replay::new([refused("PutParameter", 400, code, "too many")]);
        let error = put(&replay).await.expect_err("there is no room");
        assert!(error.hint.is_some(), "{error:?}");
        assert!(!format!("{error:?}").contains("canary"));
    }
}

#[test]
fn a_value_that_the_standard_tier_does_not_take_is_refused_and_not_quoted() {
    for (value, told) in [
        (String::new(), "empty"),
        ("c".repeat(4097), "4097 bytes"),
        ("{{canary}}".to_owned(), "`{{`"),
    ] {
        let error = values::check(&value).expect_err("refused");
        assert!(error.message.contains(told), "{error:?}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
    assert_eq!(values::check(&"c".repeat(4096)), Ok(()));
}
