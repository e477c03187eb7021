//! Indexes: one change at a time, and nothing goes on before they can be read.

use super::*;
use crate::resources::fixture::with;

const INDEXED: &str = "[table.indexes.byStatus]\npartition_key = \"userId\"\nsort_key = \"status:N\"\n\
                       [table.indexes.byTitle]\npartition_key = \"title\"\nprojection = [\"b\", \"a\"]";

fn indexed(replay: &Replay) -> Table {
    let config = with(INDEXED);
    Table::new(&replay.cloud(), &config, &config.tables["data"])
}

fn by_status(status: &str) -> Value {
    json!({
        "IndexName": "byStatus",
        "IndexStatus": status,
        "Backfilling": status == "CREATING",
        "KeySchema": [
            {"AttributeName": "userId", "KeyType": "HASH"},
            {"AttributeName": "status", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "ALL"},
    })
}

fn by_title(status: &str) -> Value {
    json!({
        "IndexName": "byTitle",
        "IndexStatus": status,
        "KeySchema": [{"AttributeName": "title", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "b"]},
    })
}

/// The table with these indexes.
fn having(indexes: &[Value]) -> Value {
    json!({
        "GlobalSecondaryIndexes": indexes,
        "AttributeDefinitions": [
            {"AttributeName": "itemId", "AttributeType": "S"},
            {"AttributeName": "userId", "AttributeType": "S"},
            {"AttributeName": "status", "AttributeType": "N"},
            {"AttributeName": "title", "AttributeType": "S"},
        ],
    })
}

fn looked_at(indexes: &[Value]) -> Exchange {
    together([describe(&having(indexes)), recovery("ENABLED"), no_ttl(), tags()])
}

#[tokio::test(start_paused = true)]
async fn a_new_table_has_all_its_indexes_at_once_and_is_done_when_they_are_active() {
    let replay = Replay::new([
        created(),
        status("ACTIVE"),
        describe(&having(&[by_status("CREATING"), by_title("ACTIVE")])),
        describe(&having(&[by_status("ACTIVE"), by_title("ACTIVE")])),
        backups("UpdateContinuousBackups", "ENABLED"),
    ]);
    let table = indexed(&replay);
    let live = table.create(&Inputs::default(), &Progress::silent()).await.expect("made");
    assert_eq!(drift(&table, &Inputs::default(), &live), [] as [String; 0]);
    let sent = replay.sent().into_iter().find(|call| call.contains("CreateTable"));
    let sent = sent.expect("it was made");
    let sent: Value = serde_json::from_str(&sent[sent.find('{').expect("a body")..]).expect("JSON");
    assert_eq!(sent["GlobalSecondaryIndexes"].as_array().map(Vec::len), Some(2));
    assert_eq!(sent["AttributeDefinitions"].as_array().map(Vec::len), Some(4), "each once");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn missing_indexes_are_made_one_after_another() {
    let too_many = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table";
    let one = || describe(&having(&[by_status("ACTIVE")]));
    let replay = Replay::new([
        together([describe(&json!({})), recovery("ENABLED"), no_ttl(), tags()]),
        status("ACTIVE"),
        status("ACTIVE"),
        ok("\"IndexName\":\"byStatus\"", json!({})),
        status("UPDATING"),
        describe(&having(&[by_status("CREATING")])),
        describe(&having(&[by_status("CREATING")])),
        one(),
        refused("UpdateTable", 400, "LimitExceededException", too_many),
        ok("\"IndexName\":\"byTitle\"", json!({})),
        one(),
        describe(&having(&[by_status("ACTIVE"), by_title("ACTIVE")])),
    ]);
    let table = indexed(&replay);
    let live = found(&table).await;
    assert_eq!(
        drift(&table, &Inputs::default(), &live),
        [
            "index byStatus: none → userId + status:N, all attributes",
            "index byTitle: none → title, keys and a, b",
        ]
    );
    let live = table.update(&Inputs::default(), &live, &Progress::silent()).await.expect("made");
    assert_eq!(drift(&table, &Inputs::default(), &live), [] as [String; 0]);
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn an_index_that_is_being_made_is_waited_for_and_not_made_again() {
    let replay = Replay::new([
        looked_at(&[by_status("CREATING"), by_title("ACTIVE")]),
        status("ACTIVE"),
        describe(&having(&[by_status("CREATING"), by_title("ACTIVE")])),
        describe(&having(&[by_status("ACTIVE"), by_title("ACTIVE")])),
    ]);
    let table = indexed(&replay);
    let live = found(&table).await;
    assert_eq!(drift(&table, &Inputs::default(), &live), ["index byStatus: CREATING → ACTIVE"]);
    table.update(&Inputs::default(), &live, &Progress::silent()).await.expect("waited for");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn other_keys_or_another_projection_of_an_index_are_refused_with_the_way_out() {
    let mut other = by_title("ACTIVE");
    other["Projection"] = json!({"ProjectionType": "KEYS_ONLY"});
    let replay = Replay::new([looked_at(&[by_status("ACTIVE"), other])]);
    let table = indexed(&replay);
    let differences = table.diff(&Inputs::default(), &there(&table).await);
    assert_eq!(differences.len(), 1);
    assert_eq!(
        differences[0].to_string(),
        "index byTitle: title, keys alone → title, keys and a, b"
    );
    assert!(differences[0].refusal.as_ref().expect("refused").contains("--drop-indexes"));
}

#[tokio::test(start_paused = true)]
async fn an_index_that_the_file_does_not_say_is_shown_and_left_until_it_is_dropped() {
    let both = having(&[by_status("ACTIVE"), by_title("ACTIVE")]);
    let replay = Replay::new([
        looked_at(&[by_status("ACTIVE"), by_title("ACTIVE")]),
        describe(&both),
        ok("\"Delete\":{\"IndexName\":\"byStatus\"}", json!({})),
        describe(&having(&[by_status("DELETING"), by_title("ACTIVE")])),
        describe(&having(&[by_status("DELETING"), by_title("ACTIVE")])),
        describe(&having(&[by_title("ACTIVE")])),
        refused(
            "UpdateTable",
            400,
            "ResourceNotFoundException",
            "Requested resource not found: byTitle does not exist",
        ),
        describe(&json!({})),
    ]);
    let table = table(&replay);
    let live = there(&table).await;
    let differences = table.diff(&Inputs::default(), &live);
    assert!(differences.iter().all(|one| !one.is_to_be_made()), "{differences:?}");
    let more = live.indexes_besides(&table.wanted.indexes);
    assert_eq!(more.iter().collect::<Vec<_>>(), ["byStatus", "byTitle"]);
    table.drop_indexes(&more, &Progress::silent()).await.expect("dropped");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn an_index_whose_answer_was_lost_is_looked_for_before_it_is_made_again() {
    let replay = Replay::new([
        looked_at(&[by_title("ACTIVE")]),
        status("ACTIVE"),
        describe(&having(&[by_title("ACTIVE")])),
        lost("UpdateTable"),
        refused("UpdateTable", 400, "ResourceInUseException", "Table is being updated"),
        describe(&having(&[by_status("CREATING"), by_title("ACTIVE")])),
        describe(&having(&[by_title("ACTIVE")])),
        describe(&having(&[by_status("CREATING"), by_title("ACTIVE")])),
        describe(&having(&[by_status("ACTIVE"), by_title("ACTIVE")])),
    ]);
    let table = indexed(&replay);
    let live = found(&table).await;
    table.update(&Inputs::default(), &live, &Progress::silent()).await.expect("made once");
    replay.is_over();
}
