//! Follows the code statement by statement, knowing what each name is bound to.

use std::collections::HashMap;

use syn::visit::{self, Visit};
use syn::{Attribute, Block, Expr, ExprMethodCall, Item, Pat};

use super::index::{Index, Kind, is_test, operation_of_type, type_name};
use super::{Audit, Candidates, Doubt, Found};
use crate::iam::manifest::site;
use crate::iam::operations::Operation;
use crate::iam::snapshot::Call;

/// Methods that hand on what they are called on.
const HANDS_ON: [&str; 34] = [
    "as_deref",
    "as_mut",
    "as_ref",
    "borrow",
    "borrow_mut",
    "clone",
    "cloned",
    "copied",
    "deref",
    "downgrade",
    "expect",
    "first",
    "get",
    "get_mut",
    "get_or_init",
    "get_or_insert_with",
    "get_or_try_init",
    "into",
    "into_inner",
    "iter",
    "last",
    "load",
    "lock",
    "next",
    "ok",
    "read",
    "to_owned",
    "unwrap",
    "unwrap_or_default",
    "unwrap_or_else",
    "upgrade",
    "wait",
    "with",
    "write",
];
/// Functions that hand on their argument: `Arc::clone(&client)`, `Some(client)`.
const WRAPS: [&str; 12] = [
    "Arc", "Rc", "Box", "Some", "Ok", "Mutex", "RwLock", "Cow", "Pin", "RefCell", "OnceCell",
    "OnceLock",
];

pub struct Walk<'a> {
    pub index: &'a Index,
    pub place: usize,
    pub path: &'a str,
    audit: &'a mut Audit,
    scopes: Vec<HashMap<String, Kind>>,
    this: Kind,
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

    fn scoped(&mut self, visit: impl FnOnce(&mut Self)) {
        self.scopes.push(HashMap::new());
        visit(self);
        self.scopes.pop();
    }

    fn lookup(&self, name: &str) -> Option<Kind> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name)).cloned()
    }

    fn bind(&mut self, name: &str, kind: Kind) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), kind);
        }
    }

    /// Binds the names of a pattern to (parts of) a value.
    fn bind_pattern(&mut self, pattern: &Pat, kind: &Kind) {
        match pattern {
            Pat::Ident(name) => self.bind(&name.ident.to_string(), kind.clone()),
            Pat::Reference(reference) => self.bind_pattern(&reference.pat, kind),
            Pat::Paren(inner) => self.bind_pattern(&inner.pat, kind),
            Pat::Type(typed) => {
                let kind = self.kind_of_type(&typed.ty);
                self.bind_pattern(&typed.pat, &kind);
            }
            // `Some(client)`, `Ok(client)`.
            Pat::TupleStruct(wrapped) if wrapped.elems.len() == 1 => {
                self.bind_pattern(&wrapped.elems[0], kind)
            }
            Pat::Struct(parts) => {
                let owner = self.index.kind_of_path(self.place, &parts.path);
                for part in &parts.fields {
                    let name = match &part.member {
                        syn::Member::Named(name) => name.to_string(),
                        syn::Member::Unnamed(place) => place.index.to_string(),
                    };
                    let kind = self.index.kind_of_field(&owner, &name);
                    self.bind_pattern(&part.pat, &kind);
                }
            }
            Pat::Tuple(parts) => {
                parts.elems.iter().for_each(|part| self.bind_pattern(part, &Kind::Unknown))
            }
            Pat::TupleStruct(parts) => {
                parts.elems.iter().for_each(|part| self.bind_pattern(part, &Kind::Unknown))
            }
            Pat::Slice(parts) => parts.elems.iter().for_each(|part| self.bind_pattern(part, kind)),
            Pat::Or(cases) => cases.cases.iter().for_each(|case| self.bind_pattern(case, kind)),
            _ => {}
        }
    }

    fn kind_of_type(&self, kind: &syn::Type) -> Kind {
        match type_name(kind).and_then(|name| self.lookup(&format!("<{name}>"))) {
            Some(parameter) => parameter,
            None => self.index.kind_of_type(self.place, kind),
        }
    }

    /// A type parameter is what its bounds say; the name in angle brackets keeps it apart from variables.
    fn bind_generics(&mut self, generics: &syn::Generics) {
        for parameter in generics.type_params() {
            let name = parameter.ident.to_string();
            let where_bounds =
                generics.where_clause.iter().flat_map(|clause| &clause.predicates).filter_map(
                    |predicate| match predicate {
                        syn::WherePredicate::Type(bound)
                            if type_name(&bound.bounded_ty).as_ref() == Some(&name) =>
                        {
                            Some(&bound.bounds)
                        }
                        _ => None,
                    },
                );
            let bounds = where_bounds.flatten().chain(&parameter.bounds).cloned().collect();
            let (attrs, impl_token) = (vec![], <syn::Token![impl]>::default());
            let bound = syn::Type::ImplTrait(syn::TypeImplTrait { attrs, impl_token, bounds });
            let kind = match self.index.kind_of_type(self.place, &bound) {
                Kind::Other => Kind::Unknown,
                known => known,
            };
            self.bind(&format!("<{name}>"), kind);
        }
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

    pub fn kind_of(&self, expression: &Expr) -> Kind {
        match expression {
            Expr::Path(path) => self.kind_of_value(path),
            Expr::Field(field) => self.kind_of_field(field),
            Expr::MethodCall(call) => self.kind_of_result(call),
            Expr::Call(call) => self.kind_of_call(call),
            Expr::Reference(inner) => self.kind_of(&inner.expr),
            Expr::Paren(inner) => self.kind_of(&inner.expr),
            Expr::Group(inner) => self.kind_of(&inner.expr),
            Expr::Unary(inner) => self.kind_of(&inner.expr),
            Expr::Try(inner) => self.kind_of(&inner.expr),
            Expr::Await(inner) => self.kind_of(&inner.base),
            Expr::Index(inner) => self.kind_of(&inner.expr),
            Expr::Cast(cast) => self.kind_of_type(&cast.ty),
            Expr::Block(block) => self.kind_of_block(&block.block),
            Expr::Async(block) => self.kind_of_block(&block.block),
            Expr::Unsafe(block) => self.kind_of_block(&block.block),
            Expr::If(choice) => self.kind_of_block(&choice.then_branch),
            Expr::Match(choice) => {
                choice.arms.first().map_or(Kind::Unknown, |arm| self.kind_of(&arm.body))
            }
            Expr::Struct(literal) => self.index.kind_of_path(self.place, &literal.path),
            Expr::Lit(_) | Expr::Binary(_) | Expr::Range(_) | Expr::Array(_) => Kind::Other,
            _ => Kind::Unknown,
        }
    }

    fn kind_of_value(&self, value: &syn::ExprPath) -> Kind {
        let Some(last) = value.path.segments.last() else { return Kind::Unknown };
        let name = last.ident.to_string();
        let local = value.path.get_ident().and_then(|_| self.lookup(&name));
        local.or_else(|| self.index.kind_of_static(&name)).unwrap_or(Kind::Unknown)
    }

    fn kind_of_field(&self, field: &syn::ExprField) -> Kind {
        let name = match &field.member {
            syn::Member::Named(name) => name.to_string(),
            syn::Member::Unnamed(place) => place.index.to_string(),
        };
        match self.kind_of(&field.base) {
            // A field of what holds a client and nothing else, of an `Arc` say, is not for us to see.
            Kind::Client | Kind::Forwarder => Kind::Unknown,
            owner => self.index.kind_of_field(&owner, &name),
        }
    }

    fn kind_of_result(&self, call: &ExprMethodCall) -> Kind {
        let name = call.method.to_string();
        let receiver = self.kind_of(&call.receiver);
        match &receiver {
            Kind::Client | Kind::Forwarder if begins(self.index, &receiver, call).is_some() => {
                Kind::Other
            }
            _ if HANDS_ON.contains(&name.as_str())
                && self.index.kind_of_method(&receiver, &name).is_none() =>
            {
                receiver
            }
            Kind::Client | Kind::Forwarder if HANDS_ON.contains(&name.as_str()) => receiver,
            Kind::Other => Kind::Other,
            _ => self.index.kind_of_method(&receiver, &name).unwrap_or(Kind::Unknown),
        }
    }

    fn kind_of_call(&self, call: &syn::ExprCall) -> Kind {
        let Expr::Path(function) = &*call.func else { return Kind::Unknown };
        let names: Vec<String> =
            function.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let Some((last, owner)) = names.split_last() else { return Kind::Unknown };
        let wrapper = owner.last().unwrap_or(last);
        if WRAPS.contains(&wrapper.as_str()) {
            return call.args.first().map_or(Kind::Other, |argument| self.kind_of(argument));
        }
        if owner.is_empty() {
            return self.index.kind_of_function(last).unwrap_or(Kind::Unknown);
        }
        match self.kind_of_owner(function) {
            Kind::Client if Operation::of_method(last).is_some() => Kind::Other,
            Kind::Client => Kind::Client,
            Kind::Forwarder => Kind::Forwarder,
            owner @ Kind::Named(_) => {
                self.index.kind_of_method(&owner, last).unwrap_or(Kind::Unknown)
            }
            // `Cache::new()` of another crate is a `Cache`; what `helpers::client()` is, nobody knows.
            _ if wrapper.starts_with(char::is_uppercase) => Kind::Other,
            _ => self.index.kind_of_function(last).unwrap_or(Kind::Unknown),
        }
    }

    /// What the type before the last `::` is.
    fn kind_of_owner(&self, path: &syn::ExprPath) -> Kind {
        let mut owner = path.path.clone();
        owner.segments.pop();
        owner.segments.pop_punct();
        if let Some(own) = &path.qself
            && owner.segments.is_empty() | (self.kind_of_type(&own.ty) == Kind::Client)
        {
            return self.kind_of_type(&own.ty);
        }
        match owner.get_ident() {
            Some(name) if name == "Self" => self.this.clone(),
            Some(name) => self
                .lookup(&format!("<{name}>"))
                .unwrap_or_else(|| self.index.kind_of_path(self.place, &owner)),
            None if owner.segments.is_empty() => Kind::Unknown,
            None => self.index.kind_of_path(self.place, &owner),
        }
    }

    fn kind_of_block(&self, block: &Block) -> Kind {
        match block.stmts.last() {
            // Names that the block itself binds are out of reach here.
            Some(syn::Stmt::Expr(last, None)) if block.stmts.len() == 1 => self.kind_of(last),
            _ => Kind::Unknown,
        }
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
        let unclear = match &receiver {
            Kind::Unknown => true,
            Kind::Named(owner) => !self.index.has_method(owner, &name),
            Kind::Client | Kind::Forwarder | Kind::Other => false,
        };
        // The handler's own operations may have the names of the SDK's.
        if unclear && !self.index.forwards.contains_key(&name) {
            let message = format!("`.{name}()` is called on something whose type is not known");
            self.doubt("receiver", message, &call.method, Candidates::of([operation.name]));
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
        match operation {
            Some(operation) => self.found(operation, &call.method),
            None => {
                let message = "`.send_with()` sends an input that is built elsewhere".to_owned();
                self.doubt("receiver", message, &call.method, Candidates::Any);
            }
        }
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

/// The operation that a call begins, if its receiver is known to have such a method.
fn begins(index: &Index, receiver: &Kind, call: &ExprMethodCall) -> Option<&'static Operation> {
    let name = call.method.to_string();
    match receiver {
        Kind::Client if call.args.is_empty() => Operation::of_method(&name),
        Kind::Forwarder if call.args.is_empty() => Operation::named(index.forwards.get(&name)?),
        _ => None,
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

pub fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
