//! What starts a function that takes no requests: a schedule, a queue, or the stream of a table.

use serde::Deserialize;

use super::cron;
use super::function::{FunctionKeys, within};
use super::names::FunctionNames;
use engine::error::{Error, Result};

/// One of the keys `schedule`, `queue` and `stream`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    Schedule(Schedule),
    Queue(Queue),
    /// The key of the table.
    Stream(String),
}

/// What of the three it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Schedule,
    Queue,
    Stream,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Schedule, Self::Queue, Self::Stream];

    /// Its key in the file.
    pub fn key(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Queue => "queue",
            Self::Stream => "stream",
        }
    }
}

/// Ends the name of the queue for what was received too often.
pub const DEAD_LETTERS: &str = "-dlq";

/// When a function runs, in the words of `EventBridge` Scheduler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// `rate(1 day)`, `cron(0 3 * * ? *)` or `at(2026-12-31T23:59:00)`.
    pub expression: String,
    /// As IANA calls it, such as `Europe/Berlin`.
    pub timezone: String,
    /// The role with which the schedule invokes the function.
    pub role: String,
}

/// Messages, in batches; what fails too often goes to another queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    pub name: String,
    /// Where messages go that were received too often.
    pub dead_letters: String,
    /// The variable with the address of the queue, in all other functions.
    pub env: String,
    /// Seconds for which a message that was received is hidden from others.
    pub visibility: i32,
    /// Messages of one invocation.
    pub batch: i32,
    /// How often a message is received before it goes to the dead letters.
    pub receives: i32,
}

/// `queue = {…}`
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct QueueKeys {
    pub env: String,
    pub visibility: Option<i32>,
    pub batch: i32,
    pub receives: i32,
}

impl Default for QueueKeys {
    fn default() -> Self {
        Self { env: "QUEUE_URL".into(), visibility: None, batch: 10, receives: 5 }
    }
}

/// Six times its time-out is what AWS advises for a function that reads a queue:
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
const ADVISED: i32 = 6;

/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>
const LONGEST_VISIBILITY: i32 = 43_200;

impl Trigger {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Schedule(_) => Kind::Schedule,
            Self::Queue(_) => Kind::Queue,
            Self::Stream(_) => Kind::Stream,
        }
    }

    /// One of which nothing but the names is known.
    pub(super) fn named(kind: Kind, names: &FunctionNames) -> Self {
        match kind {
            Kind::Stream => Self::Stream(String::new()),
            Kind::Queue => {
                Self::Queue(Queue::named(&QueueKeys::default(), LONGEST_VISIBILITY, names))
            }
            Kind::Schedule => Self::Schedule(Schedule {
                expression: String::new(),
                timezone: String::new(),
                role: names.schedule_role.clone(),
            }),
        }
    }

    /// What the keys of the function at `place` say; `None` for a function that takes requests alone.
    pub(super) fn of(
        place: &str,
        keys: &FunctionKeys,
        names: &FunctionNames,
    ) -> Result<Option<Self>> {
        let said = [
            ("schedule", !keys.schedule.is_empty()),
            ("queue", keys.queue.is_some()),
            ("stream", !keys.stream.is_empty()),
        ];
        let said: Vec<&str> = said.iter().filter(|(_, said)| *said).map(|(key, _)| *key).collect();
        if let [one, other, ..] = said.as_slice() {
            return Err(Error::usage(format!("`{place}` has `{one}` and `{other}`"))
                .hint("one thing starts a function: make two functions of the same crate"));
        }
        if !keys.timezone.is_empty() && keys.schedule.is_empty() {
            return Err(Error::usage(format!("`{place}.timezone` is of a `schedule`"))
                .hint("write `schedule = \"cron(…)\"`, too"));
        }
        if let Some(queue) = &keys.queue {
            return Queue::of(place, queue, keys.timeout, names).map(Self::Queue).map(Some);
        }
        if !keys.stream.is_empty() {
            return Ok(Some(Self::Stream(keys.stream.clone())));
        }
        if keys.schedule.is_empty() {
            return Ok(None);
        }
        Schedule::of(place, keys, names).map(Self::Schedule).map(Some)
    }
}

impl Queue {
    /// Its ARN, with `${partition}`, `${region}` and `${account}` for what only the cloud knows.
    pub fn arn(&self) -> String {
        format!("arn:${{partition}}:sqs:${{region}}:${{account}}:{}", self.name)
    }

    fn of(place: &str, keys: &QueueKeys, timeout: i32, names: &FunctionNames) -> Result<Self> {
        let place = format!("{place}.queue");
        let advised = (timeout * ADVISED).min(LONGEST_VISIBILITY);
        let visibility = keys.visibility.unwrap_or(advised);
        within(&format!("{place}.visibility"), visibility, 0..=LONGEST_VISIBILITY, "seconds")?;
        within(&format!("{place}.batch"), keys.batch, 1..=10, "messages")?;
        within(&format!("{place}.receives"), keys.receives, 1..=1000, "times")?;
        if visibility < timeout {
            return Err(Error::usage(format!(
                "`{place}.visibility` is {visibility} s, and the function may run for {timeout} s"
            ))
            .hint(format!(
                "Lambda refuses that, because messages would be received twice; AWS advises {advised}"
            )));
        }
        Ok(Self::named(keys, visibility, names))
    }

    fn named(keys: &QueueKeys, visibility: i32, names: &FunctionNames) -> Self {
        Self {
            name: names.function.clone(),
            dead_letters: format!("{}{DEAD_LETTERS}", names.function),
            env: keys.env.clone(),
            visibility,
            batch: keys.batch,
            receives: keys.receives,
        }
    }
}

impl Schedule {
    fn of(place: &str, keys: &FunctionKeys, names: &FunctionNames) -> Result<Self> {
        let expression = keys.schedule.trim();
        if let Some(hint) = wrong(expression) {
            return Err(Error::usage(format!("`{place}.schedule = \"{expression}\"`")).hint(hint));
        }
        let timezone = if keys.timezone.is_empty() { "UTC" } else { &keys.timezone };
        let is_zone = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
        if timezone.len() > 50 || !timezone.chars().all(is_zone) || !cron::is_zone(timezone) {
            return Err(Error::usage(format!("`{place}.timezone = \"{timezone}\"`"))
                .hint("write it as IANA does: `Europe/Berlin`"));
        }
        Ok(Self {
            expression: expression.to_owned(),
            timezone: timezone.to_owned(),
            role: names.schedule_role.clone(),
        })
    }
}

/// What is wrong with an expression: <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>
fn wrong(expression: &str) -> Option<&'static str> {
    let inside = |kind: &str| expression.strip_prefix(kind)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(rate) = inside("rate") {
        let good = rate.split_once(' ').is_some_and(|(count, unit)| {
            let count: Option<u32> = count.parse().ok().filter(|count| *count > 0);
            let unit = unit.strip_suffix('s').unwrap_or(unit);
            count.is_some() && ["minute", "hour", "day"].contains(&unit)
        });
        return (!good)
            .then_some("a rate is a number and a unit: `rate(15 minutes)`, `rate(1 day)`");
    }
    if let Some(cron) = inside("cron") {
        let fields: Vec<&str> = cron.split_whitespace().collect();
        let marks = [2, 4].iter().filter(|at| fields.get(**at) == Some(&"?")).count();
        if fields.len() == 6 && marks == 1 {
            return cron::wrong(&fields);
        }
        return Some(
            "cron has six fields, minutes, hours, day of the month, month, day of the week, year, and `?` for one of the two days: `cron(0 3 * * ? *)`",
        );
    }
    if let Some(time) = inside("at") {
        let shape = |(at, byte): (usize, u8)| match at {
            4 | 7 => byte == b'-',
            10 => byte == b'T',
            13 | 16 => byte == b':',
            _ => byte.is_ascii_digit(),
        };
        let good = time.len() == 19 && time.bytes().enumerate().all(shape);
        return (!good).then_some("a moment is written as `at(2026-12-31T23:59:00)`");
    }
    Some("a schedule is `rate(1 day)`, `cron(0 3 * * ? *)` or `at(2026-12-31T23:59:00)`")
}

#[cfg(test)]
mod tests {
    use super::super::tests::config;
    use super::*;

    fn trigger(keys: &str) -> Result<Option<Trigger>> {
        let text = format!("name = \"app\"\n[functions.worker]\nbin = \"worker\"\n{keys}");
        config(&text).map(|config| config.function().trigger.clone())
    }

    fn refusal(keys: &str) -> (String, String) {
        let error = trigger(keys).expect_err("refused");
        (error.message, error.hint.unwrap_or_default())
    }

    #[test]
    fn a_queue_hides_messages_for_as_long_as_aws_advises() {
        let Ok(Some(Trigger::Queue(queue))) = trigger("timeout = 20\nqueue = {}") else {
            panic!("a queue");
        };
        assert_eq!((queue.visibility, queue.batch, queue.receives), (120, 10, 5));
        assert_eq!(
            (queue.name.as_str(), queue.dead_letters.as_str()),
            ("app-worker", "app-worker-dlq")
        );
        let (message, hint) = refusal("timeout = 20\nqueue = { visibility = 10 }");
        assert_eq!(
            message,
            "`functions.worker.queue.visibility` is 10 s, and the function may run for 20 s"
        );
        assert!(hint.ends_with("AWS advises 120"), "{hint}");
    }

    #[test]
    fn a_schedule_is_what_the_scheduler_takes() {
        for good in
            ["rate(1 day)", "rate(5 minutes)", "cron(0 3 * * ? *)", "at(2026-12-31T23:59:00)"]
        {
            assert!(trigger(&format!("schedule = \"{good}\"")).is_ok(), "{good}");
        }
        for bad in [
            "daily",
            "rate(0 days)",
            "rate(1 week)",
            "rate(1)",
            "cron(0 3 * * *)",
            "cron(0 3 * * * *)",
            "cron(0 3 ? * ? *)",
            "cron(99 3 * * ? *)",
            "at(tomorrow)",
        ] {
            let (message, hint) = refusal(&format!("schedule = \"{bad}\""));
            assert_eq!(message, format!("`functions.worker.schedule = \"{bad}\"`"));
            assert!(!hint.is_empty(), "{bad}");
        }
        refusal("schedule = \"rate(1 day)\"\ntimezone = \"Mars/Base\"");
        let (message, _) = refusal("schedule = \"rate(1 day)\"\ntimezone = \"next to Berlin\"");
        assert_eq!(message, "`functions.worker.timezone = \"next to Berlin\"`");
    }

    #[test]
    fn one_thing_starts_a_function() {
        let (message, _) = refusal("schedule = \"rate(1 day)\"\nqueue = {}");
        assert_eq!(message, "`functions.worker` has `schedule` and `queue`");
        assert_eq!(
            refusal("timezone = \"UTC\"").0,
            "`functions.worker.timezone` is of a `schedule`"
        );
        assert!(refusal("stream = \"orders\"").0.contains("no table `orders`"));
    }
}
