//! Who calls AWS: the principal behind the credentials, until when they count, and how far this machine's clock is off.

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_iam::Client;
use aws_sdk_sts::config::ProvideCredentials as _;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;

use super::Cloud;
use super::error::Doing;
use engine::error::{Error, Result};

/// The operations of AWS that this file calls; who one is may be asked by everybody.
pub const CALLS: &[&str] = &["iam:GetRole/caller"];

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub arn: String,
    pub account: String,
    /// The second after which the credentials are refused; `None` for keys that last.
    pub expires: Option<i64>,
    /// By how many seconds AWS's clock is ahead of this machine's.
    pub ahead: Option<i64>,
}

/// Asks STS who the credentials belong to.
pub async fn caller(cloud: &Cloud) -> Result<Caller> {
    let clock = Clock::default();
    let sts = aws_sdk_sts::Client::new(&cloud.sdk);
    let answer = sts
        .get_caller_identity()
        .customize()
        .interceptor(clock.clone())
        .send()
        .await
        .doing("determine your AWS account (sts:GetCallerIdentity)")
        .map_err(|error| cloud.with_way_in(error))?;
    let ahead = clock.read().map(|theirs| theirs - now());
    Ok(Caller {
        arn: answer.arn.unwrap_or_default(),
        account: answer.account.unwrap_or_default(),
        expires: expiry(cloud).await,
        ahead,
    })
}

async fn expiry(cloud: &Cloud) -> Option<i64> {
    let credentials = cloud.sdk.credentials_provider()?.provide_credentials().await.ok()?;
    Some(seconds(credentials.expiry()?))
}

/// Seconds since 1970.
pub fn now() -> i64 {
    seconds(SystemTime::now())
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The user or the role whose policies decide what the caller may do; none for the root of the account, and for what is
/// neither.
pub async fn principal(cloud: &Cloud, caller: &Caller) -> Result<Option<String>> {
    let Some((_, rest)) = caller.arn.split_once(":assumed-role/") else {
        return Ok(Some(caller.arn.clone()).filter(|arn| arn.contains(":user/")));
    };
    // The ARN of a session does not say the path of its role.
    let name = rest.split('/').next().unwrap_or_default();
    let client = Client::new(&cloud.sdk);
    let answer = client.get_role().role_name(name).send().await;
    let role = answer.doing(format!("read role `{name}`"))?.role;
    role.map(|role| Some(role.arn)).ok_or_else(|| Error::failed(format!("read role `{name}`")))
}

/// Reads when AWS says that it answered.
#[derive(Debug, Clone, Default)]
struct Clock(Arc<Mutex<Option<i64>>>);

impl Clock {
    fn read(&self) -> Option<i64> {
        self.0.lock().ok().and_then(|seen| *seen)
    }
}

#[dyn_dispatch_hint]
impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        if let Ok(mut seen) = self.0.lock() {
            *seen = date.map(|date| date.secs());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::replay::{Replay, ok};

    fn someone(arn: &str) -> Caller {
        Caller { arn: arn.into(), account: "1".into(), expires: None, ahead: None }
    }

    #[tokio::test]
    async fn a_session_is_judged_by_its_role_with_the_path() {
        let role = "<GetRoleResponse><GetRoleResult><Role><Path>/aws-reserved/</Path><RoleName>Dev</RoleName><RoleId>R</RoleId><Arn>arn:aws:iam::1:role/aws-reserved/Dev</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></Role></GetRoleResult></GetRoleResponse>";
        let replay = Replay::new([ok("RoleName=Dev", role)]);
        let session = someone("arn:aws:sts::1:assumed-role/Dev/me@example.com");
        let found = principal(&replay.cloud(), &session).await.expect("it is read");
        assert_eq!(found.as_deref(), Some("arn:aws:iam::1:role/aws-reserved/Dev"));
        replay.is_over();
    }

    #[tokio::test]
    async fn a_user_is_judged_by_itself_and_the_root_by_nothing() {
        let cloud = Replay::new([]).cloud();
        let user = "arn:aws:iam::1:user/team/me";
        assert_eq!(principal(&cloud, &someone(user)).await, Ok(Some(user.to_owned())));
        assert_eq!(principal(&cloud, &someone("arn:aws:iam::1:root")).await, Ok(None));
    }
}
