//! Lines that are no longer than the terminal is wide: a terminal itself breaks them within words.

use std::os::fd::AsFd;

use super::visible::colour;

/// What the last column of a table needs to be a column still.
const NARROWEST: usize = 20;

/// How many characters fit on a line of a stream, when it is a terminal that says so.
pub fn width(stream: impl AsFd) -> Option<usize> {
    terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0))
}

/// The text with longer lines broken between words. The rest of a line begins below its first word, or below the last
/// column of a table. A command between backquotes is broken only when it is longer than a line.
pub fn wrapped(text: &str, width: Option<usize>) -> String {
    let Some(width) = width.filter(|width| *width > NARROWEST) else {
        return text.to_owned();
    };
    let line = |line: &str| if shown(line) > width { broken(line, width) } else { line.to_owned() };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A text that is cut so that it takes no more than so many characters, and says so.
pub fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    kept + "…"
}

fn broken(line: &str, width: usize) -> String {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let column = line[indent..].rfind("  ").map(|at| shown(&line[..indent + at + 2]));
    let hang = column.filter(|column| column + NARROWEST <= width).unwrap_or(indent + 2);
    let (mut text, mut taken, mut is_first) = (" ".repeat(indent), indent, true);
    for word in words(&line[indent..], width.saturating_sub(hang)) {
        let (gap, word) = word.split_at(word.len() - word.trim_start_matches(' ').len());
        if !is_first && taken + gap.len() + shown(word) > width {
            text = format!("{}\n{}", text.trim_end_matches(' '), " ".repeat(hang));
            taken = hang;
        } else {
            text.push_str(gap);
            taken += gap.len();
        }
        text.push_str(word);
        taken += shown(word);
        is_first = false;
    }
    text
}

/// The parts that a line may be broken between, each with the spaces before it.
fn words(line: &str, longest: usize) -> Vec<&str> {
    let (mut words, mut start) = (Vec::new(), 0);
    let (mut is_open, mut is_whole) = (false, false);
    let bytes = line.as_bytes();
    for (at, byte) in line.bytes().enumerate() {
        if byte == b'`' {
            is_open = !is_open;
            let end = line[at + 1..].find('`').map(|end| at + 2 + end);
            is_whole = is_open && end.is_some_and(|end| shown(&line[at..end]) < longest);
        }
        if byte == b' ' && !is_whole && at > start && bytes[at - 1] != b' ' {
            words.push(&line[start..at]);
            start = at;
        }
    }
    words.push(&line[start..]);
    words
}

/// How many characters of a text are seen: colours are not.
fn shown(text: &str) -> usize {
    let (mut count, mut rest) = (0, text);
    while let Some(character) = rest.chars().next() {
        let colour = colour(rest);
        count += usize::from(colour == 0);
        rest = &rest[colour.max(character.len_utf8())..];
    }
    count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_broken_between_words_and_goes_on_below_its_first() {
        assert_eq!(wrapped("short", Some(30)), "short");
        assert_eq!(
            wrapped(
                "error: the first words of a long line\n  hint: and those of another one",
                Some(30)
            ),
            "error: the first words of a\n  long line\n  hint: and those of another\n    one"
        );
        assert_eq!(wrapped("a line that no terminal reads is whole", None).lines().count(), 1);
    }

    #[test]
    fn a_command_stays_whole() {
        assert_eq!(
            wrapped("run it again: `stackctl up --local`, or stop", Some(30)),
            "run it again:\n  `stackctl up --local`, or\n  stop"
        );
        assert_eq!(
            wrapped("`stackctl a-command that is longer than any line`", Some(30)),
            "`stackctl a-command that is\n  longer than any line`"
        );
    }

    #[test]
    fn the_last_column_of_a_table_stays_one() {
        assert_eq!(
            wrapped("  granted  what is granted to it by its policies", Some(36)),
            "  granted  what is granted to it by\n           its policies"
        );
    }

    #[test]
    fn colours_take_no_room() {
        let line = "\x1b[31merror:\x1b[0m exactly as long as";
        assert_eq!(wrapped(line, Some(25)), line);
        assert_eq!(wrapped(&format!("{line} x"), Some(25)), format!("{line}\n  x"));
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(
            (cut("127.0.0.1", 9).as_str(), cut("127.0.0.1", 5).as_str()),
            ("127.0.0.1", "127.…")
        );
        assert_eq!(cut("abc", 0), "…");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_line_is_longer_than_its_longest_word(text in "[a-z` ]{0,120}", width in 21_usize..100) {
            let lines = wrapped(&text, Some(width));
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&lines), bare(&text));
            for line in lines.lines() {
                let longest = text.split(' ').map(str::len).max().unwrap_or(0);
                prop_assert!(line.len() <= width.max(longest + NARROWEST + 2) || line.contains('`'), "{line}");
            }
        }
    }
}
