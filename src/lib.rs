//! `stackctl`: one small file and one Rust crate become a running backend for a frontend application.

mod adopt;
mod auth;
mod blueprint;
mod cli;
mod cloud;
mod commands;
mod config;
mod contract;
mod cors;
mod crate_files;
mod deployer;
mod env_file;
mod evidence;
mod files;
mod limits;
mod logs;
mod manifest;
mod payload;
mod proof;
mod recipe;
mod rendered;
mod resources;
mod route_keys;
mod saved_plan;
mod saves;
mod scaffold;
mod site;
mod smoke;
mod stack;
mod starting;
mod ui;
mod witness;

use std::process::ExitCode;

use tokio::signal;
use tokio::sync::watch;

use cli::Cli;
use engine::error::{Error, Kind};
use ui::Ui;

/// Parses the arguments, runs the verb and returns its exit code.
pub fn main() -> ExitCode {
    let mut cli = match cli::parse(cli::words(std::env::args_os())) {
        Ok((cli, _)) => cli,
        Err(refusal) => return not_understood(refusal),
    };
    cli.globals.local |= cli.verb.is_local();
    cli.globals.config = config::found(&cli.globals.config);
    let ui = Ui::new(&cli.globals).named(cli.verb.stack_name());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(run(cli, ui));
            // A compiler that still runs must not keep a failed command waiting.
            runtime.shutdown_background();
            ended
        }
        Err(error) => (ui, Err(Error::failed("start").cause(error))),
    };
    match ended {
        (_, Ok(())) => ExitCode::SUCCESS,
        (ui, Err(error)) => {
            ui.failure(&error);
            ExitCode::from(error.kind.exit_code())
        }
    }
}

/// Help and the version are no failures; a wrong word is one, which is told as the failures of verbs are.
fn not_understood(refusal: clap::Error) -> ExitCode {
    let refusal = cli::pointed_at(refusal);
    match cli::usage(&refusal, std::env::args()) {
        Some(error) => ui::failure_as_json(&error),
        None => ui::refusal(&refusal),
    }
    ExitCode::from(u8::try_from(refusal.exit_code()).unwrap_or(2))
}

/// Runs the verb. The first Ctrl-C lets running steps end and starts no new one; the second ends at once.
async fn run(cli: Cli, ui: Ui) -> (Ui, engine::error::Result<()>) {
    let (stop, stopped) = watch::channel(false);
    let second = Ui::new(&cli.globals).named(cli.verb.stack_name());
    let interrupts = !cli.verb.ends_at_ctrl_c();
    let interrupted = async {
        // Without a handler for Ctrl-C the first one ends the program, which is what is wanted then.
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        stop.send_replace(true);
        // What only reads or asks ends here and now.
        tokio::task::yield_now().await;
        if interrupts {
            second.end_the_line();
            second.say("stopping after the running steps; press Ctrl-C again to quit now");
        }
        let _ = signal::ctrl_c().await;
    };
    tokio::select! {
        // Ctrl-C is listened for before the first call goes out.
        biased;
        () = interrupted => {
            let hint = "run the same command again: it continues";
            (second, Err(Error::new(Kind::Interrupted, "stopped").hint(hint)))
        }
        ended = commands::run(cli, ui, stopped) => ended,
    }
}
