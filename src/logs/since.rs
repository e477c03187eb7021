//! `--since`: how long ago, or when.

use aws_smithy_types::date_time::{DateTime, Format};

use engine::error::{Error, Result};
use engine::span;

/// The moment that `text` names, in milliseconds after 1970: `90s`, `10m`, `1h`, `2d`, `1w`, or a date with or
/// without a time, which is UTC unless it says otherwise.
pub fn since(text: &str, now: i64) -> Result<i64> {
    let text = text.trim();
    ago(text).map(|before| now - before).or_else(|| at(text)).ok_or_else(|| {
        Error::usage(format!("`--since {text}` is not a time")).hint(
            "write an age such as `10m`, `2h` or `3d`, or a time such as `2026-08-30`, `2026-08-30T12:00:00Z`",
        )
    })
}

fn ago(text: &str) -> Option<i64> {
    span::parse(text)?.as_millis().try_into().ok()
}

fn at(text: &str) -> Option<i64> {
    let text = text.replacen(' ', "T", 1);
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        16 => format!("{text}:00Z"),
        19 => format!("{text}Z"),
        _ => text,
    };
    DateTime::from_str(&whole, Format::DateTimeWithOffset).ok()?.to_millis().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_788_091_384_567;
    const NOON: i64 = 1_788_091_200_000;

    #[test]
    fn a_span_is_counted_back_from_now() {
        assert_eq!(since("90s", NOW), Ok(NOW - 90_000));
        assert_eq!(since("10m", NOW), Ok(NOW - 600_000));
        assert_eq!(since("1h", NOW), Ok(NOW - 3_600_000));
        assert_eq!(since("2d", NOW), Ok(NOW - 172_800_000));
    }

    #[test]
    fn a_date_may_have_a_time_and_an_offset() {
        assert_eq!(since("2026-08-30T12:00:00Z", NOW), Ok(NOON));
        assert_eq!(since("2026-08-30 12:00", NOW), Ok(NOON));
        assert_eq!(since("2026-08-30T14:00:00+02:00", NOW), Ok(NOON));
        assert_eq!(since("2026-08-30", NOW), Ok(NOON - 43_200_000));
    }

    #[test]
    fn anything_else_is_refused_with_examples() {
        for text in ["", "m", "10", "-5m", "10 minutes", "yesterday", "2026-13-01", "1é"] {
            let error = since(text, NOW).expect_err(text);
            assert!(error.hint.expect("a hint").contains("`10m`"), "{text}");
        }
    }
}
