//! Where lines go while a view may be drawing, and the one line of a save that is being worked on.

use std::cell::RefCell;
use std::pin::pin;

use crate::ui::Ui;
use engine::{Event, Events, Happening, Id, Label};

/// The terminal, shared by what is being done and what is being logged.
pub struct Screen<'a> {
    ui: &'a Ui,
    /// The view that draws at this moment.
    view: RefCell<Option<Events>>,
}

impl<'a> Screen<'a> {
    pub fn new(ui: &'a Ui) -> Self {
        Self { ui, view: RefCell::default() }
    }

    /// One more line, above whatever is being drawn.
    pub fn line(&self, text: String) {
        match &*self.view.borrow() {
            Some(view) => view.pass(output(text)),
            None => self.ui.say(&text),
        }
    }

    /// Shows `work`: on a line for each of several labels, or all of it on a single one, which leaves nothing behind.
    /// What others said meanwhile, such as the compiler, is given back.
    pub async fn watch<T>(
        &self,
        labels: Vec<Label>,
        work: impl AsyncFnOnce(&Events) -> T,
    ) -> (T, Vec<String>) {
        let whole = labels.len() > 1;
        let mut said = Vec::new();
        let done = self.ui.watch(labels, async |view| {
            self.view.replace(Some(view.clone()));
            if !whole {
                view.pass(Event { id: Id::default(), happening: Happening::Reading });
            }
            let (sender, mut events) = view.through_another();
            let mut work = pin!(work(&sender));
            let mut take = |event: Event| match event.happening {
                Happening::Output(line) => said.push(line),
                _ if whole => view.pass(event),
                Happening::Note(_) => view.pass(Event { id: Id::default(), ..event }),
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

fn output(line: String) -> Event {
    Event { id: Id::default(), happening: Happening::Output(line) }
}
