//! Requests to AWS: from a client's method over a chain of setters to `send`.

use std::rc::Rc;

use syn::ExprMethodCall;

use super::{Frame, Interpreter};
use crate::report::Candidates;
use crate::strings::{Texts, partiql};
use crate::value::{Kind, Request, Value};

/// Setters that name what a request is about, of services other than DynamoDB.
const RESOURCES: [&str; 24] = [
    "bucket",
    "queue_url",
    "topic_arn",
    "target_arn",
    "secret_id",
    "function_name",
    "name",
    "stream_name",
    "stream_arn",
    "event_bus_name",
    "state_machine_arn",
    "key_id",
    "delivery_stream_name",
    "user_pool_id",
    "log_group_name",
    "role_arn",
    "source",
    "from_email_address",
    "model_id",
    "cluster",
    "resource_arn",
    "application_id",
    "identity_pool_id",
    "group_name",
];

/// What a client has besides operations.
const NO_OPERATIONS: [&str; 20] = [
    "config",
    "clone",
    "as_ref",
    "to_owned",
    "into",
    "borrow",
    "unwrap",
    "deref",
    "as_deref",
    "into_inner",
    "get",
    "lock",
    "read",
    "write",
    "as_mut",
    "cloned",
    "to_string",
    "get_ref",
    "as_inner",
    "iter",
];

impl<'a> Interpreter<'a> {
    pub fn client_method(
        &mut self,
        frame: &Frame<'a>,
        call: &'a ExprMethodCall,
        service: &Rc<str>,
        name: &str,
        arguments: &[Value<'a>],
    ) -> Value<'a> {
        let client = Value::Client(service.clone());
        let site = frame.site(call.method.span());
        if !arguments.is_empty() {
            return self.wrapper_method(&client, name, arguments, &client);
        }
        if let Some(waiter) = name.strip_prefix("wait_until_") {
            if let Some(operation) = self.catalogue.waiter(service, waiter) {
                return self.begin(service, operation, site);
            }
            self.unresolved(site, "a waiter that is not known", Candidates::Any);
            return Value::foreign("std");
        }
        if self.catalogue.operation(service, name).is_some() {
            return self.begin(service, name, site);
        }
        let new = !NO_OPERATIONS.contains(&name)
            && (name.contains('_') || !self.catalogue.knows(service));
        if new && !name.starts_with("as_") && !name.starts_with("into_") {
            return self.begin(service, name, site);
        }
        client
    }

    /// A request that a client's method begins.
    pub fn begin(&mut self, service: &str, method: &str, site: (usize, usize)) -> Value<'a> {
        let operation = self.catalogue.operation_name(service, method);
        let request =
            Rc::new(Request::new(service.into(), Kind::Operation(operation.into()), site));
        self.findings.begun.insert(site, request.clone());
        Value::Request(request)
    }

    pub fn send(&mut self, request: &Rc<Request>) {
        self.findings.sent_sites.insert(request.site);
        self.findings.sent.insert(request.clone());
    }

    pub fn request_method(
        &mut self,
        frame: &mut Frame<'a>,
        call: &'a ExprMethodCall,
        request: &Rc<Request>,
        name: &str,
        arguments: &[Value<'a>],
    ) -> Value<'a> {
        let mut made = (**request).clone();
        if made.site.0 == usize::MAX {
            made.site = frame.site(call.method.span());
        }
        match name {
            "send" | "presigned" | "into_paginator" | "wait" | "send_middleware"
            | "into_stream" => {
                if !matches!(made.kind, Kind::Part(_)) {
                    let sent = Rc::new(made);
                    self.send(&sent);
                    if name == "into_paginator" {
                        return Value::Request(sent);
                    }
                }
                return Value::foreign(&format!("aws_sdk_{}", request.service));
            }
            "send_with" => {
                self.send(&Rc::new(made));
                return Value::foreign(&format!("aws_sdk_{}", request.service));
            }
            "get_table_name" | "table_name" if arguments.is_empty() => {
                return made.table.map_or(Value::text(Texts::unknown()), Value::Text);
            }
            _ => {}
        }
        let plain = name.strip_prefix("set_").unwrap_or(name);
        set(&mut made, plain, arguments);
        self.note_setter(frame.file, &mut made, plain, arguments);
        for argument in arguments {
            // `.customize(…)`, `fold`, `map` and their like are given what they are called on.
            if matches!(argument, Value::Closure(_) | Value::Function(..)) {
                let given = self.give(argument, &Value::Request(Rc::new(made.clone())));
                if let Some(value @ Value::Request(_)) = given {
                    return value;
                }
            }
        }
        Value::Request(Rc::new(made))
    }

    /// A call that looks like an operation, on something that may be a client.
    pub fn suspect(&mut self, value: &Value<'a>, name: &str, site: (usize, usize)) {
        let may_be_client = match value {
            Value::Unknown => true,
            Value::Foreign(krate) => {
                !krate.starts_with("aws_")
                    && self.lock.services_behind(krate).is_some_and(|services| !services.is_empty())
                    || &**krate == "?"
            }
            _ => false,
        };
        if !may_be_client {
            return;
        }
        let operations = self.catalogue.operations_named(name, &self.services);
        if !operations.is_empty() {
            let reason = format!("the type of what `{name}` is called on is not known");
            self.unresolved(site, &reason, Candidates::These(operations));
        }
        if matches!(value, Value::Unknown) && self.index.methods.contains_key(name) {
            let operations = self.reach.may_call(self.index, name, self.catalogue, &self.services);
            if !operations.is_empty() {
                let reason = format!("the type of what `{name}` is called on is not known");
                self.unresolved(site, &reason, Candidates::These((*operations).clone()));
            }
        }
    }

    /// Names like methods in tokens that could not be parsed.
    pub fn suspects(&mut self, file: usize, names: &[(String, usize)]) {
        for (name, line) in names {
            let operations = self.catalogue.operations_named(name, &self.services);
            if !operations.is_empty() {
                let reason = "a macro's arguments could not be read";
                self.unresolved((file, *line), reason, Candidates::These(operations));
            }
        }
    }
}

fn set(made: &mut Request, setter: &str, arguments: &[Value<'_>]) {
    let text = arguments.first().map(texts_of);
    match setter {
        "table_name" => made.table = text,
        "index_name" => made.index = text,
        "statement" => {
            for statement in text.iter().flat_map(|texts| texts.0.iter()) {
                note_statement(made, statement);
            }
        }
        "request_items" if arguments.len() == 2 => {
            made.table = Some(either(made.table.as_ref(), text));
        }
        "request_items" => {
            let keys = arguments.first().map(keys_of);
            made.table = Some(either(made.table.as_ref(), keys));
        }
        "transact_items" | "transact_statements" | "statements" | "entries" => {
            for argument in arguments {
                take_parts(made, argument);
            }
        }
        "put" | "update" | "delete" | "condition_check" | "get"
            if matches!(made.kind, Kind::Part(_)) =>
        {
            let action = match setter {
                "put" => "PutItem",
                "update" => "UpdateItem",
                "delete" => "DeleteItem",
                "get" => "GetItem",
                _ => "ConditionCheckItem",
            };
            for argument in arguments.iter().flat_map(Value::alternatives) {
                if let Value::Request(part) = argument {
                    made.members.insert((action.to_owned(), part.table.clone()));
                }
            }
        }
        setter if made.resource.is_none() && RESOURCES.contains(&setter) => {
            made.resource = text;
        }
        _ => {}
    }
}

fn either(known: Option<&Rc<Texts>>, more: Option<Rc<Texts>>) -> Rc<Texts> {
    match (known, more) {
        (Some(known), Some(more)) => Rc::new(known.or(&more)),
        (Some(known), None) => known.clone(),
        (None, Some(more)) => more,
        (None, None) => Rc::new(Texts::unknown()),
    }
}

fn texts_of(value: &Value<'_>) -> Rc<Texts> {
    match value {
        Value::Text(texts) => texts.clone(),
        Value::OneOf(all) => all
            .iter()
            .filter_map(|one| match one {
                Value::Text(texts) => Some(texts.clone()),
                _ => None,
            })
            .reduce(|one, other| Rc::new(one.or(&other)))
            .unwrap_or_else(|| Rc::new(Texts::unknown())),
        Value::Many(inner) => texts_of(inner),
        _ => Rc::new(Texts::unknown()),
    }
}

/// The keys of a map, however it is made.
fn keys_of(value: &Value<'_>) -> Rc<Texts> {
    match value {
        Value::Map(pair) => texts_of(&pair.0),
        Value::Many(inner) => keys_of(inner),
        Value::Tuple(parts) => parts.first().map_or_else(|| Rc::new(Texts::unknown()), texts_of),
        Value::OneOf(all) => all
            .iter()
            .filter(|one| matches!(one, Value::Map(_) | Value::Many(_) | Value::Tuple(_)))
            .map(keys_of)
            .reduce(|one, other| Rc::new(one.or(&other)))
            .unwrap_or_else(|| Rc::new(Texts::unknown())),
        _ => Rc::new(Texts::unknown()),
    }
}

fn note_statement(made: &mut Request, statement: &crate::strings::Text) {
    use crate::strings::Piece;
    // A variable in a statement is a marker that is found again.
    let mut variables = Vec::new();
    let mut text = String::new();
    for piece in statement {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Variable(name) => {
                text.push('\u{1}');
                text.push_str(&variables.len().to_string());
                text.push('\u{1}');
                variables.push(name.clone());
            }
            Piece::Unknown => text.push('\u{2}'),
        }
    }
    let Some((action, table, index)) = partiql(&text) else {
        made.members.insert(("PartiQLSelect".to_owned(), None));
        return;
    };
    let back = |text: &str| -> Option<Rc<Texts>> {
        if text.contains('\u{2}') {
            return None;
        }
        match text.trim_matches('\u{1}').parse::<usize>() {
            Ok(at) if text.starts_with('\u{1}') => {
                variables.get(at).map(|name| Rc::new(Texts::variable(name)))
            }
            _ => Some(Rc::new(Texts::literal(text))),
        }
    };
    made.index = index.and_then(|index| back(&index)).or(made.index.take());
    made.members.insert((action.to_owned(), back(&table)));
}

fn take_parts(made: &mut Request, value: &Value<'_>) {
    match value {
        Value::Request(part) => {
            made.members.extend(part.members.iter().cloned());
            if made.resource.is_none() {
                made.resource.clone_from(&part.resource);
            }
        }
        Value::Many(inner) => take_parts(made, inner),
        Value::Tuple(parts) => {
            for part in parts.iter() {
                take_parts(made, part);
            }
        }
        Value::OneOf(all) => {
            for one in all.iter() {
                take_parts(made, one);
            }
        }
        _ => {}
    }
}
