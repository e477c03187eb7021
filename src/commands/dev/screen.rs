//! Where lines go while a view may be drawing, and the one line of a save that is being worked on.

use std::cell::RefCell;
use std::pin::pin;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::engine::{Event, Happening, Id, Label};
use crate::ui::Ui;

/// The terminal, shared by what is being done and what is being logged.
pub struct Screen<'a> {
    ui: &'a Ui,
    /// The view that draws at this moment.
    view: RefCell<Option<UnboundedSender<Event>>>,
}

impl<'a> Screen<'a> {
    pub fn new(ui: &'a Ui) -> Self {
        Self { ui, view: RefCell::default() }
    }

    /// One more line, above whatever is being drawn.
    pub fn line(&self, text: String) {
        match &*self.view.borrow() {
            // A view that has gone away must not stop the work.
            Some(view) => drop(view.send(output(text))),
            None => self.ui.say(&text),
        }
    }

    /// Shows `work`: on a line for each of several labels, or all of it on a single one, which leaves nothing behind.
    /// What others said meanwhile, such as the compiler, is given back.
    pub async fn watch<T>(
        &self,
        labels: Vec<Label>,
        work: impl AsyncFnOnce(&UnboundedSender<Event>) -> T,
    ) -> (T, Vec<String>) {
        let whole = labels.len() > 1;
        let mut said = Vec::new();
        let done = self.ui.watch(labels, async |view| {
            self.view.replace(Some(view.clone()));
            if !whole {
                pass(Event { id: Id::default(), happening: Happening::Reading }, view);
            }
            let (sender, mut events) = unbounded_channel();
            let mut work = pin!(work(&sender));
            let mut take = |event: Event| match event.happening {
                Happening::Output(line) => said.push(line),
                _ if whole => pass(event, view),
                Happening::Note(_) => pass(Event { id: Id::default(), ..event }, view),
                _ => {}
            };
            let done = loop {
                tokio::select! {
                    biased;
                    Some(event) = events.recv() => take(event),
                    done = &mut work => break done,
                }
            };
            while let Ok(event) = events.try_recv() {
                take(event);
            }
            self.view.take();
            done
        });
        let done = done.await;
        (done, said)
    }
}

fn pass(event: Event, view: &UnboundedSender<Event>) {
    let _ = view.send(event);
}

fn output(line: String) -> Event {
    Event { id: Id::default(), happening: Happening::Output(line) }
}
