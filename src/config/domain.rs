//! `[domain]`: the stack's own names, instead of those that AWS gives.

use std::collections::BTreeSet;

use serde::Deserialize;

use engine::error::{Error, Result};

/// ACM takes ten names in one certificate, unless the account's quota is another:
/// <https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html>
const MOST_REDIRECTS: usize = 9;
/// The first name of a certificate has no more characters:
/// <https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html>
const LONGEST_FIRST: usize = 64;
const LONGEST: usize = 253;

/// Policies of CloudFront that take TLS 1.2 at least:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html>
const TLS: [&str; 5] =
    ["TLSv1.2_2018", "TLSv1.2_2019", "TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"];

/// Names that belong to AWS.
const OF_AWS: [&str; 4] = ["amazonaws.com", "amazonaws.com.cn", "cloudfront.net", "aws.dev"];

/// `[domain]` as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct DomainKeys {
    pub name: String,
    pub redirects: Vec<String>,
    pub api: String,
    pub zone: String,
    pub certificate: String,
    pub minimum_tls: String,
    pub take_over: bool,
}

impl Default for DomainKeys {
    fn default() -> Self {
        Self {
            name: String::new(),
            redirects: Vec::new(),
            api: String::new(),
            zone: String::new(),
            certificate: String::new(),
            minimum_tls: "TLSv1.2_2021".to_owned(),
            take_over: false,
        }
    }
}

/// The names of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Those of the site.
    pub site: Option<SiteNames>,
    /// The API's own, beside the path that it has behind the site's.
    pub api: Option<String>,
    pub zone: Zone,
    /// Whether records of others, which have the stack's names, are replaced.
    pub take_over: bool,
}

/// The names of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteNames {
    pub name: String,
    /// Further names, from which viewers are sent to `name`.
    pub redirects: Vec<String>,
    /// The ARN of a certificate that is somebody else's business; `None`: the stack has its own.
    pub certificate: Option<String>,
    /// The oldest protocol that viewers may use, and the ciphers with it.
    pub minimum_tls: String,
}

/// Where the records are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Zone {
    /// In the account's public hosted zone with the longest name that fits.
    Found,
    /// In the hosted zone of this id.
    Given(String),
    /// Somewhere that stackctl does not reach.
    Elsewhere,
}

impl SiteNames {
    /// Every name, the main one first.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.name).chain(&self.redirects)
    }
}

impl Domain {
    pub fn of(keys: DomainKeys, has_site: bool) -> Result<Self> {
        if keys.name.is_empty() && keys.api.is_empty() {
            return Err(Error::usage("`[domain]` has neither `name` nor `api`").hint(
                "`name` is the site's, such as \"app.example.com\"; `api` is the API's own",
            ));
        }
        let api = Some(keys.api.clone()).filter(|name| !name.is_empty());
        api.iter().try_for_each(|name| first("api", name))?;
        let domain = Self {
            zone: zone(&keys.zone)?,
            take_over: keys.take_over,
            site: site(keys, has_site)?,
            api,
        };
        let mut seen = BTreeSet::new();
        let names = domain.site.iter().flat_map(SiteNames::all).chain(&domain.api);
        for name in names {
            if !seen.insert(name) {
                return Err(Error::usage(format!("`[domain]` has `{name}` twice"))
                    .hint("each name leads to one thing"));
            }
        }
        Ok(domain)
    }
}

fn site(keys: DomainKeys, has_site: bool) -> Result<Option<SiteNames>> {
    let DomainKeys { name, redirects, certificate, minimum_tls, .. } = keys;
    if name.is_empty() {
        let needless =
            [("redirects", !redirects.is_empty()), ("certificate", !certificate.is_empty())];
        return match needless.iter().find(|(_, is_said)| *is_said) {
            Some((key, _)) => Err(Error::usage(format!("`domain.{key}` needs `domain.name`"))
                .hint("set `name` to the name of the site")),
            None => Ok(None),
        };
    }
    if !has_site {
        return Err(Error::usage("`domain.name` is the name of a site, and there is no `[site]`")
            .hint("add `[site]`; for the API alone, set `domain.api` instead of `domain.name`"));
    }
    first("name", &name)?;
    redirects.iter().try_for_each(|name| host("redirects", name))?;
    if redirects.len() > MOST_REDIRECTS {
        let message = format!("`domain.redirects` has {} names", redirects.len());
        return Err(Error::usage(message)
            .hint(format!("a certificate has room for {MOST_REDIRECTS} besides `domain.name`")));
    }
    if !TLS.contains(&minimum_tls.as_str()) {
        let known: Vec<String> = TLS.iter().map(|one| format!("\"{one}\"")).collect();
        return Err(Error::usage(format!(
            "`domain.minimum_tls` is \"{minimum_tls}\", and takes {}",
            known.join(", ")
        )));
    }
    let certificate = Some(certificate).filter(|arn| !arn.is_empty());
    certificate.iter().try_for_each(|arn| check_certificate(arn))?;
    Ok(Some(SiteNames { name, redirects, certificate, minimum_tls }))
}

fn zone(said: &str) -> Result<Zone> {
    let is_id = |id: &str| {
        let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        id.starts_with('Z') && id.len() <= 32 && id.chars().all(fits)
    };
    match said.strip_prefix("/hostedzone/").unwrap_or(said) {
        "" => Ok(Zone::Found),
        "none" => Ok(Zone::Elsewhere),
        id if is_id(id) => Ok(Zone::Given(id.to_owned())),
        _ => Err(Error::usage(format!("`domain.zone` is \"{said}\", which is no hosted zone")).hint(
            "take the id of a public hosted zone, such as \"Z0123456789ABCDEFGHIJ\", \"none\" for DNS elsewhere, or \"\" to let stackctl find it",
        )),
    }
}

/// CloudFront reads certificates of one region alone.
fn check_certificate(arn: &str) -> Result<()> {
    let refused = || Error::usage(format!("`domain.certificate` is \"{arn}\""));
    let parts: Vec<&str> = arn.split(':').collect();
    match parts[..] {
        ["arn", _, "acm", "us-east-1", _, id] if id.starts_with("certificate/") => Ok(()),
        ["arn", _, "acm", region, _, _] => Err(refused()
            .cause(format!("it is in {region}, and CloudFront takes certificates of us-east-1 alone"))
            .hint("leave `certificate` out, and stackctl requests one where CloudFront finds it")),
        _ => Err(refused().cause("that is no ARN of a certificate").hint(
            "such as \"arn:aws:acm:us-east-1:123456789012:certificate/…\", or nothing for one of the stack's own",
        )),
    }
}

/// A name that a certificate begins with.
fn first(key: &str, name: &str) -> Result<()> {
    host(key, name)?;
    if name.len() > LONGEST_FIRST {
        return Err(Error::usage(format!("`domain.{key}` has {} characters", name.len()))
            .cause(format!("the first name of a certificate has at most {LONGEST_FIRST}"))
            .hint("choose a shorter name"));
    }
    Ok(())
}

/// A host's name as DNS, certificates and browsers write it.
fn host(key: &str, name: &str) -> Result<()> {
    let refused = |hint: &str| {
        Err(Error::usage(format!("`domain.{key}` is \"{name}\", which is no name of a host"))
            .hint(hint))
    };
    if name.contains("://") || name.contains('/') || name.contains(':') {
        return refused("write the name alone, without `https://`, a port or a path");
    }
    if !name.is_ascii() {
        return refused("write it as DNS has it, with `xn--`");
    }
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_label = |label: &str| {
        let hyphens = label.starts_with('-') || label.ends_with('-');
        !label.is_empty() && label.len() <= 63 && !hyphens && label.chars().all(fits)
    };
    let labels: Vec<&str> = name.split('.').collect();
    let is_number = labels.last().is_some_and(|last| last.chars().all(|c| c.is_ascii_digit()));
    let is_host = labels.len() > 1 && !is_number && labels.iter().all(|label| is_label(label));
    if !is_host || name.len() > LONGEST {
        return refused(
            "lower-case letters, digits and hyphens between dots, such as \"app.example.com\"",
        );
    }
    let is_below = |zone: &&&str| {
        name.strip_suffix(**zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    match OF_AWS.iter().find(is_below) {
        Some(zone) => refused(&format!("names in {zone} are AWS's own")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{config, of_stage};

    fn domain(keys: &str) -> Result<Domain> {
        let text = format!("name = \"app\"\n[site]\n[domain]\n{keys}");
        config(&text).map(|config| config.domain.expect("the file has one"))
    }

    #[test]
    fn a_stack_has_names_of_its_own_when_its_file_says_so() {
        assert_eq!(config("name = \"app\"").expect("valid").domain, None);
        let domain = domain("name = \"app.example.com\"").expect("valid");
        let site = domain.site.expect("its name");
        assert_eq!((site.name.as_str(), site.redirects.len()), ("app.example.com", 0));
        assert_eq!((site.minimum_tls.as_str(), site.certificate), ("TLSv1.2_2021", None));
        assert_eq!((domain.zone, domain.api, domain.take_over), (Zone::Found, None, false));
        let text = "name = \"app\"\n[site]\n[domain]\nname = \"app.example.com\"\n[stage.dev.domain]\nname = \"dev.app.example.com\"";
        let dev = of_stage(text, "dev").expect("valid").domain.and_then(|domain| domain.site);
        assert_eq!(dev.expect("its name").name, "dev.app.example.com");
        let api = config("name = \"app\"\n[domain]\napi = \"api.example.com\"").expect("no site");
        let api = api.domain.expect("one");
        assert_eq!((api.site, api.api.as_deref()), (None, Some("api.example.com")));
    }

    #[test]
    fn zones_are_found_given_or_elsewhere() {
        let zone = |said: &str| domain(&format!("name = \"a.example.com\"\nzone = \"{said}\""));
        let zone = |said: &str| zone(said).expect("valid").zone;
        assert_eq!((zone(""), zone("none")), (Zone::Found, Zone::Elsewhere));
        assert_eq!(zone("Z0123AB"), Zone::Given("Z0123AB".into()));
        assert_eq!(zone("/hostedzone/Z0123AB"), Zone::Given("Z0123AB".into()));
    }

    #[test]
    fn what_can_be_no_name_is_refused() {
        let long = format!("name = \"{}.example.com\"", "a".repeat(60));
        let many: Vec<String> = (0..10).map(|n| format!("\"r{n}.example.com\"")).collect();
        let many = format!("name = \"example.com\"\nredirects = [{}]", many.join(", "));
        for (keys, words) in [
            ("", "neither `name` nor `api`"),
            ("name = \"https://app.example.com\"", "no name of a host"),
            ("name = \"app.example.com/\"", "no name of a host"),
            ("name = \"app\"", "no name of a host"),
            ("name = \"App.example.com\"", "no name of a host"),
            ("name = \"app.example.com.\"", "no name of a host"),
            ("name = \"*.example.com\"", "no name of a host"),
            ("name = \"-a.example.com\"", "no name of a host"),
            ("name = \"bücher.example\"", "no name of a host"),
            ("name = \"192.0.2.1\"", "no name of a host"),
            ("name = \"d111.cloudfront.net\"", "no name of a host"),
            (long.as_str(), "has 72 characters"),
            (many.as_str(), "has 10 names"),
            ("name = \"a.example.com\"\nredirects = [\"a.example.com\"]", "twice"),
            ("name = \"a.example.com\"\napi = \"a.example.com\"", "twice"),
            ("api = \"a.example.com\"\nredirects = [\"b.example.com\"]", "needs `domain.name`"),
            ("name = \"a.example.com\"\nzone = \"example.com\"", "no hosted zone"),
            ("name = \"a.example.com\"\nminimum_tls = \"TLSv1\"", "TLSv1.2_2021"),
            ("name = \"a.example.com\"\ncertificate = \"x\"", "`domain.certificate`"),
            (
                "name = \"a.example.com\"\ncertificate = \"arn:aws:acm:eu-west-1:123456789012:certificate/1\"",
                "`domain.certificate`",
            ),
        ] {
            let error = domain(keys).expect_err(keys);
            assert!(error.message.contains(words), "{keys}: {error}");
        }
        let error =
            config("name = \"app\"\n[domain]\nname = \"a.example.com\"").expect_err("no site");
        assert!(error.message.contains("no `[site]`"), "{error}");
    }
}
