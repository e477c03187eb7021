//! Expands `macro_rules!` of the project.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};

use super::transcription::transcribe;

/// All `macro_rules!` of the packages that are read.
#[derive(Default)]
pub struct Book {
    by_name: HashMap<String, Vec<Rules>>,
    /// Tokens that macros have made.
    made: Cell<usize>,
}

/// Tokens that all macros of a project make. Forty macros that each use the next one twice would make 2⁴⁰.
const ENOUGH: usize = 1_000_000;

/// A `macro_rules!` definition.
#[derive(Clone)]
pub struct Rules {
    krate: usize,
    library: String,
    arms: Vec<(Vec<Matcher>, TokenStream)>,
}

#[derive(Clone)]
enum Matcher {
    Token(TokenTree),
    Group(Delimiter, Vec<Matcher>),
    Fragment(String, String),
    Repeat(Vec<Matcher>, Option<TokenTree>, char),
}

#[derive(Clone, Default)]
pub(super) struct Bound {
    pub(super) one: TokenStream,
    /// Shared: what repeats inside what repeats is bound once for each of its names.
    pub(super) many: Option<Rc<Vec<Bindings>>>,
}

pub(super) type Bindings = HashMap<String, Bound>;

/// Repetitions of one pattern.
const MOST: usize = 2_000;

/// The name that stands for `$crate` of a crate in what its macros make.
pub fn crate_name(krate: usize) -> String {
    format!("__crate_{krate}")
}

impl Book {
    /// Adds a definition of a crate, whose library has a name.
    pub fn add(&mut self, name: String, krate: usize, library: &str, tokens: TokenStream) {
        if let Some(rules) = Rules::read(krate, library, tokens) {
            self.by_name.entry(name).or_default().insert(0, rules);
        }
    }

    /// What a macro makes of its arguments. Where several crates define it, its path and the crate that calls it decide.
    pub fn expand(
        &self,
        krate: usize,
        path: &[String],
        arguments: &TokenStream,
    ) -> Option<TokenStream> {
        let name = path.last()?;
        let before = path.len().checked_sub(2).map(|at| &path[at]);
        let mut known: Vec<&Rules> = self.by_name.get(name)?.iter().collect();
        known.sort_by_key(|rules| match before {
            Some(before) if *before == rules.library || *before == crate_name(rules.krate) => 0,
            _ if rules.krate == krate => 1,
            _ => 2,
        });
        if self.is_spent() {
            return None;
        }
        let made = known.into_iter().find_map(|rules| rules.expand(arguments.clone()))?;
        // An expansion of nothing is work, too.
        self.made.set(self.made.get() + 8 + count(&made, ENOUGH));
        Some(made).filter(|_| !self.is_spent())
    }

    /// Whether macros have made so much that no more of them is expanded.
    pub fn is_spent(&self) -> bool {
        self.made.get() > ENOUGH
    }
}

/// Tokens, those in groups included; what is beyond `most` is not counted.
fn count(tokens: &TokenStream, most: usize) -> usize {
    let mut waiting = vec![tokens.clone()];
    let mut count = 0;
    while let Some(tokens) = waiting.pop() {
        for token in tokens {
            count += 1;
            if let TokenTree::Group(group) = token {
                waiting.push(group.stream());
            }
        }
        if count > most {
            break;
        }
    }
    count
}

impl Rules {
    /// Reads the arms of a definition.
    fn read(krate: usize, library: &str, tokens: TokenStream) -> Option<Self> {
        let mut arms = Vec::new();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let TokenTree::Group(pattern) = token else {
                return None;
            };
            if !is_punct(&tokens.next()?, '=') || !is_punct(&tokens.next()?, '>') {
                return None;
            }
            let TokenTree::Group(body) = tokens.next()? else {
                return None;
            };
            arms.push((matchers(pattern.stream())?, body.stream()));
            if tokens.peek().is_some_and(|token| is_punct(token, ';')) {
                tokens.next();
            }
        }
        Some(Self { krate, library: library.to_owned(), arms })
    }

    /// What the macro makes of its arguments; `None` when no arm fits.
    fn expand(&self, arguments: TokenStream) -> Option<TokenStream> {
        let arguments: Vec<TokenTree> = arguments.into_iter().collect();
        self.arms.iter().find_map(|(pattern, body)| {
            let mut bindings = Bindings::new();
            let rest = matched(pattern, &arguments, &mut bindings, 0)?;
            if !rest.is_empty() {
                return None;
            }
            let name =
                proc_macro2::Ident::new(&crate_name(self.krate), proc_macro2::Span::call_site());
            bindings.insert(
                "crate".to_owned(),
                Bound { one: TokenTree::Ident(name).into(), many: None },
            );
            let mut size = 0;
            let made = transcribe(body.clone(), &bindings, &mut size)?;
            Some(made)
        })
    }
}

pub(super) fn is_punct(token: &TokenTree, expected: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == expected)
}

fn matchers(tokens: TokenStream) -> Option<Vec<Matcher>> {
    let mut out = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '$' => match tokens.next()? {
                TokenTree::Ident(name) => {
                    if !tokens.peek().is_some_and(|token| is_punct(token, ':')) {
                        return None;
                    }
                    tokens.next();
                    let kind = tokens.next()?.to_string();
                    out.push(Matcher::Fragment(name.to_string(), kind));
                }
                TokenTree::Group(group) => {
                    let inner = matchers(group.stream())?;
                    let (separator, operator) = repetition(&mut tokens)?;
                    out.push(Matcher::Repeat(inner, separator, operator));
                }
                _ => return None,
            },
            TokenTree::Group(group) => {
                out.push(Matcher::Group(group.delimiter(), matchers(group.stream())?));
            }
            other => out.push(Matcher::Token(other)),
        }
    }
    Some(out)
}

/// What follows `$(…)`: a separator, if any, and `*`, `+` or `?`.
pub(super) fn repetition(
    tokens: &mut impl Iterator<Item = TokenTree>,
) -> Option<(Option<TokenTree>, char)> {
    let operator = |token: &TokenTree| match token {
        TokenTree::Punct(punct) if "*+?".contains(punct.as_char()) => Some(punct.as_char()),
        _ => None,
    };
    let first = tokens.next()?;
    if let Some(found) = operator(&first) {
        return Some((None, found));
    }
    let second = tokens.next()?;
    if is_punct(&first, '=') && is_punct(&second, '>') {
        let third = tokens.next()?;
        return operator(&third).map(|found| (Some(second), found));
    }
    operator(&second).map(|found| (Some(first), found))
}

/// The tokens that are left when the pattern fits the beginning.
fn matched<'t>(
    pattern: &[Matcher],
    mut tokens: &'t [TokenTree],
    bindings: &mut Bindings,
    depth: usize,
) -> Option<&'t [TokenTree]> {
    if depth > 32 {
        return None;
    }
    for matcher in pattern {
        match matcher {
            Matcher::Token(expected) => {
                let (first, rest) = tokens.split_first()?;
                if first.to_string() != expected.to_string() {
                    return None;
                }
                tokens = rest;
            }
            Matcher::Group(delimiter, inner) => {
                let (first, rest) = tokens.split_first()?;
                let TokenTree::Group(group) = first else {
                    return None;
                };
                if group.delimiter() != *delimiter {
                    return None;
                }
                let content: Vec<TokenTree> = group.stream().into_iter().collect();
                if !matched(inner, &content, bindings, depth + 1)?.is_empty() {
                    return None;
                }
                tokens = rest;
            }
            Matcher::Fragment(name, kind) => {
                let taken = fragment(kind, tokens)?;
                let (first, rest) = tokens.split_at_checked(taken)?;
                let mut one: TokenStream = first.iter().cloned().collect();
                if kind == "expr" && taken > 1 {
                    one = TokenTree::Group(Group::new(Delimiter::None, one)).into();
                }
                bindings.insert(name.clone(), Bound { one, many: None });
                tokens = rest;
            }
            Matcher::Repeat(inner, separator, operator) => {
                tokens = repeated(inner, separator.as_ref(), *operator, tokens, bindings, depth)?;
            }
        }
    }
    Some(tokens)
}

fn repeated<'t>(
    inner: &[Matcher],
    separator: Option<&TokenTree>,
    operator: char,
    mut tokens: &'t [TokenTree],
    bindings: &mut Bindings,
    depth: usize,
) -> Option<&'t [TokenTree]> {
    let mut rounds = Vec::new();
    loop {
        let mut start = tokens;
        if let (Some(separator), false) = (separator, rounds.is_empty()) {
            if separator.to_string() == ">"
                && start.first().is_some_and(|token| is_punct(token, '='))
            {
                start = &start[1..];
            }
            match start.split_first() {
                Some((first, rest)) if first.to_string() == separator.to_string() => start = rest,
                _ => break,
            }
        }
        let mut round = Bindings::new();
        match matched(inner, start, &mut round, depth + 1) {
            Some(rest) if rest.len() < tokens.len() && rounds.len() < MOST => {
                tokens = rest;
                rounds.push(round);
            }
            _ => break,
        }
        if operator == '?' {
            break;
        }
    }
    if operator == '+' && rounds.is_empty() {
        return None;
    }
    let rounds = Rc::new(rounds);
    let mut names = Vec::new();
    names_of(inner, &mut names);
    for name in names {
        let many = Some(rounds.clone());
        bindings.insert(name, Bound { one: TokenStream::new(), many });
    }
    Some(tokens)
}

fn names_of(pattern: &[Matcher], names: &mut Vec<String>) {
    for matcher in pattern {
        match matcher {
            Matcher::Fragment(name, _) => names.push(name.clone()),
            Matcher::Group(_, inner) | Matcher::Repeat(inner, _, _) => names_of(inner, names),
            Matcher::Token(_) => {}
        }
    }
}

/// How many tokens a fragment of this kind takes.
fn fragment(kind: &str, tokens: &[TokenTree]) -> Option<usize> {
    let first = tokens.first();
    match kind {
        "tt" => first.map(|_| 1),
        "ident" => matches!(first?, TokenTree::Ident(_)).then_some(1),
        "lifetime" => is_punct(first?, '\'').then_some(2),
        "literal" => match first? {
            TokenTree::Literal(_) => Some(1),
            TokenTree::Ident(name) if name == "true" || name == "false" => Some(1),
            TokenTree::Punct(punct) if punct.as_char() == '-' => Some(2),
            _ => None,
        },
        "block" => {
            matches!(first?, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
                .then_some(1)
        }
        "expr" | "expr_2021" => parsed(tokens, |input| input.parse::<syn::Expr>().map(drop)),
        "ty" => parsed(tokens, |input| input.parse::<syn::Type>().map(drop)),
        "path" => parsed(tokens, |input| input.parse::<syn::Path>().map(drop)),
        "pat" | "pat_param" => {
            parsed(tokens, |input| syn::Pat::parse_multi_with_leading_vert(input).map(drop))
        }
        // Without its semicolon.
        "stmt" => parsed(tokens, |input| input.parse::<syn::Expr>().map(drop)).or_else(|| {
            let ends = |token: &TokenTree| is_punct(token, ';') || is_punct(token, ',');
            Some(tokens.iter().position(ends).unwrap_or(tokens.len())).filter(|taken| *taken > 0)
        }),
        "item" => parsed(tokens, |input| input.parse::<syn::Item>().map(drop)),
        "meta" => parsed(tokens, |input| input.parse::<syn::Meta>().map(drop)),
        "vis" => parsed(tokens, |input| input.parse::<syn::Visibility>().map(drop)),
        _ => None,
    }
}

fn parsed(tokens: &[TokenTree], parse: impl Fn(ParseStream) -> syn::Result<()>) -> Option<usize> {
    let stream: TokenStream = tokens.iter().cloned().collect();
    let rest = (|input: ParseStream| {
        parse(input)?;
        input.parse::<TokenStream>()
    })
    .parse2(stream)
    .ok()?;
    tokens.len().checked_sub(rest.into_iter().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(rules: &str, arguments: &str) -> String {
        let mut book = Book::default();
        book.add("made".to_owned(), 3, "library", rules.parse().expect("it parses"));
        book.expand(0, &["made".to_owned()], &arguments.parse().expect("it parses"))
            .map(|tokens| tokens.to_string())
            .unwrap_or_default()
            .replace(' ', "")
    }

    #[test]
    fn fragments_and_repetitions_are_expanded() {
        let pairs = "($($key:expr => $value:expr),* $(,)?) => { [$(($key, $value)),*] }";
        assert_eq!(expand(pairs, "1 => a.b(), 2 => c"), "[(1,a.b()),(2,c)]");
        assert_eq!(
            expand("($name:ident, $t:ty) => { fn $name() -> $t { $crate::x() } };", "go, Vec<u8>"),
            "fngo()->Vec<u8>{__crate_3::x()}"
        );
    }

    #[test]
    fn macros_that_double_come_to_an_end() {
        let mut book = Book::default();
        let rules = "($($x:tt)*) => { [$($x)* $($x)*] };".parse().expect("it parses");
        book.add("made".to_owned(), 0, "library", rules);
        let path = ["made".to_owned()];
        let first: TokenStream = "a b c".parse().expect("it parses");
        let made = std::iter::successors(Some(first), |before| book.expand(0, &path, before));
        assert!(made.count() < 40);
        assert!(book.is_spent());
    }

    #[test]
    fn the_first_arm_that_fits_is_taken() {
        let rules = "(a $x:tt) => { first $x }; ($($x:tt)*) => { second $($x)* };";
        assert_eq!(expand(rules, "a b"), "firstb");
        assert_eq!(expand(rules, "c d"), "secondcd");
    }
}
