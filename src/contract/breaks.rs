//! What callers of one contract would miss in another: what they send must still be taken, and what they read must still
//! be answered.

use super::document::{Answer, Api, Call, Document};
use super::types::{Field, Type};

/// Types deeper than this are not compared: they may be made of themselves.
const DEPTH: usize = 16;

/// One line for each way in which `now` breaks callers of `before`.
pub(super) fn between(before: &Document, now: &Document) -> Answer<Vec<String>> {
    let (old, new) = (before.api()?, now.api()?);
    let mut breaks = Vec::new();
    for was in &old.calls {
        match new.calls.iter().find(|call| call.name == was.name) {
            None => breaks.push(format!("`{}` is gone", was.name)),
            Some(is) => breaks.extend(call((&old, was), (&new, is))),
        }
    }
    Ok(breaks)
}

fn call((old, was): (&Api, &Call), (new, is): (&Api, &Call)) -> Vec<String> {
    let name = &was.name;
    let mut breaks = Vec::new();
    if (&was.method, &was.path) != (&is.method, &is.path) {
        breaks.push(format!("`{name}` is `{} {}` now", is.method, is.path));
    }
    let parameters = |call: &Call| {
        Type::Object(call.parameters.iter().map(|parameter| parameter.field.clone()).collect())
    };
    let body = |call: &Call| call.body.clone().unwrap_or(Type::Object(Vec::new()));
    let mut sent = Fit { call: name, sent: true, breaks: Vec::new() };
    sent.check((old, &parameters(was)), (new, &parameters(is)), "its parameters", DEPTH);
    sent.check((old, &body(was)), (new, &body(is)), "its body", DEPTH);
    let mut answered = Fit { call: name, sent: false, breaks: Vec::new() };
    answered.check((new, &is.answer), (old, &was.answer), "its answer", DEPTH);
    breaks.extend(sent.breaks.into_iter().chain(answered.breaks));
    breaks
}

/// Whether all that is given is understood by who takes it.
struct Fit<'a> {
    call: &'a str,
    /// Given by callers, and not by the API.
    sent: bool,
    breaks: Vec<String>,
}

type Side<'a> = (&'a Api, &'a Type);

impl Fit<'_> {
    fn check(&mut self, given: Side<'_>, taken: Side<'_>, place: &str, depth: usize) {
        let (Some(depth), Some(given), Some(taken)) =
            (depth.checked_sub(1), resolved(given), resolved(taken))
        else {
            return;
        };
        match (given.1, taken.1) {
            (_, Type::Unknown) => {}
            (Type::Either(kinds), _) => {
                for kind in kinds {
                    self.check((given.0, kind), taken, place, depth);
                }
            }
            (_, Type::Either(kinds)) => {
                let fits = |kind| self.fits(given, (taken.0, kind), place, depth);
                if !kinds.iter().any(fits) {
                    self.differs(place);
                }
            }
            (Type::Object(has), Type::Object(needs)) => {
                self.fields((given.0, has), (taken.0, needs), depth);
            }
            (Type::List(one), Type::List(other)) => {
                self.check((given.0, one), (taken.0, other), place, depth);
            }
            (one, other) if is_within(one, other) => {}
            _ => self.differs(place),
        }
    }

    fn fits(&self, given: Side<'_>, taken: Side<'_>, place: &str, depth: usize) -> bool {
        let mut tried = Fit { breaks: Vec::new(), ..*self };
        tried.check(given, taken, place, depth);
        tried.breaks.is_empty()
    }

    fn fields(&mut self, given: (&Api, &[Field]), taken: (&Api, &[Field]), depth: usize) {
        let call = self.call;
        for need in taken.1 {
            let has = given.1.iter().find(|field| field.name == need.name);
            if need.required && !has.is_some_and(|field| field.required) {
                let verb = if self.sent { "needs" } else { "may answer without" };
                self.breaks.push(format!("`{call}` {verb} `{}`", need.name));
            } else if let Some(has) = has {
                let place = format!("`{}`", need.name);
                self.check((given.0, &has.kind), (taken.0, &need.kind), &place, depth);
            }
        }
        let unknown =
            given.1.iter().filter(|field| taken.1.iter().all(|one| one.name != field.name));
        // Nobody is hurt by an answer with more in it.
        for field in unknown.filter(|_| self.sent) {
            self.breaks.push(format!("`{call}` no longer accepts `{}`", field.name));
        }
    }

    fn differs(&mut self, place: &str) {
        let (call, verb) = (self.call, if self.sent { "takes" } else { "answers" });
        self.breaks.push(format!("`{call}` {verb} {place} in another form"));
    }
}

/// What a name stands for; `None` when it stands for nothing.
fn resolved((api, kind): Side<'_>) -> Option<Side<'_>> {
    let Type::Name(name) = kind else { return Some((api, kind)) };
    let named = api.types.iter().find(|named| named.name == *name)?;
    Some((api, &named.kind))
}

fn is_within(one: &Type, other: &Type) -> bool {
    match (one, other) {
        (Type::Constant(one), Type::Constant(other)) => one == other,
        (Type::Constant(text), Type::Text) => text.starts_with('"'),
        (Type::Constant(text), Type::Number) => text.parse::<f64>().is_ok(),
        (Type::Constant(text), Type::Boolean) => text == "true" || text == "false",
        _ => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn document() -> Value {
        json!({"openapi": "3.1.1", "paths": {"/": {"post": {
            "operationId": "add",
            "parameters": [{"name": "userId", "in": "query", "required": true, "schema": {"type": "string"}}],
            "requestBody": {"content": {"application/json": {"schema": {
                "properties": {"title": {"type": "string"}, "color": {"type": "string"}}, "required": ["title"]}}}},
            "responses": {"201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}}}
        }}}, "components": {"schemas": {"Item": {
            "properties": {"title": {"type": "string"}, "status": {"enum": ["open", "done"]}},
            "required": ["title", "status"]}}}})
    }

    /// What callers of the document notice when the value at a place of it becomes another.
    fn after(place: &str, becomes: Value) -> Vec<String> {
        let mut now = document();
        *now.pointer_mut(place).expect("a place of the document") = becomes;
        between(&Document::new(document()), &Document::new(now)).expect("two good documents")
    }

    const BODY: &str = "/paths/~1/post/requestBody/content/application~1json/schema";
    const ITEM: &str = "/components/schemas/Item";

    #[test]
    fn the_same_contract_breaks_nobody_and_neither_does_one_that_says_more() {
        assert!(after("/openapi", json!("3.1.0")).is_empty());
        let more = json!({"properties": {"title": {"type": "string"}, "status": {"enum": ["open", "done"]}, "more": {"type": "string"}},
            "required": ["title", "status", "more"]});
        assert!(after(ITEM, more).is_empty());
        let optional =
            json!({"properties": {"title": {"type": "string"}, "color": {"type": "string"}}});
        assert!(after(BODY, optional).is_empty());
    }

    #[test]
    fn what_is_gone_is_told() {
        assert_eq!(after("/paths/~1/post/operationId", json!("create")), ["`add` is gone"]);
        let without = json!({"properties": {"title": {"type": "string"}}, "required": ["title"]});
        assert_eq!(after(BODY, without.clone()), ["`add` no longer accepts `color`"]);
        assert_eq!(after(ITEM, without), ["`add` may answer without `status`"]);
    }

    #[test]
    fn what_is_needed_newly_is_told() {
        assert_eq!(
            after(&format!("{BODY}/required"), json!(["title", "color"])),
            ["`add` needs `color`"]
        );
        let parameter = json!([{"name": "team", "in": "query", "required": true, "schema": {"type": "string"}}]);
        let told = ["`add` needs `team`", "`add` no longer accepts `userId`"];
        assert_eq!(after("/paths/~1/post/parameters", parameter), told);
    }

    #[test]
    fn another_form_is_told_by_its_place() {
        let number = json!({"type": "integer"});
        assert_eq!(
            after(&format!("{BODY}/properties/title"), number.clone()),
            ["`add` takes `title` in another form"]
        );
        assert_eq!(
            after(&format!("{ITEM}/properties/title"), number),
            ["`add` answers `title` in another form"]
        );
        let states = json!({"enum": ["open", "done", "late"]});
        assert_eq!(
            after(&format!("{ITEM}/properties/status"), states),
            ["`add` answers `status` in another form"]
        );
        let fewer = json!({"enum": ["open"]});
        assert!(after(&format!("{ITEM}/properties/status"), fewer).is_empty());
    }
}
