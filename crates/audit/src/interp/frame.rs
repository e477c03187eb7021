//! The locals of a function while it is evaluated.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::items::FunctionId;
use crate::types::Scope;
use crate::value::Value;

/// A function's evaluation.
pub struct Frame<'a> {
    pub scope: Rc<Scope>,
    pub file: usize,
    pub function: Option<FunctionId>,
    pub locals: Vec<BTreeMap<String, Value<'a>>>,
    pub returned: Value<'a>,
    pub broken: Value<'a>,
    /// How many branches and loops are around what is evaluated.
    pub branches: usize,
}

impl<'a> Frame<'a> {
    pub fn site(&self, span: proc_macro2::Span) -> (usize, usize) {
        (self.file, span.start().line)
    }

    pub fn set(&mut self, name: &str, value: Value<'a>) {
        if let Some(last) = self.locals.last_mut() {
            last.insert(name.to_owned(), value);
        }
    }

    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.locals.iter().rev().find_map(|scope| scope.get(name))
    }

    /// Changes a local where it was declared.
    pub fn update(&mut self, name: &str, value: Value<'a>) {
        for scope in self.locals.iter_mut().rev() {
            if let Some(known) = scope.get_mut(name) {
                *known = value;
                return;
            }
        }
    }
}
