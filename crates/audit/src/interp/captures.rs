//! What a closure takes from the code around it: the locals that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use syn::visit::{self, Visit};

use super::{Frame, Interpreter};
use crate::items::Index;
use crate::macros::address;
use crate::strings::{Slot, slots};
use crate::value::Value;

/// Names that a closure mentions.
pub type Names = Rc<BTreeSet<String>>;

struct Mentions<'a> {
    index: &'a Index,
    found: BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Mentions<'ast> {
    fn visit_ident(&mut self, node: &'ast proc_macro2::Ident) {
        self.found.insert(crate::modules::plain(node));
    }

    fn visit_lit_str(&mut self, node: &'ast syn::LitStr) {
        // `format!("{name}")`
        let names = slots(&node.value()).into_iter().filter_map(|slot| match slot {
            Slot::Name(name) => Some(name),
            _ => None,
        });
        self.found.extend(names);
    }

    fn visit_macro(&mut self, node: &'ast syn::Macro) {
        let Some(parsed) = self.index.macros.get(&address(node)) else { return };
        for argument in &parsed.arguments {
            visit::visit_expr(self, argument);
        }
        if let Some(block) = &parsed.expansion {
            visit::visit_block(self, block);
        }
    }
}

impl<'a> Interpreter<'a> {
    /// The locals that a closure can use.
    pub fn captured(
        &mut self,
        frame: &Frame<'a>,
        node: &'a syn::ExprClosure,
    ) -> BTreeMap<String, Value<'a>> {
        let index = self.index;
        let names = self.captures.entry(std::ptr::from_ref(node).addr()).or_insert_with(|| {
            let mut mentions = Mentions { index, found: BTreeSet::new() };
            mentions.visit_expr_closure(node);
            Rc::new(mentions.found)
        });
        let mut all = BTreeMap::new();
        for scope in &frame.locals {
            for (name, value) in scope.iter().filter(|(name, _)| names.contains(*name)) {
                all.insert(name.clone(), value.clone());
            }
        }
        all
    }
}
