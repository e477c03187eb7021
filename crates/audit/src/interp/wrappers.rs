//! Methods of the standard library: of wrappers, collections and texts.

use std::rc::Rc;

use syn::ExprMethodCall;

use super::{Frame, Interpreter};
use crate::strings::Texts;
use crate::value::Value;

/// Methods whose result is what their closure gives.
const MAPS: [&str; 24] = [
    "map",
    "and_then",
    "then",
    "map_ok",
    "map_or_else",
    "flat_map",
    "filter_map",
    "get_or_init",
    "get_or_try_init",
    "call_once",
    "with",
    "scope",
    "spawn",
    "spawn_blocking",
    "block_on",
    "try_flat_map",
    "try_filter_map",
    "map_while",
    "get_or_insert_with",
    "then_with",
    "call",
    "and_then_ok",
    "spawn_local",
    "run",
];
/// Methods on a collection that give one of what it holds.
const ELEMENTS: [&str; 26] = [
    "next",
    "first",
    "last",
    "pop",
    "find",
    "min",
    "max",
    "min_by_key",
    "max_by_key",
    "max_by",
    "min_by",
    "nth",
    "get",
    "get_mut",
    "remove",
    "unwrap_first",
    "pop_front",
    "pop_back",
    "try_next",
    "recv",
    "swap_remove",
    "choose",
    "take_one",
    "peek",
    "reduce",
    "or_insert_with",
];

impl<'a> Interpreter<'a> {
    /// A method of a wrapper, such as `Option`, around a value.
    pub fn wrapper_method(
        &mut self,
        value: &Value<'a>,
        name: &str,
        arguments: &[Value<'a>],
        element: &Value<'a>,
    ) -> Value<'a> {
        let known_environment = matches!(value, Value::Text(texts) if texts.is_variable());
        let mut given = Vec::new();
        for argument in arguments {
            let of = if matches!(
                name,
                "unwrap_or_else" | "or_else" | "map_err" | "ok_or_else" | "with_context"
            ) {
                Value::foreign("std")
            } else {
                element.clone()
            };
            let result = self.give(argument, &of);
            given.push(result.unwrap_or_else(|| argument.clone()));
        }
        let callable = arguments.iter().any(|argument| {
            matches!(argument, Value::Closure(_) | Value::Function(..) | Value::Callable(_))
        });
        let last = given.pop();
        match name {
            "unwrap_or" | "unwrap_or_else" | "or" | "or_else" | "chain" | "get_or_insert"
            | "xor" => {
                if known_environment {
                    return value.clone();
                }
                last.into_iter().fold(value.clone(), Value::or)
            }
            "map_or" | "fold" | "try_fold" => {
                given.into_iter().chain(last).fold(Value::Unit, Value::or)
            }
            name if MAPS.contains(&name) && callable => last.unwrap_or(Value::Unit),
            _ => value.clone(),
        }
    }

    pub fn collection_method(
        &mut self,
        frame: &mut Frame<'a>,
        call: &'a ExprMethodCall,
        value: &Value<'a>,
        name: &str,
        arguments: &[Value<'a>],
    ) -> Value<'a> {
        match (name, arguments) {
            ("push" | "push_back" | "push_front", [item]) => {
                self.add(frame, &call.receiver, Value::Unit, item.clone());
                return Value::Unit;
            }
            ("insert" | "entry", [key, item]) => {
                self.add(frame, &call.receiver, key.clone(), item.clone());
                return Value::Unit;
            }
            ("extend" | "append", [more]) => {
                let joined = value.clone().or(more.clone());
                self.replace(frame, &call.receiver, joined);
                return Value::Unit;
            }
            ("enumerate", []) => {
                let pair = Value::tuple(vec![Value::foreign("std"), value.element()]);
                return Value::many(pair);
            }
            ("zip", [other]) => {
                let pair = Value::tuple(vec![value.element(), other.element()]);
                return Value::many(pair);
            }
            ("keys" | "into_keys", []) => {
                if let Value::Map(pair) = value {
                    return Value::many(pair.0.clone());
                }
            }
            ("values" | "values_mut" | "into_values", []) => {
                if let Value::Map(pair) = value {
                    return Value::many(pair.1.clone());
                }
            }
            ("chunks" | "windows" | "chunks_exact" | "ready_chunks" | "array_chunks", _) => {
                return Value::many(value.clone());
            }
            ("join" | "concat", _) if matches!(value.element(), Value::Text(_)) => {
                return Value::text(Texts::unknown());
            }
            ("len" | "is_empty" | "contains" | "contains_key" | "count", _) => {
                return Value::foreign("std");
            }
            _ => {}
        }
        let element = value.element();
        let result = self.wrapper_method(value, name, arguments, &element);
        if matches!(
            name,
            "map" | "filter_map" | "flat_map" | "then" | "map_while" | "and_then" | "map_ok"
        ) {
            return Value::many(match result {
                Value::Many(inner) if name == "flat_map" => (**inner).clone(),
                other => other,
            });
        }
        if ELEMENTS.contains(&name) {
            return match value {
                Value::Map(pair) if matches!(name, "get" | "get_mut" | "remove") => pair.1.clone(),
                _ => element,
            };
        }
        result
    }

    pub fn text_method(
        &mut self,
        frame: &mut Frame<'a>,
        call: &'a ExprMethodCall,
        texts: &Rc<Texts>,
        name: &str,
        arguments: &[Value<'a>],
    ) -> Value<'a> {
        let value = Value::Text(texts.clone());
        match (name, arguments) {
            ("push_str" | "push", [more]) => {
                let more = match more {
                    Value::Text(more) => texts.then(more),
                    _ => texts.then(&Texts::unknown()),
                };
                self.replace(frame, &call.receiver, Value::text(more));
                Value::Unit
            }
            ("to_uppercase" | "to_ascii_uppercase", _) => {
                Value::text(texts.changed(str::to_uppercase))
            }
            ("to_lowercase" | "to_ascii_lowercase", _) => {
                Value::text(texts.changed(str::to_lowercase))
            }
            ("replace", [Value::Text(from), Value::Text(to)]) => {
                match (from.literals().next(), to.literals().next()) {
                    (Some(from), Some(to)) => {
                        Value::text(texts.changed(|text| text.replace(from, to)))
                    }
                    _ => Value::text(Texts::unknown()),
                }
            }
            (
                "split" | "lines" | "chars" | "split_whitespace" | "splitn" | "rsplit" | "bytes",
                _,
            ) => Value::many(Value::text(Texts::unknown())),
            (
                "len" | "is_empty" | "contains" | "starts_with" | "ends_with" | "eq" | "as_bytes"
                | "into_bytes",
                _,
            ) => Value::foreign("std"),
            ("parse", _) => match self.turbofish_type(frame, call) {
                Some(ty) => self.value_of(&ty),
                None => Value::foreign("std"),
            },
            (
                "strip_prefix" | "strip_suffix" | "split_once" | "repeat" | "trim_end_matches"
                | "trim_start_matches",
                _,
            ) => Value::text(Texts::unknown()),
            _ => self.wrapper_method(&value, name, arguments, &value),
        }
    }
}
