use serde_json::{Value, json};

use super::*;
use crate::cloud::replay::{Exchange, Replay, ok, refused};
use crate::config::{Auth, Issuer};
use crate::resources::fixture::{config, drift, is_absent, tags as our_tags, there};

fn pool(replay: &Replay) -> UserPool {
    let config = config();
    let auth = Auth::locally(config.names.users(), &config.cors);
    let Issuer::Pool(pool) = auth.issuer else { panic!("a pool issues the tokens here") };
    UserPool::new(&replay.cloud(), &config, &pool)
}

fn named(pools: &[(&str, &str)]) -> Exchange {
    let pool = |(id, name): &(&str, &str)| json!({"Id": id, "Name": name});
    ok("ListUserPools", json!({"UserPools": pools.iter().map(pool).collect::<Vec<_>>()}))
}

fn described(id: &str, tags: &Value) -> Exchange {
    let arn = format!("arn:{id}");
    let pool = json!({"Id": id, "Name": "app-users", "Arn": arn, "UserPoolTags": tags});
    ok("DescribeUserPool", json!({"UserPool": pool}))
}

fn client(callbacks: &[&str]) -> Value {
    json!({"UserPoolClient": {
        "ClientId": "c1",
        "ClientName": "app-users",
        "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"],
        "AllowedOAuthFlows": ["code"],
        "CallbackURLs": callbacks,
        "LogoutURLs": ["http://localhost:5173/"],
    }})
}

const CALLBACK: &str = "http://localhost:5173/callback";

fn clients(ids: &[&str]) -> Exchange {
    let client = |id: &&str| json!({"ClientId": id, "ClientName": "app-users"});
    let clients: Vec<Value> = ids.iter().map(client).collect();
    ok("ListUserPoolClients", json!({"UserPoolClients": clients}))
}

fn user() -> [Exchange; 2] {
    let user = json!({"User": {"Username": "u"}});
    [ok("AdminCreateUser", user), ok("AdminSetUserPassword", "{}")]
}

fn user_is_there() -> Exchange {
    refused("AdminCreateUser", 400, "UsernameExistsException", "User account already exists.")
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none_and_a_pool_of_another_name_is_not_ours() {
    is_absent(&pool(&Replay::new([named(&[("p1", "app-users-dev")])]))).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_create_nothing_differs() {
    let made = json!({"UserPool": {"Id": "p1", "Arn": "arn:p1", "UserPoolTags": our_tags()}});
    let made = [ok("CreateUserPool", made), ok("CreateUserPoolClient", client(&[CALLBACK]))];
    let read = [
        named(&[("p1", "app-users")]),
        described("p1", &our_tags()),
        clients(&["c1"]),
        ok("DescribeUserPoolClient", client(&[CALLBACK])),
    ];
    let replay = Replay::new(made.into_iter().chain(user()).chain(user()).chain(read));
    let pool = pool(&replay);
    let made = pool.create(&Inputs::default(), &Progress::silent()).await.expect("made");
    assert_eq!(made.issuer, "https://cognito-idp.us-east-1.amazonaws.com/p1");
    assert_eq!(made.client_id(), Some("c1"));
    assert!(drift(&pool, &Inputs::default(), &made).is_empty());
    let sent = replay.sent();
    assert!(sent[0].contains("\"CaseSensitive\":false"), "{}", sent[0]);
    let live = there(&pool).await;
    assert!(drift(&pool, &Inputs::default(), &live).is_empty());
    replay.is_over();
}

/// Cognito refuses no second pool of a name: whose they are is in their tags.
#[tokio::test(start_paused = true)]
async fn ours_is_found_among_namesakes_and_two_of_ours_are_refused() {
    let both = || named(&[("p1", "app-users"), ("p2", "app-users")]);
    let replay = Replay::new([
        both(),
        described("p1", &json!({})),
        described("p2", &our_tags()),
        clients(&["c1"]),
        ok("DescribeUserPoolClient", client(&[CALLBACK])),
    ]);
    let ours = pool(&replay);
    let live = there(&ours).await;
    assert!(live.id == "p2" && ours.is_ours(&live));
    replay.is_over();

    let replay = Replay::new([both(), described("p1", &our_tags()), described("p2", &our_tags())]);
    let twice = pool(&replay).read(&Progress::silent()).await.expect_err("which is it?");
    assert!(twice.cause.is_some_and(|cause| cause.ends_with("p1, p2")));
}

#[tokio::test(start_paused = true)]
async fn a_pool_whose_creation_was_cut_off_gets_its_client() {
    let read = [
        named(&[("p1", "app-users")]),
        described("p1", &our_tags()),
        clients(&[]),
        ok("CreateUserPoolClient", client(&[CALLBACK])),
    ];
    let replay = Replay::new(read.into_iter().chain(user()).chain([user_is_there()]));
    let pool = pool(&replay);
    let live = there(&pool).await;
    assert_eq!(drift(&pool, &Inputs::default(), &live), ["client: none → there"]);
    let now = pool.update(&Inputs::default(), &live, &Progress::silent()).await.expect("made");
    assert_eq!(now.client_id(), Some("c1"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn another_place_to_return_to_is_changed_with_all_that_the_client_is() {
    let replay = Replay::new([
        named(&[("p1", "app-users")]),
        described("p1", &our_tags()),
        clients(&["c1"]),
        ok("DescribeUserPoolClient", client(&["https://evil.example/callback"])),
        ok("UpdateUserPoolClient", client(&[CALLBACK])),
        user_is_there(),
        user_is_there(),
    ]);
    let pool = pool(&replay);
    let live = there(&pool).await;
    let told = format!("client callbacks: https://evil.example/callback → {CALLBACK}");
    assert_eq!(drift(&pool, &Inputs::default(), &live), [told]);
    pool.update(&Inputs::default(), &live, &Progress::silent()).await.expect("changed");
    let sent = replay.sent();
    let sent = sent.iter().find(|call| call.contains("UpdateUserPoolClient")).expect("sent");
    assert!(sent.contains("ALLOW_USER_SRP_AUTH") && sent.contains("TokenValidityUnits"), "{sent}");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn deleting_what_is_gone_is_fine() {
    let gone = "User pool p1 does not exist.";
    let replay = Replay::new([
        named(&[("p1", "app-users")]),
        described("p1", &our_tags()),
        clients(&[]),
        refused("DeleteUserPool", 400, "ResourceNotFoundException", gone),
    ]);
    let pool = pool(&replay);
    let live = there(&pool).await;
    pool.delete(&live, &Progress::silent()).await.expect("it is gone");
    replay.is_over();
}
