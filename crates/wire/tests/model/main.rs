//! The types of this crate against AWS's published models: what is sent has the members, types and limits of the model's
//! shapes, and what is read is read from members that they have.

mod probe;
mod shapes;

use serde::Serialize;
use stackctl_wire::{Operation, Secret, acm, cognito, ssm, tagging};

use shapes::Model;

/// `operation` with every member said, and its output.
fn fits<O: Operation + Serialize>(model: &Model, operation: &O) {
    let name = O::NAME;
    assert_eq!(model.metadata("serviceId"), O::SERVICE.id);
    assert_eq!(model.metadata("endpointPrefix"), O::SERVICE.prefix);
    assert_eq!(model.metadata("targetPrefix"), O::SERVICE.target);
    let sent = serde_json::to_value(operation).expect("it can be written");
    let mut wrong = Vec::new();
    model.compare(model.input(name), &sent, name, &mut wrong);
    assert!(wrong.is_empty(), "{wrong:#?}");
    if !model.answers(name) {
        return;
    }
    let output = probe::read::<O::Output>(model, model.output(name));
    output.unwrap_or_else(|error| panic!("{name}: {error}"));
}

#[test]
fn parameters_are_those_of_systems_manager() {
    let model = Model::new(include_str!("../../models/ssm.json"));
    let name = || "/stackctl/app/dev/KEY".to_owned();
    let tag = || ssm::Tag { key: "stackctl:stack".into(), value: "app".into() };
    for overwrite in [false, true] {
        fits(
            &model,
            &ssm::PutParameter {
                name: name(),
                description: Some("a secret".into()),
                value: Secret::new("v"),
                r#type: "SecureString",
                key_id: Some("alias/mine".into()),
                overwrite,
                tags: Some(vec![tag()]),
                tier: "Standard",
            },
        );
    }
    fits(&model, &ssm::GetParameter { name: name(), with_decryption: true });
    let filter = ssm::ParameterStringFilter {
        key: "Path".into(),
        option: Some("OneLevel"),
        values: vec!["/stackctl/app/dev".into()],
    };
    let mut list = ssm::DescribeParameters { parameter_filters: vec![filter], ..<_>::default() };
    (list.max_results, list.next_token) = (Some(50), Some("t".into()));
    fits(&model, &list);
    fits(&model, &ssm::DeleteParameter { name: name() });
    let (resource_type, resource_id) = ("Parameter", name());
    fits(&model, &ssm::ListTagsForResource { resource_type, resource_id });
    let (resource_id, tags) = (name(), vec![tag()]);
    fits(&model, &ssm::AddTagsToResource { resource_type, resource_id, tags });
}

#[test]
fn what_carries_a_tag_is_asked_as_the_tagging_api_has_it() {
    let model = Model::new(include_str!("../../models/tagging.json"));
    let filter =
        tagging::TagFilter { key: "stackctl:stack".into(), values: vec!["app".to_owned()] };
    fits(
        &model,
        &tagging::GetResources {
            tag_filters: vec![filter],
            resource_type_filters: vec!["lambda:function", "sqs", "scheduler:schedule-group"],
            pagination_token: Some("t".into()),
        },
    );
}

#[test]
fn certificates_are_those_of_certificate_manager() {
    let model = Model::new(include_str!("../../models/acm.json"));
    let arn = || "arn:aws:acm:us-east-1:123456789012:certificate/1".to_owned();
    let tags = || vec![acm::Tag { key: "stackctl:stack".into(), value: "app".into() }];
    fits(&model, &acm::ListCertificates { max_items: 1000, next_token: Some("t".into()) });
    fits(&model, &acm::DescribeCertificate { certificate_arn: arn() });
    fits(&model, &acm::ListTagsForCertificate { certificate_arn: arn() });
    fits(
        &model,
        &acm::RequestCertificate {
            domain_name: "app.example.com".into(),
            subject_alternative_names: Some(vec!["www.example.com".into()]),
            validation_method: "DNS",
            idempotency_token: "a".repeat(32),
            tags: tags(),
        },
    );
    fits(&model, &acm::AddTagsToCertificate { certificate_arn: arn(), tags: tags() });
    fits(&model, &acm::DeleteCertificate { certificate_arn: arn() });
}

#[test]
fn pools_and_users_are_those_of_cognito() {
    use cognito::{
        AdminCreateUser, AdminCreateUserConfig, AdminSetUserPassword, Attribute, ClientSettings,
        CreateUserPool, CreateUserPoolClient, DeleteUserPool, DeleteUserPoolClient,
        DescribeUserPool, DescribeUserPoolClient, InitiateAuth, ListUserPoolClients, ListUserPools,
        ListUsers, PasswordParameters, PasswordPolicy, Policies, TagResource, TokenValidityUnits,
        UpdateUserPoolClient, UsernameConfiguration,
    };
    let model = Model::new(include_str!("../../models/cognito-idp.json"));
    let id = || "us-east-1_abcdefghi".to_owned();
    let client = || "abcdefghijklmnopqrstuvwxyz".to_owned();
    let next = || Some("token".to_owned());
    let tags = || [("stackctl:stack".to_owned(), "app".to_owned())].into();
    let password_policy = PasswordPolicy {
        minimum_length: 12,
        require_uppercase: false,
        require_lowercase: false,
        require_numbers: false,
        require_symbols: false,
        temporary_password_validity_days: 7,
    };
    fits(
        &model,
        &CreateUserPool {
            pool_name: "app-users".into(),
            policies: Policies { password_policy },
            username_attributes: vec!["email"],
            username_configuration: UsernameConfiguration { case_sensitive: false },
            auto_verified_attributes: vec!["email"],
            admin_create_user_config: AdminCreateUserConfig { allow_admin_create_user_only: true },
            deletion_protection: "INACTIVE",
            user_pool_tags: tags(),
        },
    );
    fits(&model, &ListUserPools { max_results: 60, next_token: next() });
    fits(&model, &DescribeUserPool { user_pool_id: id() });
    fits(&model, &DeleteUserPool { user_pool_id: id() });
    let resource_arn = format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{}", id());
    fits(&model, &TagResource { resource_arn, tags: tags() });
    let strings = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let settings = ClientSettings {
        explicit_auth_flows: strings(&["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH"]),
        allowed_o_auth_flows_user_pool_client: true,
        allowed_o_auth_flows: strings(&["code"]),
        allowed_o_auth_scopes: strings(&["openid"]),
        supported_identity_providers: strings(&["COGNITO"]),
        callback_urls: strings(&["http://localhost:5173/callback"]),
        logout_urls: strings(&["http://localhost:5173/"]),
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
    };
    let (user_pool_id, client_name) = (id(), "app-users".to_owned());
    fits(
        &model,
        &CreateUserPoolClient {
            user_pool_id,
            client_name: client_name.clone(),
            generate_secret: false,
            settings: settings.clone(),
        },
    );
    let (user_pool_id, client_id) = (id(), client());
    fits(&model, &UpdateUserPoolClient { user_pool_id, client_id, client_name, settings });
    fits(&model, &DescribeUserPoolClient { user_pool_id: id(), client_id: client() });
    fits(&model, &DeleteUserPoolClient { user_pool_id: id(), client_id: client() });
    fits(&model, &ListUserPoolClients { user_pool_id: id(), max_results: 60, next_token: next() });
    let attribute = Attribute { name: "email".into(), value: "alice@example.com".into() };
    fits(
        &model,
        &AdminCreateUser {
            user_pool_id: id(),
            username: attribute.value.clone(),
            user_attributes: vec![attribute],
            message_action: Some("SUPPRESS"),
        },
    );
    let (username, password) = ("alice@example.com".to_owned(), || Secret::new("a password"));
    fits(
        &model,
        &AdminSetUserPassword {
            user_pool_id: id(),
            username: username.clone(),
            password: password(),
            permanent: true,
        },
    );
    fits(&model, &ListUsers { user_pool_id: id(), limit: 60, pagination_token: next() });
    let auth_parameters = PasswordParameters { username, password: password() };
    fits(
        &model,
        &InitiateAuth { auth_flow: "USER_PASSWORD_AUTH", client_id: client(), auth_parameters },
    );
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Misspelt {
    #[serde(rename = "Versoin")]
    _version: i64,
}
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mistyped {
    #[serde(rename = "Version")]
    _version: String,
}

/// A comparison that sees nothing would pass everything.
#[test]
fn what_differs_is_found() {
    let model = Model::new(include_str!("../../models/ssm.json"));
    let compare = |value: serde_json::Value| {
        let mut wrong = Vec::new();
        model.compare(model.input("PutParameter"), &value, "in", &mut wrong);
        wrong.join("; ")
    };
    let whole = serde_json::json!({"Name": "a", "Value": "b", "Type": "SecureString"});
    assert_eq!(compare(whole.clone()), "");
    for (member, value, told) in [
        ("Nmae", "a".into(), "no member `Nmae`"),
        ("Type", "Secure".into(), "not one of"),
        ("Overwrite", "yes".into(), "not a boolean"),
        ("KeyId", "".into(), "shorter than"),
    ] {
        let mut value_of = whole.clone();
        value_of[member] = value;
        assert!(compare(value_of.clone()).contains(told), "{member}: {}", compare(value_of));
    }
    assert!(compare(serde_json::json!({"Name": "a"})).contains("lacks `Value`"));

    let output = model.output("PutParameter");
    assert!(probe::read::<Misspelt>(&model, output).is_err());
    assert!(probe::read::<Mistyped>(&model, output).is_err());
}
