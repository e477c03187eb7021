//! What the tests measured, for whoever wants to read it: one file a subject in `target/tmp/convergence/`.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

/// Adds a line. The files are those of the last run.
pub fn note(subject: &str, line: &str) {
    static BEGUN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut begun = BEGUN.lock().expect("no test panics while it holds this");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("convergence");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let is_new = !begun.iter().any(|one| one == subject);
    if is_new {
        begun.push(subject.to_owned());
    }
    let file = folder.join(format!("{subject}.txt"));
    let file =
        OpenOptions::new().create(true).write(true).append(!is_new).truncate(is_new).open(file);
    writeln!(file.expect("the target folder can be written"), "{line}").expect("the disk has room");
}
