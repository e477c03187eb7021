//! Saves at chosen moments of a clock that nobody waits for.

use std::cell::RefCell;
use std::collections::BTreeMap;

use tokio::time::sleep;

use super::*;

/// What happened, and when.
type Diary = RefCell<Vec<String>>;

/// Saves of a project whose files have these sizes from these milliseconds on; none is a file that is gone.
fn saves(script: &[(u64, &'static str, Option<u64>)]) -> Saves<impl FnMut() -> Files + use<>> {
    let (began, script) = (Instant::now(), script.to_vec());
    Saves::from_now(move || {
        let now = began.elapsed();
        let mut sizes = BTreeMap::from([("main.rs", 1), ("stack.toml", 1)]);
        for (at, path, size) in &script {
            match size {
                _ if now < Duration::from_millis(*at) => {}
                Some(size) => drop(sizes.insert(path, *size)),
                None => drop(sizes.remove(path)),
            }
        }
        Files::of_sizes(sizes)
    })
}

fn told(save: &Save) -> String {
    save.files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
}

#[tokio::test(start_paused = true)]
async fn a_save_is_noticed_within_two_looks() {
    let began = Instant::now();
    let mut saves = saves(&[(1010, "main.rs", Some(2))]);
    let save = saves.next().await;
    assert_eq!(told(&save), "main.rs");
    assert_eq!(save.since - began, Duration::from_secs(1), "the last look before it");
    assert!(began.elapsed() <= Duration::from_millis(1010) + 2 * PAUSE, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_editor_that_writes_in_steps_saves_once() {
    let steps = [
        (1010, "main.rs", None),
        (1060, "main.rs", Some(0)),
        (1110, "main.rs", Some(7)),
        (1160, "stack.toml", Some(2)),
    ];
    let mut saves = saves(&steps);
    assert_eq!(told(&saves.next().await), "main.rs stack.toml");
    assert!(tokio::time::timeout(Duration::from_mins(1), saves.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_comes_and_goes_is_no_save() {
    let mut saves = saves(&[(1010, "main.rs", None), (1060, "main.rs", Some(1))]);
    assert!(tokio::time::timeout(Duration::from_mins(1), saves.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_waiting_in_the_middle_misses_nothing() {
    let mut saves = saves(&[(1010, "main.rs", Some(2))]);
    let wait = Duration::from_millis(1055);
    assert!(tokio::time::timeout(wait, saves.next()).await.is_err(), "it has not settled");
    assert_eq!(told(&saves.next().await), "main.rs");
}

/// Works for a second after every save, unless asked to end; stops after a minute.
async fn worked(script: &[(u64, &'static str, Option<u64>)]) -> Vec<String> {
    let (diary, began) = (Diary::default(), Instant::now());
    let note = |what: &str| {
        diary.borrow_mut().push(format!("{:.1} s {what}", began.elapsed().as_secs_f64()));
    };
    let (stop, stopped) = watch::channel(false);
    let mut saves = saves(script);
    let work = keep_up(&mut saves, &stopped, async |save, mut end| {
        note(&format!("begun with {}", told(save)));
        tokio::select! {
            () = sleep(Duration::from_secs(1)) => note("done"),
            _ = end.wait_for(|end| *end) => {
                // What has begun is finished.
                sleep(Duration::from_millis(200)).await;
                note("ended");
            }
        }
    });
    let user = async {
        sleep(Duration::from_mins(1)).await;
        note("Ctrl-C");
        stop.send_replace(true);
    };
    tokio::join!(work, user);
    diary.into_inner()
}

#[tokio::test(start_paused = true)]
async fn work_is_done_at_once_and_after_each_save() {
    let told = worked(&[(2010, "main.rs", Some(2)), (5010, "stack.toml", Some(2))]).await;
    let expected = [
        "0.0 s begun with ",
        "1.0 s done",
        "2.1 s begun with main.rs",
        "3.1 s done",
        "5.1 s begun with stack.toml",
        "6.1 s done",
        "60.0 s Ctrl-C",
    ];
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn a_save_meanwhile_begins_the_work_anew_with_both() {
    let told = worked(&[(2010, "main.rs", Some(2)), (2510, "stack.toml", Some(2))]).await;
    let expected = [
        "2.1 s begun with main.rs",
        "2.8 s ended",
        "2.8 s begun with main.rs stack.toml",
        "3.8 s done",
        "60.0 s Ctrl-C",
    ];
    assert_eq!(told[2..], expected);
}

#[tokio::test(start_paused = true)]
async fn ctrl_c_lets_the_work_end_and_begins_none() {
    let told = worked(&[(59_510, "main.rs", Some(2)), (60_050, "main.rs", Some(3))]).await;
    assert_eq!(told[2..], ["59.6 s begun with main.rs", "60.0 s Ctrl-C", "60.2 s ended"]);
}
