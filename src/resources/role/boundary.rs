//! The permissions boundary of a role that stackctl makes: the execution role of a function, and the role of its schedule.

use aws_sdk_iam::Client;

use crate::cloud::{Doing, spreading};
use crate::limits;
use engine::error::Result;
use engine::{Difference, Limit, Progress};

/// The ARN of the boundary, where the file names one.
#[derive(Debug, Clone)]
pub struct Boundary(pub Option<String>);

impl Boundary {
    /// What it asks of IAM: nothing, where the file names none.
    pub fn calls(&self) -> &'static [&'static str] {
        const MAKING: &[&str] = &["iam:PutRolePermissionsBoundary"];
        if self.0.is_some() { MAKING } else { &[] }
    }

    /// A role that shall have it cannot be made without it.
    pub fn limits(&self) -> Vec<Limit> {
        limits::bounded_by(self.0.as_deref())
    }

    /// A boundary that the file does not name is somebody else's guard: it stays.
    fn is_as_wanted(&self, live: Option<&str>) -> bool {
        self.0.is_none() || live == self.0.as_deref()
    }

    pub fn difference(&self, live: Option<&str>) -> Option<Difference> {
        let told = |arn: Option<&str>| arn.unwrap_or("none").to_owned();
        let bound = Difference::new("boundary", told(live), told(self.0.as_deref()));
        if !self.is_as_wanted(live) {
            // What the boundary leaves out, the version that is live cannot do from now on.
            return Some(bound.losing());
        }
        (live != self.0.as_deref()).then(|| bound.left(
            "stackctl takes no boundary away: name it as `function.boundary` in `stack.toml`, or remove it by `aws iam delete-role-permissions-boundary`",
        ))
    }

    /// Sets it when the role has another one; which one it has then.
    pub async fn set(
        &self,
        client: &Client,
        name: &str,
        live: Option<&str>,
        progress: &Progress,
    ) -> Result<Option<String>> {
        if let Some(arn) = self.0.as_ref().filter(|_| !self.is_as_wanted(live)) {
            spreading::when_known(progress, || async {
                let call = client.put_role_permissions_boundary().role_name(name);
                let answer = call.permissions_boundary(arn).send().await;
                answer.doing(format!("set the boundary of role `{name}`")).map(|_| ())
            })
            .await?;
        }
        Ok(self.0.clone().or_else(|| live.map(str::to_owned)))
    }
}
