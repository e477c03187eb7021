//! `stackctl init`

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::App;
use crate::adopt::{self, KeyDraft, Missing, Project, TableDraft};
use crate::cli::examples;
use crate::config;
use crate::scaffold::{self, File};
use crate::ui::{Question, quoted};
use engine::error::{Doing, Error, Result};

/// Create a project: `stack.toml`, a handler that passes its tests, a CI workflow
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(explained: "In a folder that has a Cargo project with a Lambda function, only `stack.toml` is written: its function, tables, keys, indexes and variables, as an audit of the source finds them.";
    "stackctl init                       in the current folder, using its name",
    "stackctl init shop                  in a new folder",
    "stackctl init backend --name shop   in a folder with another name",
    "stackctl init                       in a Cargo project: writes `stack.toml` alone",
))]
pub struct Args {
    /// Project folder; created if it does not exist
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Name of the stack; defaults to the name of the folder
    #[arg(long)]
    name: Option<String>,
}

pub async fn run(args: &Args, app: &App) -> Result<()> {
    let folder = std::path::absolute(&args.directory)
        .doing(format!("find `{}`", args.directory.display()))?;
    if !is_there(&folder.join(config::FILE))
        && let Some(project) = adopt::find(&folder)?
    {
        return adopted(args, &folder, project, app).await;
    }
    let name = name(args, &folder, app).await?;
    let files = scaffold::files(&name);
    refuse_a_project(&folder, &files)?;
    let (mut written, mut kept) = (Vec::new(), Vec::new());
    for file in files {
        let is_new = !is_there(&folder.join(&file.path));
        if is_new && let Err(error) = write(&folder, &file) {
            written.push(file.path);
            take_back(&folder, &written);
            return Err(error.hint("nothing was left behind; run the same command again"));
        }
        if is_new { written.push(file.path) } else { kept.push(file.path) }
    }
    for path in &kept {
        let lacks_target = path == ".gitignore"
            && machine::read_text(&folder.join(path)).is_ok_and(|text| {
                !text.lines().any(|line| line.trim().trim_matches('/') == "target")
            });
        let hint = if lacks_target { "; add `target/` to it" } else { "" };
        app.ui.say(&format!("kept your existing `{path}`{hint}"));
    }
    if let Some(root) = repository_above(&folder)
        .filter(|_| written.iter().any(|path| path.starts_with(".github/")))
    {
        app.ui.say(&format!(
            "GitHub reads workflows at the root of a repository alone: move `.github` to `{}`",
            root.display()
        ));
    }
    app.ui.result(
        || text(&args.directory, &name, written.len()),
        || json!({"name": name, "directory": folder, "written": written, "kept": kept}),
    )
}

/// Writes `stack.toml` for a project that is there already, and nothing else.
async fn adopted(args: &Args, folder: &Path, project: Project, app: &App) -> Result<()> {
    project.notes.iter().for_each(|note| app.ui.say(note));
    let name = name(args, folder, app).await?;
    let mut draft = project.draft();
    if !app.globals.yes && app.ui.can_ask() {
        for missing in draft.tables.iter_mut().flat_map(TableDraft::missing) {
            ask_key(missing, app).await?;
        }
    }
    let file = draft.write(&name)?;
    let path = config::FILE;
    write(folder, &File { path: path.to_owned(), text: file.text, optional: false })?;
    for (word, lines) in [("read", &file.read), ("assumed", &file.assumed), ("open", &file.open)] {
        for line in lines {
            app.ui.say(&format!("{word:9}{line}"));
        }
    }
    let next = || {
        let here = entered(&args.directory);
        format!("wrote {path} for {name}\n\n{here}{}", steps(&ADOPTED))
    };
    app.ui.result(next, || {
        json!({
            "name": name, "directory": folder, "written": [path], "kept": [],
            "read": file.read, "assumed": file.assumed, "open": file.open,
        })
    })
}

/// The partition key of a table, which only a person knows where no line shows it.
async fn ask_key(missing: Missing<'_>, app: &App) -> Result<()> {
    let suggestion = missing.key.text.clone();
    let prompt = format!("Partition key of {} [{suggestion}]:", missing.of);
    let instead = "pass `--yes` to take what is suggested";
    let question = Question { verb: "`init`", effect: "", prompt: &prompt, instead };
    let answer = app.ask(&question).await?;
    *missing.key = KeyDraft::told(if answer.is_empty() { suggestion } else { answer });
    Ok(())
}

/// From the flag, else from the user, else from the folder.
async fn name(args: &Args, folder: &Path, app: &App) -> Result<String> {
    if let Some(name) = &args.name {
        return config::check_name(name).map(|()| name.clone());
    }
    let suggestion = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let suggestion = config::better_name(&suggestion).unwrap_or_else(|| "my-app".to_owned());
    if app.globals.yes || !app.ui.can_ask() {
        return Ok(suggestion);
    }
    loop {
        let prompt = format!("Name of the stack [{suggestion}]:");
        let question =
            Question { verb: "`init`", effect: "", prompt: &prompt, instead: "pass `--name NAME`" };
        let answer = app.ask(&question).await?;
        let name = if answer.is_empty() { suggestion.clone() } else { answer };
        match config::check_name(&name) {
            Ok(()) => return Ok(name),
            Err(error) => app.ui.say(&error.hint.unwrap_or(error.message)),
        }
    }
}

/// Nothing is ever overwritten, and half a project is worse than none.
fn refuse_a_project(folder: &Path, files: &[File]) -> Result<()> {
    let mut folders = files.iter().flat_map(|file| Path::new(&file.path).ancestors().skip(1));
    if let Some(link) =
        folders.find(|path| folder.join(path).is_symlink() && *path != Path::new(""))
    {
        let message = format!("`{}` in `{}` is a link", link.display(), folder.display());
        return Err(Error::usage(message).hint("nothing was written; choose a folder without it"));
    }
    let mut needed = files.iter().filter(|file| !file.optional);
    match needed.find(|file| is_there(&folder.join(&file.path))) {
        Some(file) => Err(Error::usage(format!(
            "there is a `{}` in `{}` already",
            file.path,
            folder.display()
        ))
        .hint("nothing was written; choose a folder without a project")),
        None => Ok(()),
    }
}

/// The Git repository of which the folder is a part, and not the root.
fn repository_above(folder: &Path) -> Option<&Path> {
    if folder.join(".git").exists() {
        return None;
    }
    folder.ancestors().skip(1).find(|above| above.join(".git").exists())
}

/// Half a project would be refused by the next `init`. Why it cannot be removed says less than why it was not written.
fn take_back(folder: &Path, written: &[String]) {
    for path in written.iter().map(|path| folder.join(path)) {
        let _ = fs::remove_file(&path);
        let above = path.ancestors().skip(1).take_while(|above| *above != folder);
        // A folder with something in it stays.
        above.for_each(|above| drop(fs::remove_dir(above)));
    }
}

/// Also when it is a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn write(folder: &Path, file: &File) -> Result<()> {
    let path = folder.join(&file.path);
    let doing = || format!("write `{}`", path.display());
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).doing(doing())?;
    }
    let mut new = OpenOptions::new().write(true).create_new(true).open(&path).doing(doing())?;
    new.write_all(file.text.as_bytes()).doing(doing())
}

fn text(directory: &Path, name: &str, count: usize) -> String {
    let enter = entered(directory);
    format!("created project {name} ({count} files)\n\n{enter}{}", steps(&CREATED))
}

/// What to do next, with what it does.
const CREATED: [(&str, &str); 4] = [
    ("stackctl up --local", "the whole stack on this machine"),
    ("stackctl dev", "the same, and again on every save"),
    ("stackctl up", "the same in your AWS account"),
    ("(cd handler && cargo test)", "the handler against its contract"),
];
const ADOPTED: [(&str, &str); 3] = [
    ("stackctl plan --local", "what would be made"),
    ("stackctl up --local", "the whole stack on this machine"),
    ("stackctl up", "the same in your AWS account"),
];

fn steps(steps: &[(&str, &str)]) -> String {
    let line = |(step, what): &(&str, &str)| format!("  {step:28}{what}");
    steps.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn entered(directory: &Path) -> String {
    if directory == Path::new(".") {
        return String::new();
    }
    format!("  cd {}\n", quoted(&directory.display().to_string()))
}
