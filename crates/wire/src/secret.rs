//! A value that is never printed by accident.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text that is nobody else's business. It has no `Display`, its `Debug` shows nothing, and serialising it takes
/// `Secret::on_the_wire`, which requests alone name.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// For `serialize_with` of a request's member.
    pub(crate) fn on_the_wire<S: Serializer>(secret: &Self, to: S) -> Result<S::Ok, S::Error> {
        secret.0.serialize(to)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self)
    }
}
