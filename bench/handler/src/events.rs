//! What API Gateway sends (payload format 2.0), one event for each route of the API.

/// `count` events, the routes in turn.
pub fn mixed(count: usize) -> impl Iterator<Item = String> {
    let item = "&itemId=item-01920000-0000-7000-8000-000000000000";
    let routes = [
        event("POST", "", r#"{\"title\":\"Buy oat milk and bread\"}"#),
        event("GET", item, ""),
        event("GET", "", ""),
        event("PATCH", item, r#"{\"status\":\"done\"}"#),
        event("DELETE", item, ""),
    ];
    (0..count).map(move |index| routes[index % routes.len()].clone())
}

/// The first request that an environment gets: one item is asked for.
pub fn first() -> String {
    event("GET", "&itemId=item-01920000-0000-7000-8000-000000000000", "")
}

fn event(method: &str, item: &str, body: &str) -> String {
    let parameters = match item.split_once('=') {
        Some((_, id)) => format!(r#"{{"userId":"user-1","itemId":"{id}"}}"#),
        None => r#"{"userId":"user-1"}"#.to_owned(),
    };
    let body = if body.is_empty() { String::new() } else { format!(r#""body":"{body}","#) };
    format!(
        r#"{{"version":"2.0","routeKey":"{method} /","rawPath":"/","rawQueryString":"userId=user-1{item}",
"headers":{{"accept":"*/*","accept-encoding":"gzip, deflate, br","accept-language":"en-US,en;q=0.9","content-length":"36","content-type":"application/json","host":"abcdefghij.execute-api.us-east-1.amazonaws.com","origin":"http://localhost:5173","referer":"http://localhost:5173/","user-agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36","x-amzn-trace-id":"Root=1-66d1b2c3-0123456789abcdef01234567","x-forwarded-for":"203.0.113.7","x-forwarded-port":"443","x-forwarded-proto":"https"}},
"queryStringParameters":{parameters},
"requestContext":{{"accountId":"123456789012","apiId":"abcdefghij","domainName":"abcdefghij.execute-api.us-east-1.amazonaws.com","domainPrefix":"abcdefghij","http":{{"method":"{method}","path":"/","protocol":"HTTP/1.1","sourceIp":"203.0.113.7","userAgent":"Mozilla/5.0"}},"requestId":"JKJaXmPLvHcESHA=","routeKey":"{method} /","stage":"$default","time":"30/Aug/2026:12:00:00 +0000","timeEpoch":1788091200000}},
{body}"isBase64Encoded":false}}"#
    )
}
