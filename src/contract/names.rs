//! Names of TypeScript for the names of a document: legal, and none that the client or the language has already.

use std::collections::{BTreeSet, HashMap};

use super::document::{Api, Call};
use super::types::{Field, Named, Type};

/// Words of the language, and all that the template and what it uses are called.
const TAKEN: &str = "\
    abstract any arguments as asserts async await bigint boolean break case catch class const constructor continue debugger \
    declare default delete do else enum eval export extends false finally for from function get global if implements import \
    in infer instanceof interface intrinsic is keyof let module namespace never new null number object of out override \
    package private protected public readonly require return satisfies set static string super switch symbol this throw \
    true try type typeof undefined unique unknown using var void while with yield \
    AbortSignal Array ArrayLike AsyncGenerator AsyncIterable AsyncIterableIterator AsyncIterator Awaited BigInt Boolean Date \
    Error Exclude Extract Function Generator Headers HeadersInit Infinity Iterable IterableIterator Iterator JSON Map Math NaN \
    NonNullable Number Object Omit Parameters Partial Pick Promise PromiseLike Readonly ReadonlyArray Record RegExp Request \
    RequestInit Required Response ReturnType Set String Symbol TemplateStringsArray URL URLSearchParams WeakMap WeakSet \
    encodeURIComponent fetch globalThis \
    CallOptions Client ClientOptions Failure Result T createClient pages read send";

/// A document's API with types that TypeScript takes, and the same API otherwise.
pub(super) fn legal(api: &Api) -> Api {
    let mut taken: BTreeSet<String> = TAKEN.split_whitespace().map(str::to_owned).collect();
    let mut names = HashMap::new();
    // Who has a legal name keeps it, also when another's becomes the same.
    let (kept, changed): (Vec<&Named>, Vec<&Named>) =
        api.types.iter().partition(|named| identifier(&named.name).as_ref() == Some(&named.name));
    for named in kept.into_iter().chain(changed) {
        let name = identifier(&named.name).unwrap_or_else(|| "Type".to_owned());
        let name = free(&name, &taken);
        taken.insert(name.clone());
        names.insert(named.name.clone(), name);
    }
    let types = api.types.iter().map(|named| Named {
        name: names[&named.name].clone(),
        description: named.description.clone(),
        kind: renamed(&named.kind, &names),
    });
    let calls = api.calls.iter().map(|call| Call {
        answer: renamed(&call.answer, &names),
        body: call.body.as_ref().map(|body| renamed(body, &names)),
        ..call.clone()
    });
    Api { types: types.collect(), calls: calls.collect() }
}

fn renamed(kind: &Type, names: &HashMap<String, String>) -> Type {
    let inner = |kind: &Type| renamed(kind, names);
    match kind {
        Type::Name(name) => Type::Name(names.get(name).unwrap_or(name).clone()),
        Type::List(kind) => Type::List(Box::new(inner(kind))),
        Type::Map(kind) => Type::Map(Box::new(inner(kind))),
        Type::Either(kinds) => Type::Either(kinds.iter().map(inner).collect()),
        Type::Object(fields) => {
            let field = |field: &Field| Field { kind: inner(&field.kind), ..field.clone() };
            Type::Object(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}

/// The name itself where TypeScript takes it; else its words, each but the first with a capital. Nothing for a name
/// without letters.
pub(super) fn identifier(name: &str) -> Option<String> {
    let mut made = String::new();
    let mut begins = false;
    for character in name.chars() {
        if !is_part(character) {
            begins = !made.is_empty();
        } else if begins {
            made.extend(character.to_uppercase());
            begins = false;
        } else {
            made.push(character);
        }
    }
    match made.chars().next() {
        Some(first) if first.is_ascii_digit() => Some(format!("_{made}")),
        Some(_) => Some(made),
        None => None,
    }
}

/// Whether a name can be written as it is after a point and before a colon.
pub(super) fn is_plain(name: &str) -> bool {
    name.chars().all(is_part)
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
}

fn is_part(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '$'
}

fn free(name: &str, taken: &BTreeSet<String>) -> String {
    if !taken.contains(name) {
        return name.to_owned();
    }
    let numbered = (2..).map(|number| format!("{name}Schema{number}"));
    let mut names = std::iter::once(format!("{name}Schema")).chain(numbered);
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<String> {
        let named =
            |name: &&str| Named { name: (*name).to_owned(), description: None, kind: Type::Text };
        let api = Api { types: names.iter().map(named).collect(), calls: vec![] };
        legal(&api).types.into_iter().map(|named| named.name).collect()
    }

    #[test]
    fn a_legal_name_is_kept() {
        assert_eq!(named(&["Item", "item_list", "$x"]), ["Item", "item_list", "$x"]);
    }

    #[test]
    fn names_of_the_client_and_the_language_are_left_to_them() {
        assert_eq!(
            named(&["Result", "Promise", "string", "Client", "class"]),
            ["ResultSchema", "PromiseSchema", "stringSchema", "ClientSchema", "classSchema"]
        );
    }

    #[test]
    fn what_is_no_identifier_becomes_one_of_its_own() {
        assert_eq!(
            named(&[
                "Item.V1",
                "item-list",
                "2fa",
                "ItemV1",
                "世界",
                "日本",
                "Result",
                "ResultSchema"
            ]),
            [
                "ItemV1Schema",
                "itemList",
                "_2fa",
                "ItemV1",
                "Type",
                "TypeSchema",
                "ResultSchema",
                "ResultSchemaSchema"
            ]
        );
    }
}
