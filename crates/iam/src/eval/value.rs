//! Numbers, instants and addresses, as condition operators read them.

use std::net::IpAddr;

/// An exact decimal number: digits before and nine after the point. What does not fit is not a number that we compare.
pub fn number(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if whole.is_empty() || whole.len() > 18 || fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value = whole.parse::<i128>().ok()? * 1_000_000_000
        + format!("{fraction:0<9}").parse::<i128>().ok()?;
    Some(if negative { -value } else { value })
}

/// Nanoseconds since 1970, from a W3C date (`2026-11-22`, `2026-11-22T08:00:00Z`, with offset or fraction) or from the
/// seconds since 1970.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date>
pub fn instant(text: &str) -> Option<i128> {
    // Four digits are a year: an epoch of that size would be in January 1970.
    if text.len() > 4 && !text.chars().skip(1).any(|character| character == '-') {
        // Eight digits may be a date without its hyphens, and twelve or more are no seconds.
        let digits = text.split('.').next().unwrap_or(text).len();
        return number(text).filter(|_| digits != 8 && digits < 12);
    }
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4, 0..=9999)?;
    let month = parts.next().map_or(Some(1), |part| digits(part, 2, 1..=12))?;
    let day = parts.next().map_or(Some(1), |part| digits(part, 2, 1..=days_in(year, month)))?;
    if parts.next().is_some() {
        return None;
    }
    let days = days_since_epoch(year, month, day);
    Some(days * 86_400_000_000_000 + time.map_or(Some(0), nanoseconds)?)
}

/// Whether an address lies in a range such as `203.0.113.0/24`; a range without a length is one address.
pub fn address_in(range: &str, address: &str) -> Option<bool> {
    let (network, length) = match range.split_once('/') {
        Some((network, length)) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
            (network, Some(length.parse::<u32>().ok()?))
        }
        Some(_) => return None,
        None => (range, None),
    };
    match (network.parse().ok()?, address.parse().ok()?) {
        // An address of the one kind that is written as one of the other: AWS does not say whether it is the same.
        (IpAddr::V6(one), IpAddr::V4(_)) | (IpAddr::V4(_), IpAddr::V6(one))
            if one.to_ipv4_mapped().is_some() =>
        {
            None
        }
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let shift = 32_u32.checked_sub(length.unwrap_or(32))?;
            let prefix = |bits: u32| bits.checked_shr(shift).unwrap_or(0);
            Some(prefix(network.into()) == prefix(address.into()))
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let shift = 128_u32.checked_sub(length.unwrap_or(128))?;
            let prefix = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
            Some(prefix(network.into()) == prefix(address.into()))
        }
        _ => Some(false),
    }
}

/// Whether two texts in Base64 are the same bytes; nothing for a text that is not Base64 to the letter.
pub fn same_bytes(one: &str, other: &str) -> Option<bool> {
    let canonical = |text: &str| {
        let digits = text.trim_end_matches('=');
        let place = |byte: u8| {
            let table = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            table.iter().position(|known| *known == byte)
        };
        let places: Option<Vec<usize>> = digits.bytes().map(place).collect();
        // What the last digit holds beyond the last whole byte has to be zero.
        let unused = match digits.len() % 4 {
            0 => 0,
            2 => 0b1111,
            3 => 0b11,
            _ => return false,
        };
        let last = places.as_ref().map(|places| places.last().copied().unwrap_or(0));
        last.is_some_and(|last| last & unused == 0) && text.len().is_multiple_of(4)
    };
    (canonical(one) && canonical(other)).then_some(one == other)
}

fn digits(text: &str, length: usize, range: std::ops::RangeInclusive<i128>) -> Option<i128> {
    let valid = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = if valid {
        text.parse().ok()?
    } else {
        return None;
    };
    range.contains(&value).then_some(value)
}

/// `08:00Z`, `08:00:00.5+01:00`: the time zone is not optional.
fn nanoseconds(text: &str) -> Option<i128> {
    let (clock, offset) = if let Some(clock) = text.strip_suffix('Z') {
        (clock, 0)
    } else {
        let (clock, zone) = text.split_at_checked(text.len().checked_sub(6)?)?;
        let (hours, minutes) = zone.get(1..)?.split_once(':')?;
        let minutes = digits(hours, 2, 0..=23)? * 60 + digits(minutes, 2, 0..=59)?;
        match zone.get(..1)? {
            "+" => (clock, minutes),
            "-" => (clock, -minutes),
            _ => return None,
        }
    };
    let mut parts = clock.split(':');
    let hours = digits(parts.next()?, 2, 0..=23)?;
    let minutes = digits(parts.next()?, 2, 0..=59)?;
    let (seconds, fraction) = match parts.next() {
        Some(text) => {
            let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
            (digits(seconds, 2, 0..=59)?, number(&format!("0.{fraction}"))?)
        }
        None => (0, 0),
    };
    if parts.next().is_some() {
        return None;
    }
    Some(((hours * 60 + minutes - offset) * 60 + seconds) * 1_000_000_000 + fraction)
}

fn days_in(year: i128, month: i128) -> i128 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Howard Hinnant's `days_from_civil`, with years that begin in March so that the leap day is the last.
fn days_since_epoch(year: i128, month: i128, day: i128) -> i128 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        assert_eq!(number("300"), number("+300.000"));
        assert!(number("0.1") < number("0.10000001"));
        assert!(number("-1") < number("0"));
        for text in ["", "1e3", "0x1", ".5", "5.", "1.0000000001", "9999999999999999999", "１"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn instants_of_all_forms_agree() {
        let second = 1_000_000_000;
        assert_eq!(instant("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(instant("2026-11-22T08:00:00Z"), Some(1_795_334_400 * second));
        assert_eq!(
            instant("2026-11-22T09:00:00.5+01:00"),
            Some(1_795_334_400 * second + second / 2)
        );
        assert_eq!(instant("1795334400"), instant("2026-11-22T08:00Z"));
        assert_eq!(instant("2024-02-29"), Some(1_709_164_800 * second));
        assert_eq!(instant("2024"), instant("2024-01-01"));
        for text in [
            "",
            "2023-02-29",
            "2026-13-01",
            "2026-11-22T08:00:00",
            "yesterday",
            "2026-11-22T25:00Z",
            "é-é",
            "20300101",
            "1795334400000",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_match_by_prefix() {
        assert_eq!(address_in("203.0.113.0/24", "203.0.113.200"), Some(true));
        assert_eq!(address_in("203.0.113.0/24", "203.0.114.1"), Some(false));
        assert_eq!(address_in("0.0.0.0/0", "1.2.3.4"), Some(true));
        assert_eq!(address_in("2001:db8::/32", "2001:db8:1::1"), Some(true));
        assert_eq!(address_in("2001:db8::/32", "1.2.3.4"), Some(false));
        assert_eq!(address_in("1.2.3.4", "1.2.3.4"), Some(true));
        assert_eq!(address_in("1.2.3.4/33", "1.2.3.4"), None);
        assert_eq!(address_in("1.2.3.4/+8", "1.2.3.4"), None);
        assert_eq!(address_in("1.2.3.0/24", "::ffff:1.2.3.4"), None);
        assert_eq!(address_in("::ffff:1.2.3.4", "1.2.3.4"), None);
        assert_eq!(address_in("1.2.3", "1.2.3.4"), None);
    }
}
