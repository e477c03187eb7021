//! Method calls.

use std::rc::Rc;

use syn::{Expr, ExprMethodCall};

use super::{Frame, Interpreter};
use crate::items::{FunctionId, Head};
use crate::types::{Scope, Ty};
use crate::value::{Record, Shared, Value};

impl<'a> Interpreter<'a> {
    pub fn method_expression(
        &mut self,
        frame: &mut Frame<'a>,
        call: &'a ExprMethodCall,
    ) -> Value<'a> {
        let receiver = self.expression(frame, &call.receiver);
        let name = call.method.to_string();
        let arguments = self.all(frame, &call.args);
        self.static_method(frame, call, &name, &arguments);
        let mut value: Option<Value<'a>> = None;
        for one in receiver.alternatives() {
            let result = self.method_on(frame, call, &one, &name, &arguments);
            value = Some(match value {
                Some(known) => known.or(result),
                None => result,
            });
        }
        value.unwrap_or(Value::Unit)
    }

    /// `CELL.set(value)`, `CELL.get_or_init(|| …)` on a static.
    fn static_method(
        &mut self,
        frame: &mut Frame<'a>,
        call: &'a ExprMethodCall,
        name: &str,
        arguments: &[Value<'a>],
    ) {
        if !matches!(
            name,
            "set"
                | "get_or_init"
                | "get_or_try_init"
                | "store"
                | "insert"
                | "replace"
                | "get_or_insert_with"
        ) {
            return;
        }
        let Expr::Path(path) = &*call.receiver else {
            return;
        };
        if path.path.get_ident().is_some_and(|name| frame.get(&name.to_string()).is_some()) {
            return;
        }
        for argument in arguments {
            let value = match argument {
                Value::Closure(_) | Value::Function(..) => {
                    self.invoke(&argument.clone(), Vec::new())
                }
                other => other.clone(),
            };
            self.set_static(frame, path, value);
        }
    }

    fn method_on(
        &mut self,
        frame: &mut Frame<'a>,
        call: &'a ExprMethodCall,
        value: &Value<'a>,
        name: &str,
        arguments: &[Value<'a>],
    ) -> Value<'a> {
        let of_client = matches!(value, Value::Client(service) if self.catalogue.operation(service, name).is_some());
        if !of_client {
            let found = self.own_methods(value, name);
            if !found.is_empty() {
                return self.call_methods(frame, call, value, &found, arguments);
            }
        }
        if let [item] = arguments
            && puts(name, value)
            && item.matters()
        {
            self.replace(frame, &call.receiver, value.clone().or(item.clone()));
            return value.clone().or(item.clone());
        }
        match value {
            Value::Client(service) => {
                self.client_method(frame, call, &service.clone(), name, arguments)
            }
            Value::Request(request) => {
                self.request_method(frame, call, &request.clone(), name, arguments)
            }
            Value::Router(_) | Value::Methods(_) => self.router_method(value, name, arguments),
            Value::Record(record) => self.derived_method(record, name, arguments, value),
            Value::Text(texts) => self.text_method(frame, call, &texts.clone(), name, arguments),
            Value::Many(_) | Value::Map(_) => {
                self.collection_method(frame, call, value, name, arguments)
            }
            Value::Unknown | Value::Foreign(_) | Value::Unit => {
                self.foreign_method(frame, call, value, name, arguments)
            }
            _ => self.wrapper_method(value, name, arguments, value),
        }
    }

    fn call_methods(
        &mut self,
        frame: &Frame<'a>,
        call: &'a ExprMethodCall,
        receiver: &Value<'a>,
        found: &[(FunctionId, Rc<Scope>)],
        arguments: &[Value<'a>],
    ) -> Value<'a> {
        let mut value = Value::Unit;
        for (id, scope) in found {
            let mut scope = (**scope).clone();
            if let Some(turbofish) = &call.turbofish {
                let types = syn::PathArguments::AngleBracketed(turbofish.clone());
                self.bind_turbofish(*id, &types, &frame.scope, &mut scope);
            }
            let all = std::iter::once(receiver.clone()).chain(arguments.iter().cloned()).collect();
            value = value.or(self.call(*id, all, &Rc::new(scope)));
        }
        value
    }

    /// Methods that the project defines for a value.
    pub fn own_methods(&self, value: &Value<'a>, name: &str) -> Vec<(FunctionId, Rc<Scope>)> {
        let has_receiver = |id: FunctionId| {
            matches!(
                self.index.function(id).signature.inputs.first(),
                Some(syn::FnArg::Receiver(_))
            )
        };
        let found = match value {
            Value::Record(record) => {
                self.functions_of(&Ty::Own(record.definition, record.arguments.clone()), name)
            }
            Value::Object(id) => self.implementations(*id, name),
            Value::Client(service) => {
                let found = self.functions_of(&Ty::Client(service.clone()), name);
                if found.is_empty() { self.extensions(name) } else { found }
            }
            _ => self.extensions(name),
        };
        found.into_iter().filter(|(id, _)| has_receiver(*id)).collect()
    }

    /// Methods that traits of the project give to types of other crates.
    fn extensions(&self, name: &str) -> Vec<(FunctionId, Rc<Scope>)> {
        let found = self.index.extensions.get(name);
        found
            .into_iter()
            .flatten()
            .filter(|id| {
                self.index.impl_of(**id).is_none_or(|owner| !matches!(owner.head, Head::Client(_)))
            })
            .filter(|id| {
                // Methods of other crates' traits, such as `from_request`, are not called by name.
                self.index.impl_of(**id).is_none_or(|owner| {
                    !matches!(owner.implemented, crate::items::TraitOfImpl::Foreign(_))
                })
            })
            .map(|id| (*id, Rc::new(Scope::of(self.index.function(*id).module))))
            .collect()
    }

    /// A method that a derive makes for a record: a setter, `build`, a getter.
    fn derived_method(
        &mut self,
        record: &Shared<Record<'a>>,
        name: &str,
        arguments: &[Value<'a>],
        value: &Value<'a>,
    ) -> Value<'a> {
        let plain = name
            .strip_prefix("with_")
            .or_else(|| name.strip_prefix("set_"))
            .or_else(|| name.strip_prefix("maybe_"))
            .unwrap_or(name);
        let fields = self.index.fields(record.definition, record.variant);
        let has = |name: &str| fields.iter().any(|field| field.name == name);
        match arguments {
            [argument] if has(name) || has(plain) => {
                let field = if has(name) { name } else { plain };
                let mut made = (**record).clone();
                made.fields.insert(field.to_owned(), argument.clone());
                let made = Rc::new(made);
                if made.fields.len() == fields.len() {
                    self.keep(&made);
                }
                Value::Record(made)
            }
            [] if name == "build" => {
                self.keep(record);
                value.clone()
            }
            [] => {
                let getter = name.strip_prefix("get_").unwrap_or(name);
                match self.field(record, getter) {
                    Some(found) if !matches!(name, "clone" | "unwrap" | "iter") => found,
                    _ => value.clone(),
                }
            }
            _ => self.wrapper_method(value, name, arguments, value),
        }
    }

    pub fn turbofish_type(&self, frame: &Frame<'a>, call: &'a ExprMethodCall) -> Option<Ty> {
        let turbofish = call.turbofish.as_ref()?;
        let arguments = syn::PathArguments::AngleBracketed(turbofish.clone());
        self.index.arguments(&arguments, &frame.scope, 0).into_iter().find(Ty::matters)
    }

    fn foreign_method(
        &mut self,
        frame: &mut Frame<'a>,
        call: &'a ExprMethodCall,
        value: &Value<'a>,
        name: &str,
        arguments: &[Value<'a>],
    ) -> Value<'a> {
        let site = frame.site(call.method.span());
        if arguments.is_empty() {
            self.suspect(value, name, site);
        }
        if let Some(ty) = self.turbofish_type(frame, call) {
            for argument in arguments {
                self.give(argument, value);
            }
            return self.value_of(&ty);
        }
        match (name, arguments) {
            ("insert", [key, item]) if item.matters() || matches!(key, Value::Text(_)) => {
                self.add(frame, &call.receiver, key.clone(), item.clone());
                return value.clone();
            }
            ("push" | "push_back", [item]) if item.matters() => {
                self.add(frame, &call.receiver, Value::Unit, item.clone());
                return value.clone();
            }
            ("push_str", [Value::Text(_)]) => {
                self.replace(frame, &call.receiver, arguments[0].clone());
                return Value::Unit;
            }
            ("extend", [more]) if more.matters() => {
                self.replace(frame, &call.receiver, more.clone());
                return Value::Unit;
            }
            _ => {}
        }
        let result = self.wrapper_method(value, name, arguments, value);
        if result.matters() {
            return result;
        }
        value.clone()
    }
}

/// `replace`, `insert`, `set` of an `Option`, a cell or a lock; of a collection they are something else.
fn puts(name: &str, value: &Value<'_>) -> bool {
    let is_own = matches!(value, Value::Request(_) | Value::Many(_) | Value::Map(_));
    !is_own && matches!(name, "replace" | "insert" | "set" | "get_or_insert")
}
