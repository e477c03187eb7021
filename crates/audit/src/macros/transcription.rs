//! What an arm of a macro makes of what its pattern has matched.

use proc_macro2::{Group, TokenStream, TokenTree};

use super::rules::{Bindings, is_punct, repetition};

/// An expansion larger than this is not made.
const LARGEST: usize = 100_000;

pub fn transcribe(body: TokenStream, bindings: &Bindings, size: &mut usize) -> Option<TokenStream> {
    let mut out: Vec<TokenTree> = Vec::new();
    let mut tokens = body.into_iter().peekable();
    while let Some(token) = tokens.next() {
        *size += 1;
        if *size > LARGEST {
            return None;
        }
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '$' => match tokens.next()? {
                TokenTree::Ident(name) => match bindings.get(&name.to_string()) {
                    Some(bound) => out.extend(bound.one.clone()),
                    None => out.extend([TokenTree::Punct(punct), TokenTree::Ident(name)]),
                },
                TokenTree::Group(group) => {
                    let (separator, _) = repetition(&mut tokens)?;
                    repeat(&group, separator.as_ref(), bindings, &mut out, size)?;
                }
                other => out.push(other),
            },
            TokenTree::Group(group) => {
                let mut made =
                    Group::new(group.delimiter(), transcribe(group.stream(), bindings, size)?);
                made.set_span(group.span());
                out.push(TokenTree::Group(made));
            }
            other => out.push(other),
        }
    }
    Some(out.into_iter().collect())
}

fn repeat(
    group: &Group,
    separator: Option<&TokenTree>,
    bindings: &Bindings,
    out: &mut Vec<TokenTree>,
    size: &mut usize,
) -> Option<()> {
    let mut used = Vec::new();
    variables(group.stream(), &mut used);
    let rounds = used.iter().find_map(|name| bindings.get(name)?.many.as_ref())?;
    for (place, round) in rounds.iter().enumerate() {
        if let (Some(separator), true) = (separator, place > 0) {
            if separator.to_string() == ">" {
                out.push(TokenTree::Punct(proc_macro2::Punct::new(
                    '=',
                    proc_macro2::Spacing::Joint,
                )));
            }
            out.push(separator.clone());
        }
        let mut inner = bindings.clone();
        for name in &used {
            // Variables that repeat together have the same rounds each under its own name.
            let own = bindings
                .get(name)
                .and_then(|bound| bound.many.as_ref())
                .and_then(|rounds| rounds.get(place))
                .and_then(|round| round.get(name));
            if let Some(bound) = own.or_else(|| round.get(name)) {
                inner.insert(name.clone(), bound.clone());
            }
        }
        out.extend(transcribe(group.stream(), &inner, size)?);
    }
    Some(())
}

fn variables(tokens: TokenStream, found: &mut Vec<String>) {
    let mut after_dollar = false;
    for token in tokens {
        match &token {
            TokenTree::Ident(name) if after_dollar => found.push(name.to_string()),
            TokenTree::Group(group) => variables(group.stream(), found),
            _ => {}
        }
        after_dollar = is_punct(&token, '$');
    }
}
