//! Where requests go: which routes lead to which function.

use crate::blueprint::{Blueprint, Blueprints};
use crate::config::Config;
use crate::resources::RouteTarget;
use crate::route_keys::METHODS;
use verify::manifest::{Manifest, Route};

/// The routes of each function that takes requests.
pub(super) fn targets(config: &Config, blueprints: Option<&Blueprints>) -> Vec<RouteTarget> {
    let target = |(key, blueprint): (&String, &Blueprint)| {
        let function = config.functions.get(key)?.name.clone();
        let keys = route_keys(&blueprint.manifest);
        let public = |route: &&Route| route.public;
        let public = keys_of(blueprint.manifest.routes.iter().filter(public));
        blueprint.takes_requests().then_some(RouteTarget { function, keys, public })
    };
    blueprints.into_iter().flatten().filter_map(target).collect()
}

/// One route for each method that the handler declares. `ANY` and `$default` would take preflights, too, and send them
/// to the function instead of letting the gateway answer them:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>
pub(super) fn route_keys(manifest: &Manifest) -> Vec<String> {
    keys_of(manifest.routes.iter())
}

fn keys_of<'a>(routes: impl Iterator<Item = &'a Route>) -> Vec<String> {
    let methods = |method| if method == "ANY" { METHODS.to_vec() } else { vec![method] };
    let keys = routes.flat_map(|route| {
        let keys = methods(route.method.as_str()).into_iter();
        keys.map(|method| format!("{method} {}", route.path))
    });
    let mut keys: Vec<String> = keys.collect();
    keys.sort();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_declared_method_has_a_route_of_its_own_and_none_takes_preflights() {
        let text = r#"operations! { get: GetItem } routes! { GET "/" => a [GetItem], POST "/" => a [GetItem], ANY "/x" => a [GetItem] }"#;
        let manifest = Manifest::from_sources(&[("routes.rs", text)]).expect("it is valid");
        let keys = route_keys(&manifest);
        let any =
            ["DELETE /x", "GET /", "GET /x", "HEAD /x", "PATCH /x", "POST /", "POST /x", "PUT /x"];
        assert_eq!(keys, any);
        let takes_preflights =
            |key: &str| ["ANY ", "OPTIONS ", "$default"].iter().any(|one| key.starts_with(one));
        assert!(!keys.iter().any(|key| takes_preflights(key)), "{keys:?}");
    }
}
