//! The users of a pool of the local cloud: everybody there has the same password, which protects nothing.

mod strangers;

pub use strangers::tokens as strangers;

use wire::cognito::{
    AdminCreateUser, AdminSetUserPassword, Attribute, COGNITO, InitiateAuth, ListUsers,
    PasswordParameters, User,
};

use crate::cloud::pages::Pages;
use crate::cloud::{Answer, Cloud, Doing};
use engine::error::{Error, Result};

/// The password of every user of the local cloud.
pub const PASSWORD: &str = "local-password";

/// The most of a page.
const PAGE: i32 = 60;

/// What Cognito is asked with.
pub fn client(cloud: &Cloud) -> wire::Client {
    wire::Client::new(&cloud.sdk, &COGNITO)
}

/// `alice` is `alice@example.com`: a pool takes e-mail addresses for names.
pub fn address(name: &str) -> String {
    if name.contains('@') { name.to_owned() } else { format!("{name}@example.com") }
}

/// Makes the user, unless it is there.
pub async fn ensure(client: &wire::Client, pool: &str, name: &str) -> Result<()> {
    let address = address(name);
    let attribute = |name: &str, value: &str| Attribute { name: name.into(), value: value.into() };
    let call = AdminCreateUser {
        user_pool_id: pool.to_owned(),
        username: address.clone(),
        user_attributes: vec![attribute("email", &address), attribute("email_verified", "true")],
        message_action: Some("SUPPRESS"),
    };
    let made = client.call(call).await.doing(format!("create user `{address}`"));
    if made.absent_if(&["UsernameExistsException"])?.is_none() {
        return Ok(());
    }
    let call = AdminSetUserPassword {
        user_pool_id: pool.to_owned(),
        username: address.clone(),
        password: wire::Secret::new(PASSWORD),
        permanent: true,
    };
    let answer = client.call(call).await;
    answer.doing(format!("set the password of user `{address}`")).map(|_| ())
}

/// An access token of the user.
pub async fn token(client: &wire::Client, client_id: &str, name: &str) -> Result<wire::Secret> {
    let address = address(name);
    let call = InitiateAuth {
        auth_flow: "USER_PASSWORD_AUTH",
        client_id: client_id.to_owned(),
        auth_parameters: PasswordParameters {
            username: address.clone(),
            password: wire::Secret::new(PASSWORD),
        },
    };
    let doing = format!("sign in as `{address}`");
    let answer = client.call(call).await.doing(&doing)?;
    let result = answer.authentication_result;
    let result = result.ok_or_else(|| {
        let asked = answer.challenge_name.unwrap_or_default();
        Error::failed(&doing).cause(format!("the user pool asks for more: {asked}"))
    })?;
    Ok(result.access_token)
}

/// Every user.
pub async fn all(client: &wire::Client, pool: &str) -> Result<Vec<User>> {
    let (mut found, mut pages) = (Vec::new(), Pages::default());
    loop {
        let call = ListUsers {
            user_pool_id: pool.to_owned(),
            limit: PAGE,
            pagination_token: pages.token(),
        };
        let page = client.call(call).await.doing("list the users")?;
        found.extend(page.users);
        if !pages.turn(page.pagination_token)? {
            return Ok(found);
        }
    }
}
