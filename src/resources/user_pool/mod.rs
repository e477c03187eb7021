//! A Cognito user pool of the stack's own, with the one client that its pages sign in with.

pub(super) mod client;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use aws_smithy_types::retry::RetryConfig;
use wire::cognito::{
    AdminCreateUserConfig, COGNITO, CreateUserPool, DeleteUserPool, DescribeUserPool,
    ListUserPools, PasswordPolicy, Policies, TagResource, UserPool as Described,
    UsernameConfiguration,
};

use super::local_users;
use crate::cloud::pages::Pages;
use crate::cloud::tags::{self, Tags};
use crate::cloud::{Answer, Cloud, Doing, partition};
use crate::config::{Config, Pool};
use client::LiveClient;
use engine::error::{Error, Result};
use engine::{Arn, Calls, Difference, Holding, Inputs, Progress, Resource};

const ABSENT: [&str; 1] = ["ResourceNotFoundException"];

/// The most of a page.
const PAGE: i32 = 60;

pub struct UserPool {
    cloud: Cloud,
    client: wire::Client,
    /// For creates that Cognito cannot tell from a second one.
    once: wire::Client,
    pool: Pool,
    tags: Tags,
}

/// The pool as it is.
#[derive(Debug, Clone)]
pub struct LiveUserPool {
    pub id: String,
    /// What its tokens say that they are from.
    pub issuer: String,
    arn: String,
    tags: Tags,
    /// About how many users it has.
    users: u64,
    /// Of the pages that sign users in.
    page: Option<LiveClient>,
}

impl LiveUserPool {
    /// The id of the client, for which the tokens are.
    pub fn client_id(&self) -> Option<&str> {
        self.page.as_ref().map(|page| page.id.as_str())
    }
}

impl UserPool {
    pub fn new(cloud: &Cloud, config: &Config, pool: &Pool) -> Self {
        let once = cloud.sdk.clone().into_builder().retry_config(RetryConfig::disabled()).build();
        Self {
            client: wire::Client::new(&cloud.sdk, &COGNITO),
            once: wire::Client::new(&once, &COGNITO),
            cloud: cloud.clone(),
            pool: pool.clone(),
            tags: tags::ours(config),
        }
    }

    /// The ids of all pools of our name: names are not unique, and the list has no tags.
    async fn named(&self) -> Result<Vec<String>> {
        let (mut found, mut pages) = (Vec::new(), Pages::default());
        loop {
            let (client, next_token) = (&self.client, pages.token());
            let page = client.call(ListUserPools { max_results: PAGE, next_token }).await;
            let page = page.doing("list the user pools")?;
            let ours = page.user_pools.into_iter().filter(|pool| pool.name == self.pool.name);
            found.extend(ours.map(|pool| pool.id));
            if !pages.turn(page.next_token)? {
                return Ok(found);
            }
        }
    }

    async fn described(&self, id: &str) -> Result<Option<Described>> {
        let (client, user_pool_id) = (&self.client, id.to_owned());
        let doing = format!("read user pool `{}`", self.pool.name);
        let answer = client.call(DescribeUserPool { user_pool_id }).await;
        Ok(answer.doing(doing).absent_if(&ABSENT)?.map(|answer| answer.user_pool))
    }

    fn live(&self, found: Described, page: Option<LiveClient>) -> LiveUserPool {
        let region = self.cloud.region();
        let domain =
            if partition(region) == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        LiveUserPool {
            issuer: format!("https://cognito-idp.{region}.{domain}/{}", found.id),
            arn: found.arn.unwrap_or_default(),
            tags: found.user_pool_tags,
            users: found.estimated_number_of_users,
            id: found.id,
            page,
        }
    }

    fn several(&self, pools: &[Described]) -> Error {
        let ids: Vec<&str> = pools.iter().map(|pool| pool.id.as_str()).collect();
        Error::failed(format!("find user pool `{}`", self.pool.name))
            .cause(format!("there are {}: {}", ids.len(), ids.join(", ")))
            .hint("delete all but the one whose users are in use: `aws cognito-idp delete-user-pool --user-pool-id ID`")
    }

    async fn create_pool(&self) -> Result<Described> {
        let client = &self.once;
        let answer = client.call(CreateUserPool {
            pool_name: self.pool.name.clone(),
            // Length is what makes a password hard to guess: <https://pages.nist.gov/800-63-4/sp800-63b.html>
            policies: Policies {
                password_policy: PasswordPolicy {
                    minimum_length: 12,
                    require_uppercase: false,
                    require_lowercase: false,
                    require_numbers: false,
                    require_symbols: false,
                    temporary_password_validity_days: 7,
                },
            },
            username_attributes: vec!["email"],
            username_configuration: UsernameConfiguration { case_sensitive: false },
            auto_verified_attributes: vec!["email"],
            admin_create_user_config: AdminCreateUserConfig { allow_admin_create_user_only: true },
            deletion_protection: "INACTIVE",
            user_pool_tags: self.tags.clone(),
        });
        let answer = answer.await.doing(format!("create user pool `{}`", self.pool.name))?;
        Ok(answer.user_pool)
    }
}

impl Resource for UserPool {
    type Live = LiveUserPool;

    fn kind(&self) -> &'static str {
        "user pool"
    }

    fn name(&self) -> String {
        self.pool.name.clone()
    }

    fn is_data(&self) -> bool {
        true
    }

    fn holds(&self, live: &LiveUserPool) -> Option<Holding> {
        let amount = format!("about {} users", live.users);
        Some(Holding { amount, is_protected: false })
    }

    fn calls(&self) -> Calls {
        Calls::default()
            .reading(&["cognito-idp:ListUserPools", "cognito-idp:DescribeUserPool"])
            .reading(client::READING)
            .making(&["cognito-idp:CreateUserPool", "cognito-idp:TagResource"])
            .making(client::MAKING)
            .deleting(&["cognito-idp:DeleteUserPool"])
    }

    fn arns(&self) -> Vec<Arn> {
        // Cognito gives each a name of its own.
        vec![Arn::new("userpool", self.cloud.known_identity().arn("cognito-idp", "userpool/*"))]
    }

    async fn read(&self, _: &Progress) -> Result<Option<LiveUserPool>> {
        let (mut own, mut foreign) = (Vec::new(), Vec::new());
        for id in self.named().await? {
            let Some(pool) = self.described(&id).await? else { continue };
            let is_ours = tags::is_ours(&self.tags, &pool.user_pool_tags);
            if is_ours { own.push(pool) } else { foreign.push(pool) }
        }
        if own.len() > 1 {
            return Err(self.several(&own));
        }
        let Some(found) = own.into_iter().chain(foreign).next() else { return Ok(None) };
        let client = client::find(&self.client, &found.id, &self.pool.name).await?;
        Ok(Some(self.live(found, client)))
    }

    fn is_ours(&self, live: &LiveUserPool) -> bool {
        tags::is_ours(&self.tags, &live.tags)
    }

    fn owner(&self, live: &LiveUserPool) -> Option<String> {
        tags::other_stack(&self.tags, &live.tags, &self.pool.name)
    }

    fn diff(&self, _: &Inputs, live: &LiveUserPool) -> Vec<Difference> {
        let mut differences = tags::diff(&self.tags, &live.tags);
        differences.extend(client::diff(live.page.as_ref(), &self.pool));
        differences
    }

    async fn create(&self, _: &Inputs, _: &Progress) -> Result<LiveUserPool> {
        let found = self.create_pool().await?;
        let client = client::create(&self.once, &found.id, &self.pool).await?;
        for name in &self.pool.users {
            local_users::ensure(&self.client, &found.id, name).await?;
        }
        Ok(self.live(found, Some(client)))
    }

    async fn update(&self, _: &Inputs, live: &LiveUserPool, _: &Progress) -> Result<LiveUserPool> {
        if !tags::are_set(&self.tags, &live.tags) {
            let (resource_arn, tags): (_, BTreeMap<_, _>) = (live.arn.clone(), self.tags.clone());
            let client = &self.client;
            let answer = client.call(TagResource { resource_arn, tags }).await;
            answer.doing(format!("tag user pool `{}`", self.pool.name))?;
        }
        let page = match &live.page {
            None => client::create(&self.once, &live.id, &self.pool).await?,
            Some(client) if client::diff(Some(client), &self.pool).is_empty() => client.clone(),
            Some(client) => client::change(&self.client, &live.id, client, &self.pool).await?,
        };
        for name in &self.pool.users {
            local_users::ensure(&self.client, &live.id, name).await?;
        }
        Ok(LiveUserPool { page: Some(page), tags: self.tags.clone(), ..live.clone() })
    }

    async fn delete(&self, live: &LiveUserPool, _: &Progress) -> Result<()> {
        let (client, user_pool_id) = (&self.client, live.id.clone());
        let answer = client.call(DeleteUserPool { user_pool_id }).await;
        let doing = format!("delete user pool `{}`", self.pool.name);
        answer.doing(doing).absent_if(&ABSENT).map(|_| ())
    }
}
