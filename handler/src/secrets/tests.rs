use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use aws_sdk_dynamodb::config::Credentials;

use super::*;

/// One request: its headers in small letters, and its body.
type Asked = (String, Value);

/// Systems Manager on this machine, answering as `answer` says; with what it was asked.
fn server(
    answer: impl Fn(usize, &Asked) -> (u16, Value) + Send + 'static,
) -> (Service, Arc<Mutex<Vec<Asked>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
    let log = Arc::new(Mutex::new(Vec::new()));
    let asked = log.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("the client connects");
            let request = request(&mut BufReader::new(stream.try_clone().expect("a clone")));
            let mut log = log.lock().expect("nobody panics");
            let (status, body) = answer(log.len(), &request);
            log.push(request);
            let (body, length) = (body.to_string(), body.to_string().len());
            write!(
                stream,
                "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            )
            .expect("the client listens");
        }
    });
    let credentials = Credentials::new("AKID", "key", Some("session".into()), None, "test");
    (Service::new(&endpoint, "eu-west-1".into(), credentials), asked)
}

fn request(reader: &mut impl BufRead) -> Asked {
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("headers are text");
        let line = line.to_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("it is a number");
        }
        if line == "\r\n" {
            break;
        }
        headers.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body is as long as it says");
    (headers, serde_json::from_slice(&body).expect("JSON"))
}

fn pin(key: &str, version: u32) -> Pin {
    Pin { key: key.into(), parameter: format!("/stackctl/app/default/{key}:{version}") }
}

/// What is stored under `name`, which has the version that was asked for.
fn stored(name: &str) -> Value {
    let (name, version) = name.rsplit_once(':').expect("a version");
    let version: u32 = version.parse().expect("a number");
    json!({"Name": name, "Value": format!("value of {name}"), "Version": version, "Selector": format!(":{version}")})
}

fn refusal(code: &str) -> (u16, Value) {
    (400, json!({"__type": format!("com.amazonaws.ssm#{code}"), "message": "because"}))
}

async fn values(service: &Service, pins: Vec<Pin>) -> Result<Vec<(String, String)>, String> {
    let read = read(service, pins).await.map_err(|failure| failure.to_string())?;
    Ok(read.into_iter().map(|(key, secret)| (key, secret.reveal().to_owned())).collect())
}

#[test]
fn only_what_the_stack_has_pinned_is_read() {
    let variables = [
        ("SECRET_A", "/stackctl/app/default/A:7"),
        ("SECRET_MODE", "quiet"),
        ("TABLE_NAME", "/stackctl/app/default/A:7"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(pins(variables.into_iter()), [pin("A", 7)]);
}

#[tokio::test]
async fn ten_at_most_are_read_with_one_signed_call() {
    let (service, asked) = server(|_, (_, body)| {
        let names = body["Names"].as_array().expect("names");
        let found: Vec<Value> =
            names.iter().map(|name| stored(name.as_str().expect("a name"))).collect();
        (200, json!({"Parameters": found, "InvalidParameters": []}))
    });
    let pins: Vec<Pin> = (10..21).map(|number| pin(&format!("K{number}"), number)).collect();
    let read = values(&service, pins).await.expect("all are there");
    assert_eq!(read.len(), 11);
    assert_eq!(read[0], ("K10".into(), "value of /stackctl/app/default/K10".into()));
    let asked = asked.lock().expect("nobody panics");
    let mut sizes: Vec<_> =
        asked.iter().map(|(_, body)| body["Names"].as_array().map(Vec::len)).collect();
    sizes.sort();
    assert_eq!(sizes, [Some(1), Some(10)]);
    for (headers, body) in asked.iter() {
        assert_eq!(body["WithDecryption"], true);
        for part in [
            "x-amz-target: amazonssm.getparameters\r\n",
            "content-type: application/x-amz-json-1.1\r\n",
            "x-amz-security-token: session\r\n",
            "/eu-west-1/ssm/aws4_request, signedheaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, signature=",
        ] {
            assert!(headers.contains(part), "{part}: {headers}");
        }
    }
}

#[tokio::test]
async fn where_the_call_is_denied_each_is_read_by_itself_and_the_denied_one_is_named() {
    let (service, asked) = server(|_, (_, body)| match body["Name"].as_str() {
        None => refusal("AccessDeniedException"),
        Some(name) if name.contains("/B:") => refusal("AccessDeniedException"),
        Some(name) => (200, json!({"Parameter": stored(name)})),
    });
    let read = values(&service, vec![pin("A", 1)]).await.expect("it may be read");
    assert_eq!(read, [("A".to_owned(), "value of /stackctl/app/default/A".to_owned())]);
    assert_eq!(asked.lock().expect("nobody panics").len(), 2);
    let refused = values(&service, vec![pin("A", 1), pin("B", 2)]).await;
    assert_eq!(refused, Err("cannot read secret B: AccessDeniedException: because".into()));
}

#[tokio::test]
async fn one_that_is_not_there_is_named_and_no_value_is() {
    let (service, _) = server(|_, _| {
        let found = [stored("/stackctl/app/default/A:1")];
        (200, json!({"Parameters": found, "InvalidParameters": ["/stackctl/app/default/B:2"]}))
    });
    let refused = values(&service, vec![pin("A", 1), pin("B", 2)]).await;
    assert_eq!(refused, Err("cannot read secret B: there is no /stackctl/app/default/B:2".into()));
    // An older version than the one that is pinned is not taken for it.
    let refused = values(&service, vec![pin("A", 2)]).await;
    assert!(refused.is_err_and(|told| !told.contains("value of")));
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    let (service, asked) = server(|count, (_, body)| match count {
        0 => refusal("ThrottlingException"),
        1 => (500, json!({"__type": "InternalServerError"})),
        2 => (503, json!("no JSON object")),
        _ => {
            let name = body["Names"][0].as_str().expect("a name");
            (200, json!({"Parameters": [stored(name)]}))
        }
    });
    assert_eq!(values(&service, vec![pin("A", 1)]).await.map(|read| read.len()), Ok(1));
    assert_eq!(asked.lock().expect("nobody panics").len(), 4);
}

#[tokio::test]
async fn what_does_not_pass_is_told_at_once() {
    let (service, asked) = server(|_, _| refusal("InvalidKeyId"));
    let refused = values(&service, vec![pin("A", 1)]).await;
    assert_eq!(refused, Err("cannot read secret A: InvalidKeyId: because".into()));
    assert_eq!(asked.lock().expect("nobody panics").len(), 1);
}
