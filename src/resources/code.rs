//! The handler's code: built, or taken from a zip that was built earlier. It lives on this machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::cloud::Cloud;
use engine::error::{Error, Result};
use engine::{Difference, Inputs, Progress, Resource};
use package::{self, Architecture, Artifact, Profile, Recipe};

/// Where the zip comes from.
#[derive(Debug, Clone)]
pub enum Source {
    Build(Recipe),
    /// `--artifact FILE`.
    File(PathBuf, Architecture),
}

pub struct Code {
    source: Source,
    /// Whether it goes to an endpoint on this machine.
    stays_here: bool,
    /// Compiled once, however many ask.
    artifact: Arc<OnceCell<Result<Artifact>>>,
}

impl Code {
    pub fn new(cloud: &Cloud, source: Source) -> Self {
        Self { source, stays_here: cloud.loopback().is_some(), artifact: Arc::default() }
    }

    async fn artifact(&self, progress: &Progress) -> Result<Artifact> {
        let make = || async {
            let made = match &self.source {
                Source::Build(recipe) => package::build(recipe, progress).await,
                Source::File(path, architecture) => package::open(path, *architecture).await,
            };
            made.and_then(|artifact| self.may_be_shipped(&artifact).map(|()| artifact))
        };
        self.artifact.get_or_init(make).await.clone()
    }

    /// Every upload gets its code here, so no quick build reaches AWS.
    fn may_be_shipped(&self, artifact: &Artifact) -> Result<()> {
        if self.stays_here || artifact.profile == Profile::Optimized {
            return Ok(());
        }
        Err(quick_for_aws(&artifact.path))
    }
}

/// What a quick build on its way to AWS is refused with.
pub fn quick_for_aws(path: &Path) -> Error {
    let path = path.display();
    Error::usage(format!("`{path}` is a quick build, which runs on this machine alone"))
        .hint("`stackctl build` makes the zip for AWS")
}

impl Resource for Code {
    type Live = Artifact;

    fn kind(&self) -> &'static str {
        "code"
    }

    fn name(&self) -> String {
        match &self.source {
            Source::Build(recipe) => recipe.crate_directory.display().to_string(),
            Source::File(path, _) => path.display().to_string(),
        }
    }

    fn is_slow_to_read(&self) -> bool {
        true
    }

    async fn read(&self, progress: &Progress) -> Result<Option<Artifact>> {
        self.artifact(progress).await.map(Some)
    }

    fn diff(&self, _: &Inputs, _: &Artifact) -> Vec<Difference> {
        Vec::new()
    }

    async fn create(&self, _: &Inputs, progress: &Progress) -> Result<Artifact> {
        self.artifact(progress).await
    }

    async fn update(&self, _: &Inputs, live: &Artifact, _: &Progress) -> Result<Artifact> {
        Ok(live.clone())
    }

    /// What was built stays for the next time.
    async fn delete(&self, _: &Artifact, _: &Progress) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::replay::Replay;

    #[test]
    fn a_quick_build_never_reaches_aws() {
        let aws = Replay::new([]).cloud();
        assert!(aws.loopback().is_none());
        let code = |stays_here| Code {
            stays_here,
            ..Code::new(&aws, Source::File("x.zip".into(), Architecture::X86_64))
        };
        let artifact = |zip: &[u8]| Artifact::new("x.zip".into(), Architecture::X86_64, zip.into());
        let quick = artifact(b"PK...stackctl: quick build, for the local cloud alone");
        assert_eq!(quick.profile, Profile::Quick);
        let refused = code(false).may_be_shipped(&quick).expect_err("never");
        assert_eq!(refused.message, "`x.zip` is a quick build, which runs on this machine alone");
        assert_eq!(code(true).may_be_shipped(&quick), Ok(()));
        assert_eq!(code(false).may_be_shipped(&artifact(b"PK...")), Ok(()));
    }
}
