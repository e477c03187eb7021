//! `stackctl build`

use serde_json::json;

use super::{App, Which};
use crate::cli::examples;
use crate::recipe::recipe;
use engine::error::Result;
use engine::{Graph, Id, Label, Progress, alone};

/// Build the handler into the zip that Lambda runs: same source, same bytes
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "stackctl build                    print where the zip is, and its digest",
    "stackctl build --output json",
))]
pub struct Args {
    #[command(flatten)]
    which: Which,
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let config = args.which.config(app)?;
    let recipe = recipe(&config);
    let label = Label { kind: "code".into(), name: recipe.crate_directory.display().to_string() };
    let work = app.ui.watch(vec![label], async |events| {
        let progress = Progress::new(Id::after(&Graph::default()), events);
        alone(&progress, Box::pin(package::build(&recipe, &progress))).await
    });
    let artifact = app.unless_stopped(Box::pin(work)).await?;
    let path =
        artifact.path.strip_prefix(&config.root).unwrap_or(&artifact.path).display().to_string();
    let text = || format!("{path}\n{} bytes, sha256 {}", artifact.bytes, artifact.sha256.hex());
    app.ui.result(text, || {
        json!({
            "artifact": path,
            "sha256": artifact.sha256.hex(),
            "code_sha256": artifact.sha256.base64(),
            "bytes": artifact.bytes,
            "architecture": artifact.architecture.name(),
        })
    })
}
