//! Events of what starts a function besides requests: a batch of messages, a change of an item, the input of a schedule.

use serde_json::{Map, Value};

use crate::cloud::{Cloud, Identity};
use crate::commands::App;
use crate::config::{Config, Queue, Table, Trigger};
use crate::resources::RETRIES;
use crate::starting::{Change, Maker};
use engine::error::{Error, Result};

use super::now;

/// The words that make such an event.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Words {
    /// A message of the function's queue, once for each of the batch; `-` is standard input, a message a line
    #[arg(long, value_name = "TEXT", conflicts_with = "event")]
    message: Vec<String>,
    /// An item, as JSON, that was put into the table of the function's stream; `-` is standard input
    #[arg(long, value_name = "JSON", conflicts_with = "event")]
    item: Option<String>,
    /// The item before the change: it was replaced by `--item`, or else deleted
    #[arg(long, value_name = "JSON", conflicts_with = "event")]
    old: Option<String>,
    /// How often the batch has the message or the change
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "event")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=10_000))]
    times: u16,
}

/// An event that only the account is missing in.
pub enum Started<'a> {
    Messages(&'a Queue, Vec<String>),
    Changes(&'a Table, Vec<Change>),
    Schedule(&'a str),
}

impl Words {
    fn are_none(&self) -> bool {
        self.message.is_empty() && self.item.is_none() && self.old.is_none()
    }

    /// What the words make for this function; `None` when they are none and nothing but requests starts it.
    pub async fn read<'a>(&self, app: &App, config: &'a Config) -> Result<Option<Started<'a>>> {
        let place = config.function().place();
        match &config.function().trigger {
            None if self.are_none() => Ok(None),
            None => Err(Error::usage(format!("`{place}` has no queue, stream or schedule"))
                .hint("make the event of a request with `--path`, `--query` and `--body`")),
            Some(Trigger::Schedule(_)) if self.are_none() => {
                Ok(Some(Started::Schedule(&config.function().name)))
            }
            Some(Trigger::Schedule(_)) => Err(Error::usage(format!("a schedule starts `{place}`"))
                .hint("leave out `--message`, `--item` and `--old`: its event is always the same")),
            Some(Trigger::Queue(queue)) => self.messages(app, queue, &place).await.map(Some),
            Some(Trigger::Stream(table)) => {
                self.changes(app, &config.tables[table], &place).await.map(Some)
            }
        }
    }

    async fn messages<'a>(&self, app: &App, queue: &'a Queue, place: &str) -> Result<Started<'a>> {
        if self.message.is_empty() || self.item.is_some() || self.old.is_some() {
            return Err(Error::usage(format!("a queue starts `{place}`"))
                .hint("give its messages with `--message TEXT`, once for each"));
        }
        let mut bodies = Vec::new();
        for message in &self.message {
            if message == "-" {
                let text = app.standard_input("read the messages").await?;
                bodies.extend(text.lines().filter(|line| !line.is_empty()).map(str::to_owned));
            } else {
                bodies.push(message.clone());
            }
        }
        let bodies = vec![bodies; usize::from(self.times)].concat();
        let most = usize::try_from(queue.batch).unwrap_or_default();
        if bodies.is_empty() || bodies.len() > most {
            let count = bodies.len();
            return Err(Error::usage(format!("a batch of {count} messages"))
                .hint(format!("`{place}.queue.batch` lets Lambda hand over 1 to {most} at once")));
        }
        Ok(Started::Messages(queue, bodies))
    }

    async fn changes<'a>(&self, app: &App, table: &'a Table, place: &str) -> Result<Started<'a>> {
        if !self.message.is_empty() || (self.item.is_none() && self.old.is_none()) {
            return Err(Error::usage(format!("the stream of a table starts `{place}`"))
                .hint("give the item with `--item JSON`, `--old JSON` or both: it was put, deleted or changed"));
        }
        let change = Change {
            new: image(app, "--item", self.item.as_deref()).await?,
            old: image(app, "--old", self.old.as_deref()).await?,
        };
        let changes = vec![change; usize::from(self.times)];
        // The key is looked at before anything is called.
        let nobody = Identity::default();
        Maker { identity: &nobody, now: now() }.changes(table, &changes)?;
        Ok(Started::Changes(table, changes))
    }
}

async fn image(app: &App, flag: &str, text: Option<&str>) -> Result<Option<Map<String, Value>>> {
    let text = match text {
        None => return Ok(None),
        Some("-") => app.standard_input("read the item").await?,
        Some(text) => text.to_owned(),
    };
    let value = serde_json::from_str::<Value>(&text)
        .map_err(|error| Error::usage(format!("`{flag}` is not JSON")).cause(error))?;
    match value {
        Value::Object(members) => Ok(Some(members)),
        _ => Err(Error::usage(format!("`{flag}` is no JSON object"))
            .hint("write the item as plain JSON: `{\"id\": \"1\"}`")),
    }
}

impl Started<'_> {
    /// The event.
    pub async fn event(&self, cloud: &Cloud) -> Result<Value> {
        let identity = cloud.identity().await?;
        let maker = Maker { identity: &identity, now: now() };
        match self {
            Self::Messages(queue, bodies) => Ok(maker.messages(&queue.name, bodies)),
            Self::Changes(table, changes) => maker.changes(table, changes),
            Self::Schedule(name) => Ok(maker.schedule(name)),
        }
    }
}

/// What becomes of what has failed.
pub fn again(config: &Config) -> String {
    match &config.function().trigger {
        Some(Trigger::Queue(Queue { visibility, receives, dead_letters, .. })) => format!(
            "what failed is received again after {visibility} s; after {receives} times it goes to queue `{dead_letters}`"
        ),
        Some(Trigger::Stream(_)) => {
            format!("what failed is tried again, in halves, {RETRIES} times at most")
        }
        _ => "what failed comes again".to_owned(),
    }
}
