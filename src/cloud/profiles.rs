//! The profiles of `aws configure`, as far as the SDK does not explain what is wrong with one.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::surroundings::Surroundings;
use engine::error::{Error, Result};

/// A profile that names no other is this one.
const DEFAULT: &str = "default";

type Keys = BTreeMap<String, String>;

/// Every profile of the two files, with its keys. Values of keys that hold secrets are not kept.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    found: BTreeMap<String, Keys>,
    files: Vec<PathBuf>,
}

/// The only keys that are read here.
const READ: [&str; 4] = ["ca_bundle", "max_attempts", "mfa_serial", "source_profile"];

impl Profiles {
    /// Reads both files; one that is missing holds no profile.
    pub fn read(surroundings: &Surroundings) -> Self {
        let [config, credentials] = &surroundings.files;
        let text = |path| machine::read_text(path).unwrap_or_default();
        let mut found = BTreeMap::new();
        parse(&text(config), &mut found, |heading| match heading.strip_prefix("profile ") {
            Some(name) => Some(name.trim()),
            None => Some(heading).filter(|heading| *heading == DEFAULT),
        });
        parse(&text(credentials), &mut found, Some);
        Self { found, files: surroundings.files.to_vec() }
    }

    /// Refuses a profile that neither file has.
    pub fn refuse_unknown(&self, name: &str) -> Result<()> {
        if self.found.contains_key(name) {
            return match name.contains(char::is_whitespace) {
                false => Ok(()),
                true => Err(Error::usage(format!("the profile `{name}` has a space in its name"))
                    .hint("AWS's SDK for Rust reads no such profile: give it another name")),
            };
        }
        let files: Vec<String> =
            self.files.iter().map(|file| format!("`{}`", file.display())).collect();
        let error = Error::usage(format!("there is no profile `{name}` in {}", files.join(" or ")));
        if self.found.is_empty() {
            return Err(error.hint("make one with `aws configure`, `aws login` or `aws sso login`"));
        }
        let names: Vec<&str> = self.found.keys().map(String::as_str).collect();
        Err(error.hint(format!("there is: {}", names.join(", "))))
    }

    /// A key of the profile `name`, else of the default one.
    pub fn key(&self, name: Option<&str>, key: &str) -> Option<&str> {
        self.found.get(name.unwrap_or(DEFAULT))?.get(key).map(String::as_str)
    }

    /// Whether the profile, or one that it takes its credentials from, wants the code of an MFA device.
    pub fn wants_mfa(&self, name: Option<&str>) -> bool {
        let (mut next, mut seen) = (Some(name.unwrap_or(DEFAULT)), BTreeSet::new());
        while let Some(name) = next.filter(|name| seen.insert(*name)) {
            if self.key(Some(name), "mfa_serial").is_some() {
                return true;
            }
            next = self.key(Some(name), "source_profile");
        }
        false
    }
}

/// Adds the profiles of one file; `name_of` says which profile a heading begins.
fn parse<'a>(
    text: &'a str,
    found: &mut BTreeMap<String, Keys>,
    name_of: impl Fn(&'a str) -> Option<&'a str>,
) {
    let mut profile = None;
    for line in text.lines() {
        let code = line.split(['#', ';']).next().unwrap_or_default().trim();
        if let Some(heading) = code.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            profile = name_of(heading.trim()).map(|name| name.trim_matches(['"', '\'']).to_owned());
            found.extend(
                profile
                    .clone()
                    .map(|name| (name, Keys::new()))
                    .filter(|(name, _)| !found.contains_key(name)),
            );
            continue;
        }
        // What is indented belongs to the key above it.
        let key = line.split_once('=').filter(|_| !line.starts_with(char::is_whitespace));
        let Some(((key, value), keys)) =
            key.zip(profile.as_ref().and_then(|name| found.get_mut(name)))
        else {
            continue;
        };
        let key = key.trim().to_lowercase();
        if READ.contains(&key.as_str()) {
            keys.insert(key, value.trim().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profiles(config: &str, credentials: &str) -> Profiles {
        let mut found = BTreeMap::new();
        parse(config, &mut found, |heading| match heading.strip_prefix("profile ") {
            Some(name) => Some(name.trim()),
            None => Some(heading).filter(|heading| *heading == DEFAULT),
        });
        parse(credentials, &mut found, Some);
        Profiles { found, files: vec!["config".into(), "credentials".into()] }
    }

    #[test]
    fn a_profile_that_is_not_there_names_those_that_are() {
        let profiles = profiles("[profile prod]\nregion = eu-west-1\n[sso-session x]\n", "[dev]\n");
        assert_eq!(profiles.refuse_unknown("prod"), Ok(()));
        assert_eq!(profiles.refuse_unknown("dev"), Ok(()));
        let error = profiles.refuse_unknown("nope").expect_err("not there");
        assert_eq!(error.message, "there is no profile `nope` in `config` or `credentials`");
        assert_eq!(error.hint.as_deref(), Some("there is: dev, prod"));
    }

    #[test]
    fn a_name_with_a_space_is_refused_with_the_reason() {
        let profiles = profiles("[profile \"my company\"]\nregion = eu-west-1\n", "");
        let error = profiles.refuse_unknown("my company").expect_err("the SDK reads none");
        assert!(error.hint.is_some_and(|hint| hint.contains("another name")));
    }

    #[test]
    fn the_code_of_a_device_is_wanted_by_a_role_or_by_what_it_comes_from() {
        let text = "[profile base]\nmfa_serial = arn:aws:iam::1:mfa/u # mine\n[profile admin]\nrole_arn = r\nsource_profile = base\n[profile loop]\nsource_profile = loop\n";
        let profiles = profiles(text, "[default]\naws_secret_access_key = s\n");
        assert!(profiles.wants_mfa(Some("admin")) && profiles.wants_mfa(Some("base")));
        assert!(!profiles.wants_mfa(Some("loop")) && !profiles.wants_mfa(None));
        assert!(!format!("{profiles:?}").contains("aws_secret"), "no secret is kept");
    }

    #[test]
    fn what_is_indented_is_no_key_of_the_profile() {
        let profiles = profiles("[default]\ns3 =\n  max_attempts = 9\nca_bundle = ca.pem\n", "");
        assert_eq!(profiles.key(None, "max_attempts"), None);
        assert_eq!(profiles.key(None, "ca_bundle"), Some("ca.pem"));
    }
}
