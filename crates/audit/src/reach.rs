//! Which operations a function may call, read from names alone: the safe answer where types do not decide.

use std::collections::{BTreeSet, HashSet};

use syn::visit::{self, Visit};

use crate::catalogue::Catalogue;
use crate::items::{FunctionId, Index};

#[derive(Default)]
struct Names {
    /// Methods that are called without arguments.
    bare: BTreeSet<String>,
    called: BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Names {
    fn visit_expr_method_call(&mut self, node: &'ast syn::ExprMethodCall) {
        let name = node.method.to_string();
        if node.args.is_empty() {
            self.bare.insert(name.clone());
        }
        self.called.insert(name);
        visit::visit_expr_method_call(self, node);
    }

    fn visit_expr_path(&mut self, node: &'ast syn::ExprPath) {
        if let Some(last) = node.path.segments.last() {
            self.called.insert(last.ident.to_string());
        }
        visit::visit_expr_path(self, node);
    }
}

impl Index {
    /// Operations that methods of this name may call, in themselves or in what they name.
    pub fn may_call(
        &self,
        method: &str,
        catalogue: &Catalogue,
        services: &BTreeSet<String>,
    ) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut seen = HashSet::new();
        let mut waiting: Vec<FunctionId> = self.methods.get(method).cloned().unwrap_or_default();
        while let Some(id) = waiting.pop() {
            if !seen.insert(id) || seen.len() > 400 {
                continue;
            }
            let Some(body) = &self.function(id).body else {
                continue;
            };
            let mut names = Names::default();
            names.visit_block(body);
            for name in &names.bare {
                found.extend(catalogue.operations_named(name, services));
            }
            for (at, function) in self.functions.iter().enumerate() {
                if names.called.contains(&function.name) {
                    waiting.push(FunctionId(at));
                }
            }
        }
        found
    }
}
