//! What `DynamoDB` may answer and no emulator does, told by a server of one connection an answer.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    thread::{self, JoinHandle},
};

use aws_sdk_dynamodb::{
    Config,
    config::{BehaviorVersion, Credentials, Region},
};
use handler::{
    caller::UserId,
    dynamo::Dynamo,
    request::Request,
    response::Response,
    store::{Changes, Item, Store, StoreError},
    values::{ItemId, Status, Title},
};
use serde_json::{Value, json};

/// What becomes of one call.
enum Answer {
    /// It is answered with a status and a body.
    Given(u16, Value),
    /// The connection is closed after the call was read.
    Lost,
}

/// Gives the answers in their order, and then what it was asked.
fn server(answers: Vec<Answer>) -> (Dynamo, JoinHandle<Vec<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let asked =
        thread::spawn(move || answers.into_iter().map(|answer| serve(&listener, answer)).collect());
    let configuration = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(format!("http://{address}"))
        .build();
    (Dynamo::new(configuration, "items"), asked)
}

fn serve(listener: &TcpListener, answer: Answer) -> Value {
    let (mut stream, _) = listener.accept().expect("the client connects");
    let mut reader = BufReader::new(stream.try_clone().expect("a socket can be cloned"));
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("headers are text");
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("it is a number");
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body is as long as it says");
    if let Answer::Given(status, answer) = answer {
        let answer = answer.to_string();
        write!(
            stream,
            "HTTP/1.1 {status} X\r\nx-amzn-requestid: REQUEST\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        )
        .expect("the client listens");
    }
    serde_json::from_slice(&body).expect("the client sends JSON")
}

fn error(code: &str, message: &str) -> Answer {
    let code = format!("com.amazonaws.dynamodb.v20120810#{code}");
    Answer::Given(400, json!({"__type": code, "message": message}))
}

fn condition_failed(found: &Value) -> Answer {
    let code = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    let message = "The conditional request failed";
    Answer::Given(400, json!({"__type": code, "message": message, "Item": found}))
}

fn user() -> UserId {
    let request = Request { query: "userId=alice".into(), ..Request::default() };
    request.user().expect("it is a valid key")
}

fn item_id() -> ItemId {
    ItemId::new("item-1").expect("it is a valid key")
}

fn new_item() -> Item {
    let title = Title::new("Tea").expect("it is not blank");
    Item::new(user(), title, Status::default()).expect("it is small")
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_succeeds_when_it_finds_its_own_item() {
    let item = new_item();
    let found = json!({
        "userId": {"S": item.user_id}, "itemId": {"S": item.item_id}, "title": {"S": item.title},
        "status": {"S": item.status}, "createdAt": {"S": item.created_at},
    });
    let (store, asked) = server(vec![Answer::Lost, condition_failed(&found)]);
    assert_eq!(store.create(&item).await, Ok(()));
    let asked = asked.join().expect("two calls came");
    assert_eq!(asked[0], asked[1]);
    assert_eq!(asked[0]["ConditionExpression"], "attribute_not_exists(#sort)");
    assert_eq!(asked[0]["ExpressionAttributeNames"], json!({"#sort": "itemId"}));
    assert_eq!(asked[0]["Item"], found);
}

#[tokio::test]
async fn a_create_never_overwrites_the_item_of_somebody_else() {
    let item = new_item();
    let found = json!({"userId": {"S": item.user_id}, "itemId": {"S": item.item_id}, "title": {"S": "Other"}});
    let (store, _) = server(vec![condition_failed(&found)]);
    assert_eq!(store.create(&item).await, Err(StoreError::Exists));
}

#[tokio::test]
async fn a_denied_call_names_its_operation_and_request_in_the_cause() {
    let (store, _) = server(vec![error("AccessDeniedException", "not authorized")]);
    let failed = store.get(&user(), &item_id()).await;
    let cause = "GetItem: AccessDeniedException: not authorized (REQUEST)";
    assert_eq!(failed, Err(StoreError::Failed(cause.into())));
}

#[tokio::test]
async fn an_update_that_makes_an_item_too_large_is_a_413() {
    let message = "Item size to update has exceeded the maximum allowed size";
    let (store, asked) = server(vec![error("ValidationException", message)]);
    let changes = Changes::new(None, Status::new("done").ok()).expect("something changes");
    let failed = store.update(&user(), &item_id(), &changes).await;
    assert_eq!(failed, Err(StoreError::TooLarge));
    assert_eq!(Response::from(StoreError::TooLarge).status_code, 413);
    let asked = asked.join().expect("a call came");
    assert_eq!(asked[0]["UpdateExpression"], "SET #status = :status");
    assert_eq!(asked[0]["ConditionExpression"], "attribute_exists(#sort)");
    assert_eq!(
        asked[0]["ExpressionAttributeNames"],
        json!({"#sort": "itemId", "#status": "status"})
    );
}

#[tokio::test]
async fn a_throttled_call_is_sent_again() {
    let (store, asked) = server(vec![
        error("ProvisionedThroughputExceededException", "slow down"),
        Answer::Given(200, json!({})),
    ]);
    assert_eq!(store.get(&user(), &item_id()).await, Ok(None));
    assert_eq!(asked.join().expect("two calls came").len(), 2);
}

#[tokio::test]
async fn an_item_that_lacks_attributes_does_not_hide_the_list() {
    let item = |id: &str, title: Value| {
        json!({"userId": {"S": "alice"}, "itemId": {"S": id}, "title": title, "status": {"BOOL": true},
               "createdAt": {"S": "2026-01-01T00:00:00Z"}, "extra": {"BOOL": true}})
    };
    let bare = json!({"userId": {"S": "alice"}, "itemId": {"S": "c"}});
    let null = item("d", json!({"NULL": true}));
    let last = json!({"userId": {"S": "alice"}, "itemId": {"S": "x"}});
    let items = [
        item("a", json!({"N": "5"})),
        item("b", json!({"S": ""})),
        bare,
        null,
        item("x", json!({"S": "t"})),
    ];
    let answer = json!({"Items": items, "LastEvaluatedKey": last});
    let (store, asked) = server(vec![Answer::Given(200, answer)]);
    let after = item_id();
    let page = store.list(&user(), Some(&after), Some(5)).await.expect("the list is given");
    let shown: Vec<_> = page
        .items
        .iter()
        .map(|item| (item.item_id.as_str(), item.title.as_str(), item.status.as_str()))
        .collect();
    assert_eq!(shown, [("a", "5", "true"), ("x", "t", "true")]);
    assert_eq!(page.next.as_deref(), Some("x"));
    let asked = asked.join().expect("a call came");
    assert_eq!(
        asked[0]["ExclusiveStartKey"],
        json!({"userId": {"S": "alice"}, "itemId": {"S": "item-1"}})
    );
    assert_eq!(asked[0]["ConsistentRead"], true);
}

#[tokio::test]
async fn an_item_that_lacks_attributes_is_a_failure_that_says_which() {
    let item = json!({"userId": {"S": "alice"}, "itemId": {"S": "item-1"}, "title": {"M": {}}, "status": {"S": "x"}});
    let (store, _) = server(vec![Answer::Given(200, json!({"Item": item}))]);
    let Err(StoreError::Failed(cause)) = store.get(&user(), &item_id()).await else {
        panic!("it has no title");
    };
    assert_eq!(cause, "GetItem: another program wrote item `item-1`: `title` is a map");
}

#[tokio::test]
async fn a_key_that_may_be_personal_is_not_in_the_words() {
    for id in ["alice@example.com", &"i".repeat(65)] {
        let item = json!({"userId": {"S": "alice"}, "itemId": {"S": id}});
        let (store, _) = server(vec![Answer::Given(200, json!({"Item": item}))]);
        let Err(StoreError::Failed(cause)) = store.get(&user(), &item_id()).await else {
            panic!("it has no title");
        };
        assert_eq!(cause, "GetItem: another program wrote an item: `title` is missing");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_quoted_in_the_cause() {
    let (store, _) = server(vec![Answer::Given(200, json!({"Item": "alice@example.com"}))]);
    let Err(StoreError::Failed(cause)) = store.get(&user(), &item_id()).await else {
        panic!("the answer is not an item");
    };
    assert!(cause.starts_with("GetItem: "), "{cause}");
    assert!(!cause.contains("alice"), "{cause}");
}
