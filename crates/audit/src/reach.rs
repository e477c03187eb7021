//! Which operations a function may call, read from names alone: the safe answer where types do not decide.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

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

/// What methods may call, kept by their names: the same few are asked about again and again.
#[derive(Default)]
pub struct Reach {
    known: HashMap<String, Rc<BTreeSet<String>>>,
    /// Functions by name, and what each names.
    by_name: Option<HashMap<String, Vec<FunctionId>>>,
    read: HashMap<FunctionId, Rc<Names>>,
}

impl Reach {
    /// Operations that methods of this name may call, in themselves or in what they name.
    pub fn may_call(
        &mut self,
        index: &Index,
        method: &str,
        catalogue: &Catalogue,
        services: &BTreeSet<String>,
    ) -> Rc<BTreeSet<String>> {
        if let Some(known) = self.known.get(method) {
            return known.clone();
        }
        let mut found = BTreeSet::new();
        let mut seen = HashSet::new();
        let mut followed = HashSet::new();
        let mut waiting: Vec<FunctionId> = index.methods.get(method).cloned().unwrap_or_default();
        while let Some(id) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            let names = self.names(index, id);
            for name in &names.bare {
                found.extend(catalogue.operations_named(name, services));
            }
            let by_name = self.by_name.get_or_insert_with(|| functions_by_name(index));
            for name in &names.called {
                if followed.insert(name.clone()) {
                    waiting.extend(by_name.get(name).into_iter().flatten());
                }
            }
        }
        let found = Rc::new(found);
        self.known.insert(method.to_owned(), found.clone());
        found
    }

    fn names(&mut self, index: &Index, id: FunctionId) -> Rc<Names> {
        let read = self.read.entry(id).or_insert_with(|| {
            let mut names = Names::default();
            if let Some(body) = &index.function(id).body {
                names.visit_block(body);
            }
            Rc::new(names)
        });
        read.clone()
    }
}

fn functions_by_name(index: &Index) -> HashMap<String, Vec<FunctionId>> {
    let mut all: HashMap<String, Vec<FunctionId>> = HashMap::new();
    for (at, function) in index.functions.iter().enumerate() {
        all.entry(function.name.clone()).or_default().push(FunctionId(at));
    }
    all
}
