//! What AWS answered becomes an [`Error`] with its code, its request id and a hint.

use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::display::DisplayErrorContext;

use engine::error::{self, Error, Kind, Result};
use iam::denial::{Cause, Denial};
use verify::deployer;

/// Turns a call that failed, or reading a file, into our [`Error`]: `call.send().await.doing("create role `x`")?`.
pub trait Doing<T> {
    fn doing(self, doing: impl std::fmt::Display) -> Result<T>;
}

impl<T> Doing<T> for std::io::Result<T> {
    fn doing(self, doing: impl std::fmt::Display) -> Result<T> {
        error::Doing::doing(self, doing)
    }
}

impl<T, E> Doing<T> for std::result::Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn doing(self, doing: impl std::fmt::Display) -> Result<T> {
        self.map_err(|error| translate(&error, Error::failed(doing)))
    }
}

fn translate<E>(answer: &SdkError<E, HttpResponse>, error: Error) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let mut error = match answer {
        SdkError::ServiceError(service) => {
            let metadata = service.err();
            let mut error = error.cause(metadata.message().unwrap_or("AWS gave no reason"));
            error.code = metadata.code().map(str::to_owned);
            if service.raw().status().is_server_error() {
                error.kind = Kind::Unanswered;
            }
            error
        }
        SdkError::ConstructionFailure(_) => error.cause(innermost(answer)),
        _ if speaks_of(answer, "credential") => {
            error.cause(format!("no credentials: {}", innermost(answer)))
        }
        _ => Error { kind: Kind::Unanswered, ..error.cause(innermost(answer)) },
    };
    error.request_id = answer.request_id().map(str::to_owned);
    error.hint = hint(&error);
    error
}

/// The reason at the bottom of the chain: the ones above it only say where it was passed on.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    if let Some(source) = error.source() {
        return innermost(source);
    }
    let text = error.to_string();
    if text.is_empty() { DisplayErrorContext(error).to_string() } else { text }
}

/// Whether an error, or one that it was made from, contains `word`.
fn speaks_of(error: &(dyn std::error::Error + 'static), word: &str) -> bool {
    error.to_string().to_lowercase().contains(word)
        || error.source().is_some_and(|source| speaks_of(source, word))
}

/// What to do about an answer, by its code; an answer without one never reached AWS.
fn hint(error: &Error) -> Option<String> {
    let cause = error.cause.as_deref().unwrap_or_default();
    let text = match error.code.as_deref() {
        Some("ExpiredToken" | "ExpiredTokenException") => {
            "your credentials have expired: log in again with `aws login` or `aws sso login`"
        }
        Some("UnrecognizedClientException") if cause.starts_with("The local cloud refuses") => {
            r#"add `--local`, or run `eval "$(stackctl local env)"` in this shell first"#
        }
        Some("InvalidClientTokenId" | "UnrecognizedClientException") => {
            "AWS does not know this access key: check the profile, and that the region is enabled for the account"
        }
        Some("SignatureDoesNotMatch" | "RequestTimeTooSkewed" | "InvalidSignatureException") => {
            "check this computer's clock, and the secret access key"
        }
        // https://repost.aws/knowledge-center/cloudfront-account-verification
        Some("AccessDenied") if cause.contains("must be verified") => {
            "no policy forbids it: open a case with AWS Support to have the account verified for CloudFront, then run the same command again"
        }
        Some("AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation") => {
            return Some(denial(cause));
        }
        Some("ParameterMaxVersionLimitExceeded") => {
            "Parameter Store keeps 100 versions, and the oldest has a label: move the label with `aws ssm label-parameter-version`"
        }
        Some("InvalidKeyId") => {
            "Parameter Store cannot use the KMS key of the parameter: check that the key is enabled, and that you may use it"
        }
        Some(
            "LimitExceeded"
            | "LimitExceededException"
            | "ParameterLimitExceeded"
            | "TooManyBuckets"
            | "TooManyDistributions"
            | "TooManyFunctions"
            | "TooManyOriginAccessControls",
        ) => {
            "a quota of the account is used up: ask AWS to raise it, or delete resources that you do not need"
        }
        Some("PreconditionFailedException") => {
            "another process changed it at the same moment: run the same command again"
        }
        Some("BucketAlreadyExists") => {
            "another account has a bucket of this name: choose another `name` or stage"
        }
        Some("StagingDistributionInUse") => {
            "a continuous deployment uses the distribution: remove its policy in CloudFront, then run the same command again"
        }
        // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/flat-rate-pricing-plan.html
        _ if cause.contains("subscribed to a pricing plan") => {
            "it is switched off; cancel its pricing plan in CloudFront, and run the same command again when the billing period is over"
        }
        Some("CodeStorageExceededException") => {
            "the region's code storage is full: delete old versions of functions"
        }
        None if cause.contains("credential")
            || cause.contains("profile")
            || cause.contains("SSO") =>
        {
            "log in first with `aws login` or `aws sso login`, or set `AWS_PROFILE` or `--profile`; `--local` needs no account"
        }
        None if cause.contains("invalid peer certificate") => {
            "a proxy or a server with a private CA answered: name its certificates in `AWS_CA_BUNDLE`, or in `ca_bundle` of the profile"
        }
        None if cause.contains("tunnel error") => {
            "the proxy refused the connection: check `HTTPS_PROXY`, which may hold a user and a password, and `NO_PROXY`"
        }
        None if error.kind == Kind::Unanswered => {
            "check the network and the region, then run the same command again: it continues"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// Names the right that is missing, or what forbids it, from AWS's own words:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
fn denial(cause: &str) -> String {
    let Some(denial) = Denial::read(cause) else {
        return "the deployer is missing a permission; add it, then run the same command again: it continues".into();
    };
    let Denial { action, resource, .. } = &denial;
    let forbidden = match denial.cause {
        Cause::Absent => {
            let statement = deployer::statement(action, resource.as_deref().unwrap_or("*"));
            return format!("the deployer needs {statement}; then run the same command again");
        }
        Cause::ExplicitDeny => "a statement denies it, and no Allow can override that",
        Cause::Boundary => "the deployer's permissions boundary does not allow it",
        Cause::Elsewhere => "a policy of the organisation, the session or an endpoint decides",
    };
    format!(
        "{action}: {forbidden}; ask the administrator of the account, then run the same command again"
    )
}

/// Reads the answers that are not failures to us.
pub trait Answer<T> {
    /// `None` when the error has one of `codes`: the thing is not there.
    fn absent_if(self, codes: &[&str]) -> Result<Option<T>>;

    /// Marks the error as [`Kind::Exists`] when it has one of `codes`.
    fn exists_if(self, codes: &[&str]) -> Result<T>;

    /// Whether a create was refused because of what is there already.
    fn exists(&self) -> bool;
}

impl<T> Answer<T> for Result<T> {
    fn absent_if(self, codes: &[&str]) -> Result<Option<T>> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.has_code(codes) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn exists_if(self, codes: &[&str]) -> Result<T> {
        self.map_err(|error| {
            if error.has_code(codes) { Error { kind: Kind::Exists, ..error } } else { error }
        })
    }

    fn exists(&self) -> bool {
        self.as_ref().is_err_and(|error| error.kind == Kind::Exists)
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::operation::create_role::CreateRoleError;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::*;

    #[test]
    fn missing_credentials_are_told_as_such_whoever_was_asked_for_them_last() {
        let asked = std::io::Error::other("an error occurred while loading credentials");
        let other = ConnectorError::other(asked.into(), None);
        let answer: SdkError<CreateRoleError, _> = SdkError::dispatch_failure(other);
        let error = translate(&answer, Error::failed("create role `app`"));
        assert_eq!(error.kind, Kind::Failed);
        assert!(error.cause.is_some_and(|cause| cause.starts_with("no credentials: ")));
        assert!(error.hint.is_some_and(|hint| hint.starts_with("log in first")));
    }

    #[test]
    fn a_denied_call_names_the_statement_to_add() {
        let cause = "User: arn:aws:iam::1:user/d is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::1:role/r because no identity-based policy allows it";
        assert_eq!(
            denial(cause),
            "the deployer needs {\"Effect\": \"Allow\", \"Action\": \"iam:CreateRole\", \"Resource\": \"arn:aws:iam::1:role/r\"}; then run the same command again"
        );
    }

    #[test]
    fn a_denial_without_a_resource_is_told_all_the_same() {
        assert!(
            denial("is not authorized to perform: logs:TagResource")
                .contains("\"logs:TagResource\", \"Resource\": \"*\"")
        );
    }

    #[test]
    fn the_right_to_pass_a_role_is_asked_for_with_its_condition() {
        let told = denial(
            "User: u is not authorized to perform: iam:PassRole on resource: r because no identity-based policy allows the iam:PassRole action",
        );
        assert!(
            told.contains(
                r#""Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}"#
            ),
            "{told}"
        );
    }

    #[test]
    fn a_tag_that_may_not_be_set_names_the_right_to_set_it() {
        let told = denial(
            "User with accountId: 1 is not authorized to perform CreateLogGroup with Tags. An additional permission \"logs:TagResource\" is required.",
        );
        assert!(told.contains(r#""Action": "logs:TagResource""#), "{told}");
    }

    #[test]
    fn nobody_is_told_to_allow_what_a_statement_denies() {
        let told = denial(
            "User: u is not authorized to perform: iam:CreateRole on resource: r with an explicit deny in a service control policy",
        );
        assert!(told.contains("organisation") && !told.contains("needs"), "{told}");
    }

    #[test]
    fn what_the_user_can_do_is_told_by_the_code() {
        for (code, words) in [
            ("ExpiredToken", "log in again"),
            ("ExpiredTokenException", "log in again"),
            ("InvalidClientTokenId", "access key"),
            ("UnrecognizedClientException", "access key"),
            ("SignatureDoesNotMatch", "clock"),
            ("RequestTimeTooSkewed", "clock"),
            ("LimitExceeded", "quota"),
            ("CodeStorageExceededException", "delete old versions"),
            ("PreconditionFailedException", "another process changed it"),
        ] {
            let error = Error { code: Some(code.into()), ..Error::failed("try") };
            assert!(hint(&error).is_some_and(|hint| hint.contains(words)), "{code}");
        }
        assert_eq!(hint(&Error { code: Some("Other".into()), ..Error::failed("try") }), None);
    }

    #[test]
    fn without_an_answer_the_network_or_the_credentials_are_at_fault() {
        let unanswered = |cause| Error::new(Kind::Unanswered, "failed").cause(cause);
        let network = hint(&unanswered("dns error: no such host")).expect("a hint");
        assert!(network.contains("network and the region"));
        let credentials = hint(&unanswered("no credentials in the chain")).expect("a hint");
        assert!(credentials.contains("aws sso login"));
        for (cause, word) in [
            ("invalid peer certificate: UnknownIssuer", "AWS_CA_BUNDLE"),
            ("tunnel error: proxy authorization required", "HTTPS_PROXY"),
        ] {
            assert!(hint(&unanswered(cause)).is_some_and(|hint| hint.contains(word)), "{cause}");
        }
    }
}
