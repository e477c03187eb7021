//! Times as they are shown and logged.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_smithy_types::{DateTime, date_time::Format};

/// RFC 3339 with milliseconds: `DateTime` drops trailing zeros of the fraction; the frontend's `toISOString` never does.
pub(crate) fn timestamp(time: SystemTime) -> String {
    let elapsed = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = DateTime::from_secs(elapsed.as_secs().cast_signed())
        .fmt(Format::DateTime)
        .unwrap_or_default();
    format!("{}.{:03}Z", seconds.trim_end_matches('Z'), elapsed.subsec_millis())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_always_has_three_digits_of_milliseconds() {
        let time = UNIX_EPOCH + Duration::from_millis(1_795_000_000_120);
        assert_eq!(timestamp(time), "2026-11-18T11:06:40.120Z");
        assert_eq!(timestamp(UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
    }
}
