//! Two builds of the handler, made once for all tests.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs};

use crate::run;

/// The zips that are shipped: two with different bytes, and the same program in both.
pub struct Artifacts {
    pub first: PathBuf,
    pub second: PathBuf,
}

/// Builds them, or takes the zip that `STACKCTL_TEST_ARTIFACT` names.
pub fn artifacts() -> &'static Artifacts {
    static BUILT: OnceLock<Artifacts> = OnceLock::new();
    BUILT.get_or_init(|| {
        let first = env::var_os("STACKCTL_TEST_ARTIFACT").map_or_else(build, PathBuf::from);
        let folder = env::temp_dir().join(format!("stackctl-artifact-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        let second = folder.join("second.zip");
        let zip = fs::read(&first).expect("the artifact can be read");
        fs::write(&second, with_comment(zip)).expect("the temporary folder can be written");
        Artifacts { first, second }
    })
}

fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = run::stackctl(root, &["build", "--output", "json"])
        .envs(env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RUSTUP_")))
        .output()
        .expect("the binary was built");
    let text = String::from_utf8_lossy(&built.stdout);
    let document: serde_json::Value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&built.stderr)));
    root.join(document["artifact"].as_str().expect("a path"))
}

/// The same files under another hash: a zip ends with the length of its comment and the comment.
fn with_comment(mut zip: Vec<u8>) -> Vec<u8> {
    let end = zip.len();
    assert_eq!(&zip[end - 2..], [0, 0], "it has no comment yet");
    let comment = b"second";
    zip[end - 2] = u8::try_from(comment.len()).expect("it is short");
    zip.extend(comment);
    zip
}
