//! Whether AWS can be reached, and as whom.

use tokio::time::Instant;

use super::check::Check;
use crate::cloud::caller::{self, Caller};
use crate::cloud::{self, Cloud, Target, role_documents};
use crate::commands::App;
use crate::config::Config;
use crate::stack::Stack;
use engine::error::{Error, Kind};
use engine::{Events, Id, Progress, read};

/// AWS refuses what was signed more than five minutes earlier or later.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>
const LATITUDE: i64 = 5 * 60;
/// Less than this, and the clock may drift out of it.
const DRIFT: i64 = 30;
/// A first `up` with its proof takes less, unless AWS is slow.
const ENOUGH: i64 = 15 * 60;

/// Where the stack goes, and who says so.
pub async fn region(app: &App, config: &Config, target: &Target) -> Check {
    let from = match (&app.globals.region, &config.region) {
        (Some(_), _) => "--region",
        (None, Some(_)) => "stack.toml",
        (None, None) if target.local.is_some() => "the local cloud",
        (None, None) => "the environment or the profile",
    };
    match cloud::configured_region(target).await {
        Some(region) => Check::good("region", format!("{region}, from {from}")),
        None => Check::bad(
            "region",
            "no region is set",
            "set `region` in `stack.toml`, `--region` or `AWS_REGION`, or run `aws configure`",
        ),
    }
}

/// What stands between this machine and AWS, as far as the environment names it.
pub fn network() -> Check {
    let ways = cloud::ways_out();
    match ways.is_empty() {
        true => Check::good("proxy", "none: AWS is reached directly"),
        false => Check::good("proxy", ways.join(", ")),
    }
}

/// Who the credentials belong to, until when, and whether the clocks agree.
pub async fn caller(cloud: &Cloud, config: &Config) -> (Option<Caller>, Vec<Check>) {
    let found = match caller::caller(cloud).await {
        Ok(found) => found,
        Err(error) => return (None, vec![Check::of_error("account", &of_region(error, cloud))]),
    };
    // Who is in the wrong account needs to know nothing else.
    if let Err(error) = cloud.identity().await {
        return (None, vec![Check::of_error("account", &error)]);
    }
    let pinned = match &config.account {
        Some(_) if cloud.loopback().is_none() => ", which `stack.toml` pins",
        _ => "",
    };
    let who = format!("{} in account {}{pinned}", found.arn, found.account);
    let account = match found.arn.ends_with(":root") && cloud.loopback().is_none() {
        true => Check::warning(
            "account",
            who,
            "the root of an account cannot be limited: use a role or a user of your own",
        ),
        false => Check::good("account", who),
    };
    let checks = vec![account, expiry(found.expires, caller::now()), clock(found.ahead)];
    (Some(found), checks)
}

/// A region that is switched off answers as if the keys were wrong.
fn of_region(error: Error, cloud: &Cloud) -> Error {
    if !error.has_code(&["InvalidClientTokenId", "UnrecognizedClientException"]) {
        return error;
    }
    let region = cloud.region();
    error.hint(format!(
        "check the keys; if they work in another region, switch this one on: `aws account enable-region --region-name {region}`"
    ))
}

fn expiry(expires: Option<i64>, now: i64) -> Check {
    let Some(left) = expires.map(|expires| expires - now) else {
        return Check::good("credentials", "last until they are deleted");
    };
    let minutes = left / 60;
    let finding = format!("end in {minutes} minutes");
    match left {
        ..=0 => {
            Check::bad("credentials", "have ended", "log in again: `aws sso login` or `aws login`")
        }
        left if left < ENOUGH => {
            Check::warning("credentials", finding, "log in again before a long run")
        }
        _ if minutes >= 120 => Check::good("credentials", format!("end in {} hours", minutes / 60)),
        _ => Check::good("credentials", finding),
    }
}

fn clock(ahead: Option<i64>) -> Check {
    let Some(ahead) = ahead else {
        return Check::unknown("clock", "the answer says no time", None);
    };
    let finding = match ahead {
        0 => "is right".to_owned(),
        1.. => format!("is {ahead} s behind AWS's"),
        _ => format!("is {} s ahead of AWS's", -ahead),
    };
    let cure = "set the clock: `timedatectl set-ntp true`";
    match ahead.abs() {
        off if off >= LATITUDE => Check::bad("clock", finding, cure),
        off if off >= DRIFT => Check::warning("clock", finding, cure),
        0..=2 => Check::good("clock", "is right"),
        _ => Check::good("clock", finding),
    }
}

/// What each service is asked: what a first `up` looks for there.
pub fn asked(stack: &Stack) -> impl Iterator<Item = (&'static str, Id)> {
    let table = stack.tables.values().next().map(|table| ("DynamoDB", table.id));
    let parts = stack.main();
    let others = [
        ("IAM", parts.rights.attachments.id),
        ("CloudWatch Logs", parts.log_group.id),
        ("Lambda", parts.function.id),
    ];
    let api = stack.http.map(|http| ("API Gateway", http.api.id));
    table.into_iter().chain(others).chain(api)
}

/// Each service answers something that `up` asks first: DNS, proxy and TLS are right then, whatever the answer.
pub async fn services(cloud: &Cloud, stack: &Stack, progress: &Progress) -> Vec<Check> {
    let mut checks = Vec::new();
    for (name, id) in asked(stack) {
        progress.note(format!("reaching {name}"));
        let since = Instant::now();
        let answer = cloud.confirmed(read(&stack.graph, &[id], &Events::default())).await;
        let took = format!("answers after {} ms", since.elapsed().as_millis());
        checks.push(match answer {
            Ok(_) => Check::good(name, took),
            Err(error) if error.kind == Kind::Unanswered => Check::of_error(name, &error),
            Err(error) if role_documents::is_denied(&error) => Check::warning(
                name,
                format!("{took}, and denies it"),
                error.hint.unwrap_or_default(),
            ),
            // It has answered; what it says is the business of `up`.
            Err(error) => Check::warning(name, error.to_string(), error.hint.unwrap_or_default()),
        });
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::super::check::Verdict;
    use super::*;

    #[test]
    fn credentials_that_end_soon_are_told_before_a_run_meets_their_end() {
        let verdict = |expires: Option<i64>| expiry(expires, 1_000).verdict;
        assert_eq!(verdict(None), Verdict::Good);
        assert_eq!(verdict(Some(1_000)), Verdict::Bad);
        assert_eq!(verdict(Some(1_000 + 60)), Verdict::Warning);
        assert_eq!(verdict(Some(1_000 + 3_600)), Verdict::Good);
        assert_eq!(expiry(Some(1_000 + 4 * 3_600), 1_000).finding, "end in 4 hours");
    }

    #[test]
    fn a_clock_is_wrong_when_aws_refuses_what_it_signs() {
        for (ahead, verdict) in [
            (0, Verdict::Good),
            (-2, Verdict::Good),
            (29, Verdict::Good),
            (-30, Verdict::Warning),
            (300, Verdict::Bad),
        ] {
            assert_eq!(clock(Some(ahead)).verdict, verdict, "{ahead}");
        }
        assert_eq!(clock(None).verdict, Verdict::Unknown);
        assert!(clock(Some(-400)).finding.contains("400 s ahead"));
    }
}
