//! The handler's code: built, or taken from a zip that was built earlier. It lives on this machine.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::OnceCell;

use engine::error::Result;
use engine::{Difference, Inputs, Progress, Resource};
use package::{self, Architecture, Artifact, Recipe};

/// Where the zip comes from.
#[derive(Debug, Clone)]
pub enum Source {
    Build(Recipe),
    /// `--artifact FILE`.
    File(PathBuf, Architecture),
}

pub struct Code {
    source: Source,
    /// Compiled once, however many ask.
    artifact: Arc<OnceCell<Result<Artifact>>>,
}

impl Code {
    pub fn new(source: Source) -> Self {
        Self { source, artifact: Arc::default() }
    }

    async fn artifact(&self, progress: &Progress) -> Result<Artifact> {
        let make = || async {
            match &self.source {
                Source::Build(recipe) => package::build(recipe, progress).await,
                Source::File(path, architecture) => package::open(path, *architecture).await,
            }
        };
        self.artifact.get_or_init(make).await.clone()
    }
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
