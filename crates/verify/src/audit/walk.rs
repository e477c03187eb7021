//! Follows the code statement by statement, knowing what each name is bound to.

use std::collections::HashMap;

use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprMethodCall, Item};

use super::collect::{attributes, is_test};
use super::index::{Index, Kind, operation_of_type};
use super::kinds::begins;
use super::{Audit, Candidates, Doubt, Found};
use crate::manifest::site;
use crate::operations::Operation;
use crate::snapshot::Call;

/// Names of operations that methods of other things have as well.
const AMBIGUOUS: [&str; 2] = ["query", "scan"];

pub struct Walk<'a> {
    pub index: &'a Index,
    pub place: usize,
    pub path: &'a str,
    audit: &'a mut Audit,
    pub scopes: Vec<HashMap<String, Kind>>,
    /// What `self` is.
    pub this: Kind,
    /// What the rest of a chain says about the call that begins it.
    chain: Chain,
}

#[derive(Clone, Default)]
struct Chain {
    index: Option<String>,
    statement: Option<String>,
}

impl<'a> Walk<'a> {
    pub fn new(index: &'a Index, place: usize, path: &'a str, audit: &'a mut Audit) -> Self {
        Walk {
            index,
            place,
            path,
            audit,
            scopes: vec![HashMap::new()],
            this: Kind::Unknown,
            chain: Chain::default(),
        }
    }

    pub fn found(&mut self, operation: &Operation, name: &syn::Ident) {
        let Chain { index, statement } = std::mem::take(&mut self.chain);
        let call =
            Call { operation: operation.name.to_owned(), index, statement, ..Call::default() };
        self.audit.calls.push(Found { call, site: site(self.path, name.span()) });
    }

    pub fn doubt(
        &mut self,
        reason: &'static str,
        message: String,
        name: &syn::Ident,
        candidates: Candidates,
    ) {
        let site = site(self.path, name.span());
        self.audit.unresolved.push(Doubt { reason, message, site, candidates });
    }

    fn function(&mut self, signature: &syn::Signature, body: &Block) {
        self.scoped(|walk| {
            walk.bind_generics(&signature.generics);
            for input in &signature.inputs {
                match input {
                    syn::FnArg::Receiver(_) => {
                        let this = walk.this.clone();
                        walk.bind("self", this);
                    }
                    syn::FnArg::Typed(typed) => {
                        let kind = walk.kind_of_type(&typed.ty);
                        walk.bind_pattern(&typed.pat, &kind);
                    }
                }
            }
            walk.visit_block(body);
        });
    }

    fn method_call(&mut self, call: &ExprMethodCall) {
        let name = call.method.to_string();
        let receiver = self.kind_of(&call.receiver);
        if let Some(operation) = begins(self.index, &receiver, call) {
            return self.found(operation, &call.method);
        }
        if name == "send_with" {
            return self.sent_input(call);
        }
        let Some(operation) = Operation::of_method(&name).filter(|_| call.args.is_empty()) else {
            return;
        };
        let reason = match &receiver {
            Kind::Client | Kind::Forwarder => None,
            Kind::Named(owner) if self.index.has_method(owner, &name) => None,
            // Many things are queried and scanned; only DynamoDB has `put_item()` without an argument.
            Kind::Other if AMBIGUOUS.contains(&name.as_str()) => None,
            Kind::Dynamic => Some("dyn"),
            Kind::Named(_) | Kind::Other | Kind::Unknown => Some("receiver"),
        };
        // The handler's own operations may have the names of the SDK's.
        if let Some(reason) = reason.filter(|_| !self.index.forwards.contains_key(&name)) {
            let message =
                format!("`.{name}()` is called on something that may be the SDK's client");
            self.doubt(reason, message, &call.method, Candidates::of([operation.name]));
        }
    }

    /// `GetItemInput::builder()….send_with(&client)`: the call's name is in that of its input.
    fn sent_input(&mut self, call: &ExprMethodCall) {
        let operation = match root(&call.receiver) {
            Expr::Call(begin) => match &*begin.func {
                Expr::Path(path) => operation_in(&path.path),
                _ => None,
            },
            _ => None,
        };
        let Some(operation) = operation else {
            let message = "`.send_with()` sends an input that is built elsewhere".to_owned();
            return self.doubt("receiver", message, &call.method, Candidates::Any);
        };
        self.found(operation, &call.method);
    }

    /// `Client::get_item`, called or passed on.
    fn path_value(&mut self, path: &syn::ExprPath) {
        let Some(last) = path.path.segments.last() else { return };
        let name = last.ident.to_string();
        if name.starts_with("orchestrate")
            && let Some(operation) = operation_in(&path.path)
        {
            return self.found(operation, &last.ident);
        }
        let Some(operation) = Operation::of_method(&name) else { return };
        if path.path.segments.len() < 2 && path.qself.is_none() {
            return;
        }
        match self.kind_of_owner(path) {
            Kind::Client => self.found(operation, &last.ident),
            Kind::Unknown if self.index.kind_of_function(&name).is_none() => {
                let message = format!("`{name}` is named on a type that is not known");
                self.doubt("receiver", message, &last.ident, Candidates::of([operation.name]));
            }
            _ => {}
        }
    }

    fn note_chain(&mut self, call: &ExprMethodCall) {
        let literal = || match call.args.first() {
            Some(Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })) => Some(text.value()),
            _ => None,
        };
        match call.method.to_string().as_str() {
            "index_name" | "set_index_name" => match literal() {
                Some(name) => self.chain.index = Some(name),
                None if !is_builder(&call.receiver) => {
                    let message = "the name of an index is not a literal".to_owned();
                    self.doubt("index", message, &call.method, Candidates::of(["Query", "Scan"]));
                }
                None => {}
            },
            "statement" => self.chain.statement = literal(),
            _ => {}
        }
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !self.index.is_dead(&item.vis, &item.sig.ident, &item.attrs) {
            self.function(&item.sig, &item.block);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let outer =
            std::mem::replace(&mut self.this, self.index.kind_of_type(self.place, &item.self_ty));
        self.scoped(|walk| {
            walk.bind_generics(&item.generics);
            visit::visit_item_impl(walk, item);
        });
        self.this = outer;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            self.function(&item.sig, &item.block);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig, body);
        }
    }

    fn visit_block(&mut self, block: &'ast Block) {
        self.scoped(|walk| visit::visit_block(walk, block));
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if is_test(&local.attrs) {
            return;
        }
        // The right side is read before the name is bound: it may use what the name shadows.
        let kind = local.init.as_ref().map_or(Kind::Unknown, |init| self.kind_of(&init.expr));
        if let Some(init) = &local.init {
            visit::visit_local_init(self, init);
        }
        self.bind_pattern(&local.pat, &kind);
    }

    fn visit_expr_let(&mut self, condition: &'ast syn::ExprLet) {
        let kind = self.kind_of(&condition.expr);
        visit::visit_expr(self, &condition.expr);
        self.bind_pattern(&condition.pat, &kind);
    }

    fn visit_expr_if(&mut self, choice: &'ast syn::ExprIf) {
        self.scoped(|walk| visit::visit_expr_if(walk, choice));
    }

    fn visit_expr_while(&mut self, choice: &'ast syn::ExprWhile) {
        self.scoped(|walk| visit::visit_expr_while(walk, choice));
    }

    fn visit_expr_for_loop(&mut self, cycle: &'ast syn::ExprForLoop) {
        let kind = self.kind_of(&cycle.expr);
        visit::visit_expr(self, &cycle.expr);
        self.scoped(|walk| {
            walk.bind_pattern(&cycle.pat, &kind);
            walk.visit_block(&cycle.body);
        });
    }

    fn visit_expr_match(&mut self, choice: &'ast syn::ExprMatch) {
        let kind = self.kind_of(&choice.expr);
        visit::visit_expr(self, &choice.expr);
        for arm in &choice.arms {
            self.scoped(|walk| {
                walk.bind_pattern(&arm.pat, &kind);
                visit::visit_arm(walk, arm);
            });
        }
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        self.scoped(|walk| {
            for input in &closure.inputs {
                walk.bind_pattern(input, &Kind::Unknown);
            }
            visit::visit_expr(walk, &closure.body);
        });
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        self.note_chain(call);
        self.method_call(call);
        visit::visit_expr(self, &call.receiver);
        self.chain = Chain::default();
        let receiver = self.kind_of(&call.receiver);
        for argument in &call.args {
            match argument {
                // `CLIENT.with(|client| …)`, `maybe.map(|client| …)`
                Expr::Closure(closure) if receiver == Kind::Client => self.scoped(|walk| {
                    for input in &closure.inputs {
                        walk.bind_pattern(input, &Kind::Client);
                    }
                    visit::visit_expr(walk, &closure.body);
                }),
                other => visit::visit_expr(self, other),
            }
        }
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        self.path_value(path);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        match &item.ident {
            Some(name) => self.macro_definition(name, &item.mac.tokens),
            None => self.macro_use(&item.mac),
        }
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        self.macro_use(invocation);
    }
}

fn operation_in(path: &syn::Path) -> Option<&'static Operation> {
    path.segments.iter().rev().find_map(|segment| operation_of_type(&segment.ident.to_string()))
}

/// What a chain of calls begins with.
pub fn root(mut expression: &Expr) -> &Expr {
    loop {
        expression = match expression {
            Expr::MethodCall(call) => &call.receiver,
            Expr::Await(inner) => &inner.base,
            Expr::Try(inner) => &inner.expr,
            Expr::Paren(inner) => &inner.expr,
            Expr::Reference(inner) => &inner.expr,
            other => return other,
        };
    }
}

/// `GlobalSecondaryIndex::builder()` has an index name as well, and calls nothing.
fn is_builder(receiver: &Expr) -> bool {
    let Expr::Call(begin) = root(receiver) else { return false };
    let Expr::Path(path) = &*begin.func else { return false };
    path.path.segments.last().is_some_and(|segment| segment.ident == "builder")
}
