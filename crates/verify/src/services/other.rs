//! Services without a catalogue of their own here: what is granted is compared with what is needed, as it is written.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use super::{Service, elsewhere};
use crate::snapshot::Stack;

pub struct Other;

impl Service for Other {
    fn actions(&self) -> Vec<String> {
        vec![]
    }

    fn neighbours(&self, stack: &Stack, needed: &[&str]) -> Vec<String> {
        needed.iter().flat_map(|arn| around(stack, arn)).collect()
    }

    fn takes(&self, _action: &str, _resource: &str) -> bool {
        true
    }

    fn arn(&self, action: &str, name: &str) -> Option<String> {
        let (service, action) = action.split_once(':')?;
        if service == "s3" {
            return bucket(action, name);
        }
        let local = |kind: &str| {
            let plain = !name.is_empty()
                && name.chars().all(|one| one.is_ascii_alphanumeric() || "-_./@+=".contains(one));
            let arn =
                || format!("arn:${{partition}}:{service}:${{region}}:${{account}}:{kind}{name}");
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
}

/// The same thing elsewhere, and another one with a longer name.
fn around(stack: &Stack, arn: &str) -> Vec<String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, _, region, account, resource] = parts.as_slice() else { return vec![] };
    let (other_region, other_account) = elsewhere(stack);
    let stem = resource.trim_end_matches(['*', '?']);
    let longer = match stem.strip_suffix('/') {
        Some(bucket) => format!("{bucket}zz/zz"),
        None => format!("{stem}zz"),
    };
    let with = |place: usize, value: &str| {
        let mut parts = parts.clone();
        parts[place] = value;
        parts.join(":").replace(['*', '?'], "z")
    };
    let mut found = vec![with(5, &longer)];
    if !region.is_empty() {
        found.push(with(3, other_region));
    }
    if !account.is_empty() {
        found.push(with(4, other_account));
    }
    found
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
