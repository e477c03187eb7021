//! Saves: noticed when an editor is through with them, and followed by work that a further save begins anew.
//!
//! Looking again and again is enough: a crate has few files, a look takes a fraction of a millisecond, and it works on
//! every file system, also on those of containers and networks that notify nobody.

mod files;

use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

pub use files::Files;

use crate::cloud::wait;
use engine::Stop;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// What was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Save {
    pub files: Vec<PathBuf>,
    /// When nothing had been saved yet, at most one look earlier.
    pub since: Instant,
}

/// The saves of one project, by looking at it again and again.
pub struct Saves<L> {
    look: L,
    known: Files,
    /// When `known` was last found to be true.
    since: Instant,
}

impl<L: FnMut() -> Files> Saves<L> {
    /// Those from now on.
    pub fn from_now(mut look: L) -> Self {
        let known = look();
        Self { look, known, since: Instant::now() }
    }

    /// Waits for the next one, and until two looks agree: editors write in several steps. Whoever stops waiting misses
    /// nothing.
    pub async fn next(&mut self) -> Save {
        let mut seen = self.known.clone();
        loop {
            wait::pause_until(Instant::now() + PAUSE).await;
            let now = (self.look)();
            if now == self.known {
                self.since = Instant::now();
            } else if now == seen {
                let files = now.changed_since(&self.known);
                self.known = now;
                return Save { files, since: self.since };
            }
            seen = now;
        }
    }
}

impl Save {
    /// Both, as one that was made when the later one was.
    fn and(mut self, later: Save) -> Self {
        self.files.extend(later.files);
        self.files.sort();
        self.files.dedup();
        Self { since: later.since, ..self }
    }
}

/// Does `work` at once and after every save, until `stop`. A save meanwhile asks the work to end, waits until it has,
/// and begins it anew with all that was saved; `stop` does the same, and begins nothing.
pub async fn keep_up<L: FnMut() -> Files>(
    saves: &mut Saves<L>,
    stop: &Stop,
    mut work: impl AsyncFnMut(&Save, Stop),
) {
    let mut stop = stop.clone();
    let mut save = Save { files: Vec::new(), since: Instant::now() };
    loop {
        let (end, ended) = watch::channel(false);
        let mut newer = None;
        let mut stopping = false;
        {
            let mut working = pin!(work(&save, ended));
            loop {
                tokio::select! {
                    biased;
                    () = &mut working => break,
                    _ = stop.wait_for(|stopped| *stopped), if !stopping => stopping = true,
                    later = saves.next(), if !stopping => {
                        newer = Some(newer.unwrap_or_else(|| save.clone()).and(later));
                    }
                }
                end.send_replace(true);
            }
        }
        save = match newer {
            _ if stopping => return,
            Some(newer) => newer,
            None => tokio::select! {
                save = saves.next() => save,
                _ = stop.wait_for(|stopped| *stopped) => return,
            },
        };
    }
}

#[cfg(test)]
mod tests;
