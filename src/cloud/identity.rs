//! Who we are in the cloud: the account, which is a part of nearly every ARN.

use super::Cloud;
use super::error::Doing;
use engine::error::{Error, Result};

/// Who we are, from STS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    pub account: String,
    /// `aws`, `aws-cn`, …: the second part of every ARN.
    pub partition: String,
    pub region: String,
}

impl Identity {
    /// The ARN of something regional of ours: `identity.arn("dynamodb", "table/x")`.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let Self { account, partition, region } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// The ARN of something in IAM, which has no region: `identity.iam("role/x")`.
    pub fn iam(&self, resource: &str) -> String {
        self.global("iam", resource)
    }

    /// The ARN of something of ours in a service without regions: `identity.global("cloudfront", "function/x")`.
    pub fn global(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}::{}:{resource}", self.partition, self.account)
    }
}

impl Cloud {
    /// Asks STS once, however many ask at the same time, and refuses an account that is not the pinned one.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
    pub async fn identity(&self) -> Result<Identity> {
        self.identity.get_or_init(|| self.ask_identity()).await.clone()
    }

    /// The same, or who we are if `stack.toml` is right about the account: whoever only reads need not wait for STS.
    /// What comes of it counts once it is [`Cloud::confirmed`].
    pub async fn presumed_identity(&self) -> Result<Identity> {
        let pinned = self.account.clone().zip(partition_of(self.region()));
        match pinned {
            Some((account, partition)) => {
                let (partition, region) = (partition.to_owned(), self.region().to_owned());
                Ok(Identity { account, partition, region })
            }
            None => self.identity().await,
        }
    }

    /// `work`, which changes nothing, once STS has said that we are who `stack.toml` says.
    pub async fn confirmed<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let (identity, done) = tokio::join!(self.identity(), work);
        identity.and(done)
    }

    /// Refuses another account than the pinned one; asks nobody when none is pinned.
    pub async fn heed_pin(&self) -> Result<()> {
        match self.account {
            Some(_) => self.identity().await.map(drop),
            None => Ok(()),
        }
    }

    /// The identity, once [`Cloud::identity`] has answered.
    ///
    /// # Panics
    /// Before that. What was read is compared once it is [`Cloud::confirmed`].
    pub fn known_identity(&self) -> &Identity {
        let known = self.identity.get().and_then(|answer| answer.as_ref().ok());
        known.expect("the identity is read before anything is compared")
    }

    /// Where credentials cannot be loaded, what the profile lacks says more than the SDK does.
    pub(super) fn with_way_in(&self, error: Error) -> Error {
        match &self.log_in {
            Some(way) if error.says("no credentials") => error.hint(way),
            _ => error,
        }
    }

    async fn ask_identity(&self) -> Result<Identity> {
        let answer = aws_sdk_sts::Client::new(&self.sdk)
            .get_caller_identity()
            .send()
            .await
            .doing("determine your AWS account (sts:GetCallerIdentity)")
            .map_err(|error| self.with_way_in(error))?;
        let (account, arn) = (answer.account.unwrap_or_default(), answer.arn.unwrap_or_default());
        if let Some(pinned) = self.account.as_ref().filter(|pinned| **pinned != account) {
            return Err(Error::usage(format!(
                "the credentials belong to account {account}, but `stack.toml` sets `account = \"{pinned}\"`"
            ))
            .hint("choose another profile with `--profile` or `AWS_PROFILE`"));
        }
        let partition = arn.split(':').nth(1).unwrap_or("aws").to_owned();
        Ok(Identity { account, partition, region: self.region().to_owned() })
    }
}

/// The partitions besides `aws`, by how their regions begin.
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
const PARTITIONS: [(&str, &str); 8] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("eusc-", "aws-eusc"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eu-isof-", "aws-iso-f"),
];

/// The partition of a region, as far as its name says it.
pub fn partition(region: &str) -> &'static str {
    let found = PARTITIONS.into_iter().find(|(start, _)| region.starts_with(start));
    found.map_or("aws", |(_, partition)| partition)
}

/// The same, unless the region looks like none that is known.
fn partition_of(region: &str) -> Option<&'static str> {
    const PLACES: [&str; 9] = ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"];
    let parts: Vec<&str> = region.split('-').collect();
    let is_common = |place: &str| PLACES.contains(&place);
    matches!(parts[..], [place, _, number] if is_common(place) && number.parse::<u8>().is_ok())
        .then(|| partition(region))
}

#[cfg(test)]
mod tests {
    use super::super::replay::{Replay, ok};
    use super::*;

    const CALLER: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws-cn:iam::123456789012:user/d</Arn><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

    #[tokio::test]
    async fn who_we_are_is_asked_once_and_tells_the_partition() {
        let replay = Replay::new([ok("Action=GetCallerIdentity", CALLER)]);
        let cloud = Cloud::new(replay.cloud().sdk, None);
        let (one, other) = tokio::join!(cloud.identity(), cloud.identity());
        assert_eq!(one, other);
        assert_eq!(one.expect("an identity").iam("role/r"), "arn:aws-cn:iam::123456789012:role/r");
        replay.is_over();
    }

    #[tokio::test]
    async fn another_account_than_the_pinned_one_is_refused() {
        let replay = Replay::new([ok("Action=GetCallerIdentity", CALLER)]);
        let cloud = Cloud::new(replay.cloud().sdk, Some("999999999999".into()));
        let error = cloud.identity().await.expect_err("another account");
        assert_eq!(error.kind, engine::error::Kind::Usage);
    }

    #[tokio::test]
    async fn what_was_read_by_a_wrong_pin_does_not_count() {
        let pinned = || Some("999999999999".to_owned());
        let replay = Replay::new([ok("Action=GetCallerIdentity", CALLER)]);
        let cloud = Cloud::new(replay.cloud().sdk, pinned());
        let presumed = cloud.presumed_identity().await.expect("nobody is asked");
        assert_eq!(presumed.iam("role/r"), "arn:aws:iam::999999999999:role/r");
        let denied = async { Err::<(), _>(Error::failed("read what is not ours")) };
        let error = cloud.confirmed(denied).await.expect_err("another account");
        assert!(
            error.message.contains("`stack.toml` sets `account = \"999999999999\"`"),
            "{error}"
        );
        assert!(cloud.confirmed(async { Ok(()) }).await.is_err());
        replay.is_over();
    }

    #[test]
    fn every_partition_is_known_by_its_regions() {
        for (region, wanted) in [
            ("us-east-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("eusc-de-east-1", "aws-eusc"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
        ] {
            assert_eq!(partition(region), wanted, "{region}");
        }
    }

    #[test]
    fn only_common_regions_tell_their_partition() {
        for region in ["us-east-1", "eu-central-2", "mx-central-1"] {
            assert_eq!(partition_of(region), Some("aws"), "{region}");
        }
        for region in ["cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1", "", "us"] {
            assert_eq!(partition_of(region), None, "{region}");
        }
    }
}
