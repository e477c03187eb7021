//! One line a resource, redrawn in place: what it is doing, what it waits for, and for how long.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressFinish, ProgressStyle};

use super::words::{doing, done, looking, seconds, unchanged};
use super::{Paint, Spelling, View, columns, cut, on_one_line, stderr_width, visible};
use engine::{Event, Happening, Label};

const TICK: Duration = Duration::from_millis(100);

/// What a line has besides its prefix and its message: a mark, spaces and the seconds.
const AROUND: usize = 9;

pub struct Live {
    all: MultiProgress,
    /// The characters of the kinds and names, with the space between them.
    prefix: usize,
    lines: Vec<Line>,
    paint: Paint,
}

struct Line {
    kind: String,
    bar: ProgressBar,
    /// The verb before the note, such as `creating`.
    doing: &'static str,
    ended: bool,
}

impl Live {
    pub fn new(labels: &[Label], paint: Paint) -> Self {
        let all = MultiProgress::new();
        let kind = labels.iter().map(|label| label.kind.len()).max().unwrap_or(0);
        let name = labels.iter().map(|label| label.name.chars().count()).max().unwrap_or(0);
        let line = |label: &Label| {
            let bar = all.add(ProgressBar::new_spinner().with_finish(ProgressFinish::Abandon));
            let kind = paint.dim(&columns::left(&label.kind, kind));
            bar.set_style(resting(" "));
            bar.set_prefix(format!("{kind} {}", columns::left(&on_one_line(&label.name), name)));
            bar.enable_steady_tick(TICK);
            Line { kind: label.kind.clone(), bar, doing: "", ended: false }
        };
        Self { lines: labels.iter().map(line).collect(), all, prefix: kind + 1 + name, paint }
    }

    /// The text, cut where the line ends.
    fn fitting(&self, before: &str, text: &str) -> String {
        let taken = self.prefix + AROUND + before.len();
        let room = stderr_width().map(|width| width.saturating_sub(taken));
        room.map_or_else(|| text.to_owned(), |room| cut(text, room))
    }

    /// The line moves: something is being done, and the seconds are counted.
    fn work(&mut self, index: usize, doing: &'static str) {
        let line = &mut self.lines[index];
        line.doing = doing;
        line.bar.set_style(working());
        line.bar.reset_elapsed();
        line.bar.set_message(doing);
    }

    /// The line rests: nothing is being done for now.
    fn rest(&mut self, index: usize, message: String) {
        self.lines[index].bar.set_style(resting(" "));
        self.lines[index].bar.set_message(message);
    }

    fn end(&mut self, index: usize, mark: &str, message: String) {
        let line = &mut self.lines[index];
        line.ended = true;
        line.bar.set_style(resting(mark));
        line.bar.abandon_with_message(message);
    }
}

fn working() -> ProgressStyle {
    style(" {spinner} {prefix} {wide_msg} {elapsed:>4}")
}

fn resting(mark: &str) -> ProgressStyle {
    style(&format!(" {mark} {{prefix}} {{wide_msg}}"))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are constants of this file")
}

impl View for Live {
    fn show(&mut self, event: Event) {
        let (index, paint) = (event.id.index(), self.paint);
        match event.happening {
            Happening::Reading => {
                let looking = looking(&self.lines[index].kind);
                self.work(index, looking);
            }
            Happening::Read(true) => self.rest(index, paint.dim("there")),
            Happening::Read(false) => self.rest(index, paint.dim("not there yet")),
            Happening::Started(action) => {
                let doing = doing(&self.lines[index].kind, &action);
                self.work(index, doing);
            }
            Happening::Note(note) => {
                let line = &self.lines[index];
                let note = self.fitting(line.doing, &on_one_line(&note));
                line.bar.set_message(format!("{} {}", line.doing, paint.dim(&note)));
            }
            Happening::Output(text) => {
                // A terminal that has gone away must not stop the work.
                let _ = self.all.println(visible(&text, Spelling::Text));
            }
            Happening::Done { action, took } => {
                let done = done(&self.lines[index].kind, &action);
                let message = format!("{done} {}", paint.dim(&seconds(took)));
                self.end(index, &paint.green("✔"), message);
            }
            Happening::Unchanged => {
                let word = unchanged(&self.lines[index].kind);
                self.end(index, &paint.dim("·"), paint.dim(word));
            }
            Happening::Failed(error) => {
                let why = error.cause.as_ref().unwrap_or(&error.message);
                let why = self.fitting("failed:", &on_one_line(why));
                self.end(index, &paint.red("✘"), format!("failed: {why}"));
            }
            Happening::Skipped => {
                let why = "skipped: something it needs has failed";
                self.end(index, &paint.yellow("-"), why.into());
            }
            Happening::Cancelled => self.end(index, &paint.yellow("-"), "not started".into()),
        }
    }
}

impl Drop for Live {
    /// What never ended was not part of the work: it leaves no line.
    fn drop(&mut self) {
        for line in self.lines.iter().filter(|line| !line.ended) {
            line.bar.finish_and_clear();
        }
    }
}
