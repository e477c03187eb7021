//! Paths, calls of functions, and values that are called.

use std::collections::BTreeMap;

use syn::Expr;

use super::paths::Target;
use super::{Frame, Interpreter};
use crate::items::TypeId;
use crate::types::Ty;
use crate::value::{Closure, Record, Shared, Value, share};

impl<'a> Interpreter<'a> {
    pub fn call_expression(&mut self, frame: &mut Frame<'a>, call: &'a syn::ExprCall) -> Value<'a> {
        let mut function = &*call.func;
        while let Expr::Paren(inner) = function {
            function = &inner.expr;
        }
        let Expr::Path(path) = function else {
            let called = self.expression(frame, function);
            let arguments = self.all(frame, &call.args);
            return self.invoke(&called, arguments);
        };
        let target = self.target(frame, path);
        let arguments = self.all(frame, &call.args);
        match target {
            Target::Functions(found) => {
                let mut value = Value::Unit;
                for (id, scope) in found {
                    value = value.or(self.call(id, arguments.clone(), &scope));
                }
                value
            }
            Target::Constructor(id, variant, types) => {
                let fields = arguments
                    .into_iter()
                    .enumerate()
                    .map(|(at, value)| (at.to_string(), value))
                    .collect();
                self.record(id, variant, types, fields)
            }
            Target::Derived(id, types, name) => self.derived(id, types, &name, arguments),
            Target::OfTrait(id, name) => match arguments.first() {
                Some(first) if first.is_thing() => {
                    let receiver = first.clone();
                    let mut value = Value::Unit;
                    for one in receiver.alternatives() {
                        let found = self.own_methods(&one, &name);
                        for (id, scope) in found {
                            value = value.or(self.call(id, arguments.clone(), &scope));
                        }
                    }
                    value
                }
                _ => {
                    let mut value = Value::Unit;
                    for (id, scope) in self.implementations(id, &name) {
                        value = value.or(self.call(id, arguments.clone(), &scope));
                    }
                    value
                }
            },
            Target::Foreign(names) => {
                let types = path
                    .path
                    .segments
                    .iter()
                    .flat_map(|segment| self.index.arguments(&segment.arguments, &frame.scope, 0))
                    .collect();
                let span = path
                    .path
                    .segments
                    .first()
                    .map_or_else(proc_macro2::Span::call_site, |first| first.ident.span());
                let site = frame.site(span);
                self.foreign_call(&names, types, &arguments, site)
            }
            Target::Constant(id, scope) => {
                let called = self.constant(id, &scope);
                self.invoke(&called, arguments)
            }
            Target::Value(called) => self.invoke(&called, arguments),
        }
    }

    pub fn all<'e, P>(
        &mut self,
        frame: &mut Frame<'a>,
        arguments: &'a syn::punctuated::Punctuated<Expr, P>,
    ) -> Vec<Value<'a>>
    where
        'a: 'e,
    {
        arguments.iter().map(|argument| self.expression(frame, argument)).collect()
    }

    /// What a derive makes: builders, constructors, parsers of arguments.
    fn derived(
        &mut self,
        id: TypeId,
        types: Vec<Ty>,
        name: &str,
        arguments: Vec<Value<'a>>,
    ) -> Value<'a> {
        let index = self.index;
        let fields = index.fields(id, None);
        match name {
            "parse" | "try_parse" | "parse_from" | "from_args" | "init_from_env" | "from_env"
            | "load_from_env"
                if fields.iter().any(super::environment::names_variable) =>
            {
                self.environment_record(id, "")
            }
            "builder" => Value::Record(share(Record {
                definition: id,
                variant: None,
                arguments: types,
                fields: BTreeMap::new(),
            })),
            "new" if arguments.len() == fields.len() => {
                let fields = fields.iter().map(|field| field.name.clone()).zip(arguments).collect();
                self.record(id, None, types, fields)
            }
            _ => self.value_of(&Ty::Own(id, types)),
        }
    }

    /// Calls a value.
    pub fn invoke(&mut self, called: &Value<'a>, arguments: Vec<Value<'a>>) -> Value<'a> {
        match called {
            Value::Function(id, scope) => self.call(*id, arguments, scope),
            Value::Closure(closure) => self.call_closure(&closure.clone(), arguments),
            Value::Callable(ty) => {
                let value = self.value_of(&ty.clone());
                for argument in &arguments {
                    self.give(argument, &Value::foreign("std"));
                }
                value
            }
            Value::OneOf(all) => {
                let mut value = Value::Unit;
                for one in all.iter() {
                    value = value.or(self.invoke(one, arguments.clone()));
                }
                value
            }
            other => {
                for argument in &arguments {
                    self.give(argument, &Value::foreign("std"));
                }
                other.clone()
            }
        }
    }

    fn call_closure(
        &mut self,
        closure: &Shared<Closure<'a>>,
        arguments: Vec<Value<'a>>,
    ) -> Value<'a> {
        let node = closure.node;
        let address = std::ptr::from_ref(node).addr();
        let key = (closure.digest().hash, super::key_of(&arguments, &closure.scope));
        if let Some(known) = self.closure_memo.get(&key) {
            return known.clone();
        }
        if self.steps > super::PATIENCE
            && let Some(known) = self.closures_called.get(&address)
        {
            return known.clone();
        }
        self.closures_called.entry(address).or_insert(Value::Unknown);
        if self.depth > super::DEEPEST {
            self.note_too_deep(closure.file, node.inputs_begin.spans[0].start().line);
            return Value::Unknown;
        }
        self.depth += 1;
        let mut frame = Frame {
            scope: closure.scope.clone(),
            file: closure.file,
            function: closure.function,
            locals: vec![closure.captured.clone(), BTreeMap::new()],
            returned: Value::Unit,
            broken: Value::Unit,
            branches: 0,
        };
        let mut arguments = arguments.into_iter();
        for input in &node.inputs {
            if let syn::Pat::Type(typed) = input {
                self.note_event(&typed.ty);
            }
            let argument = arguments.next().unwrap_or(Value::foreign("std"));
            self.bind(&mut frame, input, argument);
        }
        let value = self.expression(&mut frame, &node.body);
        self.depth -= 1;
        let value = value.or(frame.returned);
        let value = match &node.output {
            syn::ReturnType::Default => value,
            output @ syn::ReturnType::Type(..) => {
                let ty = self.index.result_type(output, &closure.scope);
                self.coerce(value, &ty)
            }
        };
        self.closures_called.insert(address, value.clone());
        self.closure_memo.insert(key, value.clone());
        value
    }

    /// Gives a value to code of another crate, which may call it.
    pub fn give(&mut self, value: &Value<'a>, element: &Value<'a>) -> Option<Value<'a>> {
        let digest = value.digest();
        if !digest.can_be_given {
            return None;
        }
        let holds_others = matches!(value, Value::OneOf(_) | Value::Tuple(_) | Value::Many(_));
        let key = (digest.hash, element.hash());
        if let (true, Some(known)) = (holds_others, self.given.get(&key)) {
            return known.clone();
        }
        let result = self.give_parts(value, element);
        if holds_others {
            self.given.insert(key, result.clone());
        }
        result
    }

    fn give_parts(&mut self, value: &Value<'a>, element: &Value<'a>) -> Option<Value<'a>> {
        match value {
            Value::Function(id, scope) => {
                let inputs = self.index.function(*id).signature.inputs.len();
                let arguments = vec![element.clone(); inputs];
                let (id, scope) = (*id, scope.clone());
                Some(self.call(id, arguments, &scope))
            }
            Value::Closure(closure) => {
                let inputs = closure.node.inputs.len();
                Some(self.call_closure(closure, vec![element.clone(); inputs]))
            }
            Value::Callable(ty) => Some(self.value_of(&ty.clone())),
            Value::Router(routes) => {
                self.findings.has_router = true;
                self.findings.routes.extend(routes.iter().cloned());
                None
            }
            Value::OneOf(all) => {
                all.iter().filter_map(|one| self.give(one, element)).reduce(Value::or)
            }
            Value::Tuple(parts) => {
                for part in parts.iter() {
                    self.give(part, element);
                }
                None
            }
            Value::Many(inner) => {
                self.give(inner, element);
                None
            }
            _ => None,
        }
    }
}
