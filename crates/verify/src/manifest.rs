//! What a handler declares in its source: the operations it calls, which of them each route needs, and its table's keys.
//!
//! ```text
//! operations! { get: GetItem, list: Query }
//! routes! { GET "/" => list_or_get [GetItem, Query], public GET "/health" => health [] }
//! keys! { partition: "userId", sort: "itemId" }
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
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize,
)]
pub struct Site {
    pub file: String,
    pub line: usize,
}

impl Site {
    /// The place that `file:line` names.
    pub fn parse(text: &str) -> Self {
        let place = text.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?)));
        let (file, line) = place.unwrap_or((text, 1));
        Site { file: file.to_owned(), line }
    }
}

/// The declarations of a handler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    pub operations: Vec<Declaration>,
    pub routes: Vec<Route>,
    /// A handler need not declare them.
    pub keys: Option<Keys>,
}

/// What `keys!` declares: the attributes by which the handler finds its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    pub partition: String,
    pub sort: String,
    pub site: Site,
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
    /// Whether it takes requests without a token, also where the API has users.
    pub public: bool,
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
            for tokens in invocations.keys {
                manifest.keys = Some(Keys::read(path, tokens)?);
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
                public: line.public,
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

/// The token streams of the three macros, wherever in a file they are invoked.
#[derive(Default)]
struct Invocations {
    operations: Vec<TokenStream>,
    routes: Vec<TokenStream>,
    keys: Vec<TokenStream>,
}

impl<'ast> Visit<'ast> for Invocations {
    /// What tests declare is no part of the program.
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let is_test = |attribute: &syn::Attribute| {
            attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
        };
        if !module.attrs.iter().any(is_test) {
            syn::visit::visit_item_mod(self, module);
        }
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        let name = invocation.path.segments.last().map(|segment| segment.ident.to_string());
        match name.as_deref() {
            Some("operations") => self.operations.push(invocation.tokens.clone()),
            Some("routes") => self.routes.push(invocation.tokens.clone()),
            Some("keys") => self.keys.push(invocation.tokens.clone()),
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

/// `GET "/" => list_or_get [GetItem, Query]`, with `public` before it or without.
struct RouteLine {
    public: bool,
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
        let first: Ident = input.parse()?;
        let public = first == "public" && input.peek(Ident);
        let method = if public { input.parse()? } else { first };
        let path = input.parse()?;
        input.parse::<Token![=>]>()?;
        input.call(syn::Path::parse_mod_style)?;
        let list;
        bracketed!(list in input);
        let operations = Punctuated::parse_terminated(&list)?;
        Ok(RouteLine { public, method, path, operations })
    }
}

/// `partition: "userId", sort: "itemId"`.
struct KeyLines {
    partition: LitStr,
    sort: LitStr,
}

impl Parse for KeyLines {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut lines = Vec::new();
        for name in ["partition", "sort"] {
            let found: Ident = input.parse()?;
            if found != name {
                return Err(syn::Error::new(
                    found.span(),
                    format!("`keys!` begins with `{name}` here"),
                ));
            }
            input.parse::<Token![:]>()?;
            lines.push(input.parse()?);
            input.parse::<Option<Token![,]>>()?;
        }
        let [partition, sort] = lines.try_into().map_err(|_| input.error("two keys"))?;
        Ok(KeyLines { partition, sort })
    }
}

impl Keys {
    fn read(path: &str, tokens: TokenStream) -> Result<Self, ManifestError> {
        let lines: KeyLines = syn::parse2(tokens).map_err(|error| syntax(path, &error))?;
        let site = site(path, lines.partition.span());
        Ok(Self { partition: lines.partition.value(), sort: lines.sort.value(), site })
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
    fn a_route_is_public_only_where_it_says_so() {
        let routes = "routes! { GET \"/\" => a [], public GET \"/health\" => public [] }";
        let manifest = read(&[("o.rs", OPERATIONS), ("r.rs", routes)]).expect("both are fine");
        let public = manifest.routes.iter().map(|route| (route.method.as_str(), route.public));
        assert_eq!(public.collect::<Vec<_>>(), [("GET", false), ("GET", true)]);
        let error = read(&[("o.rs", OPERATIONS), ("r.rs", "routes! { open GET \"/\" => a [] }")]);
        assert!(error.is_err(), "no other word is one");
    }

    #[test]
    fn keys_are_read_where_they_are_declared() {
        let keys = "\nkeys! { partition: \"userId\", sort: \"itemId\" }";
        let manifest = read(&[("o.rs", OPERATIONS), ("k.rs", keys)]).expect("both are fine");
        let keys = manifest.keys.expect("they are declared");
        assert_eq!((keys.partition.as_str(), keys.sort.as_str()), ("userId", "itemId"));
        assert_eq!(keys.site.to_string(), "k.rs:2");
        assert_eq!(read(&[("o.rs", OPERATIONS)]).expect("fine").keys, None);
        let swapped = "keys! { sort: \"a\", partition: \"b\" }";
        let error = read(&[("o.rs", OPERATIONS), ("k.rs", swapped)]).expect_err("swapped");
        assert!(error.contains("`partition`"), "{error}");
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
    fn what_tests_declare_is_no_part_of_the_program() {
        let tests = "#[cfg(test)]\nmod tests { routes! { GET \"/test\" => test [] } }";
        let health = "routes! { GET \"/health\" => functions::health [] }";
        let manifest = read(&[("o.rs", OPERATIONS), ("t.rs", tests), ("r.rs", health)]);
        let routes = manifest.expect("all are fine").routes;
        assert_eq!(routes.len(), 1);
        assert_eq!((routes[0].path.as_str(), routes[0].operations.len()), ("/health", 0));
    }

    #[test]
    fn a_handler_without_declarations_is_an_error_and_not_an_empty_policy() {
        assert!(read(&[("main.rs", "fn main() {}")]).is_err());
    }
}
