//! Where the code of each function comes from: its crate, or a zip that was made earlier.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::recipe::recipe;
use crate::resources::Source;
use engine::error::{Error, Result};

/// `--artifact`
#[derive(Debug, clap::Args)]
pub struct Artifacts {
    /// Ship this zip, made earlier by `stackctl build`, instead of building; with several functions `KEY=FILE`, once each
    #[arg(long = "artifact", value_name = "FILE")]
    named: Vec<String>,
}

impl Artifacts {
    /// The source of each function of the stack: of one that has no zip, its crate.
    pub fn sources(&self, config: &Config) -> Result<impl Fn(&Config) -> Source + use<>> {
        let mut zips: BTreeMap<String, PathBuf> = BTreeMap::new();
        for named in &self.named {
            let (key, file) = keyed(named, config)?;
            if zips.insert(key.clone(), file).is_some() {
                return Err(Error::usage(format!("`--artifact` names two zips for `{key}`")));
            }
        }
        Ok(move |config: &Config| match zips.get(&config.about) {
            Some(path) => zipped(config, path),
            None => built(config),
        })
    }
}

/// The function and the file that `KEY=FILE` names; a file alone is for the only function.
fn keyed(named: &str, config: &Config) -> Result<(String, PathBuf)> {
    if let Some((key, file)) = named.split_once('=')
        && config.functions.contains_key(key)
    {
        return Ok((key.to_owned(), file.into()));
    }
    if config.functions.len() == 1 {
        return Ok((config.about.clone(), named.into()));
    }
    let keys: Vec<&str> = config.functions.keys().map(String::as_str).collect();
    let example = format!("`--artifact {}={named}`", config.about);
    Err(Error::usage(format!("`--artifact {named}` does not say of which function it is"))
        .hint(format!("write {example}; the functions are: {}", keys.join(", "))))
}

/// The code of the function that `config` is about, from its crate.
pub fn built(config: &Config) -> Source {
    Source::Build(recipe(config))
}

/// The code of the function that `config` is about, from a zip.
pub fn zipped(config: &Config, path: &Path) -> Source {
    Source::File(path.to_owned(), config.function().settings.architecture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    fn key_of(text: &str, named: &str) -> Result<String> {
        keyed(named, &config(text).expect("valid")).map(|(key, _)| key)
    }

    #[test]
    fn a_zip_is_for_the_function_that_is_named_or_for_the_only_one() {
        let one = "name = \"app\"";
        let two = "name = \"app\"\n[function]\n[functions.worker]\nbin = \"worker\"";
        assert_eq!(key_of(one, "a=b.zip").as_deref(), Ok("api"), "the file has such a name");
        assert_eq!(key_of(two, "worker=b.zip").as_deref(), Ok("worker"));
        let error = key_of(two, "b.zip").expect_err("which one?");
        assert_eq!(error.message, "`--artifact b.zip` does not say of which function it is");
        assert_eq!(
            error.hint.as_deref(),
            Some("write `--artifact api=b.zip`; the functions are: api, worker")
        );
    }
}
