//! Indexes that the file does not say any more. `up` leaves them, because the version that is live until it moves reads
//! them, and because one that somebody else made may be used by somebody else. `up --drop-indexes` deletes them, behind a
//! version that has proved itself.

use std::collections::BTreeSet;

use super::App;
use super::widening::agreed;
use crate::cloud::Cloud;
use crate::config::{Config, Table};
use crate::resources;
use crate::stack::Stack;
use crate::ui::Question;
use engine::error::Result;
use engine::{Events, Plan, Progress};

/// Tables, each with the indexes that it has and the file does not say.
pub type Surplus<'a> = Vec<(&'a Table, BTreeSet<String>)>;

/// What there is to delete.
pub fn of<'a>(config: &'a Config, stack: &Stack, plan: &Plan) -> Surplus<'a> {
    let one = |table: &'a Table| {
        let live = plan.find(stack.tables[&table.key])?;
        let more = live.indexes_besides(&table.indexes);
        (!more.is_empty()).then_some((table, more))
    };
    config.tables.values().filter_map(one).collect()
}

/// Asks, unless `--yes` has answered already.
pub async fn confirm(app: &App, surplus: &Surplus<'_>) -> Result<()> {
    if surplus.is_empty() {
        return Ok(());
    }
    let line = |(table, names): &(&Table, BTreeSet<String>)| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!("  - {} of table `{}`", names.join(", "), table.name)
    };
    let lines: Vec<String> = surplus.iter().map(line).collect();
    let effect = format!(
        "this deletes indexes, and whatever still reads them fails, an earlier version after `rollback`, too:\n{}",
        lines.join("\n")
    );
    if app.globals.yes {
        app.ui.say(&effect);
        return Ok(());
    }
    let prompt = "Delete these indexes? (yes/no)";
    let instead = "pass `--yes` to agree";
    let question = Question { verb: "`up --drop-indexes`", effect: &effect, prompt, instead };
    agreed(app, &question).await
}

/// Deletes them, one after another. The items of the tables stay.
pub async fn carry_out(
    cloud: &Cloud,
    config: &Config,
    stack: &Stack,
    surplus: &Surplus<'_>,
    events: &Events,
) -> Result<()> {
    for (table, names) in surplus {
        let progress = Progress::new(stack.tables[&table.key].id, events);
        resources::Table::new(cloud, config, table).drop_indexes(names, &progress).await?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        progress.output(format!("deleted {} of table `{}`", names.join(", "), table.name));
    }
    Ok(())
}
