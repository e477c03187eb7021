//! The quotas that bite in a new account, or in a full one.

use super::check::Check;
use crate::cloud::Cloud;
use crate::cloud::quotas::{self, Compute, Quota};

/// Below this, a version that comes up while the one before it serves may be throttled.
const CONCURRENCY: i64 = 50;
/// A stack of one function makes so many of a kind, and a second one beside it as many.
const ROOM: i64 = 4;

/// Requests for more go to AWS's service quotas; this is Lambda's for concurrent executions.
const MORE: &str = "`aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000`";

pub async fn checks(cloud: &Cloud) -> Vec<Check> {
    let (lambda, iam, gateway) =
        tokio::join!(quotas::lambda(cloud), quotas::iam(cloud), quotas::gateway(cloud));
    let mut checks = match lambda {
        Ok(compute) => of_lambda(&compute),
        Err(error) => vec![Check::unasked("quotas of Lambda", &error)],
    };
    checks.extend(match iam {
        Ok(found) => found.iter().map(of).collect(),
        Err(error) => vec![Check::unasked("quotas of IAM", &error)],
    });
    checks.push(match gateway {
        Ok(quota) => of(&quota),
        Err(error) => Check::unasked("quota of APIs", &error),
    });
    checks
}

fn of_lambda(compute: &Compute) -> Vec<Check> {
    let Compute { concurrency, code } = compute;
    let finding = format!("Lambda works on {concurrency} requests at once");
    let concurrency = match concurrency {
        ..=0 => Check::bad("concurrency", finding, MORE),
        ..CONCURRENCY => Check::warning(
            "concurrency",
            finding,
            format!("more are answered 429 or 503 until AWS gives the account more: {MORE}"),
        ),
        _ => Check::good("concurrency", finding),
    };
    vec![concurrency, of(code)]
}

fn of(quota: &Quota) -> Check {
    let Quota { what, used, most } = quota;
    let finding = format!("{used} of {most}");
    let cure = format!("delete {what} that nobody uses, or ask AWS's service quotas for more");
    match most - used {
        ..=0 => Check::bad(what, finding, cure),
        left if left < ROOM || left * 20 < *most => Check::warning(what, finding, cure),
        _ => Check::good(what, finding),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Verdict;
    use super::*;

    #[test]
    fn a_new_account_is_told_how_few_requests_it_may_work_on() {
        let code = Quota { what: "megabytes of code", used: 1, most: 76_800 };
        let compute = |concurrency| Compute { concurrency, code: code.clone() };
        let first = |concurrency| of_lambda(&compute(concurrency)).remove(0);
        assert_eq!(first(10).verdict, Verdict::Warning);
        assert!(first(10).cure.is_some_and(|cure| cure.contains("L-B99A9384")));
        assert_eq!(first(1_000).verdict, Verdict::Good);
    }

    #[test]
    fn what_is_full_stops_up_and_what_is_nearly_full_warns() {
        let verdict = |used, most| of(&Quota { what: "roles", used, most }).verdict;
        assert_eq!(verdict(1_000, 1_000), Verdict::Bad);
        assert_eq!(verdict(997, 1_000), Verdict::Warning);
        assert_eq!(verdict(10, 1_000), Verdict::Good);
    }
}
