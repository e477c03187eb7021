//! Cells of a table, as wide as their column. `format!` itself panics at a width of more than 65,535 characters, and a
//! name that a project brings can be longer.

/// The text, with spaces after it.
pub fn left(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(missing(text, width)))
}

/// The text, with spaces around it.
pub fn centred(text: &str, width: usize) -> String {
    let missing = missing(text, width);
    let before = missing / 2;
    format!("{}{text}{}", " ".repeat(before), " ".repeat(missing - before))
}

fn missing(text: &str, width: usize) -> usize {
    width.saturating_sub(text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_as_wide_as_its_column_however_wide_that_is() {
        assert_eq!(left("ä", 3), "ä  ");
        assert_eq!(centred("ab", 5), " ab  ");
        assert_eq!(left("abc", 2), "abc");
        assert_eq!(left("a", 70_000).len(), 70_000);
        assert_eq!(centred("a", 70_000).len(), 70_000);
    }
}
