//! Lists of requests to decide, as files: what a conformance test and `simulate --cases` read.

use super::{Answer, Context, Decision, Policy, Request, evaluate};
use crate::json::Json;
use crate::parse::Kind;

/// A request with the policies that decide it. `id` is given back as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub id: Json,
    question: Result<Question, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Question {
    policies: Vec<Policy>,
    boundary: Vec<Policy>,
    request: Request,
}

impl Case {
    /// Reads a list of cases, or an object with a list of `cases`. A case that cannot be read stays in the list.
    pub fn read_all(text: &str) -> Result<Vec<Case>, String> {
        let json = Json::parse(text).map_err(|error| format!("the cases are not JSON: {error}"))?;
        match json.get("cases").unwrap_or(&json) {
            Json::Array(cases) => Ok(cases.iter().map(Case::read).collect()),
            _ => Err("the cases are not a list".to_owned()),
        }
    }

    pub fn decide(&self) -> Answer {
        match &self.question {
            Ok(question) => evaluate(&question.policies, &question.boundary, &question.request),
            Err(problem) => {
                Answer { decision: Decision::Unproven, statement: None, why: problem.clone() }
            }
        }
    }

    fn read(case: &Json) -> Case {
        let id = case.get("id").cloned().unwrap_or(Json::Null);
        Case { id, question: Question::read(case) }
    }
}

impl Question {
    fn read(case: &Json) -> Result<Question, String> {
        if let Some(name) = case.duplicate() {
            return Err(format!("the case has the key `{name}` twice"));
        }
        let text = |name: &str| {
            let member = case.get(name).and_then(Json::as_str);
            member.map(str::to_owned).ok_or_else(|| format!("the case has no text `{name}`"))
        };
        let context = match case.get("context") {
            Some(context) => Context::from_json(context).ok_or("the context is not an object")?,
            None => return Err("the case has no `context`".to_owned()),
        };
        Ok(Question {
            policies: policies(case, "policies")?,
            boundary: if case.get("boundary").is_some() {
                policies(case, "boundary")?
            } else {
                vec![]
            },
            request: Request {
                principal: None,
                action: text("action")?,
                resource: text("resource")?,
                context,
            },
        })
    }
}

fn policies(case: &Json, name: &str) -> Result<Vec<Policy>, String> {
    let read =
        |(place, document)| Policy::read(format!("{name}[{place}]"), Kind::Identity, document);
    match case.get(name) {
        Some(Json::Array(documents)) => Ok(documents.iter().enumerate().map(read).collect()),
        Some(Json::Null) => Ok(vec![]),
        Some(document @ Json::Object(_)) => Ok(vec![read((0, document))]),
        _ => Err(format!("the case has no list `{name}`")),
    }
}
