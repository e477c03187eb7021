//! What is known of each service: the ARNs of what its actions act on.

pub mod dynamodb;

/// Actions of other services that can be granted on `*` alone.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
const WITHOUT_ARN: [&str; 9] = [
    "cloudwatch:GetMetricData",
    "cloudwatch:GetMetricStatistics",
    "cloudwatch:ListMetrics",
    "cloudwatch:PutMetricData",
    "comprehend:DetectSentiment",
    "rekognition:DetectLabels",
    "s3:ListAllMyBuckets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// Whether an action takes no ARN.
pub fn takes_no_arn(action: &str) -> bool {
    WITHOUT_ARN.iter().any(|known| known.eq_ignore_ascii_case(action))
}

/// The ARN of what an action acts on, from the name that a program gives it; nothing where the name does not say it.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
pub fn arn(action: &str, name: &str) -> Option<String> {
    let (service, action) = action.split_once(':')?;
    if service == "s3" {
        return bucket(action, name);
    }
    if name.starts_with("arn:") {
        let of = name.split(':').nth(2)?;
        return (of == service).then(|| name.to_owned());
    }
    let local = |kind: &str| {
        let plain = !name.is_empty()
            && name.chars().all(|one| one.is_ascii_alphanumeric() || "-_./@+=".contains(one));
        let arn = || format!("arn:${{partition}}:{service}:${{region}}:${{account}}:{kind}{name}");
        plain.then(arn)
    };
    match service {
        "sqs" => queue(name),
        // Secrets Manager adds six characters to the name.
        "secretsmanager" => local("secret:").map(|arn| format!("{arn}-??????")),
        "ssm" if action.contains("Parameter") => {
            local("parameter/").map(|arn| arn.replace("parameter//", "parameter/"))
        }
        "lambda" => local("function:"),
        "events" if action == "PutEvents" => local("event-bus/"),
        "kinesis" => local("stream/"),
        "firehose" => local("deliverystream/"),
        _ => None,
    }
}

/// Actions on objects are authorised on what is in a bucket, those on a bucket on the bucket itself.
fn bucket(action: &str, name: &str) -> Option<String> {
    let arn = match name.strip_prefix("arn:") {
        Some(rest) if rest.contains(":s3:::") && !rest.contains('/') => name.to_owned(),
        Some(_) => return None,
        None if name.is_empty() || name.contains(['/', '*', '?', ':']) => return None,
        None => format!("arn:${{partition}}:s3:::{name}"),
    };
    let of_objects = action.contains("Object") || action.contains("MultipartUpload");
    match (action.contains("Bucket"), of_objects) {
        (true, _) => Some(arn),
        (false, true) => Some(format!("{arn}/*")),
        (false, false) => None,
    }
}

/// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html>
fn queue(url: &str) -> Option<String> {
    let mut parts = url.strip_prefix("https://sqs.")?.split('/');
    let (host, account, name) = (parts.next()?, parts.next()?, parts.next()?);
    let region = host.split('.').next()?;
    let digits = account.len() == 12 && account.chars().all(|one| one.is_ascii_digit());
    let whole = digits && !name.is_empty() && parts.next().is_none();
    whole.then(|| format!("arn:${{partition}}:sqs:{region}:{account}:{name}"))
}

/// `by-status` → `ByStatus`: what a `Sid` takes.
pub fn pascal(text: &str) -> String {
    let words = text.split(|one: char| !one.is_ascii_alphanumeric());
    words
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_ascii_uppercase().to_string() + letters.as_str()
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_the_arn_that_its_action_takes() {
        let local = "arn:${partition}:SERVICE:${region}:${account}:";
        for (action, name, wanted) in [
            ("s3:GetObject", "photos", Some("arn:${partition}:s3:::photos/*")),
            ("s3:ListBucket", "photos", Some("arn:${partition}:s3:::photos")),
            ("s3:AbortMultipartUpload", "photos", Some("arn:${partition}:s3:::photos/*")),
            ("s3:GetObject", "", None),
            ("sns:Publish", "arn:aws:sns:r:1:t", Some("arn:aws:sns:r:1:t")),
            ("sns:Publish", "arn:aws:sqs:r:1:t", None),
            ("sqs:SendMessage", "jobs", None),
            (
                "sqs:SendMessage",
                "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs",
                Some("arn:${partition}:sqs:eu-west-1:123456789012:jobs"),
            ),
            ("ssm:GetParameter", "/app/key", Some("SERVICE=ssm parameter/app/key")),
            ("ssm:SendCommand", "x", None),
            (
                "secretsmanager:GetSecretValue",
                "db",
                Some("SERVICE=secretsmanager secret:db-??????"),
            ),
            ("lambda:InvokeFunction", "other", Some("SERVICE=lambda function:other")),
            ("ses:SendEmail", "a@b.c", None),
        ] {
            let wanted = wanted.map(|text| match text.strip_prefix("SERVICE=") {
                Some(text) => {
                    let (service, rest) = text.split_once(' ').expect("two words");
                    local.replace("SERVICE", service) + rest
                }
                None => text.to_owned(),
            });
            assert_eq!(arn(action, name), wanted, "{action} {name}");
        }
    }
}
