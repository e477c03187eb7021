//! The six fields of a cron expression, and the names of time zones, as `EventBridge` Scheduler takes them.
//!
//! <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based>

use std::ops::RangeInclusive;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// What the first part of a time zone's name may be: an area, or all of an older name.
const ZONES: &str = "\
    Africa America Antarctica Arctic Asia Atlantic Australia Brazil Canada Chile Etc Europe Indian Mexico Pacific US \
    CET CST6CDT Cuba EET EST EST5EDT Egypt Eire GB GB-Eire GMT GMT+0 GMT-0 GMT0 Greenwich HST Hongkong Iceland Iran Israel \
    Jamaica Japan Kwajalein Libya MET MST MST7MDT NZ NZ-CHAT Navajo PRC PST8PDT Poland Portugal ROC ROK Singapore Turkey UCT \
    UTC Universal W-SU WET Zulu";

/// Whether a name begins as those of IANA do.
pub fn is_zone(name: &str) -> bool {
    let first = name.split('/').next().unwrap_or_default();
    ZONES.split_whitespace().any(|zone| zone == first)
}

/// What the first field that AWS would refuse may hold.
pub fn wrong(fields: &[&str]) -> Option<&'static str> {
    let [minutes, hours, day, month, weekday, year] = fields else {
        return Some("six fields");
    };
    let plain = |field: &str, range: RangeInclusive<u32>, names: &[&str], first: u32| {
        let value = |text: &str| number(text, names, first).filter(|value| range.contains(value));
        field.split(',').all(|item| fits(item, value))
    };
    let of_month = |item: &str| {
        let nearest = item.strip_suffix('W').is_some_and(|day| plain(day, 1..=31, &[], 0));
        let before_last = item.strip_prefix("L-").is_some_and(|days| plain(days, 1..=30, &[], 0));
        ["?", "L", "LW"].contains(&item) || nearest || before_last || plain(item, 1..=31, &[], 0)
    };
    let of_week = |item: &str| {
        let day = |day: &str| plain(day, 1..=7, &DAYS, 1);
        let nth =
            item.split_once('#').is_some_and(|(of, nth)| day(of) && plain(nth, 1..=5, &[], 0));
        ["?", "L"].contains(&item) || nth || item.strip_suffix('L').is_some_and(day) || day(item)
    };
    [
        (plain(minutes, 0..=59, &[], 0), "minutes are 0 to 59, `*`, `0/15`, `1,31` or `10-20`"),
        (plain(hours, 0..=23, &[], 0), "hours are 0 to 23"),
        (day.split(',').all(of_month), "days of the month are 1 to 31, `L` or `?`"),
        (plain(month, 1..=12, &MONTHS, 1), "months are 1 to 12 or JAN to DEC"),
        (weekday.split(',').all(of_week), "days of the week are 1 to 7, SUN to SAT or `?`"),
        (plain(year, 1970..=2199, &[], 0), "years are 1970 to 2199"),
    ]
    .into_iter()
    .find_map(|(fits, hint)| (!fits).then_some(hint))
}

/// `*`, a value, a range, or one of them with a step.
fn fits(item: &str, value: impl Fn(&str) -> Option<u32>) -> bool {
    let (base, step) = item.split_once('/').map_or((item, "1"), |(base, step)| (base, step));
    let step = digits(step).is_some_and(|step| step > 0);
    let base = base == "*"
        || match base.split_once('-') {
            Some((from, to)) => value(from).is_some() && value(to).is_some(),
            None => value(base).is_some(),
        };
    base && step
}

fn number(text: &str, names: &[&str], first: u32) -> Option<u32> {
    let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    named.and_then(|at| u32::try_from(at).ok()).map(|at| at + first).or_else(|| digits(text))
}

fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_those_that_the_scheduler_takes() {
        let wrong = |text: &str| wrong(&text.split(' ').collect::<Vec<_>>());
        for good in [
            "0 3 * * ? *",
            "*/5 * * * ? *",
            "0/15 8-17 ? * MON-FRI *",
            "1,31 0 L * ? *",
            "0 9 ? * 6#3 *",
            "0 9 ? JAN,jul 2L 2026-2030",
            "0 9 15W * ? *",
            "0 9 L-3 * ? *",
        ] {
            assert_eq!(wrong(good), None, "{good}");
        }
        for bad in [
            "99 * * * ? *",
            "60 * * * ? *",
            "0 24 * * ? *",
            "0 0 0 * ? *",
            "0 0 32 * ? *",
            "0 0 1 13 ? *",
            "0 0 ? * 8 *",
            "0 0 ? * 0 *",
            "0 0 ? * MOON *",
            "0 0 ? * 2#6 *",
            "0 0 1 * ? 1969",
            "0/0 0 1 * ? *",
            " 0 1 * ? *",
            "1, 0 1 * ? *",
            "-1 0 1 * ? *",
        ] {
            assert!(wrong(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn zones_begin_with_an_area() {
        for good in ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+5", "GB"] {
            assert!(is_zone(good), "{good}");
        }
        for bad in ["", "Mars/Base", "Berlin", "europe/berlin"] {
            assert!(!is_zone(bad), "{bad}");
        }
    }
}
