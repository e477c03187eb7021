//! Looking again and again, for a limited time.

use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout_at};

/// Often enough that nobody notices, seldom enough to cost nothing.
const PACE: Duration = Duration::from_millis(50);

/// The moments at which to look again, until patience runs out. The first one is now.
#[derive(Debug)]
pub struct Looks {
    interval: Interval,
    deadline: Instant,
}

impl Looks {
    /// Looks again for as long as `patience`.
    pub fn within(patience: Duration) -> Self {
        let mut interval = interval(PACE);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { interval, deadline: Instant::now() + patience }
    }

    /// Waits for the next moment; `false` when it is too late to look again.
    pub async fn next(&mut self) -> bool {
        timeout_at(self.deadline, self.interval.tick()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_look_is_at_once_and_the_last_within_patience() {
        let begun = Instant::now();
        let mut looks = Looks::within(Duration::from_millis(120));
        let mut moments = Vec::new();
        while looks.next().await {
            moments.push(begun.elapsed().as_millis());
        }
        assert_eq!(moments, [0, 50, 100]);
        assert_eq!(begun.elapsed().as_millis(), 120);
    }
}
