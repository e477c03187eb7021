//! Writes the arguments and the environment for cargo, and makes sure that Lambda can start what comes back.

use tokio::process::Command;

use super::project::{self, Project};
use super::runtime::{self, GLIBC, Unfit};
use super::settings::Settings;
use super::toolchain::{self, Linking, Toolchain};
use super::{Architecture, Profile, Recipe, cargo, elf, flags};
use engine::Progress;
use engine::error::{Doing as _, Result};

/// Cargo says as JSON where the program is, and what the compiler found as text.
const MESSAGES: &str = "--message-format=json-render-diagnostics";

/// All that decides the arguments and the environment of cargo.
struct Order {
    project: Project,
    toolchain: Toolchain,
    settings: Settings,
    architecture: Architecture,
    profile: Profile,
}

/// Compiles the crate of a recipe to the bytes of a program that Lambda can start.
pub(super) async fn compile(recipe: &Recipe, progress: &Progress) -> Result<Vec<u8>> {
    let Recipe { crate_directory: directory, binary, architecture, profile, .. } = recipe;
    let (architecture, profile) = (*architecture, *profile);
    progress.note("looking at the crate and the toolchain");
    let settings = Settings::of_user(directory, architecture).await?;
    let (project, toolchain) = tokio::try_join!(
        project::find(directory, binary.as_deref()),
        toolchain::find(directory, architecture, settings.has_linker)
    )?;
    let mut order = Order { project, toolchain, settings, architecture, profile };
    if order.is_as_cargo_builds() {
        return order.as_cargo_builds(progress).await;
    }
    order.warn(progress);
    let mut program = order.build(progress).await?;
    let mut obstacle = runtime::obstacle(&program, architecture);
    if let Some(newer) = obstacle.as_ref().and_then(Unfit::newer_library)
        && order.may_turn_to_zigbuild().await
    {
        progress.note(format!("{newer} is not on Lambda: building with zig"));
        order.toolchain.linking = Linking::Zigbuild;
        program = order.build(progress).await?;
        obstacle = runtime::obstacle(&program, architecture);
    }
    match obstacle {
        Some(unfit) => Err(unfit.into_error(architecture)),
        None => Ok(program),
    }
}

impl Order {
    /// A program that runs on this machine alone needs neither Lambda's C library nor the same bytes elsewhere. Without
    /// any setting of ours, cargo finds what `cargo build` or `cargo test` has compiled already.
    fn is_as_cargo_builds(&self) -> bool {
        self.profile == Profile::Quick && self.toolchain.host == self.architecture.target()
    }

    async fn as_cargo_builds(&self, progress: &Progress) -> Result<Vec<u8>> {
        let mut command = cargo::command(&self.project.directory);
        command.args(self.plainly());
        let mut program = self.run(command, progress).await?;
        elf::strip(&mut program);
        match runtime::obstacle_here(&program, self.architecture) {
            Some(unfit) => Err(unfit.into_error(self.architecture)),
            None => Ok(program),
        }
    }

    /// The arguments of a plain `cargo build`. Cargo unites the features of
    /// dependencies over the packages that it builds, so these are the packages of `cargo test` at the root of the
    /// workspace, wherever that is possible.
    fn plainly(&self) -> Vec<String> {
        let Project { package, binary, workspace, features, is_default, .. } = &self.project;
        let manifest = workspace.join("Cargo.toml").display().to_string();
        let mut words = vec!["build".to_owned(), "--manifest-path".into(), manifest];
        if !is_default || !features.is_empty() {
            words.extend(["--package".into(), package.clone()]);
        }
        words.extend(["--bin".into(), binary.clone()]);
        if !features.is_empty() {
            words.extend(["--features".into(), features.join(",")]);
        }
        words.extend(["--profile".into(), self.profile.name().into(), MESSAGES.into()]);
        words
    }

    async fn run(&self, command: Command, progress: &Progress) -> Result<Vec<u8>> {
        let path = cargo::build(command, &self.project.binary, progress).await?;
        tokio::fs::read(&path).await.doing(format!("read `{}`", path.display()))
    }

    async fn build(&self, progress: &Progress) -> Result<Vec<u8>> {
        self.run(self.command()?, progress).await
    }

    async fn may_turn_to_zigbuild(&self) -> bool {
        self.toolchain.linking != Linking::Zigbuild && toolchain::has_zigbuild().await
    }

    fn warn(&self, progress: &Progress) {
        if self.settings.has_native_processor() {
            let processor = self.architecture.processor();
            progress.output(format!(
                "warning: `target-cpu=native` is this machine's processor and not Lambda's: compiling for {processor}"
            ));
        }
    }

    fn command(&self) -> Result<Command> {
        let manifest = self.project.workspace.join("Cargo.toml");
        let manifest =
            machine::read_text(&manifest).doing(format!("read `{}`", manifest.display()))?;
        let mut command = cargo::command(&self.project.directory);
        cargo::settle(&mut command, self.settings.has_date);
        self.choose_linker(&mut command);
        command.args(["--package", &self.project.package, "--bin", &self.project.binary]);
        if !self.project.features.is_empty() {
            command.args(["--features", &self.project.features.join(",")]);
        }
        command.args(["--profile", self.profile.name()]);
        command.arg(MESSAGES);
        for setting in self.profile.settings(&manifest) {
            command.args(["--config", &setting]);
        }
        flags::add(&mut command, &self.flags(), &self.settings.flags);
        Ok(command)
    }

    fn flags(&self) -> Vec<String> {
        let mut flags = flags::remapped(&self.project, &self.toolchain, &self.settings);
        if self.settings.has_native_processor() {
            // Rustc takes the last one.
            flags.push(format!("-Ctarget-cpu={}", self.architecture.processor()));
        }
        flags
    }

    /// The target is always named, also when it is this machine's: only then are build scripts free of our flags, and
    /// only then do two kinds of machine agree on the bytes.
    fn choose_linker(&self, command: &mut Command) {
        let target = self.architecture.target();
        match self.toolchain.linking {
            Linking::Cargo => command.args(["build", "--target", target]),
            Linking::Cross(linker) => {
                let setting = format!("target.{target}.linker='{linker}'");
                command.args(["build", "--target", target, "--config", &setting])
            }
            // A folder of its own: with another linker, cargo would compile everything again each time.
            Linking::Zigbuild => command
                .args(["zigbuild", "--target", &format!("{target}.{}.{}", GLIBC[0], GLIBC[1])])
                .arg("--target-dir")
                .arg(self.project.target_directory.join("stackctl/zigbuild")),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(linking: Linking, profile: Profile) -> Order {
        Order {
            project: Project {
                package: "path+file:///app/handler#0.1.0".into(),
                binary: "bootstrap".into(),
                directory: "/app/handler".into(),
                workspace: "/app".into(),
                target_directory: "/app/target".into(),
                build_directory: "/app/target".into(),
                features: vec![],
                is_default: true,
            },
            toolchain: Toolchain {
                sysroot: "/rust".into(),
                release: "rustc 1.0.0".into(),
                commit: "c0ffee".into(),
                host: "aarch64-unknown-linux-gnu".into(),
                linking,
            },
            settings: Settings { cargo_home: "/home/me/.cargo".into(), ..Settings::default() },
            architecture: Architecture::Arm64,
            profile,
        }
    }

    /// The arguments and variables that make cargo build for arm64.
    fn told(linking: Linking) -> String {
        let order = order(linking, Profile::default());
        let mut command = Command::new("cargo");
        order.choose_linker(&mut command);
        flags::add(&mut command, &order.flags(), &order.settings.flags);
        let command = command.as_std();
        let arguments = command.get_args().map(|argument| argument.to_string_lossy());
        let variables = command.get_envs().filter(|(name, _)| *name == "CARGO_ENCODED_RUSTFLAGS");
        let variables =
            variables.filter_map(|(_, flags)| flags).map(|flags| flags.to_string_lossy());
        let told: Vec<_> = arguments.chain(variables).collect();
        told.join(" ").replace('\x1f', " ")
    }

    const REMAPPED: &str = "--remap-path-prefix=/app=/project --remap-path-prefix=/app/target=/project/target --remap-path-prefix=/home/me/.cargo=/cargo --remap-path-prefix=/rust/lib/rustlib/src/rust=/rustc/c0ffee";

    #[test]
    fn cargo_is_always_told_the_target() {
        assert_eq!(
            told(Linking::Cargo),
            format!("build --target aarch64-unknown-linux-gnu {REMAPPED}")
        );
    }

    #[test]
    fn a_linker_for_the_other_machine_is_named() {
        let linker = "--config target.aarch64-unknown-linux-gnu.linker='aarch64-linux-gnu-gcc'";
        assert_eq!(
            told(Linking::Cross(Architecture::Arm64.cross_linker())),
            format!("build --target aarch64-unknown-linux-gnu {linker} {REMAPPED}")
        );
    }

    #[test]
    fn zig_is_told_the_c_library_of_lambda_and_works_in_its_own_folder() {
        let folder = "--target-dir /app/target/stackctl/zigbuild";
        assert_eq!(
            told(Linking::Zigbuild),
            format!("zigbuild --target aarch64-unknown-linux-gnu.2.34 {folder} {REMAPPED}")
        );
    }

    #[test]
    fn a_quick_build_is_what_cargo_test_has_compiled() {
        let mut order = order(Linking::Cargo, Profile::Quick);
        assert!(order.is_as_cargo_builds());
        let told = |order: &Order| order.plainly().join(" ");
        let start = "build --manifest-path /app/Cargo.toml";
        let end = "--profile dev --message-format=json-render-diagnostics";
        assert_eq!(told(&order), format!("{start} --bin bootstrap {end}"));
        let package = "--package path+file:///app/handler#0.1.0";
        order.project.is_default = false;
        assert_eq!(told(&order), format!("{start} {package} --bin bootstrap {end}"));
        order.project.features = vec!["lambda".into()];
        let features = "--features lambda";
        assert_eq!(told(&order), format!("{start} {package} --bin bootstrap {features} {end}"));
        order.architecture = Architecture::X86_64;
        assert!(!order.is_as_cargo_builds(), "it would not run here");
    }
}
