//! What a browser does with an answer to a page of another origin. Pure: answers in, verdicts out.
//! <https://fetch.spec.whatwg.org/#http-cors-protocol>

mod advice;
mod origin;

pub use advice::{advice, lookalike};
pub use origin::origin;

use crate::cloud::Answered;

const ORIGIN: &str = "access-control-allow-origin";
const METHODS: &str = "access-control-allow-methods";
const HEADERS: &str = "access-control-allow-headers";
const CREDENTIALS: &str = "access-control-allow-credentials";

/// By which the handler tells that it answered.
const VERSION: &str = "x-function-version";

/// What a page asks for.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    pub origin: &'a str,
    pub method: &'a str,
    /// Names of the headers that a page may not set without asking, in lower case.
    pub headers: Vec<&'a str>,
    /// `fetch(…, {credentials: "include"})`
    pub credentials: bool,
}

/// Why a browser keeps an answer from the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The header at fault; the empty one is the status.
    pub header: &'static str,
    pub why: String,
}

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    Gateway,
    Function,
}

impl Layer {
    pub fn of(answer: &Answered) -> Self {
        match answer.header(VERSION) {
            Some(_) => Layer::Function,
            None => Layer::Gateway,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Layer::Gateway => "gateway",
            Layer::Function => "function",
        }
    }
}

impl Ask<'_> {
    /// Whether a browser asks first: not for what a form could send as well.
    pub fn needs_preflight(&self) -> bool {
        !is_simple(self.method) || !self.headers.is_empty()
    }

    /// The headers of the preflight.
    pub fn preflight_headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("origin", self.origin.to_owned()),
            ("access-control-request-method", self.method.to_owned()),
        ];
        if !self.headers.is_empty() {
            headers.push(("access-control-request-headers", self.headers.join(",")));
        }
        headers
    }

    /// Why the browser would not send the request after this answer to the preflight.
    pub fn judge_preflight(&self, answer: &Answered) -> Option<Refusal> {
        if !(200..300).contains(&answer.status) && self.judge_origin(answer).is_none() {
            let why = format!("the preflight was answered with {}", answer.status);
            return Some(Refusal { header: "", why });
        }
        self.judge_origin(answer)
            .or_else(|| self.judge_method(answer))
            .or_else(|| self.judge_headers(answer))
    }

    /// Why the page would not see this answer to the request itself.
    pub fn judge(&self, answer: &Answered) -> Option<Refusal> {
        self.judge_origin(answer)
    }

    fn judge_origin(&self, answer: &Answered) -> Option<Refusal> {
        let found: Vec<&str> = answer.all(ORIGIN).collect();
        let refusal = |why: String| Some(Refusal { header: ORIGIN, why });
        match found.as_slice() {
            [] => return refusal("it is missing".into()),
            ["*"] if self.credentials => {
                return refusal("`*` is not enough for a request with credentials".into());
            }
            ["*"] => {}
            [one] if *one == self.origin => {}
            [one] if !one.contains(',') => return refusal(format!("it allows `{one}` alone")),
            several => {
                return refusal(format!("it is there more than once: `{}`", several.join("`, `")));
            }
        }
        let allowed = answer.header(CREDENTIALS) == Some("true");
        (self.credentials && !allowed)
            .then(|| Refusal { header: CREDENTIALS, why: "it is not `true`".into() })
    }

    fn judge_method(&self, answer: &Answered) -> Option<Refusal> {
        let allowed = values(answer, METHODS);
        let any = !self.credentials && allowed.iter().any(|method| method == "*");
        let fine = any || is_simple(self.method) || allowed.iter().any(|one| one == self.method);
        (!fine).then(|| Refusal {
            header: METHODS,
            why: if allowed.is_empty() {
                format!("it is missing, and {} needs it", self.method)
            } else {
                format!("{} is not among `{}`", self.method, allowed.join(", "))
            },
        })
    }

    fn judge_headers(&self, answer: &Answered) -> Option<Refusal> {
        let allowed = values(answer, HEADERS);
        let any = !self.credentials && allowed.iter().any(|name| name == "*");
        let fine = |name: &&&str| {
            // `*` does not stand for this one.
            (any && **name != "authorization")
                || allowed.iter().any(|one| one.eq_ignore_ascii_case(name))
        };
        let refused = self.headers.iter().find(|name| !fine(name))?;
        Some(Refusal { header: HEADERS, why: format!("`{refused}` is not in it") })
    }
}

/// Methods that need no permission of their own.
fn is_simple(method: &str) -> bool {
    ["GET", "HEAD", "POST"].contains(&method)
}

fn values(answer: &Answered, name: &str) -> Vec<String> {
    let lists = answer.all(name).flat_map(|list| list.split(','));
    lists.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://app.example.com";

    fn ask(method: &'static str) -> Ask<'static> {
        Ask { origin: PAGE, method, headers: Vec::new(), credentials: false }
    }

    fn answer(status: u16, headers: &[(&str, &str)]) -> Answered {
        let header = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Answered { status, headers: headers.iter().map(header).collect(), body: String::new() }
    }

    fn at_fault(refusal: Option<Refusal>) -> &'static str {
        refusal.map_or("nothing", |refusal| refusal.header)
    }

    #[test]
    fn an_answer_is_shown_when_it_names_the_origin_or_any() {
        for allowed in [PAGE, "*"] {
            assert_eq!(ask("GET").judge(&answer(200, &[(ORIGIN, allowed)])), None);
        }
        for status in [400, 405, 500] {
            assert_eq!(ask("GET").judge(&answer(status, &[(ORIGIN, "*")])), None);
        }
    }

    #[test]
    fn an_answer_without_the_origin_with_another_or_with_two_is_kept_back() {
        let why = |headers: &[(&str, &str)]| {
            ask("GET").judge(&answer(200, headers)).expect("refused").why
        };
        assert_eq!(why(&[]), "it is missing");
        assert_eq!(why(&[(ORIGIN, "https://b")]), "it allows `https://b` alone");
        assert!(why(&[(ORIGIN, PAGE), (ORIGIN, "*")]).contains("more than once"));
        assert!(why(&[(ORIGIN, "https://app.example.com, *")]).contains("more than once"));
    }

    #[test]
    fn a_preflight_allows_the_method_and_the_headers() {
        let ask = Ask { headers: vec!["content-type"], ..ask("PATCH") };
        let judge = |headers: &[(&str, &str)]| at_fault(ask.judge_preflight(&answer(204, headers)));
        let both = [(ORIGIN, "*"), (METHODS, "GET,PATCH"), (HEADERS, "Content-Type")];
        assert_eq!(judge(&both), "nothing");
        assert_eq!(judge(&[(ORIGIN, "*"), (METHODS, "*"), (HEADERS, "*")]), "nothing");
        assert_eq!(judge(&both[..1]), METHODS);
        assert_eq!(judge(&both[..2]), HEADERS);
        assert_eq!(judge(&[]), ORIGIN);
    }

    #[test]
    fn a_star_does_not_stand_for_authorization() {
        let ask = Ask { headers: vec!["authorization"], ..ask("GET") };
        let refusal = ask.judge_preflight(&answer(204, &[(ORIGIN, "*"), (HEADERS, "*")]));
        assert_eq!(at_fault(refusal), HEADERS);
    }

    #[test]
    fn a_preflight_needs_a_good_status() {
        let found = answer(404, &[(ORIGIN, "*"), (METHODS, "*")]);
        assert_eq!(at_fault(ask("DELETE").judge_preflight(&found)), "");
        assert_eq!(at_fault(ask("DELETE").judge_preflight(&answer(403, &[]))), ORIGIN);
    }

    #[test]
    fn credentials_need_the_very_origin_and_their_own_header() {
        let ask = Ask { credentials: true, ..ask("GET") };
        assert_eq!(at_fault(ask.judge(&answer(200, &[(ORIGIN, "*")]))), ORIGIN);
        assert_eq!(at_fault(ask.judge(&answer(200, &[(ORIGIN, PAGE)]))), CREDENTIALS);
        let both = [(ORIGIN, PAGE), (CREDENTIALS, "true")];
        assert_eq!(ask.judge(&answer(200, &both)), None);
    }

    #[test]
    fn what_a_form_can_send_is_not_asked_for_first() {
        assert!(!ask("GET").needs_preflight() && !ask("HEAD").needs_preflight());
        assert!(ask("DELETE").needs_preflight());
        assert!(Ask { headers: vec!["content-type"], ..ask("POST") }.needs_preflight());
    }

    #[test]
    fn the_function_tells_itself_by_its_version() {
        assert_eq!(Layer::of(&answer(405, &[(VERSION, "3")])), Layer::Function);
        assert_eq!(Layer::of(&answer(404, &[])), Layer::Gateway);
    }
}
