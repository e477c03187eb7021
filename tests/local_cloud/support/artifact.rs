//! Zips to ship: the real handler, built once a run, and others made from it.

use std::fs::{self, File};
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use engine::Progress;
use package::{Architecture, Profile, Recipe};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::fixture::{self, Behaviour};

/// A zip on this machine.
pub struct Artifact {
    path: PathBuf,
}

impl Artifact {
    /// The handler of this repository as `up --local` builds it: `cargo test` has compiled the same program already.
    pub fn handler() -> &'static Self {
        static BUILT: OnceLock<Artifact> = OnceLock::new();
        BUILT.get_or_init(|| {
            let recipe = Recipe {
                root: Path::new(env!("CARGO_TARGET_TMPDIR")).join("handler-zip"),
                crate_directory: Path::new(env!("CARGO_MANIFEST_DIR")).join("handler"),
                binary: None,
                function: Recipe::MAIN.to_owned(),
                architecture: if cfg!(target_arch = "aarch64") {
                    Architecture::Arm64
                } else {
                    Architecture::X86_64
                },
                profile: Profile::Quick,
            };
            // A thread of its own: some tests run within a runtime.
            let built = thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.expect("a runtime");
                runtime.block_on(package::build(&recipe, &Progress::silent()))
            });
            let built = built.join().expect("it does not panic").expect("it compiles");
            Self { path: built.path }
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

    /// A small handler that behaves like this.
    pub fn behaving(folder: &Path, behaviour: Behaviour) -> Self {
        let program = folder.join(format!("{behaviour:?}"));
        fixture::compile(&program, behaviour);
        let path = program.with_extension("zip");
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
