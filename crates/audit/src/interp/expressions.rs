//! Statements and expressions.

use std::collections::BTreeMap;

use syn::{Block, Expr, Lit, Stmt};

use super::{DEEPEST, ENOUGH, Frame, Interpreter};
use crate::conditions::is_built;
use crate::strings::Texts;
use crate::value::{Closure, Value, share};

impl<'a> Interpreter<'a> {
    pub fn block(&mut self, frame: &mut Frame<'a>, block: &'a Block) -> Value<'a> {
        frame.locals.push(BTreeMap::new());
        let mut last = Value::Unit;
        for statement in &block.stmts {
            last = self.statement(frame, statement);
        }
        frame.locals.pop();
        last
    }

    fn statement(&mut self, frame: &mut Frame<'a>, statement: &'a Stmt) -> Value<'a> {
        match statement {
            Stmt::Local(local) if is_built(&local.attrs) => {
                let value = match &local.init {
                    Some(init) => self.expression(frame, &init.expr),
                    None => Value::Unit,
                };
                let mut value = self.as_pattern(frame, &local.pat, value);
                if let Some((_, otherwise)) =
                    local.init.as_ref().and_then(|init| init.diverge.as_ref())
                {
                    let other = self.expression(frame, otherwise);
                    value = value.or(match other {
                        Value::Text(_) => Value::Unit,
                        other => other,
                    });
                }
                self.bind(frame, &local.pat, value);
                Value::Unit
            }
            Stmt::Expr(expression, semicolon) => {
                let value = self.expression(frame, expression);
                if semicolon.is_some() { Value::Unit } else { value }
            }
            Stmt::Macro(statement) => {
                let value = self.macro_call(frame, &statement.mac);
                if statement.semi_token.is_some() { Value::Unit } else { value }
            }
            _ => Value::Unit,
        }
    }

    pub fn expression(&mut self, frame: &mut Frame<'a>, expression: &'a Expr) -> Value<'a> {
        self.steps += 1;
        if self.steps > ENOUGH {
            let line = frame
                .function
                .map_or(1, |id| self.index.function(id).signature.ident.span().start().line);
            self.note_too_large(frame.file, line);
            return Value::Unknown;
        }
        if self.depth > DEEPEST {
            let line = frame
                .function
                .map_or(1, |id| self.index.function(id).signature.ident.span().start().line);
            self.note_too_deep(frame.file, line);
            return Value::Unknown;
        }
        self.depth += 1;
        let value = self.expression_inside(frame, expression);
        self.depth -= 1;
        value
    }

    fn expression_inside(&mut self, frame: &mut Frame<'a>, expression: &'a Expr) -> Value<'a> {
        match expression {
            Expr::Path(path) => self.path_value(frame, path),
            Expr::Call(call) => self.call_expression(frame, call),
            Expr::MethodCall(call) => self.method_expression(frame, call),
            Expr::Macro(call) => self.macro_call(frame, &call.mac),
            Expr::Field(field) => {
                let base = self.expression(frame, &field.base);
                self.member(&base, &field.member)
            }
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Value::literal(&text.value()),
                _ => Value::foreign("std"),
            },
            Expr::Block(inner) if is_built(&inner.attrs) => self.block(frame, &inner.block),
            Expr::Async(inner) => self.block(frame, &inner.block),
            Expr::Unsafe(inner) => self.block(frame, &inner.block),
            Expr::Const(inner) => self.block(frame, &inner.block),
            Expr::TryBlock(inner) => self.block(frame, &inner.block),
            Expr::Await(inner) => self.expression(frame, &inner.base),
            Expr::Try(inner) => self.expression(frame, &inner.expr),
            Expr::Reference(inner) => self.expression(frame, &inner.expr),
            Expr::RawAddr(inner) => self.expression(frame, &inner.expr),
            Expr::Paren(inner) => self.expression(frame, &inner.expr),
            Expr::Group(inner) => self.expression(frame, &inner.expr),
            Expr::Cast(inner) => self.expression(frame, &inner.expr),
            Expr::Unary(inner) => self.expression(frame, &inner.expr),
            Expr::If(inner) => self.conditional(frame, inner),
            Expr::Match(inner) => self.matched(frame, inner),
            Expr::Let(inner) => {
                let value = self.expression(frame, &inner.expr);
                self.bind(frame, &inner.pat, value);
                Value::foreign("std")
            }
            Expr::Closure(node) => self.closure(frame, node),
            Expr::Struct(node) => self.structure(frame, node),
            Expr::ForLoop(_) | Expr::While(_) | Expr::Loop(_) => {
                frame.branches += 1;
                let value = self.repeated(frame, expression);
                frame.branches -= 1;
                value
            }
            _ => self.compound(frame, expression),
        }
    }

    fn compound(&mut self, frame: &mut Frame<'a>, expression: &'a Expr) -> Value<'a> {
        match expression {
            Expr::Tuple(node) if node.elems.is_empty() => Value::foreign("std"),
            Expr::Tuple(node) => {
                let parts: Vec<Value<'a>> =
                    node.elems.iter().map(|part| self.expression(frame, part)).collect();
                if let [name, value] = parts.as_slice() {
                    self.note_pair(frame.file, name, value);
                }
                Value::tuple(parts)
            }
            Expr::Array(node) => {
                let inner = node
                    .elems
                    .iter()
                    .map(|part| self.expression(frame, part))
                    .reduce(Value::or)
                    .unwrap_or(Value::Unit);
                Value::many(inner)
            }
            Expr::Repeat(node) => Value::many(self.expression(frame, &node.expr)),
            Expr::Index(node) => {
                let base = self.expression(frame, &node.expr);
                self.expression(frame, &node.index);
                match base {
                    Value::Map(pair) => pair.1.clone(),
                    Value::Text(_) => Value::text(Texts::unknown()),
                    other => other.element(),
                }
            }
            Expr::Range(node) => {
                for end in [&node.start, &node.end].into_iter().flatten() {
                    self.expression(frame, end);
                }
                Value::foreign("std")
            }
            Expr::Binary(node) => self.binary(frame, node),
            Expr::Assign(node) => {
                let value = self.expression(frame, &node.right);
                self.assign(frame, &node.left, value);
                Value::Unit
            }
            Expr::Return(node) => {
                if let Some(inner) = &node.expr {
                    let value = self.expression(frame, inner);
                    frame.returned = std::mem::replace(&mut frame.returned, Value::Unit).or(value);
                }
                Value::Unit
            }
            Expr::Break(node) => {
                if let Some(inner) = &node.expr {
                    let value = self.expression(frame, inner);
                    frame.broken = std::mem::replace(&mut frame.broken, Value::Unit).or(value);
                }
                Value::Unit
            }
            Expr::Yield(node) => match &node.expr {
                Some(inner) => self.expression(frame, inner),
                None => Value::Unit,
            },
            Expr::Verbatim(tokens) => {
                let mut found = Vec::new();
                crate::macros::unread(tokens.clone(), &mut found);
                self.suspects(frame.file, &found);
                Value::Unknown
            }
            _ => Value::foreign("std"),
        }
    }

    fn repeated(&mut self, frame: &mut Frame<'a>, expression: &'a Expr) -> Value<'a> {
        match expression {
            Expr::ForLoop(node) => {
                let iterated = self.expression(frame, &node.expr).element();
                for _ in 0..2 {
                    frame.locals.push(BTreeMap::new());
                    self.bind(frame, &node.pat, iterated.clone());
                    self.block(frame, &node.body);
                    frame.locals.pop();
                }
                Value::Unit
            }
            Expr::While(node) => {
                for _ in 0..2 {
                    frame.locals.push(BTreeMap::new());
                    self.expression(frame, &node.cond);
                    self.block(frame, &node.body);
                    frame.locals.pop();
                }
                Value::Unit
            }
            Expr::Loop(node) => {
                self.block(frame, &node.body);
                self.block(frame, &node.body);
                std::mem::replace(&mut frame.broken, Value::Unit)
            }
            _ => Value::Unit,
        }
    }

    fn binary(&mut self, frame: &mut Frame<'a>, node: &'a syn::ExprBinary) -> Value<'a> {
        let left = self.expression(frame, &node.left);
        let right = self.expression(frame, &node.right);
        match (&node.op, &left, &right) {
            (syn::BinOp::Add(_), Value::Text(one), Value::Text(other)) => {
                Value::text(one.then(other))
            }
            (syn::BinOp::Add(_), Value::Text(one), _) => Value::text(one.then(&Texts::unknown())),
            (syn::BinOp::AddAssign(_), Value::Text(one), Value::Text(other)) => {
                let value = Value::text(one.then(other));
                self.replace(frame, &node.left, value);
                Value::Unit
            }
            _ => Value::foreign("std"),
        }
    }

    fn conditional(&mut self, frame: &mut Frame<'a>, node: &'a syn::ExprIf) -> Value<'a> {
        frame.locals.push(BTreeMap::new());
        self.note_condition(&node.cond);
        self.expression(frame, &node.cond);
        frame.branches += 1;
        let then = self.block(frame, &node.then_branch);
        frame.branches -= 1;
        frame.locals.pop();
        let Some((_, otherwise)) = &node.else_branch else {
            return then;
        };
        frame.branches += 1;
        let otherwise = self.expression(frame, otherwise);
        frame.branches -= 1;
        alternatives(vec![(then, false), (otherwise, true)])
    }

    fn matched(&mut self, frame: &mut Frame<'a>, node: &'a syn::ExprMatch) -> Value<'a> {
        let value = self.expression(frame, &node.expr);
        self.note_match(node);
        let mut results = Vec::new();
        frame.branches += 1;
        for arm in node.arms.iter().filter(|arm| is_built(&arm.attrs)) {
            frame.locals.push(BTreeMap::new());
            self.bind(frame, &arm.pat, value.clone());
            let result = self.expression(frame, &arm.body);
            frame.locals.pop();
            results.push((result, !super::binding::takes_value(&arm.pat)));
        }
        frame.branches -= 1;
        alternatives(results)
    }

    fn closure(&mut self, frame: &mut Frame<'a>, node: &'a syn::ExprClosure) -> Value<'a> {
        let captured = self.captured(frame, node);
        let closure = share(Closure {
            node,
            captured,
            scope: frame.scope.clone(),
            file: frame.file,
            function: frame.function,
        });
        self.closures.push(closure.clone());
        Value::Closure(closure)
    }
}

/// Joins branches. A literal beside a text from the environment is what holds when the variable is not set.
fn alternatives(results: Vec<(Value<'_>, bool)>) -> Value<'_> {
    let from_environment =
        results.iter().any(|(value, _)| matches!(value, Value::Text(texts) if texts.is_variable()));
    results
        .into_iter()
        .filter(|(value, is_default)| {
            let literal =
                matches!(value, Value::Text(texts) if texts.literals().count() == texts.0.len());
            !(from_environment && *is_default && literal)
        })
        .map(|(value, _)| value)
        .reduce(Value::or)
        .unwrap_or(Value::Unit)
}
