//! A span of time as people type it.

use std::time::Duration;

/// `90s`, `10m`, `1h`, `2d`, `1w`: a whole number and its unit.
pub fn parse(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    let count: u64 = digits.parse().ok().filter(|_| !digits.starts_with('+'))?;
    count.checked_mul(seconds).map(Duration::from_secs)
}

/// The same for a flag: nothing is done within no time.
pub fn limit(text: &str) -> Result<Duration, String> {
    let span = parse(text).filter(|span| !span.is_zero());
    span.ok_or_else(|| "write a limit such as `30s` or `5m`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86_400)] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "s", "10", "+5m", "-5m", "1.5h", "10 m", "1é", "99999999999999999999s"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_limit_is_never_nothing() {
        assert_eq!(limit("5m"), Ok(Duration::from_mins(5)));
        assert!(limit("0s").is_err() && limit("soon").is_err());
    }
}
