//! Times of the log, in UTC.

use aws_smithy_types::date_time::{DateTime, Format};

const DAY: i64 = 86_400_000;

/// `12:03:04.567`, without the day.
pub fn clock(milliseconds: i64) -> String {
    let within = milliseconds.rem_euclid(DAY);
    let (seconds, rest) = (within / 1000, within % 1000);
    format!("{:02}:{:02}:{:02}.{rest:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `2026-08-30`.
pub fn day(milliseconds: i64) -> String {
    rfc3339(milliseconds).chars().take(10).collect()
}

/// `2026-08-30T12:03:04.567Z`; nothing for a time that no calendar has.
pub fn rfc3339(milliseconds: i64) -> String {
    DateTime::from_millis(milliseconds).fmt(Format::DateTime).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_utc() {
        let time = 1_788_091_384_567;
        assert_eq!((day(time).as_str(), clock(time).as_str()), ("2026-08-30", "12:03:04.567"));
        assert_eq!(rfc3339(time), "2026-08-30T12:03:04.567Z");
        assert_eq!(clock(0), "00:00:00.000");
    }
}
