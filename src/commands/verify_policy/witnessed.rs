//! `verify-policy --witness`: the rights taken away one after the other.

use std::path::PathBuf;

use super::{App, Case};
use crate::commands::sources::{built, quick, zipped};
use crate::config::Config;
use crate::resources::Source;
use crate::witness::Witness;
use engine::Label;
use engine::error::{Error, Result};

/// Adds what the witness saw to the case. Ctrl-C ends it with everything taken away that it made.
pub async fn run(binary: Option<&PathBuf>, app: &App, case: &mut Case) -> Result<()> {
    let Some(handler) = &case.handler else {
        return Err(Error::usage("the witness needs the project, and not a snapshot of it"));
    };
    let config = case.config(app)?;
    let cloud = app.cloud(&config).await.map_err(|error| {
        let hint = "the witness works on this machine alone: add `--local`";
        if app.globals.local { error } else { error.hint(hint) }
    })?;
    let source = |config: &Config| match binary {
        Some(path) => zipped(config, path),
        None if app.globals.local => Source::Build(quick(config)),
        None => built(config),
    };
    let witness = Witness::new(&cloud, &config, &handler.blueprint, source)?;
    let mut labels = witness.stack.graph.labels();
    labels.push(Label { kind: "witness".into(), name: "who misses which right".into() });
    let matrix =
        app.ui.watch(labels, async |events| Box::pin(witness.run(&app.stop, events)).await).await?;
    case.findings.extend(matrix.findings(&handler.manifest));
    case.witness = Some(matrix);
    Ok(())
}
