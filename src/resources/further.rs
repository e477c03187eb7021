//! What belongs to the stack though its file does not name it: the file is gone, or says it no longer.

use std::collections::BTreeSet;

use crate::cloud::tags::{self, Tags};
use engine::error::{Error, Result};

/// What AWS says to a deployer who may not read the tags of something.
const DENIED: [&str; 2] = ["AccessDeniedException", "AccessDenied"];

/// What was found.
#[derive(Debug, Default)]
pub struct Further {
    /// The names of tables, or the keys of functions.
    pub ours: BTreeSet<String>,
    /// What has tags that may not be read, as people call it: it may be ours.
    pub unread: BTreeSet<String>,
}

impl Further {
    /// Looks at each of `names` that has a key the file does not know, and sorts it in.
    pub async fn among(
        names: &BTreeSet<String>,
        (what, key): (&str, impl Fn(&str) -> Option<String>),
        ours: &Tags,
        tags: impl AsyncFn(&str) -> Result<Tags>,
    ) -> Result<Self> {
        let mut found = Self::default();
        for name in names {
            if let Some(key) = key(name) {
                found.sort_in(ours, &key, format!("{what} {name}"), tags(name).await)?;
            }
        }
        Ok(found)
    }

    /// Sorts one candidate in by its tags.
    pub fn sort_in(
        &mut self,
        ours: &Tags,
        name: &str,
        label: String,
        read: Result<Tags>,
    ) -> Result<()> {
        match read {
            Ok(tags) if tags::is_ours(ours, &tags) => {
                self.ours.insert(name.to_owned());
            }
            Ok(_) => {}
            Err(error) if is_denied(&error) => {
                self.unread.insert(label);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.ours.extend(other.ours);
        self.unread.extend(other.unread);
        self
    }
}

fn is_denied(error: &Error) -> bool {
    error.has_code(&DENIED)
}
