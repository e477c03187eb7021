//! Origins as browsers send them and API Gateway takes them.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>

use engine::error::{Error, Result};

/// Refuses what API Gateway or a browser would not match.
pub fn check(origin: &str) -> Result<()> {
    if ["*", "http://*", "https://*"].contains(&origin) {
        return Ok(());
    }
    match problem(origin) {
        None => Ok(()),
        Some(Problem { is_an_origin, hint }) => {
            let what =
                if is_an_origin { "API Gateway does not accept" } else { "is not an origin" };
            let message = format!("`api.cors.allow_origins` holds `{origin}`, which {what}");
            Err(Error::usage(message).hint(hint))
        }
    }
}

struct Problem {
    /// A browser does send it.
    is_an_origin: bool,
    hint: String,
}

fn problem(origin: &str) -> Option<Problem> {
    let no_origin = |hint: String| Some(Problem { is_an_origin: false, hint });
    let parts: Vec<&str> = origin.split([',', ' ', ';']).filter(|part| !part.is_empty()).collect();
    if parts.len() > 1 {
        let list: Vec<String> = parts.iter().map(|part| format!("\"{part}\"")).collect();
        return no_origin(format!("each origin is an entry of its own: `[{}]`", list.join(", ")));
    }
    if origin == "null" {
        let hint = "pages of files and of sandboxed frames send it: serve them over HTTP, or answer CORS in the handler";
        return Some(Problem { is_an_origin: true, hint: hint.to_owned() });
    }
    let Some((scheme, rest)) = origin.split_once("://") else {
        // A server of a developer speaks plain HTTP.
        let is_local = ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| {
            origin.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        });
        let scheme = if is_local { "http" } else { "https" };
        return no_origin(format!("an origin has a scheme: `{scheme}://{origin}`"));
    };
    let lower = scheme.to_lowercase();
    if ["http", "https"].contains(&lower.as_str()) && lower != scheme {
        return no_origin(format!("browsers send it in lower case: `{lower}://{rest}`"));
    }
    if !["http", "https"].contains(&scheme) {
        let hint = "API Gateway accepts only `http` and `https`: let the app's web view use the scheme `https` (Capacitor's `androidScheme` and `iosScheme`, Tauri's `useHttpsScheme`), or answer CORS in the handler";
        return Some(Problem { is_an_origin: true, hint: hint.to_owned() });
    }
    host_problem(scheme, rest).and_then(no_origin)
}

fn host_problem(scheme: &str, rest: &str) -> Option<String> {
    if let Some((host, _)) = rest.split_once(['/', '?', '#']) {
        return Some(format!("an origin has no path: `{scheme}://{host}`"));
    }
    if let Some((_, host)) = rest.split_once('@') {
        return Some(format!("an origin has no user: `{scheme}://{host}`"));
    }
    if rest.contains('*') {
        return Some(
            "API Gateway knows no wildcard for a part of a host: list the hosts".to_owned(),
        );
    }
    if !rest.is_ascii() {
        return Some(
            "browsers send such a host in its ASCII form, which starts with `xn--`".to_owned(),
        );
    }
    let after_host = rest.rsplit_once(']').map_or(rest, |(_, after)| after);
    let (host, port) = match after_host.rsplit_once(':') {
        Some((_, port)) => (&rest[..rest.len() - port.len() - 1], Some(port)),
        None => (rest, None),
    };
    if host.is_empty() || host.chars().any(|one| one.is_ascii_uppercase() || one.is_ascii_control())
    {
        return Some(
            "browsers send the host in lower case, like `https://app.example.com`".to_owned(),
        );
    }
    match (scheme, port?) {
        ("https", "443") | ("http", "80") => {
            Some(format!("browsers leave the usual port out: `{scheme}://{host}`"))
        }
        (_, port) if port.parse::<u16>().is_ok_and(|port| port > 0) => None,
        (_, port) => Some(format!("`{port}` is not a port: 1 to 65535")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(origin: &str) -> (String, String) {
        let error = check(origin).expect_err(origin);
        (error.message, error.hint.unwrap_or_default())
    }

    #[test]
    fn origins_that_api_gateway_takes_are_taken() {
        for origin in [
            "*",
            "https://*",
            "http://localhost:5173",
            "https://app.example.com",
            "http://127.0.0.1:3000",
            "http://[::1]:8080",
            "https://xn--bcher-kva.example",
        ] {
            assert_eq!(check(origin), Ok(()), "{origin}");
        }
    }

    #[test]
    fn the_origin_of_an_app_is_one_and_is_told_what_to_do() {
        for origin in [
            "capacitor://localhost",
            "tauri://localhost",
            "chrome-extension://abc",
            "ionic://localhost",
        ] {
            let (message, hint) = refusal(origin);
            assert!(message.ends_with("which API Gateway does not accept"), "{message}");
            assert!(hint.starts_with("API Gateway accepts only `http` and `https`"), "{hint}");
        }
        assert!(refusal("null").0.ends_with("which API Gateway does not accept"));
    }

    #[test]
    fn what_is_wrong_is_told_with_the_right_value() {
        for (origin, hint) in [
            (
                "https://a.example,https://b.example",
                "each origin is an entry of its own: `[\"https://a.example\", \"https://b.example\"]`",
            ),
            ("localhost:5173", "an origin has a scheme: `http://localhost:5173`"),
            ("app.example.com", "an origin has a scheme: `https://app.example.com`"),
            ("https://a.example/", "an origin has no path: `https://a.example`"),
            ("https://me@a.example", "an origin has no user: `https://a.example`"),
            ("https://a.example:443", "browsers leave the usual port out: `https://a.example`"),
            ("https://a.example:70000", "`70000` is not a port: 1 to 65535"),
            ("https://a.example:", "`` is not a port: 1 to 65535"),
            ("HTTPS://a.example", "browsers send it in lower case: `https://a.example`"),
            (
                "https://A.example",
                "browsers send the host in lower case, like `https://app.example.com`",
            ),
            ("https://", "browsers send the host in lower case, like `https://app.example.com`"),
            (
                "https://bücher.example",
                "browsers send such a host in its ASCII form, which starts with `xn--`",
            ),
        ] {
            assert_eq!(refusal(origin).1, hint, "{origin}");
        }
    }
}
