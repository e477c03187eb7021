//! The items of a stack's tables, written to files before the tables go.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::App;
use crate::cloud::Cloud;
use crate::config::{Config, Table};
use crate::resources::{self, LiveTable, probe};
use crate::stack::Stack;
use engine::error::{Doing, Error, Kind, Result};
use engine::{Events, Progress, Reading};

/// The tables that exist, as the file says them and as they are.
pub fn tables<'a>(
    config: &'a Config,
    stack: &Stack,
    reading: &'a Reading,
) -> Vec<(&'a Table, &'a LiveTable)> {
    let live = |table: &'a Table| Some((table, reading.find(stack.tables[&table.key])?));
    config.tables.values().filter_map(live).collect()
}

/// A table, and the file that its items go to.
pub struct Copy {
    table: Table,
    path: PathBuf,
    file: File,
}

/// One table is written to `file`, several to one file each: `items-data.jsonl`, `items-sessions.jsonl`. All of them can
/// be read and written before anything is deleted.
pub async fn opened(
    cloud: &Cloud,
    tables: &[(&Table, &LiveTable)],
    file: &Path,
) -> Result<Vec<Copy>> {
    for (table, _) in tables {
        probe(cloud, &table.name).await?;
    }
    let mut files = Vec::new();
    for (table, _) in tables {
        let path = if tables.len() == 1 { file.to_owned() } else { beside(file, &table.key) };
        match File::create_new(&path).doing(format!("create `{}`", path.display())) {
            Ok(file) => files.push(Copy { table: (*table).clone(), path, file }),
            Err(error) => {
                dropped(&files);
                return Err(error.hint("name a file that does not exist yet"));
            }
        }
    }
    Ok(files)
}

/// A file that does not hold every item is not left behind.
pub fn dropped(files: &[Copy]) {
    for copy in files {
        // Why the export failed says more than why its file cannot be removed.
        let _ = fs::remove_file(&copy.path);
    }
}

pub async fn export(
    app: &App,
    cloud: &Cloud,
    stack: &Stack,
    files: &[Copy],
    events: &Events,
) -> Result<()> {
    for Copy { table, file, .. } in files {
        let progress = Progress::new(stack.tables[&table.key].id, events);
        let mut to = BufWriter::new(file);
        let written = resources::export(cloud, &table.name, &mut to, &progress);
        let written = app.unless_stopped(written).await;
        drop(to);
        if written.is_err() {
            // The tables before it are written, and are exported again by the next run.
            dropped(files);
        }
        written?;
    }
    Ok(())
}

/// The API is gone when an export fails; the items are not.
pub fn items_kept(error: Error) -> Error {
    let again = "the tables are there with all their items: run the same command again";
    if error.kind == Kind::Interrupted {
        return Error::new(Kind::Interrupted, "stopped before the tables were deleted").hint(again);
    }
    let hint = match &error.hint {
        Some(hint) => format!("{hint}; {again}"),
        None => again.to_owned(),
    };
    error.hint(hint)
}

/// `items.jsonl` → `items-data.jsonl`
fn beside(file: &Path, key: &str) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let end = file.extension().map(|end| format!(".{}", end.to_string_lossy())).unwrap_or_default();
    file.with_file_name(format!("{stem}-{key}{end}"))
}
