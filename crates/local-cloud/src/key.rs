//! The key of one local cloud: random, made once, readable by its owner alone. Whoever has it is the account's root.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use engine::error::{Doing, Result};

/// What an AWS client signs with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    pub id: String,
    pub secret: String,
}

/// Never the secret.
impl std::fmt::Debug for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Key {
    /// The key in the file, which is made when there is none. The caller holds the folder.
    pub(super) fn ensure(path: &Path) -> Result<Self> {
        if let Some(key) = Self::read(path) {
            return Ok(key);
        }
        let doing = || format!("write `{}`", path.display());
        let key = Self::random().doing("read random bytes from `/dev/urandom`")?;
        let text = serde_json::to_string(&key).map_err(io::Error::from).doing(doing())?;
        machine::replace_private(path, text.as_bytes()).doing(doing())?;
        Ok(key)
    }

    /// One that cannot be read is as good as none: a new one is made at the next start.
    pub(super) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    fn random() -> io::Result<Self> {
        let mut bytes = [0; 40];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        let (id, secret) = bytes.split_at(8);
        Ok(Self { id: format!("LOCAL{}", hex(id).to_uppercase()), secret: hex(secret) })
    }
}

/// Two lower-case digits a byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::scratch::Scratch;
    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_no_two_are_the_same() {
        let scratch = Scratch::new("key");
        let key = Key::ensure(&scratch.path("key")).expect("it can be written");
        assert_eq!(Key::ensure(&scratch.path("key")), Ok(key.clone()));
        let mode = fs::metadata(scratch.path("key")).expect("it was made").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!((key.id.len(), key.secret.len()), (21, 64));
        let other = Key::ensure(&scratch.path("other")).expect("it can be written");
        assert!(key.id != other.id && key.secret != other.secret);
        assert!(!format!("{key:?}").contains(&key.secret));
    }
}
