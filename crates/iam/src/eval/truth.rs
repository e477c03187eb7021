//! Three-valued logic: what is not known never becomes a yes.

/// Ordered so that "and" is the smallest and "or" the largest of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    No,
    Unknown,
    Yes,
}

impl Truth {
    pub fn all(truths: impl IntoIterator<Item = Truth>) -> Truth {
        truths.into_iter().min().unwrap_or(Truth::Yes)
    }

    pub fn any(truths: impl IntoIterator<Item = Truth>) -> Truth {
        truths.into_iter().max().unwrap_or(Truth::No)
    }
}

impl std::ops::Not for Truth {
    type Output = Truth;

    fn not(self) -> Truth {
        match self {
            Truth::No => Truth::Yes,
            Truth::Unknown => Truth::Unknown,
            Truth::Yes => Truth::No,
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Truth::Yes } else { Truth::No }
    }
}
