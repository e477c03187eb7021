//! Where each service is. One service elsewhere than the others is a stack in two places, where nothing works.

use aws_config::SdkConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use super::is_loopback;
use engine::error::{Error, Result};

/// The services that stackctl calls, as the SDK knows them, and as people do.
const SERVICES: [(&str, &str); 8] = [
    ("ApiGatewayV2", "API Gateway"),
    ("CloudWatch Logs", "CloudWatch Logs"),
    ("DynamoDB", "DynamoDB"),
    ("IAM", "IAM"),
    ("Lambda", "Lambda"),
    ("Scheduler", "EventBridge Scheduler"),
    ("SQS", "SQS"),
    ("STS", "STS"),
];

/// Services that only some stacks use. They go where the others go, unless they have an endpoint of their own.
const FURTHER: [(&str, &str); 2] =
    [("Cognito Identity Provider", "Cognito"), ("SSM", "Systems Manager")];

/// The SDK reads `[services]` by its own spelling, and AWS documents another.
///
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
const DOCUMENTED: [(&str, &str); 2] = [
    ("CloudWatch Logs", "cloudwatch_logs"),
    ("Cognito Identity Provider", "cognito_identity_provider"),
];

/// A place that services are at.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Aws,
    /// Scheme, host and port of what stands for AWS.
    Other(String),
}

/// `sdk`, sending every service to the one place that the environment and the profile name, if it is one.
///
/// Services of AWS may each have an endpoint of their own: a VPC's, or one of a region.
pub fn settled(sdk: SdkConfig) -> Result<SdkConfig> {
    let common = sdk.endpoint_url();
    let endpoints = SERVICES.map(|(id, name)| {
        let own = sdk.service_config().and_then(|config| endpoint_of(config, id));
        (name, own.or(common.map(str::to_owned)))
    });
    let further = FURTHER
        .iter()
        .filter_map(|(id, name)| Some((*name, endpoint_of(sdk.service_config()?, id)?)));
    let mut places: Vec<_> =
        endpoints.iter().map(|(name, endpoint)| (*name, place(endpoint.as_deref()))).collect();
    places.extend(further.map(|(name, endpoint)| (name, place(Some(&endpoint)))));
    if places.iter().any(|(_, place)| *place != places[0].1) {
        return Err(split(&places));
    }
    match &endpoints[0] {
        // Also for what the SDK spells in another way.
        (_, Some(endpoint)) if places[0].1 != Place::Aws => {
            let endpoint = endpoint.clone();
            Ok(sdk.into_builder().endpoint_url(endpoint).build())
        }
        _ => Ok(sdk),
    }
}

fn endpoint_of(config: &dyn LoadServiceConfig, id: &str) -> Option<String> {
    let documented = DOCUMENTED.iter().filter(|(service, _)| *service == id).map(|pair| pair.1);
    std::iter::once(id).chain(documented).find_map(|id| {
        let key = ServiceConfigKey::builder().service_id(id);
        let key = key.env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
        config.load_config(key)
    })
}

fn place(endpoint: Option<&str>) -> Place {
    let Some(endpoint) = endpoint else {
        return Place::Aws;
    };
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default().to_lowercase();
    let of_aws =
        [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws", ".c2s.ic.gov"];
    if of_aws.iter().any(|end| host.ends_with(end)) {
        return Place::Aws;
    }
    // The names of this machine are one place.
    let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
    let authority =
        if is_loopback(endpoint) { format!("localhost:{port}") } else { authority.to_lowercase() };
    Place::Other(format!("{scheme}://{authority}"))
}

fn split(places: &[(&str, Place)]) -> Error {
    let mut groups: Vec<(&Place, Vec<&str>)> = vec![];
    for (name, place) in places {
        match groups.iter_mut().find(|(known, _)| *known == place) {
            Some((_, names)) => names.push(name),
            None => groups.push((place, vec![name])),
        }
    }
    let told = groups.iter().map(|(place, names)| {
        let place = match place {
            Place::Aws => "AWS",
            Place::Other(place) => place,
        };
        format!("{} to {place}", names.join(", "))
    });
    let told: Vec<String> = told.collect();
    Error::usage("the environment sends the services of one stack to different places")
        .cause(told.join("; "))
        .hint("unset the `AWS_ENDPOINT_URL_…` variables and the `[services]` of the profile, or use `AWS_ENDPOINT_URL` for all services; for the local cloud, add `--local`")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// What the environment says, as variables without `AWS_ENDPOINT_URL_`, and the profile.
    #[derive(Debug)]
    struct Said(HashMap<&'static str, &'static str>);

    impl LoadServiceConfig for Said {
        fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
            let variable = key.service_id().to_uppercase().replace(' ', "_");
            let profile = key.service_id().to_lowercase().replace(' ', "-");
            let said = self.0.get(variable.as_str()).or_else(|| self.0.get(profile.as_str()));
            said.map(|url| (*url).to_owned())
        }
    }

    fn told(common: Option<&str>, said: &[(&'static str, &'static str)]) -> Result<Option<String>> {
        let mut sdk = SdkConfig::builder().service_config(Said(said.iter().copied().collect()));
        sdk.set_endpoint_url(common.map(str::to_owned));
        settled(sdk.build()).map(|sdk| sdk.endpoint_url().map(str::to_owned))
    }

    #[test]
    fn all_services_are_in_one_place() {
        assert_eq!(told(None, &[]), Ok(None));
        assert_eq!(told(Some("http://localhost:1"), &[]), Ok(Some("http://localhost:1".into())));
        let same = [("DYNAMODB", "http://127.0.0.1:1/")];
        assert_eq!(told(Some("http://localhost:1"), &same), Ok(Some("http://localhost:1".into())));
    }

    #[test]
    fn one_service_elsewhere_is_refused_by_its_name() {
        let error = told(None, &[("DYNAMODB", "http://127.0.0.1:8000")]).expect_err("refused");
        assert_eq!(
            error.cause.as_deref(),
            Some(
                "API Gateway, CloudWatch Logs, IAM, Lambda, EventBridge Scheduler, SQS, STS to AWS; DynamoDB to http://localhost:8000"
            )
        );
        assert!(told(Some("http://127.0.0.1:1"), &[("DYNAMODB", "http://127.0.0.1:2")]).is_err());
        assert!(
            told(Some("http://127.0.0.1:1"), &[("STS", "https://sts.eu-west-1.amazonaws.com")])
                .is_err()
        );
        let others =
            ["APIGATEWAYV2", "CLOUDWATCH_LOGS", "IAM", "LAMBDA", "SCHEDULER", "SQS", "STS"];
        for service in others {
            assert!(told(None, &[(service, "http://127.0.0.1:2")]).is_err(), "{service}");
        }
    }

    #[test]
    fn a_service_of_some_stacks_may_be_elsewhere_in_no_stack() {
        let url = "http://127.0.0.1:2";
        for key in
            ["COGNITO_IDENTITY_PROVIDER", "cognito-identity-provider", "cognito_identity_provider"]
        {
            let error = told(None, &[(key, url)]).expect_err("refused");
            assert!(
                error.cause.is_some_and(|cause| cause.ends_with("; Cognito to http://localhost:2"))
            );
            assert_eq!(told(Some(url), &[(key, url)]), Ok(Some(url.into())));
        }
        let vpc = "https://vpce-1.cognito-idp.us-east-1.vpce.amazonaws.com";
        assert_eq!(told(None, &[("COGNITO_IDENTITY_PROVIDER", vpc)]), Ok(None));
    }

    #[test]
    fn endpoints_of_aws_are_one_place() {
        let vpc = ("DYNAMODB", "https://vpce-1.dynamodb.us-east-1.vpce.amazonaws.com");
        assert_eq!(told(None, &[vpc, ("STS", "https://sts.us-east-1.amazonaws.com")]), Ok(None));
    }

    #[test]
    fn both_spellings_of_a_profile_are_heeded() {
        for spelling in ["cloudwatch-logs", "cloudwatch_logs", "CLOUDWATCH_LOGS"] {
            assert!(told(None, &[(spelling, "http://127.0.0.1:2")]).is_err(), "{spelling}");
        }
        let all = ["apigatewayv2", "cloudwatch_logs", "dynamodb", "iam"];
        let more = ["lambda", "scheduler", "sqs", "sts"];
        let all = all.into_iter().chain(more);
        let all: Vec<_> = all.map(|one| (one, "http://127.0.0.1:2")).collect();
        assert_eq!(told(None, &all), Ok(Some("http://127.0.0.1:2".into())));
    }
}
