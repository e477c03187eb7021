//! From the handler's crate to the very zip that Lambda runs.

mod architecture;
pub mod beside;
mod cargo;
pub mod cfg;
mod commit;
mod digest;
mod elf;
#[cfg(test)]
mod fixture;
mod flags;
mod order;
mod package;
mod profile;
mod project;
mod runtime;
mod settings;
mod store;
mod story;
mod toolchain;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use architecture::Architecture;
pub use commit::file_at;
pub use digest::Digest;
pub use profile::Profile;

use engine::error::{Error, Result};
use engine::{Phases, Progress};

/// What to build, and for which machine.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The folder of `stack.toml`; the zip is put below its `target/stackctl`.
    pub root: PathBuf,
    /// The folder of the handler's `Cargo.toml`.
    pub crate_directory: PathBuf,
    /// The binary to take, when the file names one.
    pub binary: Option<String>,
    /// What the file calls the function: each has a zip of its own.
    pub function: String,
    pub architecture: Architecture,
    pub profile: Profile,
}

impl Recipe {
    /// The function whose zip lies where it lay before a stack could have several.
    pub const MAIN: &str = "api";

    /// Where the zip is put.
    pub fn folder(&self) -> PathBuf {
        let folder = self.root.join("target/stackctl").join(self.profile.folder());
        let folder = if self.function == Self::MAIN { folder } else { folder.join(&self.function) };
        folder.join(self.architecture.name())
    }
}

/// A zip that was checked against everything that Lambda finds out too late.
#[derive(Clone, PartialEq, Eq)]
pub struct Artifact {
    pub path: PathBuf,
    pub architecture: Architecture,
    /// Of the zip: what Lambda calls `CodeSha256`.
    pub sha256: Digest,
    /// Of the zip.
    pub bytes: u64,
    /// What it was built for, as the zip itself says.
    pub profile: Profile,
    /// The commit it was built from, when that is known.
    pub commit: Option<String>,
    /// How long it took to build and to pack.
    pub phases: Phases,
    contents: Arc<[u8]>,
}

impl Artifact {
    /// The zip itself, as it was when it was checked: whatever happens to the file meanwhile.
    pub fn contents(&self) -> &[u8] {
        &self.contents
    }

    /// What is in the zip, and what Lambda starts.
    pub fn program(&self) -> Result<Vec<u8>> {
        package::program(&self.contents)
    }

    pub fn new(path: PathBuf, architecture: Architecture, zip: Vec<u8>) -> Self {
        Self {
            path,
            architecture,
            sha256: Digest::of(&zip),
            bytes: zip.len() as u64,
            profile: Profile::of(&zip),
            commit: None,
            phases: Phases::default(),
            contents: zip.into(),
        }
    }
}

impl fmt::Debug for Artifact {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, architecture, sha256, bytes, .. } = self;
        write!(out, "Artifact({} for {architecture}, {bytes} bytes, {sha256})", path.display())
    }
}

/// Compiles the handler and packs it. The same source gives the same bytes, wherever it lies.
pub async fn build(recipe: &Recipe, progress: &Progress) -> Result<Artifact> {
    let Recipe { crate_directory, architecture, profile, .. } = recipe;
    let folder = recipe.folder();
    let compile = order::compile(recipe, progress);
    let mut phases = Phases::default();
    let building = phases.time("build", compile);
    let (program, commit) = tokio::join!(building, commit::of(crate_directory));
    let program = program?;
    progress.note("packing the zip");
    let (architecture, profile) = (*architecture, *profile);
    let packing = blocking(move || {
        let zip = store::zip(&folder, &program, profile)?;
        Ok(Artifact { commit, ..Artifact::new(folder.join(store::ZIP), architecture, zip) })
    });
    let artifact = phases.time("pack", packing).await?;
    Ok(Artifact { phases, ..artifact })
}

/// What would build the handler: the compiler, and who links. A failure says what is missing, and the command that adds it.
/// Runs no program that the project brings: where it brings a compiler, only a build runs it.
pub async fn ready(recipe: &Recipe) -> Result<String> {
    let Recipe { crate_directory, architecture, .. } = recipe;
    if let Some(file) = toolchain::brought_by_project(crate_directory) {
        return Ok(format!(
            "`{}` names a compiler of the project, which was not run",
            file.display()
        ));
    }
    let settings = settings::Settings::of_user(crate_directory, *architecture).await?;
    let found = toolchain::find(crate_directory, *architecture, settings.has_linker).await?;
    Ok(format!("{} for {architecture}, linked by {}", found.release, found.linking))
}

/// Takes a zip that was made earlier, or elsewhere, after the same checks.
pub async fn open(path: &Path, architecture: Architecture) -> Result<Artifact> {
    let path = path.to_owned();
    blocking(move || {
        let zip = package::read(&path)?;
        package::check(&zip, architecture)?;
        Ok(Artifact::new(path, architecture, zip))
    })
    .await
}

/// What a zip was built for, as it says itself.
pub fn profile(path: &Path) -> Result<Profile> {
    package::read(path).map(|zip| Profile::of(&zip))
}

/// The program in a zip that was made earlier, or a program that is no zip, and the digest of the file.
pub fn program(path: &Path) -> Result<(Vec<u8>, Digest)> {
    let file = package::read(path)?;
    let digest = Digest::of(&file);
    Ok((if file.starts_with(b"\x7fELF") { file } else { package::program(&file)? }, digest))
}

/// Compressing takes long enough to be felt by whatever else is going on.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Error::failed("pack the zip").cause(error)))
}

// On another system a linker for Linux may be missing.
#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;

    use super::*;

    const HERE: Architecture =
        if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 };
    const MANIFEST: &str = "[workspace]\n[package]\nname = 'tiny'\nversion = '0.1.0'\nedition = '2024'\n[[bin]]\nname = 'bootstrap'\npath = 'main.rs'\n";
    const BUILD_SCRIPT: &str = r#"fn main() {
        let folder = std::env::var("OUT_DIR").unwrap();
        std::fs::write(folder + "/made.rs", "fn made(bytes: &[u8], index: usize) -> u8 { bytes[index] }").unwrap();
    }"#;
    const PROGRAM: &str = r#"include!(concat!(env!("OUT_DIR"), "/made.rs"));
        fn main() { println!("{}", made(&[1], std::env::args().count())); }"#;

    /// A project that goes away with the test. Its only function panics with the path of a file made by a build script.
    struct Tiny(PathBuf);

    impl Tiny {
        fn new(name: &str) -> Self {
            let name = format!("stackctl {name} {}", std::process::id());
            let root = std::env::temp_dir().join(name);
            let _ = fs::remove_dir_all(&root);
            fs::create_dir_all(&root).expect("a folder");
            for (file, text) in
                [("Cargo.toml", MANIFEST), ("build.rs", BUILD_SCRIPT), ("main.rs", PROGRAM)]
            {
                fs::write(root.join(file), text).expect("a file");
            }
            Self(root)
        }

        async fn build(&self) -> Result<Artifact> {
            let recipe = Recipe {
                root: self.0.clone(),
                crate_directory: self.0.clone(),
                binary: None,
                function: Recipe::MAIN.to_owned(),
                architecture: HERE,
                profile: Profile::default(),
            };
            build(&recipe, &Progress::silent()).await
        }
    }

    impl Drop for Tiny {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[tokio::test]
    async fn the_same_source_gives_the_same_bytes_in_another_folder() {
        let (one, other) = (Tiny::new("one"), Tiny::new("another folder"));
        let (first, second) = tokio::join!(one.build(), other.build());
        let first = first.expect("an artifact");
        assert_eq!(first.contents(), second.expect("an artifact").contents());
        let opened = open(&first.path, HERE).await.expect("the same artifact");
        assert_eq!(opened, first);
        assert_eq!(one.build().await.expect("nothing to do"), first);
    }

    #[tokio::test]
    async fn the_flags_and_features_of_the_user_reach_the_compiler() {
        let tiny = Tiny::new("told");
        fs::create_dir_all(tiny.0.join(".cargo")).expect("a folder");
        let settings = "[target.'cfg(windows)']\nrustflags = ['-C', 'target-feature=+crt-static']\n[build]\nrustflags = '--cfg told'";
        fs::write(tiny.0.join(".cargo/config.toml"), settings).expect("a file");
        let manifest =
            format!("{MANIFEST}required-features = ['lambda']\n[features]\nlambda = []\n");
        fs::write(tiny.0.join("Cargo.toml"), manifest).expect("a file");
        let program =
            "#[cfg(not(all(told, feature = \"lambda\")))]\ncompile_error!(\"lost\");\nfn main() {}";
        fs::write(tiny.0.join("main.rs"), program).expect("a file");
        tiny.build().await.expect("nothing is lost");
    }

    #[tokio::test]
    async fn packages_beside_the_crate_are_found() {
        let tiny = Tiny::new("beside");
        let manifest = format!("{MANIFEST}[dependencies]\nshared = {{ path = 'shared' }}\n");
        fs::write(tiny.0.join("Cargo.toml"), manifest).expect("a file");
        fs::create_dir_all(tiny.0.join("shared/src")).expect("a folder");
        let shared = "[package]\nname = 'shared'\nversion = '0.1.0'\nedition = '2024'\n";
        fs::write(tiny.0.join("shared/Cargo.toml"), shared).expect("a file");
        fs::write(tiny.0.join("shared/src/lib.rs"), "").expect("a file");
        let mut folders = beside::folders(&tiny.0).await.expect("cargo says it");
        folders.sort();
        let root = tiny.0.canonicalize().expect("it is there");
        assert_eq!(folders, [root.clone(), root.join("shared")]);
    }

    #[tokio::test]
    async fn what_does_not_compile_is_a_failure_in_the_words_of_cargo() {
        let tiny = Tiny::new("broken");
        fs::write(tiny.0.join("main.rs"), "fn main() { 1 }").expect("a file");
        let error = tiny.build().await.expect_err("no artifact");
        assert_eq!(
            error.to_string(),
            "failed to build the handler: could not compile `tiny` (bin \"bootstrap\") due to 1 previous error"
        );
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() {
        let error = open(Path::new("/nowhere/bootstrap.zip"), Architecture::Arm64)
            .await
            .expect_err("no artifact");
        assert_eq!(
            error.to_string(),
            "failed to read `/nowhere/bootstrap.zip`: No such file or directory (os error 2)"
        );
    }
}
