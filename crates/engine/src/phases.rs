//! How long the parts of a piece of work took.

use std::time::Duration;

use tokio::time::Instant;

/// Parts with their times, in the order in which they were done.
#[derive(Debug, Clone, Default)]
pub struct Phases(Vec<(&'static str, Duration)>);

impl Phases {
    /// Does one part.
    pub async fn time<T>(&mut self, name: &'static str, work: impl Future<Output = T>) -> T {
        let since = Instant::now();
        let done = work.await;
        self.add(name, since.elapsed());
        done
    }

    pub fn add(&mut self, name: &'static str, took: Duration) {
        self.0.push((name, took));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        self.0.iter().copied()
    }
}

/// What comes out of work is the same however long it took.
impl PartialEq for Phases {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Phases {}
