//! Routes of axum routers, and comparisons of method and path.

use std::collections::BTreeSet;
use std::rc::Rc;

use syn::{BinOp, Expr, ExprMatch, Lit, Pat};

use super::Interpreter;
use crate::value::Value;

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY"];

impl<'a> Interpreter<'a> {
    /// `Router::new()`, `get(handler)`.
    pub fn routing_call(&mut self, path: &[String], arguments: &[Value<'a>]) -> Option<Value<'a>> {
        let last = path.last()?.as_str();
        let of_router = path.iter().any(|part| part == "Router" || part == "OpenApiRouter");
        if of_router && matches!(last, "new" | "default" | "with_openapi") {
            return Some(Value::Router(Rc::default()));
        }
        if !path.iter().any(|part| part == "routing") {
            return None;
        }
        let method = method_of(last)?;
        for argument in arguments {
            self.give(argument, &Value::foreign("axum"));
        }
        Some(Value::Methods(Rc::new(BTreeSet::from([method]))))
    }

    pub fn router_method(
        &mut self,
        value: &Value<'a>,
        name: &str,
        arguments: &[Value<'a>],
    ) -> Value<'a> {
        match value {
            Value::Methods(methods) => {
                let mut methods = (**methods).clone();
                for argument in arguments {
                    self.give(argument, &Value::foreign("axum"));
                }
                methods.extend(method_of(name));
                Value::Methods(Rc::new(methods))
            }
            Value::Router(routes) => self.on_router(routes, name, arguments),
            other => other.clone(),
        }
    }

    fn on_router(
        &mut self,
        routes: &Rc<BTreeSet<String>>,
        name: &str,
        arguments: &[Value<'a>],
    ) -> Value<'a> {
        let path = |value: Option<&Value<'a>>| match value {
            Some(Value::Text(texts)) => texts.literals().next().map(str::to_owned),
            _ => None,
        };
        let mut routes = (**routes).clone();
        match name {
            "route" => {
                if let Some(path) = path(arguments.first()) {
                    let methods = match arguments.get(1) {
                        Some(Value::Methods(methods)) => (**methods).clone(),
                        _ => BTreeSet::from(["ANY".to_owned()]),
                    };
                    routes
                        .extend(methods.iter().map(|method| format!("{method} {}", braces(&path))));
                }
            }
            "nest" => {
                let prefix = path(arguments.first()).unwrap_or_default();
                if let Some(inner) = arguments.get(1) {
                    routes.extend(routes_of(inner).iter().filter_map(|route| {
                        let (method, path) = route.split_once(' ')?;
                        let path = format!("{}{path}", braces(prefix.trim_end_matches('/')));
                        let path = if path.len() > 1 { path.trim_end_matches('/') } else { &path };
                        Some(format!("{method} {path}"))
                    }));
                }
            }
            "merge" => {
                routes.extend(arguments.iter().flat_map(routes_of));
            }
            _ => {
                for argument in arguments {
                    self.give(argument, &Value::foreign("axum"));
                }
            }
        }
        Value::Router(Rc::new(routes))
    }

    /// `match (method, path) { (&Method::GET, "/items") => … }`
    pub fn note_match(&mut self, node: &ExprMatch) {
        if !self.findings.read_for_routes.insert(std::ptr::from_ref(node).addr()) {
            return;
        }
        for arm in &node.arms {
            let mut cases = Vec::new();
            cases_of(&arm.pat, &mut cases);
            for case in cases {
                let Pat::Tuple(tuple) = case else { continue };
                let methods: Vec<String> = tuple.elems.iter().flat_map(methods_in).collect();
                let paths: Vec<String> = tuple.elems.iter().flat_map(paths_in).collect();
                for method in &methods {
                    for path in &paths {
                        self.findings.routes.insert(format!("{method} {path}"));
                        self.findings.has_router = true;
                    }
                }
            }
        }
    }

    /// `if path == "/items" && method == Method::GET`
    pub fn note_condition(&mut self, condition: &Expr) {
        if !self.findings.read_for_routes.insert(std::ptr::from_ref(condition).addr()) {
            return;
        }
        let (mut methods, mut paths) = (Vec::new(), Vec::new());
        compared(condition, &mut methods, &mut paths, 0);
        for method in &methods {
            for path in &paths {
                self.findings.routes.insert(format!("{method} {path}"));
                self.findings.has_router = true;
            }
        }
    }
}

fn compared(condition: &Expr, methods: &mut Vec<String>, paths: &mut Vec<String>, depth: usize) {
    if depth > 32 {
        return;
    }
    match condition {
        Expr::Paren(inner) => compared(&inner.expr, methods, paths, depth + 1),
        Expr::Binary(node) if matches!(node.op, BinOp::And(_)) => {
            compared(&node.left, methods, paths, depth + 1);
            compared(&node.right, methods, paths, depth + 1);
        }
        Expr::Binary(node) if matches!(node.op, BinOp::Eq(_)) => {
            for side in [&node.left, &node.right] {
                let mut side = &**side;
                while let Expr::Reference(inner) = side {
                    side = &inner.expr;
                }
                match side {
                    Expr::Lit(literal) => {
                        if let Lit::Str(text) = &literal.lit {
                            let text = text.value();
                            if text.starts_with('/') {
                                paths.push(text);
                            } else if METHODS.contains(&text.as_str()) {
                                methods.push(text);
                            }
                        }
                    }
                    Expr::Path(path) => methods.extend(method_in_path(&path.path)),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn method_in_path(path: &syn::Path) -> Option<String> {
    let last = path.segments.last()?.ident.to_string();
    (path.segments.len() > 1 && METHODS.contains(&last.as_str())).then_some(last)
}

fn cases_of<'p>(pattern: &'p Pat, found: &mut Vec<&'p Pat>) {
    match pattern {
        Pat::Or(inner) => {
            for case in &inner.cases {
                cases_of(case, found);
            }
        }
        Pat::Paren(inner) => cases_of(&inner.pat, found),
        Pat::Guard(inner) => cases_of(&inner.pat, found),
        other => found.push(other),
    }
}

fn methods_in(pattern: &Pat) -> Vec<String> {
    match pattern {
        Pat::Reference(inner) => methods_in(&inner.pat),
        Pat::Paren(inner) => methods_in(&inner.pat),
        Pat::Or(inner) => inner.cases.iter().flat_map(methods_in).collect(),
        Pat::Path(path) => method_in_path(&path.path).into_iter().collect(),
        Pat::Lit(literal) => match &literal.lit {
            Lit::Str(text) if METHODS.contains(&text.value().as_str()) => vec![text.value()],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn paths_in(pattern: &Pat) -> Vec<String> {
    match pattern {
        Pat::Reference(inner) => paths_in(&inner.pat),
        Pat::Paren(inner) => paths_in(&inner.pat),
        Pat::Or(inner) => inner.cases.iter().flat_map(paths_in).collect(),
        Pat::Lit(literal) => match &literal.lit {
            Lit::Str(text) if text.value().starts_with('/') => vec![text.value()],
            _ => Vec::new(),
        },
        Pat::Slice(slice) => {
            let mut path = String::new();
            for part in &slice.elems {
                path.push('/');
                match part {
                    Pat::Lit(literal) => match &literal.lit {
                        Lit::Str(text) => path.push_str(&text.value()),
                        _ => return Vec::new(),
                    },
                    Pat::Ident(name) => path.extend(["{", &name.ident.to_string(), "}"]),
                    _ => return Vec::new(),
                }
            }
            vec![if path.is_empty() { "/".to_owned() } else { path }]
        }
        _ => Vec::new(),
    }
}

fn method_of(name: &str) -> Option<String> {
    let name = name.trim_end_matches("_service").to_uppercase();
    METHODS.contains(&name.as_str()).then_some(name)
}

fn routes_of(value: &Value<'_>) -> BTreeSet<String> {
    match value {
        Value::Router(routes) => (**routes).clone(),
        Value::OneOf(all) => all.iter().flat_map(routes_of).collect(),
        _ => BTreeSet::new(),
    }
}

/// `/items/:id` and `/files/*path` in the form of an HTTP API.
fn braces(path: &str) -> String {
    path.split('/')
        .map(|part| {
            if let Some(name) = part.strip_prefix(':') {
                format!("{{{name}}}")
            } else if let Some(name) = part.strip_prefix('*') {
                format!("{{{name}+}}")
            } else if let Some(name) = part.strip_prefix("{*") {
                format!("{{{}+}}", name.trim_end_matches('}'))
            } else {
                part.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_parameters_are_read() {
        assert_eq!(braces("/a/:id/{other}/*rest"), "/a/{id}/{other}/{rest+}");
        assert_eq!(braces("/{*rest}"), "/{rest+}");
    }
}
