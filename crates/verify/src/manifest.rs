//! What a handler declares in its source: the operations it calls, and which of them each route needs.
//!
//! ```text
//! operations! { get: GetItem, list: Query }
//! routes! { GET "/" => list_or_get [GetItem, Query] }
//! ```

use std::collections::BTreeSet;
use std::fmt;

use proc_macro2::{Span, TokenStream};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::visit::Visit;
use syn::{Ident, LitStr, Token, bracketed};

use super::operations::Operation;
use super::source;

/// A place in a source file, as `file:line`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Site {
    pub file: String,
    pub line: usize,
}

/// The declarations of a handler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    pub operations: Vec<Declaration>,
    pub routes: Vec<Route>,
}

/// One line of `operations!`: a method of the handler's own that begins a call of that operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    pub method: String,
    pub operation: &'static str,
    pub site: Site,
}

/// One line of `routes!`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub method: String,
    pub path: String,
    pub operations: Vec<&'static str>,
    pub site: Site,
}

/// Why a handler's declarations cannot be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestError {
    pub site: Option<Site>,
    pub problem: String,
}

impl Manifest {
    /// Reads the declarations of all files of a handler, each given as its path and its text.
    pub fn from_sources<P: AsRef<str>, T: AsRef<str>>(
        sources: &[(P, T)],
    ) -> Result<Self, ManifestError> {
        let parsed = sources.iter().map(|(path, text)| {
            let path = path.as_ref();
            let file = source::parse(text.as_ref()).map_err(|error| syntax(path, &error))?;
            Ok((path.to_owned(), file))
        });
        Self::from_files(&parsed.collect::<Result<Vec<_>, _>>()?)
    }

    /// The same for whoever has parsed them.
    pub fn from_files(files: &[(String, syn::File)]) -> Result<Self, ManifestError> {
        let mut manifest = Manifest::default();
        let mut declared = false;
        for (path, file) in files {
            let mut invocations = Invocations::default();
            invocations.visit_file(file);
            for tokens in invocations.operations {
                declared = true;
                manifest.declare(path, tokens)?;
            }
            for tokens in invocations.routes {
                manifest.route(path, tokens)?;
            }
        }
        if !declared {
            let problem = "no `operations! { … }` declares what the handler calls".to_owned();
            return Err(ManifestError { site: None, problem });
        }
        manifest.check_routes()?;
        Ok(manifest)
    }

    /// The operations, each once, in the order of the alphabet.
    pub fn operation_names(&self) -> BTreeSet<&'static str> {
        self.operations.iter().map(|declaration| declaration.operation).collect()
    }

    /// The IAM actions (`dynamodb:GetItem`) that a policy must grant, in the order of the declarations.
    pub fn actions(&self) -> Vec<String> {
        let mut actions = vec![];
        let operations = self
            .operations
            .iter()
            .filter_map(|declaration| Operation::named(declaration.operation));
        for action in operations.flat_map(Operation::possible_actions) {
            let action = format!("dynamodb:{action}");
            if !actions.contains(&action) {
                actions.push(action);
            }
        }
        actions
    }

    fn declare(&mut self, path: &str, tokens: TokenStream) -> Result<(), ManifestError> {
        let lines: Operations = syn::parse2(tokens).map_err(|error| syntax(path, &error))?;
        for line in lines.0 {
            let site = site(path, line.method.span());
            let operation = known(&line.operation, path)?;
            let method = line.method.to_string();
            if self.operations.iter().any(|other| other.method == method) {
                return Err(ManifestError {
                    site: Some(site),
                    problem: format!("`{method}` is declared twice"),
                });
            }
            self.operations.push(Declaration { method, operation, site });
        }
        Ok(())
    }

    fn route(&mut self, path: &str, tokens: TokenStream) -> Result<(), ManifestError> {
        let lines: Routes = syn::parse2(tokens).map_err(|error| syntax(path, &error))?;
        for line in lines.0 {
            let operations =
                line.operations.iter().map(|name| known(name, path)).collect::<Result<_, _>>()?;
            let site = site(path, line.method.span());
            self.routes.push(Route {
                method: line.method.to_string(),
                path: line.path.value(),
                operations,
                site,
            });
        }
        Ok(())
    }

    fn check_routes(&self) -> Result<(), ManifestError> {
        let declared = self.operation_names();
        for route in &self.routes {
            if let Some(operation) =
                route.operations.iter().find(|operation| !declared.contains(*operation))
            {
                let problem = format!(
                    "{} {} uses {operation}, which `operations!` does not declare",
                    route.method, route.path
                );
                return Err(ManifestError { site: Some(route.site.clone()), problem });
            }
        }
        Ok(())
    }
}

/// The token streams of the two macros, wherever in a file they are invoked.
#[derive(Default)]
struct Invocations {
    operations: Vec<TokenStream>,
    routes: Vec<TokenStream>,
}

impl<'ast> Visit<'ast> for Invocations {
    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        let name = invocation.path.segments.last().map(|segment| segment.ident.to_string());
        match name.as_deref() {
            Some("operations") => self.operations.push(invocation.tokens.clone()),
            Some("routes") => self.routes.push(invocation.tokens.clone()),
            _ => {}
        }
    }
}

/// `get: GetItem`, or with the SDK's own method between: `get: get_item => GetItem`.
struct OperationLine {
    method: Ident,
    operation: Ident,
}

struct Operations(Punctuated<OperationLine, Token![,]>);

impl Parse for Operations {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        Punctuated::parse_terminated(input).map(Operations)
    }
}

impl Parse for OperationLine {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let method = input.parse()?;
        input.parse::<Token![:]>()?;
        let mut operation: Ident = input.parse()?;
        if input.peek(Token![=>]) {
            let sdk_method = operation;
            input.parse::<Token![=>]>()?;
            operation = input.parse()?;
            let expected = super::operations::snake_case(&operation.to_string());
            if sdk_method != expected.as_str() {
                return Err(syn::Error::new(
                    sdk_method.span(),
                    format!("{operation} is called by `{expected}`"),
                ));
            }
        }
        Ok(OperationLine { method, operation })
    }
}

/// `GET "/" => list_or_get [GetItem, Query]`.
struct RouteLine {
    method: Ident,
    path: LitStr,
    operations: Punctuated<Ident, Token![,]>,
}

struct Routes(Punctuated<RouteLine, Token![,]>);

impl Parse for Routes {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        Punctuated::parse_terminated(input).map(Routes)
    }
}

impl Parse for RouteLine {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let method = input.parse()?;
        let path = input.parse()?;
        input.parse::<Token![=>]>()?;
        input.call(syn::Path::parse_mod_style)?;
        let list;
        bracketed!(list in input);
        let operations = Punctuated::parse_terminated(&list)?;
        Ok(RouteLine { method, path, operations })
    }
}

fn known(name: &Ident, path: &str) -> Result<&'static str, ManifestError> {
    let text = name.to_string();
    match Operation::named(&text) {
        Some(operation) => Ok(operation.name),
        None => Err(ManifestError {
            site: Some(site(path, name.span())),
            problem: format!("`{text}` is no DynamoDB operation that stackctl knows"),
        }),
    }
}

pub(super) fn site(path: &str, span: Span) -> Site {
    Site { file: path.to_owned(), line: span.start().line }
}

fn syntax(path: &str, error: &syn::Error) -> ManifestError {
    ManifestError { site: Some(site(path, error.span())), problem: error.to_string() }
}

impl fmt::Display for Site {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match &self.site {
            Some(site) => write!(formatter, "{site}: {}", self.problem),
            None => formatter.write_str(&self.problem),
        }
    }
}

impl std::error::Error for ManifestError {}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATIONS: &str = "operations! {\n    get: GetItem,\n    list: query => Query,\n}\n";
    const ROUTES: &str = "routes! {\n    GET \"/\" => list_or_get [GetItem, Query],\n}\n";

    fn read(sources: &[(&str, &str)]) -> Result<Manifest, String> {
        Manifest::from_sources(sources).map_err(|error| error.to_string())
    }

    #[test]
    fn declarations_and_routes_are_read_with_their_lines() {
        let manifest = read(&[("operations.rs", OPERATIONS), ("routes.rs", ROUTES)])
            .expect("both files are fine");
        assert_eq!(manifest.operations[1].operation, "Query");
        assert_eq!(manifest.operations[1].site.to_string(), "operations.rs:3");
        assert_eq!(manifest.routes[0].operations, ["GetItem", "Query"]);
        assert_eq!(manifest.routes[0].site.to_string(), "routes.rs:2");
        assert_eq!(manifest.actions(), ["dynamodb:GetItem", "dynamodb:Query"]);
    }

    #[test]
    fn an_operation_that_does_not_exist_is_an_error_with_its_line() {
        let error = read(&[("o.rs", "operations! {\n get: GetItems }")])
            .expect_err("there is no such operation");
        assert_eq!(error, "o.rs:2: `GetItems` is no DynamoDB operation that stackctl knows");
    }

    #[test]
    fn a_method_must_be_that_of_its_operation() {
        let error = read(&[("o.rs", "operations! { get: query => GetItem }")])
            .expect_err("they do not agree");
        assert!(error.contains("GetItem is called by `get_item`"), "{error}");
    }

    #[test]
    fn a_route_cannot_use_what_is_not_declared() {
        let error =
            read(&[("o.rs", OPERATIONS), ("r.rs", "routes! { PUT \"/\" => put [PutItem] }")]);
        assert_eq!(
            error.expect_err("PutItem is not declared"),
            "r.rs:1: PUT / uses PutItem, which `operations!` does not declare"
        );
    }

    #[test]
    fn a_handler_without_declarations_is_an_error_and_not_an_empty_policy() {
        assert!(read(&[("main.rs", "fn main() {}")]).is_err());
    }
}
