//! What the code says of the attributes of items: their types, their order, and which of them are keys.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::Interpreter;
use crate::keys::{Kind, Said, exists, extend, key_condition};
use crate::serialized;
use crate::strings::{Piece, Text, Texts};
use crate::value::{Request, Value};

/// The name by which the audit recognizes a value of the SDK whose type says of which kind a key is.
const KINDS: [(&str, &str, Kind); 3] = [
    ("S", "aws_sdk_dynamodb:S", Kind::S),
    ("N", "aws_sdk_dynamodb:N", Kind::N),
    ("B", "aws_sdk_dynamodb:B", Kind::B),
];
const HASH: &str = "aws_sdk_dynamodb:HASH";

/// What is known of the name of an attribute, or of what stands for one in an expression.
#[derive(Default)]
pub struct Noted {
    /// How many names were seen before it.
    first: usize,
    pub kinds: BTreeSet<Kind>,
    /// `#pk` stands for these.
    pub names: BTreeSet<String>,
}

/// A part of a request that is about another table than the request's own: a member of a batch or a transaction.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    pub table: Option<Rc<Texts>>,
    pub said: Said,
    pub site: (usize, usize),
}

/// `AttributeValue::S(…)`, `KeyType::Hash`: what the last two names of a path of the SDK make.
pub fn marked<'a>(owner: &str, last: &str) -> Option<Value<'a>> {
    let name = match (owner, last) {
        ("AttributeValue" | "ScalarAttributeType", _) => {
            KINDS.iter().find(|(kind, ..)| *kind == last)?.1
        }
        ("KeyType", "Hash") => HASH,
        _ => return None,
    };
    Some(Value::foreign(name))
}

/// Whether a value has a mark that its type would take from it.
pub fn is_marked(value: &Value<'_>) -> bool {
    matches!(value, Value::Foreign(name) if name.starts_with("aws_sdk_dynamodb:"))
}

fn kind_of(value: &Value<'_>) -> Option<Kind> {
    let Value::Foreign(name) = value else { return None };
    KINDS.iter().find(|(_, mark, _)| *mark == &**name).map(|(.., kind)| *kind)
}

fn only_literal(value: &Value<'_>) -> Option<String> {
    let Value::Text(texts) = value else { return None };
    let mut literals = texts.literals();
    let first = literals.next().filter(|_| texts.0.len() == 1)?;
    (!first.is_empty()).then(|| first.to_owned())
}

impl<'a> Interpreter<'a> {
    /// A name with a value, wherever the two meet: a pair, an entry of a map, the arguments of a setter.
    pub fn note_pair(&mut self, file: usize, name: &Value<'a>, value: &Value<'a>) {
        let Some(name) = only_literal(name) else { return };
        let kind = kind_of(value);
        let alias = only_literal(value).filter(|_| name.starts_with('#'));
        if kind.is_none() && alias.is_none() && !is_dynamodb(value) {
            return;
        }
        let first = self.findings.attributes.len();
        let noted = self.findings.attributes.entry((file, name)).or_default();
        if noted.kinds.is_empty() && noted.names.is_empty() {
            noted.first = first;
        }
        noted.kinds.extend(kind);
        noted.names.extend(alias);
    }

    /// What a setter of a request says of attributes.
    pub fn note_setter(
        &mut self,
        file: usize,
        made: &mut Request,
        setter: &str,
        given: &[Value<'a>],
    ) {
        if made.service.as_ref() != "dynamodb" {
            return;
        }
        match (setter, given) {
            (
                "key" | "item" | "expression_attribute_values" | "expression_attribute_names",
                [name, value],
            ) => {
                self.note_pair(file, name, value);
                let into = match setter {
                    "key" => &mut made.said.key,
                    "item" => &mut made.said.item,
                    _ => return,
                };
                extend(into, only_literal(name).as_slice());
            }
            ("key" | "keys", [map]) => {
                let names = self.names_in(file, map);
                extend(&mut made.said.key, &names);
            }
            ("item", [map]) => {
                let names = self.names_in(file, map);
                extend(&mut made.said.item, &names);
            }
            ("key_condition_expression", [text]) => {
                extend(&mut made.said.conditions, &texts_in(text));
            }
            ("attribute_type", [kind]) => {
                if let Some(name) = made.said.expiry.clone() {
                    self.note_pair(file, &Value::literal(&name), kind);
                }
            }
            ("condition_expression", [text]) => extend(&mut made.said.checks, &texts_in(text)),
            _ => note_definition(made, setter, given),
        }
        self.note_members(made, setter, given);
    }

    /// Parts of a batch or a transaction say something of the table that they are given with.
    fn note_members(&mut self, made: &mut Request, setter: &str, given: &[Value<'a>]) {
        let site = made.site;
        let mut note = |table: Option<Rc<Texts>>, said: &Said| {
            if *said != Said::default() {
                self.findings.members.insert(Member { table, said: said.clone(), site });
            }
        };
        match (setter, given) {
            ("request_items", [Value::Text(table), parts]) => {
                for part in parts_in(parts) {
                    note(Some(table.clone()), &part.said);
                }
            }
            ("request_items", [Value::Map(pair)]) => {
                if let Value::Text(table) = &pair.0 {
                    for part in parts_in(&pair.1) {
                        note(Some(table.clone()), &part.said);
                    }
                }
            }
            ("put" | "update" | "delete" | "condition_check" | "get", [part]) => {
                for part in parts_in(part) {
                    note(part.table.clone(), &part.said);
                }
            }
            ("put_request" | "delete_request", [part]) => {
                for part in parts_in(part) {
                    made.said.join(&part.said);
                }
            }
            _ => {}
        }
    }

    /// The names of attributes in a map or in a struct that becomes one, in the order in which they were seen first.
    fn names_in(&mut self, file: usize, value: &Value<'a>) -> Vec<String> {
        match value {
            Value::Map(pair) => self.in_order(file, &pair.0),
            Value::Tuple(parts) if parts.len() == 2 => self.in_order(file, &parts[0]),
            Value::Many(inner) => self.names_in(file, inner),
            Value::OneOf(all) => {
                let mut names = Vec::new();
                for one in all.iter() {
                    extend(&mut names, &self.names_in(file, one));
                }
                names
            }
            Value::Record(record) => {
                let index = self.index;
                let renamed = &index.type_of(record.definition).renamed;
                let mut names = Vec::new();
                for field in index.fields(record.definition, record.variant) {
                    let name = serialized::name_of(field, renamed.as_deref());
                    if let Some(kind) = serialized::kind_of(&field.ty) {
                        let first = self.findings.attributes.len();
                        let noted = self.findings.attributes.entry((file, name.clone()));
                        let noted = noted.or_insert_with(|| Noted { first, ..Noted::default() });
                        noted.kinds.insert(kind);
                    }
                    names.push(name);
                }
                names
            }
            _ => Vec::new(),
        }
    }

    fn in_order(&self, file: usize, names: &Value<'a>) -> Vec<String> {
        let Value::Text(texts) = names else { return Vec::new() };
        let mut names: Vec<String> = texts.literals().map(str::to_owned).collect();
        names.sort_by_key(|name| {
            self.findings.noted(file, name).map(|noted| noted.first).min().unwrap_or(usize::MAX)
        });
        names
    }
}

impl super::Findings {
    /// What is known of a name: in this file, else anywhere.
    fn noted<'f>(&'f self, file: usize, name: &'f str) -> impl Iterator<Item = &'f Noted> {
        let here = self.attributes.get(&(file, name.to_owned()));
        let elsewhere = self.attributes.iter().filter(move |((_, known), _)| known == name);
        here.into_iter().chain(elsewhere.filter(move |_| here.is_none()).map(|(_, noted)| noted))
    }

    /// The type of an attribute or of a placeholder, where all lines agree.
    pub fn kind(&self, file: usize, name: &str) -> Option<Kind> {
        let kinds: BTreeSet<Kind> =
            self.noted(file, name).flat_map(|noted| noted.kinds.iter().copied()).collect();
        kinds.first().copied().filter(|_| kinds.len() == 1)
    }

    /// What `#name` stands for.
    fn name<'f>(&'f self, file: usize, name: &'f str) -> Option<String> {
        if !name.starts_with('#') {
            return Some(name.to_owned());
        }
        let names: BTreeSet<&String> =
            self.noted(file, name).flat_map(|noted| &noted.names).collect();
        names.first().filter(|_| names.len() == 1).map(|name| (*name).clone())
    }

    /// The attributes of a key condition, the partition key first, with their types.
    pub fn condition(&self, file: usize, text: &str) -> Vec<(String, Option<Kind>)> {
        let mut compared = key_condition(text);
        compared.sort_by_key(|one| !one.is_equal);
        let named = compared.into_iter().filter_map(|one| {
            let name = self.name(file, one.attribute)?;
            let kind = self.kind(file, one.value).or_else(|| self.kind(file, &name));
            Some((name, kind))
        });
        named.collect()
    }

    /// The attributes that a write expects to be there, or not.
    pub fn checked(&self, file: usize, text: &str) -> Vec<(String, Option<Kind>)> {
        let named = exists(text).into_iter().filter_map(|name| self.name(file, name));
        named.map(|name| (name.clone(), self.kind(file, &name))).collect()
    }
}

/// `CreateTable` and `UpdateTimeToLive`.
fn note_definition(made: &mut Request, setter: &str, given: &[Value<'_>]) {
    match (setter, given) {
        ("attribute_name", [name]) => {
            made.said.expiry = only_literal(name);
        }
        ("key_type", [Value::Foreign(mark)]) if &**mark == HASH => {
            made.said.schema.extend(made.said.expiry.clone());
        }
        ("key_schema" | "time_to_live_specification", [part]) => {
            for part in parts_in(part) {
                if setter == "time_to_live_specification" {
                    made.said.expiry.clone_from(&part.said.expiry);
                } else if let Some(name) = &part.said.expiry {
                    let at = if part.said.schema.is_empty() { made.said.schema.len() } else { 0 };
                    if !made.said.schema.contains(name) {
                        made.said.schema.insert(at, name.clone());
                    }
                }
            }
        }
        _ => {}
    }
}

fn parts_in(value: &Value<'_>) -> Vec<Rc<Request>> {
    match value {
        Value::Request(part) => vec![part.clone()],
        Value::Many(inner) => parts_in(inner),
        Value::Tuple(parts) => parts.iter().flat_map(parts_in).collect(),
        Value::OneOf(all) => all.iter().flat_map(parts_in).collect(),
        _ => Vec::new(),
    }
}

/// Texts with what is known of them; a part that is not known is no name.
fn texts_in(value: &Value<'_>) -> Vec<String> {
    let Value::Text(texts) = value else { return Vec::new() };
    let told = |text: &Text| {
        let piece = |piece: &Piece| match piece {
            Piece::Literal(literal) => literal.clone(),
            Piece::Variable(_) | Piece::Unknown => "?".to_owned(),
        };
        text.iter().map(piece).collect()
    };
    texts.0.iter().map(told).collect()
}

fn is_dynamodb(value: &Value<'_>) -> bool {
    matches!(value, Value::Foreign(name) if name.starts_with("aws_sdk_dynamodb"))
}
