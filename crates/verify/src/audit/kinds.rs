//! The types of expressions, as far as they can be told without the compiler.

use syn::{Block, Expr, ExprMethodCall};

use super::index::{Index, Kind, type_name};
use super::walk::Walk;
use crate::operations::Operation;

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

impl Walk<'_> {
    pub fn kind_of_type(&self, kind: &syn::Type) -> Kind {
        match type_name(kind).and_then(|name| self.lookup(&format!("<{name}>"))) {
            Some(parameter) => parameter,
            None => self.index.kind_of_type(self.place, kind),
        }
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

    pub fn kind_of_value(&self, value: &syn::ExprPath) -> Kind {
        let Some(last) = value.path.segments.last() else { return Kind::Unknown };
        let name = last.ident.to_string();
        let local = value.path.get_ident().and_then(|_| self.lookup(&name));
        local.or_else(|| self.index.kind_of_static(&name)).unwrap_or(Kind::Unknown)
    }

    pub fn kind_of_field(&self, field: &syn::ExprField) -> Kind {
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

    pub fn kind_of_result(&self, call: &ExprMethodCall) -> Kind {
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

    pub fn kind_of_call(&self, call: &syn::ExprCall) -> Kind {
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
    pub fn kind_of_owner(&self, path: &syn::ExprPath) -> Kind {
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

    pub fn kind_of_block(&self, block: &Block) -> Kind {
        match block.stmts.last() {
            // Names that the block itself binds are out of reach here.
            Some(syn::Stmt::Expr(last, None)) if block.stmts.len() == 1 => self.kind_of(last),
            _ => Kind::Unknown,
        }
    }
}

/// The operation that a call begins, if its receiver is known to have such a method.
pub fn begins(index: &Index, receiver: &Kind, call: &ExprMethodCall) -> Option<&'static Operation> {
    let name = call.method.to_string();
    match receiver {
        Kind::Client if call.args.is_empty() => Operation::of_method(&name),
        Kind::Forwarder if call.args.is_empty() => Operation::named(index.forwards.get(&name)?),
        _ => None,
    }
}
