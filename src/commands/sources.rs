//! Where the code of each function comes from: its crate, by a quick or an optimized build, or a zip that was made earlier.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::Globals;
use crate::cloud::Cloud;
use crate::config::Config;
use crate::recipe::recipe;
use crate::resources::{Source, quick_for_aws};
use engine::error::{Error, Result};
use package::{Artifact, Profile, Recipe};

/// The flags of every verb that ships code.
#[derive(Debug, Default, clap::Args)]
pub struct Artifacts {
    /// Use this zip, made earlier by `stackctl build`, instead of building; with several functions `KEY=FILE`, once each
    #[arg(long = "artifact", value_name = "FILE")]
    named: Vec<String>,
    /// With `--local`: build the smaller, faster program that AWS gets; this takes minutes
    #[arg(long)]
    optimized: bool,
}

impl Artifacts {
    /// The source of each function of the stack: of one that has no zip, its crate. A quick build is for `--local` alone.
    pub fn sources(
        &self,
        config: &Config,
        globals: &Globals,
    ) -> Result<impl Fn(&Config) -> Source + use<>> {
        let is_quick = globals.local && !self.optimized;
        let mut zips: BTreeMap<String, PathBuf> = BTreeMap::new();
        for named in &self.named {
            let (key, file) = keyed(named, config)?;
            if zips.insert(key.clone(), file).is_some() {
                return Err(Error::usage(format!("`--artifact` names two zips for `{key}`")));
            }
        }
        Ok(move |config: &Config| match zips.get(&config.about) {
            Some(path) => zipped(config, path),
            None if is_quick => Source::Build(quick(config)),
            None => built(config),
        })
    }

    /// Whether no program of the project is run: every function comes as a zip.
    pub fn are_all(&self, config: &Config) -> bool {
        self.named.len() >= config.functions.len()
    }

    /// Refuses a zip of a quick build before the first call to AWS; `Code` refuses it again before an upload.
    pub fn check(&self, config: &Config, cloud: &Cloud) -> Result<()> {
        if cloud.loopback().is_some() {
            return Ok(());
        }
        for named in &self.named {
            let (_, file) = keyed(named, config)?;
            if package::profile(&file)? == Profile::Quick {
                return Err(quick_for_aws(&file));
            }
        }
        Ok(())
    }
}

/// The recipe of a quick build, for the local cloud alone.
pub fn quick(config: &Config) -> Recipe {
    Recipe { profile: Profile::Quick, ..recipe(config) }
}

/// The recipe of `dev`, which works on no other cloud than one on this machine.
pub fn for_dev(cloud: &Cloud, config: &Config) -> Result<Recipe> {
    match cloud.loopback() {
        Some(_) => Ok(quick(config)),
        None => Err(Error::usage("`dev` works on the local cloud alone")
            .hint("`stackctl deploy` ships the optimized build")),
    }
}

/// Which build the code is, for `--output json`.
pub fn document(artifacts: &[&Artifact]) -> Option<&'static str> {
    artifacts.first().map(|artifact| artifact.profile.word())
}

/// Which build the code is, in one line.
pub fn text(artifacts: &[&Artifact]) -> String {
    let size = mebibytes(artifacts.iter().map(|artifact| artifact.bytes).sum());
    match artifacts.first().map(|artifact| artifact.profile) {
        None => String::new(),
        Some(Profile::Optimized) => format!("code: optimized build, {size}"),
        Some(Profile::Quick) => {
            format!("code: quick build, {size}, for this machine; `--optimized` is what AWS gets")
        }
    }
}

/// Rounded to a tenth.
fn mebibytes(bytes: u64) -> String {
    let tenths = (bytes * 10 + (1 << 19)) >> 20;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
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
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;
    use crate::cloud::replay::Replay;
    use crate::config::tests::config;

    /// What `up` builds with these flags.
    fn profile(flags: &[&str]) -> Profile {
        let config = config("name = \"app\"").expect("valid");
        let words = [&["stackctl", "up"], flags].concat();
        let globals = Cli::try_parse_from(words).expect("it can be typed").globals;
        let artifacts = Artifacts { named: vec![], optimized: flags.contains(&"--optimized") };
        match artifacts.sources(&config, &globals).expect("a source")(&config) {
            Source::Build(recipe) => recipe.profile,
            Source::File(..) => panic!("it is built"),
        }
    }

    #[test]
    fn a_quick_build_is_for_the_local_cloud_alone() {
        assert_eq!(profile(&["--local"]), Profile::Quick);
        for flags in [&[][..], &["--optimized"], &["--local", "--optimized"]] {
            assert_eq!(profile(flags), Profile::Optimized, "{flags:?}");
        }
        let config = config("name = \"app\"").expect("valid");
        let aws = Replay::new([]).cloud();
        assert!(aws.loopback().is_none());
        assert_eq!(for_dev(&aws, &config).expect_err("refused").kind, engine::error::Kind::Usage);
    }

    #[test]
    fn a_zip_of_a_quick_build_is_refused_before_the_first_call() {
        let path = std::env::temp_dir().join(format!("stackctl-quick-{}.zip", std::process::id()));
        std::fs::write(&path, b"PK... stackctl: quick build, for the local cloud alone")
            .expect("a file");
        let named = vec![path.display().to_string()];
        let artifacts = Artifacts { named, optimized: false };
        let (config, aws) = (config("name = \"app\"").expect("valid"), Replay::new([]));
        let error = artifacts.check(&config, &aws.cloud()).expect_err("refused");
        assert!(error.message.ends_with("is a quick build, which runs on this machine alone"));
        std::fs::write(&path, b"PK... of another tool").expect("a file");
        assert_eq!(artifacts.check(&config, &aws.cloud()), Ok(()));
        let _ = std::fs::remove_file(&path);
    }

    #[test]
    fn sizes_are_rounded() {
        assert_eq!(mebibytes(0), "0.0 MiB");
        assert_eq!(mebibytes(1_970_000), "1.9 MiB");
        assert_eq!(mebibytes(12_950_000), "12.4 MiB");
    }

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
