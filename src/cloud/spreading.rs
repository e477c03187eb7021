//! What all calls of IAM share: what was written spreads slowly, and writes that meet are refused.

use std::time::Duration;

use super::wait;
use engine::Progress;
use engine::error::{Error, Result};

pub const ABSENT: [&str; 1] = ["NoSuchEntity"];
const BUSY: &str = "ConcurrentModification";

/// Until what was written a moment ago is known everywhere; usually 2 s.
pub const SPREADING: Duration = Duration::from_mins(1);
/// Until another write of the same role or policy has ended, or a detachment has spread.
pub const SETTLING: Duration = Duration::from_mins(2);

/// Runs `attempt` again while another write of the same thing is under way.
pub async fn when_free<T, F: Future<Output = Result<T>>>(
    progress: &Progress,
    attempt: impl FnMut() -> F,
) -> Result<T> {
    let busy = |error: &Error| error.has_code(&[BUSY]);
    wait::while_refused(progress, "IAM accepts the change", SETTLING, busy, attempt).await
}

/// The same for a change of what is there, which IAM may not know everywhere yet.
pub async fn when_known<T, F: Future<Output = Result<T>>>(
    progress: &Progress,
    attempt: impl FnMut() -> F,
) -> Result<T> {
    let passes = |error: &Error| error.has_code(&[BUSY]) || error.has_code(&ABSENT);
    wait::while_refused(progress, "IAM knows it everywhere", SPREADING, passes, attempt).await
}
