//! The log: one line of JSON an event, nothing personal in it. What users send (keys, titles, queries) is never logged,
//! but for the path of a request that no route answers; of a verified user, a hash is.

use std::{
    env,
    io::{self, Write as _},
    time::{Duration, SystemTime},
};

use serde_json::{Map, Value, json};

use crate::{
    request::Request,
    response::Response,
    routes::{self, Route},
    time::timestamp,
};

/// How much an event matters. Lambda's `FATAL` keeps everything of ours quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Debug,
    Info,
    Warn,
    Error,
    Silent,
}

/// Writes what matters enough to standard output, where Lambda collects it.
#[derive(Debug, Clone, Copy)]
pub struct Log {
    least: Level,
}

impl Log {
    /// The level that is set on the function (`AWS_LAMBDA_LOG_LEVEL`), else in `LOG_LEVEL`, else `INFO`.
    pub fn from_environment() -> Self {
        let name = env::var("AWS_LAMBDA_LOG_LEVEL").or_else(|_| env::var("LOG_LEVEL"));
        Self { least: level(&name.unwrap_or_default()) }
    }

    /// One request and its answer. What has a cause is an error, and the cause is here and nowhere else.
    pub fn request(self, id: &str, request: &Request, response: &Response, duration: Duration) {
        let level = match response.cause {
            Some(_) => Level::Error,
            None => Level::Info,
        };
        let fields = request_fields(id, request, response, duration);
        self.write(level, "request", fields);
    }

    /// Whether the connection was open before the first request.
    pub fn warmed(self, result: Result<(), String>) {
        match result {
            Ok(()) => self.write(Level::Debug, "connected", json!({})),
            Err(cause) => self.write(Level::Info, "not connected yet", json!({"cause": cause})),
        }
    }

    /// An event that is no request.
    pub fn unexpected(self, id: &str, cause: &str) {
        self.write(Level::Error, "no request", json!({"requestId": id, "cause": cause}));
    }

    /// The function cannot do its work at all.
    pub fn failure(self, message: &str, cause: &str) {
        self.write(Level::Error, message, json!({"cause": cause}));
    }

    pub(crate) fn writes(self, level: Level) -> bool {
        level >= self.least
    }

    pub(crate) fn write(self, level: Level, message: &str, fields: Value) {
        if self.writes(level) {
            let line = line(level, message, fields, SystemTime::now());
            // There is nobody to tell that the log is closed.
            let _ = writeln!(io::stdout().lock(), "{line}");
        }
    }
}

fn level(name: &str) -> Level {
    match name.to_ascii_uppercase().as_str() {
        "TRACE" | "DEBUG" => Level::Debug,
        "WARN" => Level::Warn,
        "ERROR" => Level::Error,
        "FATAL" => Level::Silent,
        _ => Level::Info,
    }
}

/// The route alone, as it is declared. Where there is none, what was asked for: that is what somebody looks for.
fn request_fields(id: &str, request: &Request, response: &Response, duration: Duration) -> Value {
    let route = routes::find(request);
    let mut fields = json!({
        "requestId": id,
        "route": route.map(Route::to_string),
        "status": response.status_code,
        "durationMs": milliseconds(duration),
    });
    if route.is_none() {
        fields["method"] = beginning(&request.method).into();
        fields["path"] = beginning(&request.path).into();
    }
    if let Some(hash) = request.caller.hash() {
        fields["user"] = hash.into();
    }
    if let Some(cause) = &response.cause {
        fields["cause"] = cause.as_str().into();
    }
    fields
}

/// Nobody fills the log with a long path.
fn beginning(text: &str) -> String {
    text.chars().take(200).collect()
}

/// To the microsecond: more digits are noise.
fn milliseconds(duration: Duration) -> f64 {
    let microseconds = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    f64::from(microseconds) / 1000.0
}

fn line(level: Level, message: &str, fields: Value, time: SystemTime) -> Value {
    let mut line = Map::from_iter([
        ("timestamp".into(), timestamp(time).into()),
        ("level".into(), format!("{level:?}").to_uppercase().into()),
        ("message".into(), message.into()),
    ]);
    if let Value::Object(fields) = fields {
        line.extend(fields);
    }
    line.into()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::caller::{Caller, tests::user};

    fn request(method: &str, path: &str) -> Request {
        Request { method: method.into(), path: path.into(), ..Request::default() }
    }

    #[test]
    fn a_request_is_one_line_with_its_id_route_status_and_duration() {
        let response = Response::failure("GetItem: AccessDeniedException".into());
        let fields =
            request_fields("id-1", &request("GET", "/"), &response, Duration::from_micros(1500));
        let line = line(Level::Error, "request", fields, UNIX_EPOCH);
        assert_eq!(
            line,
            json!({
                "timestamp": "1970-01-01T00:00:00.000Z",
                "level": "ERROR",
                "message": "request",
                "requestId": "id-1",
                "route": "GET /",
                "status": 500,
                "durationMs": 1.5,
                "cause": "GetItem: AccessDeniedException",
            })
        );
        assert!(!line.to_string().contains('\n'));
    }

    #[test]
    fn a_verified_user_is_logged_as_a_hash() {
        let caller = Caller::User(user("alice"));
        let asked = Request { caller: caller.clone(), ..request("GET", "/") };
        let response = Response::error(404, "Item not found");
        let fields = request_fields("id-1", &asked, &response, Duration::ZERO);
        assert_eq!(fields["user"].as_str(), caller.hash().as_deref());
        assert!(!fields.to_string().contains("alice"));
    }

    #[test]
    fn what_has_no_route_is_named() {
        let response = Response::error(404, "Not found");
        let asked = request("GET", &format!("/nowhere{}", "/a".repeat(200)));
        let fields = request_fields("id-1", &asked, &response, Duration::ZERO);
        assert_eq!((&fields["route"], &fields["method"]), (&Value::Null, &"GET".into()));
        let path = fields["path"].as_str().expect("a text");
        assert!(path.starts_with("/nowhere/a") && path.len() == 200, "{path}");
    }

    #[test]
    fn a_level_is_read_in_any_case_and_an_unknown_one_is_info() {
        assert_eq!(level("debug"), Level::Debug);
        assert_eq!(level("Error"), Level::Error);
        assert_eq!(level("FATAL"), Level::Silent);
        assert_eq!(level(""), Level::Info);
        assert_eq!(level("warn"), Level::Warn);
        assert!(
            Level::Debug < Level::Info && Level::Info < Level::Warn && Level::Warn < Level::Error
        );
    }
}
