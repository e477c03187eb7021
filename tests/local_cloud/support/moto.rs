//! Another imitation of AWS, for a second opinion. It runs no code, so this answers for its HTTP APIs.

use std::process::{Child, Stdio};

use serde_json::Value;

use super::cloud::{alone, free_port};
use super::python::python_with;
use super::{Aws, Recorder, Response, eventually, try_request};

const REQUIREMENTS: &str = include_str!("../moto-requirements.txt");

/// Runs the server until its input ends: when we close it, or die.
const WATCH: &str = r#"trap '' HUP PIPE
"$0" -m moto.server -H 127.0.0.1 -p "$1" >/dev/null 2>&1 &
cat >/dev/null
kill $!
wait"#;

/// A server with a port of its own, and the gateway that it lacks.
pub struct Moto {
    gateway: Recorder,
    watch: Child,
}

impl Moto {
    pub fn start() -> Self {
        let python = python_with("moto", REQUIREMENTS);
        let port = free_port();
        let mut watch = alone("/bin/sh");
        watch.args(["-c", WATCH]).arg(python).arg(port.to_string()).stdin(Stdio::piped());
        watch.env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true");
        let watch = watch.spawn().expect("there is a shell");
        let moto = Self { gateway: Recorder::with_gateway(port, answer), watch };
        eventually("moto answers", || {
            let url = format!("http://127.0.0.1:{port}/moto-api/data.json");
            try_request("GET", &url, &[], "").ok().filter(|answer| answer.status == 200)
        });
        // Else it would look for Docker to run a function; so it answers every invocation with one sentence.
        let url = format!("http://127.0.0.1:{port}/moto-api/config");
        let answer = try_request("POST", &url, &[], r#"{"lambda": {"use_docker": false}}"#);
        assert_eq!(answer.expect("moto answers").status, 201);
        moto
    }

    pub fn endpoint(&self) -> String {
        self.gateway.endpoint()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}

/// What the function behind an API would answer, as far as a proof looks at it: the version that the alias in the
/// integration points at.
fn answer(aws: &Aws, api: &str) -> Option<String> {
    let found = |response: Response| (response.status < 300).then(|| response.json());
    let get = |service, path: String| found(aws.try_rest(service, "GET", &path, &Value::Null));
    let integrations = get("apigateway", format!("/v2/apis/{api}/integrations"))?;
    let target = integrations["items"][0]["integrationUri"].as_str()?;
    let (function, alias) = target.split(":function:").nth(1)?.split_once(':')?;
    let alias = get("lambda", format!("/2015-03-31/functions/{function}/aliases/{alias}"))?;
    Some(alias["FunctionVersion"].as_str()?.to_owned())
}
