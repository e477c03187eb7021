//! Assignments, and collections that grow.

use std::rc::Rc;

use syn::Expr;

use super::records::member_name;
use super::{Frame, Interpreter};
use crate::value::Value;

impl<'a> Interpreter<'a> {
    /// Sets a place to a value: a local, a field of one, a static.
    pub fn assign(&mut self, frame: &mut Frame<'a>, place: &'a Expr, value: Value<'a>) {
        match place {
            Expr::Path(path) if path.path.get_ident().is_some() => {
                let name = path.path.get_ident().map(crate::modules::plain).unwrap_or_default();
                if let Some(known) = frame.get(&name).cloned() {
                    frame.update(&name, assigned(frame, known, value));
                    return;
                }
                self.set_static(frame, path, value);
            }
            Expr::Path(path) => self.set_static(frame, path, value),
            Expr::Field(field) => {
                let base = self.expression(frame, &field.base);
                let name = member_name(&field.member);
                let Value::Record(record) = base else { return };
                let mut record = (*record).clone();
                let known = record.fields.remove(&name).unwrap_or(Value::Unit);
                record.fields.insert(name, assigned(frame, known, value));
                let record = Rc::new(record);
                self.keep(&record);
                self.replace(frame, &field.base, Value::Record(record));
            }
            Expr::Unary(inner) => self.assign(frame, &inner.expr, value),
            Expr::Paren(inner) => self.assign(frame, &inner.expr, value),
            Expr::Index(inner) => {
                let key = self.expression(frame, &inner.index);
                self.add(frame, &inner.expr, key, value);
            }
            Expr::Tuple(parts) => {
                for (at, part) in parts.elems.iter().enumerate() {
                    let value = match &value {
                        Value::Tuple(values) => values.get(at).cloned().unwrap_or(Value::Unknown),
                        other => other.clone(),
                    };
                    self.assign(frame, part, value);
                }
            }
            Expr::MethodCall(call) => self.assign(frame, &call.receiver, value),
            _ => {}
        }
    }

    /// Puts a new value in the place of an old one, where the place is a local or a field of it.
    pub fn replace(&mut self, frame: &mut Frame<'a>, place: &'a Expr, value: Value<'a>) {
        match place {
            Expr::Path(path) => {
                if let Some(name) = path.path.get_ident() {
                    frame.update(&crate::modules::plain(name), value);
                }
            }
            Expr::Field(field) => {
                let base = self.expression(frame, &field.base);
                if let Value::Record(record) = base {
                    let mut record = (*record).clone();
                    record.fields.insert(member_name(&field.member), value);
                    let record = Rc::new(record);
                    self.keep(&record);
                    self.replace(frame, &field.base, Value::Record(record));
                }
            }
            Expr::Reference(inner) => self.replace(frame, &inner.expr, value),
            Expr::Paren(inner) => self.replace(frame, &inner.expr, value),
            Expr::Unary(inner) => self.replace(frame, &inner.expr, value),
            // `self.cell.lock().unwrap()`
            Expr::MethodCall(call) => self.replace(frame, &call.receiver, value),
            Expr::Await(inner) => self.replace(frame, &inner.base, value),
            Expr::Try(inner) => self.replace(frame, &inner.expr, value),
            _ => {}
        }
    }

    /// Adds to a collection that is a local or a field.
    pub fn add(
        &mut self,
        frame: &mut Frame<'a>,
        place: &'a Expr,
        key: Value<'a>,
        value: Value<'a>,
    ) {
        self.note_pair(frame.file, &key, &value);
        let base = self.expression(frame, place);
        let added = match (&base, &key) {
            (_, Value::Unit) => Value::many(value),
            _ => Value::map(key, value),
        };
        let joined = match base {
            Value::Foreign(_) | Value::Unit | Value::Unknown => added,
            known => known.or(added),
        };
        self.replace(frame, place, joined);
    }
}

/// What a place holds after an assignment: what is assigned in a branch or a loop may not be.
fn assigned<'a>(frame: &Frame<'a>, known: Value<'a>, value: Value<'a>) -> Value<'a> {
    let is_text = matches!(value, Value::Text(_));
    if frame.branches == 0 && is_text { value } else { known.or(value) }
}
