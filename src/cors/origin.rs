//! An origin as a browser sends it: scheme, host and port, and nothing else.

use engine::error::{Error, Result};

/// `text` as a browser would send it: a path, a default port and capitals are taken off.
/// <https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin>
pub fn origin(text: &str) -> Result<String> {
    if text == "null" {
        return Ok(text.to_owned());
    }
    let wrong = || {
        Error::usage(format!("`{text}` is not an origin")).hint(
            "write it as the browser sends it: `https://app.example.com`, `http://localhost:5173`",
        )
    };
    let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default().to_lowercase();
    let scheme = scheme.to_lowercase();
    let letters =
        |part: &str| !part.is_empty() && part.is_ascii() && !part.contains(char::is_whitespace);
    if !letters(&host) || !letters(&scheme) || host.contains('@') {
        return Err(wrong());
    }
    let default = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    let host = if default.is_empty() { &host } else { host.strip_suffix(default).unwrap_or(&host) };
    Ok(format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_would_not_send_is_taken_off() {
        let told = |text: &str| origin(text).expect(text);
        assert_eq!(told("https://App.Example.com/"), "https://app.example.com");
        assert_eq!(told("https://app.example.com:443/a?b#c"), "https://app.example.com");
        assert_eq!(told("http://localhost:5173"), "http://localhost:5173");
        assert_eq!(told("http://localhost:80"), "http://localhost");
        assert_eq!(told("null"), "null");
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in ["", "app.example.com", "https://", "https://a b", "://x"] {
            assert!(origin(text).is_err(), "{text}");
        }
    }
}
