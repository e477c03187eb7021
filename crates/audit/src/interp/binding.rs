//! Patterns.

use syn::Pat;

use super::{Frame, Interpreter};
use crate::items::{Definition, TypeId};
use crate::names::{Resolved, segments};
use crate::value::Value;

impl<'a> Interpreter<'a> {
    /// Gives a value the type that the pattern of its `let` declares.
    pub fn as_pattern(&mut self, frame: &Frame<'a>, pattern: &Pat, value: Value<'a>) -> Value<'a> {
        match pattern {
            Pat::Type(typed) => {
                let ty = self.index.lower(&typed.ty, &frame.scope);
                self.coerce(value, &ty)
            }
            _ => value,
        }
    }

    pub fn bind(&mut self, frame: &mut Frame<'a>, pattern: &'a Pat, value: Value<'a>) {
        match pattern {
            Pat::Ident(pattern) => {
                if let Some((_, inner)) = &pattern.subpat {
                    self.bind(frame, inner, value.clone());
                }
                frame.set(&crate::modules::plain(&pattern.ident), value);
            }
            Pat::Type(typed) => {
                let ty = self.index.lower(&typed.ty, &frame.scope.clone());
                let value = self.coerce(value, &ty);
                self.bind(frame, &typed.pat, value);
            }
            Pat::Reference(inner) => self.bind(frame, &inner.pat, value),
            Pat::Paren(inner) => self.bind(frame, &inner.pat, value),
            Pat::Guard(inner) => {
                self.bind(frame, &inner.pat, value);
                self.expression(frame, &inner.guard);
            }
            Pat::Or(inner) => {
                for case in &inner.cases {
                    self.bind(frame, case, value.clone());
                }
            }
            Pat::Tuple(tuple) => {
                let rest = tuple.elems.iter().position(|part| matches!(part, Pat::Rest(_)));
                for (at, part) in tuple.elems.iter().enumerate() {
                    let inner = match &value {
                        Value::Tuple(values) => match rest {
                            Some(rest) if at > rest => {
                                values.get((values.len() + at).saturating_sub(tuple.elems.len()))
                            }
                            _ => values.get(at),
                        }
                        .cloned()
                        .unwrap_or(Value::Unknown),
                        other => other.clone(),
                    };
                    self.bind(frame, part, inner);
                }
            }
            Pat::Slice(slice) => {
                let inner = value.element();
                for part in &slice.elems {
                    self.bind(frame, part, inner.clone());
                }
            }
            Pat::TupleStruct(node) => {
                let own = self.own_variant(frame, &node.path);
                let fails = node.path.segments.last().is_some_and(|last| last.ident == "Err");
                for (at, part) in node.elems.iter().enumerate() {
                    let inner = match own {
                        Some((id, variant)) => self.part(&value, id, variant, &at.to_string()),
                        None if fails => Value::foreign("std"),
                        None => value.clone(),
                    };
                    self.bind(frame, part, inner);
                }
            }
            Pat::Struct(node) => {
                let own = self.own_variant(frame, &node.path);
                for field in &node.fields {
                    let name = super::records::member_name(&field.member);
                    let inner = match own {
                        Some((id, variant)) => self.part(&value, id, variant, &name),
                        None => value.clone(),
                    };
                    self.bind(frame, &field.pat, inner);
                }
            }
            _ => {}
        }
    }

    fn own_variant(&self, frame: &Frame<'a>, path: &syn::Path) -> Option<(TypeId, Option<usize>)> {
        if let Some((id, variant, _)) = self.constructor(path, &frame.scope) {
            return Some((id, variant));
        }
        match self.index.resolve(frame.scope.module, &segments(path)) {
            Resolved::Own(found, _) => found.iter().find_map(|one| match one {
                Definition::Type(id) => Some((*id, None)),
                Definition::Variant(id, at) => Some((*id, Some(*at))),
                _ => None,
            }),
            _ => None,
        }
    }

    /// A field of what a pattern matches.
    fn part(
        &mut self,
        value: &Value<'a>,
        id: TypeId,
        variant: Option<usize>,
        name: &str,
    ) -> Value<'a> {
        let mut found = Value::Unit;
        let mut any = false;
        for one in value.alternatives() {
            if let Value::Record(record) = &one
                && record.definition == id
                && (record.variant == variant || record.variant.is_none())
            {
                let record =
                    crate::value::Record { variant, ..crate::value::Record::clone(record) };
                if let Some(field) = self.field(&record, name) {
                    found = found.or(field);
                    any = true;
                }
            }
        }
        if any {
            return found;
        }
        let open = crate::value::Record {
            definition: id,
            variant,
            arguments: Vec::new(),
            fields: std::collections::BTreeMap::default(),
        };
        self.field(&open, name).unwrap_or(Value::Unknown)
    }
}

/// Whether an arm is for when there is a value: `Ok(x)`, `Some(x)`.
pub fn takes_value(pattern: &Pat) -> bool {
    match pattern {
        Pat::TupleStruct(node) => node.path.segments.last().is_some_and(|last| last.ident != "Err"),
        Pat::Struct(_) | Pat::Lit(_) => true,
        Pat::Paren(inner) => takes_value(&inner.pat),
        Pat::Guard(inner) => takes_value(&inner.pat),
        _ => false,
    }
}
