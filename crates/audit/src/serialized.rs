//! The names and types with which serde writes the fields of a struct.

use proc_macro2::TokenTree;
use syn::{Attribute, Type};

use crate::items::Field;
use crate::keys::Kind;

/// `#[serde(rename_all = "camelCase")]`
pub fn case_of(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| word_of(attribute, "rename_all"))
}

/// The name under which serde writes a field of a struct whose fields are written in a case.
pub fn name_of(field: &Field, case: Option<&str>) -> String {
    let own = field.attributes.iter().find_map(|attribute| word_of(attribute, "rename"));
    own.unwrap_or_else(|| cased(&field.name, case))
}

/// The type that a field has in an item, where it can be that of a key.
pub fn kind_of(ty: &Type) -> Option<Kind> {
    let Type::Path(path) = ty else { return None };
    match path.path.segments.last()?.ident.to_string().as_str() {
        "String" | "Uuid" | "DateTime" | "Ulid" => Some(Kind::S),
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128"
        | "isize" | "f32" | "f64" => Some(Kind::N),
        _ => None,
    }
}

/// The text of `#[serde(word = "text")]`.
fn word_of(attribute: &Attribute, word: &str) -> Option<String> {
    let syn::Meta::List(list) = &attribute.meta else { return None };
    if !attribute.path().is_ident("serde") {
        return None;
    }
    let tokens: Vec<TokenTree> = list.tokens.clone().into_iter().collect();
    let found = tokens.windows(3).find(|window| {
        matches!(&window[0], TokenTree::Ident(name) if name == word)
            && matches!(&window[1], TokenTree::Punct(sign) if sign.as_char() == '=')
    })?;
    Some(found[2].to_string().trim_matches('"').to_owned())
}

fn cased(name: &str, case: Option<&str>) -> String {
    let upper = |word: &str| changed(word, |first| first.to_ascii_uppercase());
    let pascal: String = name.split('_').map(upper).collect();
    match case {
        Some("camelCase") => changed(&pascal, |first| first.to_ascii_lowercase()),
        Some("PascalCase") => pascal,
        Some("UPPERCASE" | "SCREAMING_SNAKE_CASE") => name.to_uppercase(),
        Some("kebab-case") => name.replace('_', "-"),
        _ => name.to_owned(),
    }
}

/// With another first letter.
fn changed(word: &str, change: impl Fn(char) -> char) -> String {
    let mut letters = word.chars();
    letters.next().map(change).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_names_that_serde_writes() {
        let text = "#[serde(rename_all = \"camelCase\", deny_unknown_fields)] struct A { user_id: String, #[serde(default, rename = \"PK\")] key: u64 }";
        let item: syn::ItemStruct = syn::parse_str(text).expect("it parses");
        let case = case_of(&item.attrs);
        let told = item.fields.into_iter().map(|field| {
            let name = field.ident.map(|name| name.to_string()).unwrap_or_default();
            let field = Field { name, ty: field.ty, attributes: field.attrs };
            (name_of(&field, case.as_deref()), kind_of(&field.ty))
        });
        let told: Vec<(String, Option<Kind>)> = told.collect();
        assert_eq!(told, [("userId".to_owned(), Some(Kind::S)), ("PK".to_owned(), Some(Kind::N))]);
        assert_eq!(cased("user_id", Some("PascalCase")), "UserId");
        assert_eq!(cased("user_id", None), "user_id");
    }
}
