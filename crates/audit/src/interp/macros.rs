//! Macro calls in bodies.

use syn::{Expr, Macro};

use super::{Frame, Interpreter};
use crate::macros::{Parsed, address};
use crate::report::Candidates;
use crate::strings::{Slot, Texts, slots};
use crate::value::Value;

impl<'a> Interpreter<'a> {
    pub fn macro_call(&mut self, frame: &mut Frame<'a>, mac: &'a Macro) -> Value<'a> {
        let index = self.index;
        let Some(parsed) = index.macros.get(&address(mac)) else {
            let line = mac.path.segments.first().map_or(1, |first| first.ident.span().start().line);
            self.unresolved((frame.file, line), "a macro is nested too deeply", Candidates::Any);
            return Value::Unknown;
        };
        self.suspects(frame.file, &parsed.unread);
        if let Some(block) = &parsed.expansion {
            return self.block(frame, block);
        }
        if parsed.name == "lambda" {
            self.findings.is_served = true;
        }
        if matches!(
            parsed.name.as_str(),
            "format" | "concat" | "formatcp" | "format_args" | "concatcp" | "format_compact"
        ) {
            return self.format(frame, parsed);
        }
        let arguments: Vec<Value<'a>> =
            parsed.arguments.iter().map(|argument| self.expression(frame, argument)).collect();
        for argument in &arguments {
            if matches!(argument, Value::Closure(_)) {
                self.give(argument, &Value::foreign("std"));
            }
        }
        made_by(&parsed.name, arguments)
    }

    fn format(&mut self, frame: &mut Frame<'a>, parsed: &'a Parsed) -> Value<'a> {
        let mut placed = Vec::new();
        let mut named = Vec::new();
        for argument in &parsed.arguments {
            match argument {
                Expr::Assign(pair) => {
                    if let Expr::Path(path) = &*pair.left
                        && let Some(name) = path.path.get_ident()
                    {
                        let value = self.expression(frame, &pair.right);
                        named.push((name.to_string(), value));
                    }
                }
                other => placed.push(self.expression(frame, other)),
            }
        }
        let text = |value: Option<&Value<'a>>| match value {
            Some(Value::Text(texts)) => (**texts).clone(),
            _ => Texts::unknown(),
        };
        if parsed.name.starts_with("concat") {
            let all = placed.iter().fold(Texts::literal(""), |all, one| all.then(&text(Some(one))));
            return Value::text(all);
        }
        let Some(Value::Text(format)) = placed.first().cloned() else {
            return Value::text(Texts::unknown());
        };
        let format = format.literals().next().unwrap_or_default().to_owned();
        let mut all = Texts::literal("");
        for slot in slots(&format) {
            let part = match slot {
                Slot::Literal(literal) => Texts::literal(&literal),
                Slot::Place(at) => text(placed.get(at + 1)),
                Slot::Name(name) => match named.iter().find(|(known, _)| *known == name) {
                    Some((_, value)) => text(Some(value)),
                    None => text(self.named(frame, &name).as_ref()),
                },
            };
            all = all.then(&part);
        }
        Value::text(all)
    }

    /// A name inside a format string: a local or a constant.
    fn named(&mut self, frame: &Frame<'a>, name: &str) -> Option<Value<'a>> {
        if let Some(value) = frame.get(name) {
            return Some(value.clone());
        }
        let path = [name.to_owned()];
        let crate::names::Resolved::Own(found, _) = self.index.resolve(frame.scope.module, &path)
        else {
            return None;
        };
        found.into_iter().find_map(|one| match one {
            crate::items::Definition::Constant(id) => Some(self.constant(id, &frame.scope.clone())),
            _ => None,
        })
    }
}

/// What a macro of another crate gives.
fn made_by<'a>(name: &str, arguments: Vec<Value<'a>>) -> Value<'a> {
    let joined =
        |arguments: Vec<Value<'a>>| arguments.into_iter().reduce(Value::or).unwrap_or(Value::Unit);
    match name {
        "vec" | "array" | "smallvec" | "hashset" | "btreeset" => Value::many(joined(arguments)),
        "join" | "try_join" if arguments.len() > 1 => Value::tuple(arguments),
        "hashmap" | "btreemap" | "indexmap" | "phf_map" | "hash_map" | "map" | "collection" => {
            let pairs = joined(arguments);
            match pairs {
                Value::Tuple(parts) if parts.len() == 2 => {
                    Value::map(parts[0].clone(), parts[1].clone())
                }
                other => other,
            }
        }
        "println" | "print" | "eprintln" | "eprint" | "info" | "debug" | "error" | "warn"
        | "trace" | "log" | "assert" | "assert_eq" | "assert_ne" | "debug_assert" | "panic"
        | "todo" | "unimplemented" | "unreachable" | "bail" | "ensure" | "matches" | "write"
        | "writeln" | "event" | "anyhow" | "eyre" | "span" | "info_span" => Value::Unit,
        "json" => Value::foreign("serde_json"),
        "env" | "option_env" | "include_str" | "stringify" => Value::text(Texts::unknown()),
        _ => {
            let value = joined(arguments);
            if value.is_thing() || matches!(name, "dbg" | "ready" | "try" | "pin") {
                value
            } else {
                Value::foreign("std")
            }
        }
    }
}
