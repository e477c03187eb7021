//! Reads files, and refuses what cannot be read safely.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

use crate::Refused;
use crate::items::Index;

/// No source that people write is larger.
const LARGEST: u64 = 4 << 20;
/// Groups within groups, deeper than anyone writes.
const DEEPEST: usize = 200;
/// Tokens between two separators: an expression is a tree as deep as it is long.
const LONGEST: usize = 20_000;

/// Modules within modules, each in a file of its own, deeper than anyone writes.
const INNERMOST: usize = 64;
/// Bytes of all files; a file that is a module twice counts twice.
const ALL: usize = 128 << 20;
/// Files of all crates.
const MOST: usize = 10_000;

/// The files that are being read: each is a module of the one before it.
#[derive(Default)]
pub struct Open(Vec<PathBuf>);

impl Open {
    /// Opens and parses a file.
    ///
    /// # Errors
    /// When it cannot be read or parsed, or when there would be no end: it is a module of itself, or there are too many.
    pub fn parse(&mut self, path: &Path, index: &mut Index) -> Result<syn::File, Refused> {
        let refused = |why: &str| Refused::new(format!("{} was not read: {why}", path.display()));
        let known = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if self.0.contains(&known) {
            return Err(refused("it is a module of itself"));
        }
        if self.0.len() >= INNERMOST {
            return Err(refused("it is a module within too many others"));
        }
        if index.files.len() > MOST {
            return Err(refused("there are too many files before it"));
        }
        let text = text(path)?;
        index.bytes += text.len();
        if index.bytes > ALL {
            return Err(refused("the files before it have more than 128 MiB"));
        }
        let parsed = parse(path, &text)?;
        self.0.push(known);
        Ok(parsed)
    }

    /// Closes the file that was opened last.
    pub fn close(&mut self) {
        self.0.pop();
    }
}

/// The text of a regular file.
///
/// # Errors
/// When it is not a regular file, is too large, or is not UTF-8.
pub fn text(path: &Path) -> Result<String, Refused> {
    let refused = |why: &str| Refused::new(format!("{} was not read: {why}", path.display()));
    let facts = fs::metadata(path).map_err(|error| refused(&error.to_string()))?;
    if !facts.is_file() {
        return Err(refused("it is not a regular file"));
    }
    // Files of the kernel say that they are empty and have no end.
    let file = File::open(path).map_err(|error| refused(&error.to_string()))?;
    let mut text = String::new();
    let read = file.take(LARGEST + 1).read_to_string(&mut text);
    match read.map_err(|error| refused(&error.to_string()))? as u64 {
        length if length > LARGEST => Err(refused("it is larger than 4 MiB")),
        _ => Ok(text),
    }
}

/// Parses the text of a file of Rust; what is not Rust, or is nested too deeply, is refused.
fn parse(path: &Path, text: &str) -> Result<syn::File, Refused> {
    let refused = |why: &str, line: usize| {
        Refused::new(format!("{} was not read: line {line}: {why}", path.display()))
    };
    if nests_too_deeply(text) {
        return Err(refused("it is nested too deeply", 1));
    }
    let tokens: TokenStream = lexable(text).parse().map_err(|error: proc_macro2::LexError| {
        refused(&error.to_string(), error.span().start().line)
    })?;
    if !is_simple(tokens.clone()) {
        return Err(refused("an expression is too long to be read", 1));
    }
    syn::parse2(tokens).map_err(|error| refused(&error.to_string(), error.span().start().line))
}

/// A text without its byte order mark, and with the line that names an interpreter as a comment, as rustc takes both.
///
/// <https://doc.rust-lang.org/reference/input-format.html>
pub fn lexable(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.strip_prefix("#!") {
        Some(rest) if !rest.trim_start().starts_with('[') => Cow::Owned(format!("//{text}")),
        _ => Cow::Borrowed(text),
    }
}

/// Counts brackets without regard to strings and comments: it errs on the deep side, far beyond what people write.
fn nests_too_deeply(text: &str) -> bool {
    let mut depth = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST * 4 {
            return true;
        }
    }
    false
}

/// Whether no group is too deep and no run of tokens too long.
pub fn is_simple(tokens: TokenStream) -> bool {
    let mut waiting = vec![(tokens, 0)];
    while let Some((tokens, depth)) = waiting.pop() {
        if depth > DEEPEST {
            return false;
        }
        let mut length = 0_usize;
        for token in tokens {
            length += 1;
            match token {
                TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | ',') => length = 0,
                TokenTree::Group(group) => {
                    if group.delimiter() == proc_macro2::Delimiter::Brace {
                        length = length.min(LONGEST / 2).saturating_sub(64);
                    }
                    waiting.push((group.stream(), depth + 1));
                }
                _ => {}
            }
            if length > LONGEST {
                return false;
            }
        }
    }
    true
}
