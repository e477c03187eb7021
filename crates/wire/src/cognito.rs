//! Cognito's user pools: pools, their clients and users, and how a user gets tokens.
//!
//! <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_Operations.html>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::json::{Nothing, operations};
use crate::{Secret, Service};

pub static COGNITO: Service = Service {
    id: "Cognito Identity Provider",
    prefix: "cognito-idp",
    target: "AWSCognitoIdentityProviderService",
    plain_is_fips_in_gov: false,
    global: None,
};

operations! { COGNITO:
    ListUserPools -> ListUserPoolsOutput;
    DescribeUserPool -> UserPoolOutput;
    CreateUserPool -> UserPoolOutput;
    DeleteUserPool -> Nothing;
    TagResource -> Nothing;
    ListUserPoolClients -> ListUserPoolClientsOutput;
    DescribeUserPoolClient -> UserPoolClientOutput;
    CreateUserPoolClient -> UserPoolClientOutput;
    UpdateUserPoolClient -> UserPoolClientOutput;
    DeleteUserPoolClient -> Nothing;
    AdminCreateUser -> AdminCreateUserOutput;
    AdminSetUserPassword -> Nothing;
    ListUsers -> ListUsersOutput;
    InitiateAuth -> InitiateAuthOutput;
}

/// A page of all pools of the account: their names and ids, not their tags.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListUserPools {
    pub max_results: i32,
    pub next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListUserPoolsOutput {
    #[serde(default)]
    pub user_pools: Vec<UserPoolDescription>,
    pub next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserPoolDescription {
    pub id: String,
    pub name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeUserPool {
    pub user_pool_id: String,
}

/// Makes a pool. Names are not unique, and most of this can never be changed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateUserPool {
    pub pool_name: String,
    pub policies: Policies,
    pub username_attributes: Vec<&'static str>,
    pub username_configuration: UsernameConfiguration,
    pub auto_verified_attributes: Vec<&'static str>,
    pub admin_create_user_config: AdminCreateUserConfig,
    pub deletion_protection: &'static str,
    pub user_pool_tags: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policies {
    pub password_policy: PasswordPolicy,
}

/// All of them must be said: what is left out is as Cognito's own default has it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_excessive_bools, reason = "they are Cognito's own")]
pub struct PasswordPolicy {
    pub minimum_length: i32,
    pub require_uppercase: bool,
    pub require_lowercase: bool,
    pub require_numbers: bool,
    pub require_symbols: bool,
    pub temporary_password_validity_days: i32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UsernameConfiguration {
    pub case_sensitive: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AdminCreateUserConfig {
    pub allow_admin_create_user_only: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserPoolOutput {
    pub user_pool: UserPool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserPool {
    pub id: String,
    pub arn: Option<String>,
    #[serde(default)]
    pub user_pool_tags: BTreeMap<String, String>,
    #[serde(default)]
    pub estimated_number_of_users: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteUserPool {
    pub user_pool_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TagResource {
    pub resource_arn: String,
    pub tags: BTreeMap<String, String>,
}

/// A page of a pool's clients.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListUserPoolClients {
    pub user_pool_id: String,
    pub max_results: i32,
    pub next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListUserPoolClientsOutput {
    #[serde(default)]
    pub user_pool_clients: Vec<UserPoolClientDescription>,
    pub next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserPoolClientDescription {
    pub client_id: String,
    pub client_name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeUserPoolClient {
    pub user_pool_id: String,
    pub client_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateUserPoolClient {
    pub user_pool_id: String,
    pub client_name: String,
    pub generate_secret: bool,
    #[serde(flatten)]
    pub settings: ClientSettings,
}

/// Replaces all settings: what is left out is as Cognito's own default has it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateUserPoolClient {
    pub user_pool_id: String,
    pub client_id: String,
    pub client_name: String,
    #[serde(flatten)]
    pub settings: ClientSettings,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteUserPoolClient {
    pub user_pool_id: String,
    pub client_id: String,
}

/// What a client may do, and for how long its tokens are good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ClientSettings {
    pub explicit_auth_flows: Vec<String>,
    pub allowed_o_auth_flows_user_pool_client: bool,
    pub allowed_o_auth_flows: Vec<String>,
    pub allowed_o_auth_scopes: Vec<String>,
    pub supported_identity_providers: Vec<String>,
    #[serde(rename = "CallbackURLs")]
    pub callback_urls: Vec<String>,
    #[serde(rename = "LogoutURLs")]
    pub logout_urls: Vec<String>,
    pub prevent_user_existence_errors: &'static str,
    pub enable_token_revocation: bool,
    pub access_token_validity: i32,
    pub id_token_validity: i32,
    pub refresh_token_validity: i32,
    pub token_validity_units: TokenValidityUnits,
}

/// Without them, the numbers are hours and days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TokenValidityUnits {
    pub access_token: &'static str,
    pub id_token: &'static str,
    pub refresh_token: &'static str,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserPoolClientOutput {
    pub user_pool_client: UserPoolClient,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserPoolClient {
    pub client_id: String,
    #[serde(default)]
    pub explicit_auth_flows: Vec<String>,
    #[serde(default)]
    pub allowed_o_auth_flows: Vec<String>,
    #[serde(default, rename = "CallbackURLs")]
    pub callback_urls: Vec<String>,
    #[serde(default, rename = "LogoutURLs")]
    pub logout_urls: Vec<String>,
}

/// Makes a user, who is sent an invitation unless `message_action` says `SUPPRESS`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AdminCreateUser {
    pub user_pool_id: String,
    pub username: String,
    pub user_attributes: Vec<Attribute>,
    pub message_action: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    pub name: String,
    pub value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AdminCreateUserOutput {
    pub user: User,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct User {
    pub username: String,
    #[serde(default)]
    pub attributes: Vec<Attribute>,
    pub enabled: Option<bool>,
    pub user_status: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AdminSetUserPassword {
    pub user_pool_id: String,
    pub username: String,
    #[serde(serialize_with = "Secret::on_the_wire")]
    pub password: Secret,
    pub permanent: bool,
}

/// A page of a pool's users.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListUsers {
    pub user_pool_id: String,
    pub limit: i32,
    pub pagination_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListUsersOutput {
    #[serde(default)]
    pub users: Vec<User>,
    pub pagination_token: Option<String>,
}

/// Signs a user in with a password.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InitiateAuth {
    pub auth_flow: &'static str,
    pub client_id: String,
    pub auth_parameters: PasswordParameters,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub struct PasswordParameters {
    pub username: String,
    #[serde(serialize_with = "Secret::on_the_wire")]
    pub password: Secret,
}

/// Without a result, Cognito asks for something more.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InitiateAuthOutput {
    pub authentication_result: Option<AuthenticationResult>,
    pub challenge_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AuthenticationResult {
    pub access_token: Secret,
    pub expires_in: i64,
}
