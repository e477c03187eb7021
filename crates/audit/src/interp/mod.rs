//! Follows a program from its `main` with abstract values: which calls can be made, and on what.
//!
//! A function is evaluated once for each different set of arguments, so that a helper which takes the name of a table says
//! for each caller which table it is. Branches are all taken. Where values say nothing, declared types do; a value of a
//! type is any value of that type that the program makes, so rounds are repeated until no new ones are made.

mod attributes;
mod binding;
mod calls;
mod captures;
mod coercion;
mod constants;
mod dispatch;
mod environment;
mod expressions;
mod external;
mod findings;
mod frame;
mod inference;
mod macros;
mod methods;
mod paths;
mod places;
mod records;
mod requests;
mod roots;
mod routes;
mod typed;
mod wrappers;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use syn::{Block, FnArg};

pub use findings::Findings;
pub use frame::Frame;

use crate::catalogue::Catalogue;
use crate::items::{CrateId, Definition, FunctionId, Index, Owner, TypeId};
use crate::lock::Lock;
use crate::types::{Scope, Ty};
use crate::value::{Closure, Shared, Value};

/// Steps after which arguments are no longer told apart.
const PATIENCE: usize = 100_000;
/// Steps after which nothing more is followed: what is left may call anything.
const ENOUGH: usize = 1_500_000;
/// Sets of arguments for which one function is evaluated.
const CONTEXTS: usize = 48;
/// Depth of expressions and calls.
const DEEPEST: usize = 700;
/// Rounds until no new values are made.
const ROUNDS: usize = 8;

/// Functions with what their types' parameters stand for.
type Functions = Vec<(FunctionId, Rc<Scope>)>;

pub struct Interpreter<'a> {
    pub index: &'a Index,
    pub catalogue: &'a Catalogue,
    pub lock: &'a Lock,
    /// Services whose crates the packages read depend on.
    pub services: BTreeSet<String>,
    pub findings: Findings,
    memo: HashMap<(FunctionId, u64), Value<'a>>,
    active: Vec<(FunctionId, u64)>,
    contexts: HashMap<FunctionId, usize>,
    /// Values that are made of each type, from one round to the next.
    store: HashMap<TypeId, Value<'a>>,
    /// Types with so many values that the audit keeps one value for each variant.
    common: HashSet<TypeId>,
    seen: HashSet<TypeId>,
    /// Types that results and fields name: a schema may hold values of them.
    named: HashSet<TypeId>,
    statics: HashMap<usize, Value<'a>>,
    constants: HashMap<(usize, u64), Value<'a>>,
    constants_active: HashSet<usize>,
    /// Functions that are used as values.
    mentioned: BTreeSet<FunctionId>,
    called: HashSet<FunctionId>,
    closures: Vec<Shared<Closure<'a>>>,
    /// What each closure gave last, by its address.
    closures_called: HashMap<usize, Value<'a>>,
    /// What each closure gave for what it holds and was given.
    closure_memo: HashMap<(u64, u64), Value<'a>>,
    /// What each value gave that was given away, for what it was called with.
    given: HashMap<(u64, u64), Option<Value<'a>>>,
    /// What each closure captures, by its address.
    captures: HashMap<usize, captures::Names>,
    /// The functions of types, by their names and the types.
    functions_known: RefCell<HashMap<String, HashMap<Ty, Functions>>>,
    /// What names of types mean in functions, by what they meant around them.
    scopes: RefCell<HashMap<(FunctionId, u64), Rc<Scope>>>,
    reach: crate::reach::Reach,
    steps: usize,
    exhausted: bool,
    depth: usize,
    typing: usize,
    converting: usize,
    /// The crate of the binary.
    entered: Option<CrateId>,
    changed: bool,
}

impl<'a> Interpreter<'a> {
    pub fn new(
        index: &'a Index,
        catalogue: &'a Catalogue,
        lock: &'a Lock,
        services: BTreeSet<String>,
    ) -> Self {
        Self {
            index,
            catalogue,
            lock,
            services,
            findings: Findings::default(),
            memo: HashMap::new(),
            active: Vec::new(),
            contexts: HashMap::new(),
            store: HashMap::new(),
            common: HashSet::new(),
            seen: HashSet::new(),
            named: HashSet::new(),
            statics: HashMap::new(),
            constants: HashMap::new(),
            constants_active: HashSet::new(),
            mentioned: BTreeSet::new(),
            called: HashSet::new(),
            closures: Vec::new(),
            closures_called: HashMap::new(),
            closure_memo: HashMap::new(),
            given: HashMap::new(),
            captures: HashMap::new(),
            functions_known: RefCell::default(),
            scopes: RefCell::default(),
            reach: crate::reach::Reach::default(),
            steps: 0,
            exhausted: false,
            depth: 0,
            typing: 0,
            converting: 0,
            entered: None,
            changed: false,
        }
    }

    /// Follows a binary from its `main`.
    pub fn run(&mut self, krate: CrateId) {
        for _ in 0..ROUNDS {
            self.findings = Findings::default();
            self.memo.clear();
            self.contexts.clear();
            self.constants.clear();
            self.mentioned.clear();
            self.called.clear();
            self.closures.clear();
            self.closures_called.clear();
            self.closure_memo.clear();
            self.given.clear();
            self.steps = 0;
            self.exhausted = false;
            self.changed = false;
            self.round(krate);
            if !self.changed || self.exhausted {
                return;
            }
        }
        let file = self.index.module(self.index.crates[krate.0].root).file;
        self.note_unsettled(file);
    }

    fn round(&mut self, krate: CrateId) {
        self.entered = Some(krate);
        let root = self.index.crates[krate.0].root;
        let mains: Vec<FunctionId> = self
            .index
            .module(root)
            .names
            .get("main")
            .into_iter()
            .flatten()
            .filter_map(|one| match one {
                Definition::Function(id) => Some(*id),
                _ => None,
            })
            .collect();
        for main in &mains {
            self.call_typed(*main, &Scope::of(root));
        }
        if mains.is_empty() {
            self.made_main(krate);
        }
        self.roots();
    }

    /// How many contexts are left before arguments are widened to their types.
    fn is_patient(&self, id: FunctionId) -> bool {
        self.steps < PATIENCE && self.contexts.get(&id).copied().unwrap_or(0) < CONTEXTS
    }

    /// Calls a function with what its parameters' types say.
    pub fn call_typed(&mut self, id: FunctionId, scope: &Scope) -> Value<'a> {
        let scope = self.inner_scope(id, scope);
        let inputs = &self.index.function(id).signature.inputs;
        let arguments = inputs.iter().map(|input| self.typed_argument(input, &scope)).collect();
        self.call(id, arguments, &scope)
    }

    fn typed_argument(&mut self, input: &'a FnArg, scope: &Scope) -> Value<'a> {
        match input {
            FnArg::Receiver(_) => match &scope.own {
                Some(own) => self.value_of(&own.clone()),
                None => Value::Unknown,
            },
            FnArg::Typed(typed) => {
                let ty = self.index.lower(&typed.ty, scope);
                self.note_event(&typed.ty);
                self.value_of(&ty)
            }
        }
    }

    /// The scope of a function's own types: its module, its `Self`, its type parameters.
    pub fn inner_scope(&self, id: FunctionId, outer: &Scope) -> Rc<Scope> {
        let key = (id, key_of(&[], outer));
        if let Some(known) = self.scopes.borrow().get(&key) {
            return known.clone();
        }
        let scope = self.scope_inside(id, outer);
        self.scopes.borrow_mut().insert(key, scope.clone());
        scope
    }

    fn scope_inside(&self, id: FunctionId, outer: &Scope) -> Rc<Scope> {
        let function = self.index.function(id);
        let mut scope = Scope {
            module: function.module,
            bound: outer.bound.clone(),
            own: outer.own.clone(),
            owner: function.owner,
        };
        if let Owner::Impl(owner) = function.owner {
            let owner = &self.index.impls[owner.0];
            self.parameters(&owner.generics, &mut scope);
            if scope.own.is_none() {
                scope.own = Some(self.index.lower(&owner.self_type, &scope));
            }
        }
        self.parameters(&function.signature.generics, &mut scope);
        Rc::new(scope)
    }

    /// Binds type parameters that are not bound yet to their bounds.
    fn parameters(&self, generics: &syn::Generics, scope: &mut Scope) {
        for parameter in generics.type_params() {
            let name = parameter.ident.to_string();
            if scope.bound.contains_key(&name) {
                continue;
            }
            let of_clause = generics
                .where_clause
                .iter()
                .flat_map(|clause| &clause.predicates)
                .filter_map(|predicate| match predicate {
                    syn::WherePredicate::Type(bound) => Some(bound),
                    _ => None,
                })
                .filter(|bound| {
                    matches!(&bound.bounded_ty, syn::Type::Path(path) if path.path.is_ident(&name))
                })
                .flat_map(|bound| &bound.bounds);
            let ty = self.index.bounds(parameter.bounds.iter().chain(of_clause), scope, 0);
            scope.bind(name, ty);
        }
    }

    /// Calls a function of the project.
    pub fn call(
        &mut self,
        id: FunctionId,
        arguments: Vec<Value<'a>>,
        scope: &Rc<Scope>,
    ) -> Value<'a> {
        let function = self.index.function(id);
        // A method that a hundred types have is a hundred calls of one expression.
        self.steps += 1;
        if self.steps > ENOUGH {
            let line = function.signature.ident.span().start().line;
            self.note_too_large(function.file, line);
            return Value::Unknown;
        }
        let mut scope = (**scope).clone();
        self.infer(id, &arguments, &mut scope);
        let scope = self.inner_scope(id, &scope);
        let mut arguments = self.coerced(id, arguments, &scope);
        if !self.is_patient(id) {
            arguments = function
                .signature
                .inputs
                .iter()
                .map(|input| self.typed_argument(input, &scope))
                .collect();
        }
        let key = (id, key_of(&arguments, &scope));
        if let Some(known) = self.memo.get(&key) {
            return known.clone();
        }
        let result = self.index.result_type(&function.signature.output, &scope);
        let nested = self.active.iter().filter(|(active, _)| *active == id).count();
        if self.active.contains(&key) || nested > 3 || self.depth > DEEPEST {
            if self.depth > DEEPEST {
                self.note_too_deep(function.file, function.signature.ident.span().start().line);
            }
            return self.value_of(&result);
        }
        if self.called.insert(id) {
            self.name_types(&result);
        }
        let Some(body) = &function.body else {
            return self.bodiless(id, &arguments, &result, &scope);
        };
        *self.contexts.entry(id).or_default() += 1;
        self.active.push(key);
        let value = self.evaluate(id, body, arguments, scope);
        self.active.pop();
        let value = self.coerce(value, &result);
        self.memo.insert(key, value.clone());
        value
    }

    /// A function that a foreign macro made, or that a trait only declares.
    fn bodiless(
        &mut self,
        id: FunctionId,
        arguments: &[Value<'a>],
        result: &Ty,
        scope: &Rc<Scope>,
    ) -> Value<'a> {
        if let Owner::Trait(owner) = self.index.function(id).owner {
            let name = self.index.function(id).name.clone();
            let found = self.implementations(owner, &name);
            let mut value = Value::Unit;
            for (function, scope) in found {
                value = value.or(self.call(function, arguments.to_vec(), &scope));
            }
            let _ = scope;
            return self.coerce(value, result);
        }
        self.value_of(result)
    }

    fn evaluate(
        &mut self,
        id: FunctionId,
        body: &'a Block,
        arguments: Vec<Value<'a>>,
        scope: Rc<Scope>,
    ) -> Value<'a> {
        let function = self.index.function(id);
        let mut frame = Frame {
            scope,
            file: function.file,
            function: Some(id),
            locals: vec![BTreeMap::new()],
            returned: Value::Unit,
            broken: Value::Unit,
            branches: 0,
        };
        for (input, argument) in function.signature.inputs.iter().zip(arguments) {
            match input {
                FnArg::Receiver(_) => frame.set("self", argument),
                FnArg::Typed(typed) => {
                    self.note_event(&typed.ty);
                    self.bind(&mut frame, &typed.pat, argument);
                }
            }
        }
        let value = self.block(&mut frame, body);
        value.or(frame.returned)
    }
}

fn key_of(arguments: &[Value<'_>], scope: &Scope) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    for argument in arguments {
        argument.hash().hash(&mut hasher);
    }
    scope.bound.hash(&mut hasher);
    scope.own.hash(&mut hasher);
    hasher.finish()
}
