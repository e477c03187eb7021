//! Who may call a route: everybody, or whoever has a token that the authorizer takes.

use std::collections::BTreeSet;

use aws_sdk_apigatewayv2::types::{AuthorizationType, Route};

use super::{ABSENT, At};
use crate::cloud::{Answer, Doing};
use engine::Difference;
use engine::error::Result;

/// What lets a route lose its token.
const WAY_OUT: &str = "put `[auth]` into `stack.toml` again, or open the API to everybody: `stackctl up --make-public`";

/// What the routes of an API ask for.
pub(super) struct Guard<'a> {
    /// Absent where everybody may call every route.
    pub token: Option<Token<'a>>,
    /// The keys of the routes that need no token all the same.
    pub public: BTreeSet<&'a str>,
    pub opens: bool,
}

/// Who checks a token, and for what.
pub(super) struct Token<'a> {
    /// `None` while it is not made yet.
    pub authorizer: Option<&'a str>,
    pub scopes: &'a [String],
}

impl Guard<'_> {
    /// What the route of `key` asks for; `None` where it is open.
    pub fn of(&self, key: &str) -> Option<&Token<'_>> {
        self.token.as_ref().filter(|_| !self.public.contains(key))
    }

    /// Whether the route asks for exactly what it shall.
    pub fn is_met(&self, key: &str, route: &Route) -> bool {
        self.difference(key, route).is_none()
    }

    /// What the route asks for instead.
    pub fn difference(&self, key: &str, route: &Route) -> Option<Difference> {
        let name = format!("route {key}");
        let Some(token) = self.of(key) else {
            return self.opened(name, route);
        };
        if !is_checked(route) {
            let change = Difference::new(name, "open to everybody", "needs a token");
            return Some(change.exposing());
        }
        let authorizer = route.authorizer_id().unwrap_or_default();
        if let Some(wanted) = token.authorizer.filter(|wanted| *wanted != authorizer) {
            let now = format!("checked by authorizer {authorizer}");
            return Some(Difference::new(name, now, format!("by {wanted}")).exposing());
        }
        let set = |list: &[String]| list.iter().cloned().collect::<BTreeSet<_>>();
        let (now, wanted) = (set(route.authorization_scopes()), set(token.scopes));
        let told = |scopes: &BTreeSet<String>| match scopes.len() {
            0 => "any scope".to_owned(),
            _ => scopes.iter().cloned().collect::<Vec<_>>().join(", "),
        };
        (now != wanted).then(|| Difference::new(name, told(&now), told(&wanted)).exposing())
    }

    /// A route that shall be open, and is not.
    fn opened(&self, name: String, route: &Route) -> Option<Difference> {
        if is_open(route) {
            return None;
        }
        if !is_checked(route) {
            return Some(Difference::new(name, "needs authorization", "open"));
        }
        let change = Difference::new(name, "needs a token", "PUBLIC: open to everybody").losing();
        // The source itself says of a public route that it is one.
        let is_said = self.token.is_some() || self.opens;
        Some(if is_said { change } else { change.refused(WAY_OUT) })
    }

    /// A route that nobody wants.
    pub fn extra(&self, route: &Route) -> Difference {
        let name = format!("route {}", route.route_key().unwrap_or_default());
        if self.token.is_some() && is_open(route) {
            return Difference::new(name, "there, open to everybody", "none").exposing();
        }
        Difference::new(name, "there", "none")
    }

    /// Deletes what checked tokens for routes that have left it.
    pub async fn remove_unused(&self, at: &At<'_>, before: &[Route]) -> Result<()> {
        let kept = self.token.as_ref().and_then(|token| token.authorizer);
        let used = before.iter().filter(|route| is_checked(route));
        let used: BTreeSet<&str> = used.filter_map(Route::authorizer_id).collect();
        for id in used.into_iter().filter(|id| Some(*id) != kept && !id.is_empty()) {
            at.change(|| async {
                let call = at.client.delete_authorizer().api_id(at.api).authorizer_id(id);
                let answer = call.send().await.doing(format!("delete authorizer {id}"));
                answer.absent_if(&ABSENT).map(|_| ())
            })
            .await?;
        }
        Ok(())
    }
}

/// What API Gateway keeps of an authorizer at a route that has none says nothing.
pub(super) fn is_open(route: &Route) -> bool {
    matches!(route.authorization_type(), None | Some(AuthorizationType::None))
}

fn is_checked(route: &Route) -> bool {
    route.authorization_type() == Some(&AuthorizationType::Jwt)
}
