//! Requests of the handler's contract that show what each route does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::cloud::{Answered, Request, send};
use crate::route_keys;
use engine::error::{Doing, Error, Result};
use verify::manifest::Route;

/// One promise of `contract.json`.
#[derive(Debug, Deserialize)]
pub struct Case {
    #[serde(default)]
    gateway: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct Step {
    request: Asked,
    expect: Expected,
}

#[derive(Debug, Deserialize)]
struct Asked {
    method: String,
    #[serde(default = "root")]
    path: String,
    #[serde(default)]
    query: String,
    body: Option<Value>,
    raw: Option<String>,
    base64: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Expected {
    status: u16,
    body: Value,
}

/// A step that stands for its kind: this method on this path with these parameters.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    pub route: usize,
    case: &'a Case,
    step: usize,
}

/// A request with nothing left to fill in.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Where the route stands in the manifest.
    pub route: usize,
    method: String,
    target: String,
    body: Option<String>,
}

pub fn read(handler: &Path) -> Result<Vec<Case>> {
    let path = handler.join("contract.json");
    if !path.is_file() {
        return Err(Error::environment(format!("there is no `{}`", path.display()))
            .hint("the witness replays the requests of the handler's contract"));
    }
    let text = machine::read_text(&path).doing(format!("read `{}`", path.display()))?;
    serde_json::from_str(&text).map_err(|error| {
        Error::usage(format!("`{}` is not a contract", path.display())).cause(error)
    })
}

/// The first step of each kind that succeeds, the routes in their order.
pub fn choose<'a>(cases: &'a [Case], routes: &[Route]) -> Vec<Choice<'a>> {
    let mut kinds = BTreeSet::new();
    let mut chosen = Vec::new();
    for case in cases.iter().filter(|case| !case.gateway) {
        for (step, Step { request, expect }) in case.steps.iter().enumerate() {
            let taken = route_keys::of_request(routes, &request.method, &request.path);
            let Some((route, _)) = taken else { continue };
            let plain = request.raw.is_none() && request.base64.is_none();
            if plain && expect.status < 300 && kinds.insert((route, parameters(&request.query))) {
                chosen.push(Choice { route, case, step });
            }
        }
    }
    chosen
}

/// Replays what comes before the step, so that what it asks for is there.
pub async fn prepare(choice: Choice<'_>, url: &str, run: &str) -> Result<Ready> {
    let mut names = BTreeMap::from([("run".to_owned(), run.to_owned())]);
    for step in &choice.case.steps[..choice.step] {
        let ready = fill(choice.route, &step.request, &names);
        let answer = ready.send(url).await?;
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        learn(&step.expect.body, &body, &mut names);
    }
    Ok(fill(choice.route, &choice.case.steps[choice.step].request, &names))
}

impl Ready {
    pub async fn send(&self, url: &str) -> Result<Answered> {
        let url = format!("{url}{}", self.target);
        let headers = [("content-type", "application/json")];
        let body = self.body.as_deref();
        send(Request { method: &self.method, url: &url, headers: &headers, body }).await
    }
}

fn fill(route: usize, asked: &Asked, names: &BTreeMap<String, String>) -> Ready {
    let body = asked.body.as_ref().map(|body| expand(&body.to_string(), names));
    let target = format!("{}?{}", expand(&asked.path, names), expand(&asked.query, names));
    Ready { route, method: asked.method.clone(), target, body }
}

/// Fills in `{name}`; braces of JSON, which surround no known name, stay.
fn expand(text: &str, names: &BTreeMap<String, String>) -> String {
    names
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// `"$item"` in what is expected names what came.
fn learn(expected: &Value, actual: &Value, names: &mut BTreeMap<String, String>) {
    match (expected, actual) {
        (Value::String(pattern), Value::String(text)) => {
            if let Some(name) = pattern.strip_prefix('$') {
                names.insert(name.to_owned(), text.clone());
            }
        }
        (Value::Array(patterns), Value::Array(values)) => {
            patterns.iter().zip(values).for_each(|(one, other)| learn(one, other, names));
        }
        (Value::Object(patterns), Value::Object(values)) => {
            for (name, pattern) in patterns {
                learn(pattern, values.get(name).unwrap_or(&Value::Null), names);
            }
        }
        _ => {}
    }
}

fn parameters(query: &str) -> BTreeSet<String> {
    let name = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
    query.split('&').map(name).collect()
}

fn root() -> String {
    "/".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use verify::manifest::Site;

    fn route(method: &str) -> Route {
        let site = Site { file: "routes.rs".into(), line: 1 };
        let (method, path, operations) = (method.into(), "/".into(), vec!["GetItem"]);
        Route { method, path, public: false, operations, site }
    }

    #[test]
    fn each_kind_of_request_is_chosen_once() {
        let contract = include_str!("../../handler/contract.json");
        let cases: Vec<Case> = serde_json::from_str(contract).expect("the contract is read");
        let routes = ["GET", "POST", "PATCH", "DELETE"].map(route);
        let chosen: Vec<usize> = choose(&cases, &routes).iter().map(|one| one.route).collect();
        assert_eq!(chosen.iter().filter(|route| **route == 3).count(), 1);
        assert!(chosen.iter().filter(|route| **route == 0).count() >= 2, "{chosen:?}");
    }

    #[test]
    fn a_request_with_a_value_in_its_path_shows_the_route_of_its_template() {
        let contract = r#"[{"name": "one", "steps": [
            {"request": {"method": "POST"}, "expect": {"status": 201, "body": {"itemId": "$item"}}},
            {"request": {"method": "GET", "path": "/items/{item}"}, "expect": {"status": 200, "body": {}}}]}]"#;
        let cases: Vec<Case> = serde_json::from_str(contract).expect("the contract is read");
        let routes = [route("POST"), Route { path: "/items/{id}".into(), ..route("GET") }];
        let chosen = choose(&cases, &routes);
        assert_eq!(chosen.iter().map(|one| one.route).collect::<Vec<_>>(), [0, 1]);
        let names = BTreeMap::from([("item".to_owned(), "item-1".to_owned())]);
        assert_eq!(fill(1, &cases[0].steps[1].request, &names).target, "/items/item-1?");
    }

    #[test]
    fn names_are_learnt_from_answers_and_filled_in() {
        let mut names = BTreeMap::from([("run".to_owned(), "w".to_owned())]);
        let expected = serde_json::json!({"items": [{"itemId": "$item", "title": "Tea"}]});
        let actual = serde_json::json!({"items": [{"itemId": "item-1", "title": "Tea"}]});
        learn(&expected, &actual, &mut names);
        assert_eq!(expand("{\"a\":\"{run}-{item}\"}", &names), "{\"a\":\"w-item-1\"}");
    }
}
