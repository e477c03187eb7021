//! What can go wrong, row by row: the test that shows it, `-` when it does not concern us, `:` when it is not tested and why.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::figures;

const ROWS: &str = include_str!("catalogue.txt");
const COUNT: usize = 181;

#[test]
fn every_fault_has_a_test_or_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = HashSet::new();
    for folder in ["src", "tests", "crates"] {
        collect(&root.join(folder), &mut tests);
    }
    let (mut tested, mut foreign, mut untested) = (0, 0, 0);
    for (index, row) in ROWS.lines().enumerate() {
        let parts: Vec<&str> = row.split(" | ").collect();
        let [number, _, how] = parts[..] else { panic!("not a row: {row}") };
        assert_eq!(number, (index + 1).to_string());
        match how.split_once(' ') {
            Some(("-", _)) => foreign += 1,
            Some((":", _)) => untested += 1,
            _ => {
                assert!(tests.contains(how), "there is no test `{how}`");
                tested += 1;
            }
        }
    }
    assert_eq!(tested + foreign + untested, COUNT);
    let concern = COUNT - foreign;
    figures::note("catalogue", &format!("{tested} tested of {concern} that concern us"));
}

/// The names of all functions in the Rust files below a folder.
fn collect(folder: &Path, names: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of this repository") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            collect(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("it is text");
            let found = text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
            names.extend(found.map(str::to_owned));
        }
    }
}
