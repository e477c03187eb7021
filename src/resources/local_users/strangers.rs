//! Tokens that are good, and for somebody else: of another client of the pool, and of another pool.

use wire::cognito::DeleteUserPoolClient;

use super::token;
use crate::cloud::{Answer, Cloud, Doing};
use crate::config::{Config, Pool};
use crate::resources::UserPool;
use crate::resources::user_pool::client;
use engine::error::Result;
use engine::{Inputs, Progress, Resource};

/// What both are called while they are there.
const NAME: &str = "stackctl-smoke";

/// A token for another audience, and one of another issuer.
pub async fn tokens(cloud: &Cloud, config: &Config, pool: &str, user: &str) -> Result<[String; 2]> {
    let cognito = super::client(cloud);
    let own = Pool {
        name: NAME.into(),
        callbacks: Vec::new(),
        logouts: Vec::new(),
        users: vec![user.to_owned()],
    };
    let other = client::create(&cognito, pool, &own).await?;
    let audience = token(&cognito, &other.id, user).await;
    let (user_pool_id, client_id) = (pool.to_owned(), other.id);
    let gone = cognito.call(DeleteUserPoolClient { user_pool_id, client_id }).await;
    gone.doing("delete the client of the attack").absent_if(&["ResourceNotFoundException"])?;
    let resource = UserPool::new(cloud, config, &own);
    let progress = Progress::silent();
    let made = resource.create(&Inputs::default(), &progress).await?;
    let issuer = token(&cognito, made.client_id().unwrap_or_default(), user).await;
    resource.delete(&made, &progress).await?;
    Ok([audience?.reveal().to_owned(), issuer?.reveal().to_owned()])
}
