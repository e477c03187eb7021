//! Zips to ship: the real handler, built once a run, and others made from it.

use std::fs::{self, File};
use std::io::{Cursor, Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::Outcome;

/// A zip on this machine.
pub struct Artifact {
    path: PathBuf,
}

impl Artifact {
    /// The handler of this repository, as `stackctl build` makes it. Later runs find it built.
    pub fn handler() -> &'static Self {
        static BUILT: OnceLock<Artifact> = OnceLock::new();
        BUILT.get_or_init(|| {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("handler-zip");
            fs::create_dir_all(&folder).expect("the target folder can be written");
            let _ = symlink(
                Path::new(env!("CARGO_MANIFEST_DIR")).join("handler"),
                folder.join("handler"),
            );
            fs::write(folder.join("stack.toml"), super::project::text("handler-zip"))
                .expect("the target folder can be written");
            let mut command = Command::new(env!("CARGO_BIN_EXE_stackctl"));
            command.args(["build", "--output", "json"]).current_dir(&folder).stdin(Stdio::null());
            let built = Outcome::from(command.output().expect("the binary was built")).succeeded();
            let path = built.json()["artifact"].as_str().map(|path| folder.join(path));
            Self { path: path.expect("the path of the zip") }
        })
    }

    /// The same program in a zip with other bytes, which is other code to Lambda.
    pub fn changed(folder: &Path) -> Self {
        let mut program = Vec::new();
        let zip = File::open(Self::handler().path()).expect("it was built");
        let mut zip = ZipArchive::new(zip).expect("it is a zip");
        let mut entry = zip.by_name("bootstrap").expect("it has a program");
        entry.read_to_end(&mut program).expect("it can be unpacked");
        let path = folder.join("changed.zip");
        pack(&path, &[("bootstrap", &program), ("CHANGED", b"by a test")]);
        Self { path }
    }

    /// A program that Lambda can start, and that ends at once without a word.
    pub fn broken(folder: &Path) -> Self {
        let program = folder.join("bootstrap");
        let mut compiler = Command::new("rustc");
        compiler.args(["--edition", "2024", "-C", "strip=symbols", "-o"]).arg(&program).arg("-");
        let mut compiler = compiler.stdin(Stdio::piped()).spawn().expect("there is a compiler");
        let mut source = compiler.stdin.take().expect("it is piped");
        source.write_all(b"fn main() {}").expect("it is read");
        drop(source);
        assert!(compiler.wait().expect("it was started").success());
        let path = folder.join("broken.zip");
        pack(&path, &[("bootstrap", &fs::read(program).expect("it was compiled"))]);
        Self { path }
    }

    pub fn path(&self) -> &str {
        self.path.to_str().expect("the path is text")
    }
}

fn pack(path: &Path, entries: &[(&str, &[u8])]) {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().unix_permissions(0o755);
        zip.start_file(*name, options).expect("a new entry");
        zip.write_all(bytes).expect("it is kept in memory");
    }
    let bytes = zip.finish().expect("it is kept in memory").into_inner();
    fs::write(path, bytes).expect("the folder can be written");
}
