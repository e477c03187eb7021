//! The client of a pool: the pages that sign users in. It is public, so it has no secret.

use std::collections::BTreeSet;

use wire::cognito::{
    ClientSettings, CreateUserPoolClient, DescribeUserPoolClient, ListUserPoolClients,
    TokenValidityUnits, UpdateUserPoolClient, UserPoolClient,
};

use super::{ABSENT, PAGE};
use crate::cloud::pages::Pages;
use crate::cloud::{Answer, Doing};
use crate::config::Pool;
use engine::Difference;
use engine::error::Result;

/// What reading one asks of AWS.
pub(super) const READING: &[&str] =
    &["cognito-idp:ListUserPoolClients", "cognito-idp:DescribeUserPoolClient"];

/// What making one asks of AWS.
pub(super) const MAKING: &[&str] =
    &["cognito-idp:CreateUserPoolClient", "cognito-idp:UpdateUserPoolClient"];

/// The client as it is.
#[derive(Debug, Clone)]
pub struct LiveClient {
    pub id: String,
    flows: Vec<String>,
    callbacks: Vec<String>,
    logouts: Vec<String>,
}

impl From<UserPoolClient> for LiveClient {
    fn from(found: UserPoolClient) -> Self {
        Self {
            id: found.client_id,
            flows: found.explicit_auth_flows,
            callbacks: found.callback_urls,
            logouts: found.logout_urls,
        }
    }
}

/// The client of that name: of several the one with the smallest id, because names are not unique.
pub(super) async fn find(
    client: &wire::Client,
    pool: &str,
    name: &str,
) -> Result<Option<LiveClient>> {
    let (mut ids, mut pages) = (Vec::new(), Pages::default());
    loop {
        let page = client.call(ListUserPoolClients {
            user_pool_id: pool.to_owned(),
            max_results: PAGE,
            next_token: pages.token(),
        });
        let page = page.await.doing("list the clients of the user pool");
        let Some(page) = page.absent_if(&ABSENT)? else { return Ok(None) };
        let own = page.user_pool_clients.into_iter().filter(|one| one.client_name == name);
        ids.extend(own.map(|one| one.client_id));
        if !pages.turn(page.next_token)? {
            break;
        }
    }
    let Some(id) = ids.into_iter().min() else { return Ok(None) };
    let (user_pool_id, client_id) = (pool.to_owned(), id);
    let answer = client.call(DescribeUserPoolClient { user_pool_id, client_id }).await;
    let answer = answer.doing("read the client of the user pool");
    Ok(answer.absent_if(&ABSENT)?.map(|answer| LiveClient::from(answer.user_pool_client)))
}

pub(super) fn diff(live: Option<&LiveClient>, pool: &Pool) -> Vec<Difference> {
    let Some(live) = live else { return vec![Difference::new("client", "none", "there")] };
    let wanted = settings(pool);
    let set = |list: &[String]| list.iter().cloned().collect::<BTreeSet<String>>();
    let lists = [
        ("client sign-in", &live.flows, &wanted.explicit_auth_flows),
        ("client callbacks", &live.callbacks, &wanted.callback_urls),
        ("client logouts", &live.logouts, &wanted.logout_urls),
    ];
    let lists = lists.into_iter().filter(|(_, now, wanted)| set(now) != set(wanted));
    let told = |list: &[String]| {
        if list.is_empty() { "none".to_owned() } else { list.join(", ") }
    };
    lists.map(|(what, now, wanted)| Difference::new(what, told(now), told(wanted))).collect()
}

pub(in crate::resources) async fn create(
    client: &wire::Client,
    id: &str,
    pool: &Pool,
) -> Result<LiveClient> {
    let answer = client.call(CreateUserPoolClient {
        user_pool_id: id.to_owned(),
        client_name: pool.name.clone(),
        generate_secret: false,
        settings: settings(pool),
    });
    let answer = answer.await.doing("create the client of the user pool")?;
    Ok(LiveClient::from(answer.user_pool_client))
}

pub(super) async fn change(
    client: &wire::Client,
    id: &str,
    live: &LiveClient,
    pool: &Pool,
) -> Result<LiveClient> {
    let answer = client.call(UpdateUserPoolClient {
        user_pool_id: id.to_owned(),
        client_id: live.id.clone(),
        client_name: pool.name.clone(),
        settings: settings(pool),
    });
    let answer = answer.await.doing("change the client of the user pool")?;
    Ok(LiveClient::from(answer.user_pool_client))
}

fn settings(pool: &Pool) -> ClientSettings {
    let strings = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    // Cognito takes the code flow only with a place to return to.
    let has_page = !pool.callbacks.is_empty();
    let if_page = |list: &[&str]| if has_page { strings(list) } else { Vec::new() };
    ClientSettings {
        explicit_auth_flows: strings(&[
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
        ]),
        allowed_o_auth_flows_user_pool_client: has_page,
        allowed_o_auth_flows: if_page(&["code"]),
        allowed_o_auth_scopes: if_page(&["openid", "email", "profile"]),
        supported_identity_providers: strings(&["COGNITO"]),
        callback_urls: pool.callbacks.clone(),
        logout_urls: pool.logouts.clone(),
        prevent_user_existence_errors: "ENABLED",
        enable_token_revocation: true,
        access_token_validity: 60,
        id_token_validity: 60,
        refresh_token_validity: 30,
        token_validity_units: TokenValidityUnits {
            access_token: "minutes",
            id_token: "minutes",
            refresh_token: "days",
        },
    }
}
