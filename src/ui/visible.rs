//! The one door between text and a terminal: characters that a terminal obeys, hides or turns around are shown as escapes.
//!
//! Names, tags, policies, log lines and answers of AWS are written by others. A terminal would move its cursor, change its
//! title or its clipboard, and draw text in another order, if it met the characters that ask for that.

use std::borrow::Cow;
use std::fmt::Write as _;

/// How a character is written that must not reach the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// `\x1b`, `\u{202e}`: for people.
    Text,
    /// `\u001b`, `\u202e`: within the strings of a JSON document, where it is the same character.
    Json,
}

/// The text with what a terminal would obey made visible. Line breaks, tabs and plain colours stay.
pub fn visible(text: &str, spelling: Spelling) -> Cow<'_, str> {
    if !text.chars().any(|character| is_unsafe(character) && character != '\n') {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let colour = if spelling == Spelling::Text { colour(rest) } else { 0 };
        if colour > 0 {
            shown.push_str(&rest[..colour]);
            rest = &rest[colour..];
            continue;
        }
        if is_unsafe(character) && character != '\n' {
            escape(&mut shown, character, spelling);
        } else {
            shown.push(character);
        }
        rest = &rest[character.len_utf8()..];
    }
    Cow::Owned(shown)
}

/// The same for text that is a part of one line: line breaks are shown, too, so that nobody can forge a line.
pub fn on_one_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            character if is_unsafe(character) => escape(&mut shown, character, Spelling::Text),
            character => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

fn escape(shown: &mut String, character: char, spelling: Spelling) {
    let code = u32::from(character);
    // Writing to a string does not fail.
    let _ = match (spelling, character) {
        (Spelling::Text, '\r') => shown.write_str("\\r"),
        (Spelling::Text, _) if code < 0x100 => write!(shown, "\\x{code:02x}"),
        (Spelling::Text, _) => write!(shown, "\\u{{{code:x}}}"),
        // Outside of its strings JSON has line breaks only.
        (Spelling::Json, _) => {
            let mut units = [0; 2];
            let units = character.encode_utf16(&mut units);
            units.iter().try_for_each(|unit| write!(shown, "\\u{unit:04x}"))
        }
    };
}

/// What a terminal obeys (C0, DEL, C1), what ends a line elsewhere, what turns text around, and what nobody sees.
fn is_unsafe(character: char) -> bool {
    match character {
        '\t' => false,
        character if character.is_control() => true,
        // Line and paragraph separator.
        '\u{2028}' | '\u{2029}' => true,
        // Marks, embeddings, overrides and isolates of bidirectional text.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        // Without width: soft hyphen, combining grapheme joiner, joiners, invisible operators, byte order mark.
        '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' => {
            true
        }
        '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => true,
        // Fillers that look like nothing, and tags.
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    }
}

/// The length of the colour at the start of a text: bold, dim, underlined or one of six colours, and the end of these.
/// Nothing hides text or paints it as its background.
pub(super) fn colour(text: &str) -> usize {
    let Some(inside) = text.strip_prefix("\x1b[") else {
        return 0;
    };
    let Some(end) = inside.find('m').filter(|end| *end <= 8) else {
        return 0;
    };
    let known = |code: &str| {
        matches!(code, "0" | "1" | "2" | "4" | "31" | "32" | "33" | "34" | "35" | "36")
    };
    if inside[..end].split(';').all(known) { "\x1b[".len() + end + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        visible(text, Spelling::Text).into_owned()
    }

    #[test]
    fn what_a_terminal_obeys_is_shown() {
        for (text, expected) in [
            ("\x1b[2J\x1b]0;owned\x07ERROR", "\\x1b[2J\\x1b]0;owned\\x07ERROR"),
            ("\x1b]52;c;Y3Vyb\x1b\\", "\\x1b]52;c;Y3Vyb\\x1b\\"),
            ("visible\roverwritten", "visible\\roverwritten"),
            ("a\x08b\0\x7f", "a\\x08b\\x00\\x7f"),
            ("\u{9b}2J\u{85}", "\\x9b2J\\x85"),
            ("user\u{202e}gpj", "user\\u{202e}gpj"),
            ("a\u{200b}b\u{2028}c\u{feff}", "a\\u{200b}b\\u{2028}c\\u{feff}"),
            ("\u{e0041}", "\\u{e0041}"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn text_lines_and_plain_colours_stay() {
        for text in
            ["", "Grüße, 世界 → 🦀", "a\n\tb", "\x1b[31merror:\x1b[0m", "\x1b[1;33mx\x1b[0m"]
        {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn a_colour_that_hides_is_shown() {
        for text in ["\x1b[8m", "\x1b[30m", "\x1b[48;5;0m", "\x1b[m", "\x1b[31", "\x1b[31;8m"] {
            assert!(shown(text).starts_with("\\x1b["), "{text:?}");
        }
    }

    #[test]
    fn a_part_of_a_line_is_one_line_without_colours() {
        assert_eq!(on_one_line("one\ntwo\x1b[31m"), "one\\ntwo\\x1b[31m");
    }

    proptest! {
        #[test]
        fn a_json_document_says_the_same(text in ".*") {
            let document = serde_json::json!({"message": text, "list": [text]});
            for written in [document.to_string(), format!("{document:#}")] {
                let shown = visible(&written, Spelling::Json);
                prop_assert!(!shown.chars().any(|one| is_unsafe(one) && one != '\n'));
                prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), &document);
            }
        }

        #[test]
        fn no_text_gets_past(text in "[\\x00-\\u{ff}\\u{2000}-\\u{206f}]*") {
            let shown = on_one_line(&text);
            prop_assert!(!shown.chars().any(is_unsafe));
        }
    }
}
