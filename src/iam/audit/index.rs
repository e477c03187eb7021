//! The declarations of a handler's source: which names stand for the SDK's client, and what has which type.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, Type, UseTree};

use crate::iam::manifest::{Manifest, Site, site};
use crate::iam::operations::Operation;
use crate::iam::source;

const SDK: &str = "aws_sdk_dynamodb";
/// The type whose methods `operations!` makes.
const FORWARDER: &str = "Operations";

/// What is known of the type of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The SDK's client, or something that holds one and nothing else: `Arc<Client>`, `OnceLock<Client>`.
    Client,
    /// The handler's own typed operations.
    Forwarder,
    /// A type or trait of the source itself.
    Named(String),
    /// Anything else that is surely no client.
    Other,
    Unknown,
}

/// All declarations, by name; a type is kept with the file whose imports it is written in.
#[derive(Default)]
pub struct Index {
    names: Vec<Names>,
    shared_clients: BTreeSet<String>,
    types: BTreeSet<String>,
    derefs: BTreeSet<String>,
    fields: BTreeMap<(String, String), (usize, Type)>,
    methods: BTreeMap<(String, String), (usize, Option<Type>)>,
    functions: BTreeMap<String, Vec<(usize, Option<Type>)>>,
    statics: BTreeMap<String, (usize, Type)>,
    pub macros: BTreeSet<String>,
    pub forwards: BTreeMap<String, &'static str>,
    pub services: Vec<(String, Site)>,
    test_modules: BTreeSet<String>,
    mentions: BTreeMap<String, usize>,
}

/// What the imports of one file make of names.
#[derive(Default)]
struct Names {
    sdk: BTreeSet<String>,
    clients: BTreeSet<String>,
    imported: BTreeSet<String>,
    /// Some `use super::*` brings names of other files.
    globs: bool,
}

impl Index {
    pub fn of(files: &[(String, syn::File)], texts: &[&str], manifest: &Manifest) -> Index {
        let mut index = Index::default();
        index.forwards =
            manifest.operations.iter().map(|line| (line.method.clone(), line.operation)).collect();
        for text in texts {
            source::mentions(text, &mut |name| {
                *index.mentions.entry(name.to_owned()).or_default() += 1
            });
        }
        for (place, (path, file)) in files.iter().enumerate() {
            index.names.push(Names { sdk: [SDK.to_owned()].into(), ..Names::default() });
            Collect { index: &mut index, place, path }.visit_file(file);
        }
        // An alias of an alias may stand before what it names.
        for _ in 0..2 {
            for (place, (_, file)) in files.iter().enumerate() {
                Aliases { index: &mut index, place }.visit_file(file);
            }
        }
        index
    }

    pub fn is_test_file(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".rs");
        self.test_modules.contains(name)
    }

    /// A private function whose name is written once is never called.
    pub fn is_dead(
        &self,
        visibility: &syn::Visibility,
        name: &syn::Ident,
        attributes: &[Attribute],
    ) -> bool {
        let exported = !matches!(visibility, syn::Visibility::Inherited)
            || name == "main"
            || !attributes.is_empty();
        !exported
            && self.mentions.get(&name.to_string()) == Some(&1)
            && !self.mentions.contains_key("paste")
    }

    pub fn kind_of_type(&self, place: usize, kind: &Type) -> Kind {
        let mut found = Find { index: self, place, client: false, forwarder: false, named: None };
        found.visit_type(kind);
        match kind {
            _ if found.client => Kind::Client,
            _ if found.forwarder => Kind::Forwarder,
            Type::Infer(_) | Type::Macro(_) => Kind::Unknown,
            _ => found.named.map_or(Kind::Other, Kind::Named),
        }
    }

    /// What a path means where a type is expected.
    pub fn kind_of_path(&self, place: usize, path: &syn::Path) -> Kind {
        let names: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let Some(last) = names.last() else { return Kind::Unknown };
        if self.is_client(place, &names) {
            Kind::Client
        } else if last == FORWARDER && !self.forwards.is_empty() {
            Kind::Forwarder
        } else if self.types.contains(last) {
            Kind::Named(last.clone())
        } else if self.names[place].imported.contains(&names[0]) || names.len() > 1 {
            Kind::Other
        } else {
            Kind::Unknown
        }
    }

    pub fn kind_of_field(&self, owner: &Kind, name: &str) -> Kind {
        match owner {
            Kind::Named(owner) => match self.fields.get(&(owner.clone(), name.to_owned())) {
                Some((place, kind)) => self.kind_of_type(*place, kind),
                None => Kind::Unknown,
            },
            Kind::Other => Kind::Other,
            _ => self.agreed(
                self.fields
                    .iter()
                    .filter(|((_, field), _)| field == name)
                    .map(|(_, (place, kind))| (*place, Some(kind))),
            ),
        }
    }

    /// What a method gives back, if the source says so.
    pub fn kind_of_method(&self, owner: &Kind, name: &str) -> Option<Kind> {
        if let Kind::Named(owner) = owner
            && let Some((place, kind)) = self.methods.get(&(owner.clone(), name.to_owned()))
        {
            return Some(self.kind_of_return(*place, kind.as_ref(), owner));
        }
        let same_name = self.methods.iter().filter(|((_, method), _)| method == name);
        let mut kinds = same_name
            .map(|((owner, _), (place, kind))| self.kind_of_return(*place, kind.as_ref(), owner));
        let first = kinds.next()?;
        Some(if kinds.all(|kind| kind == first) { first } else { Kind::Unknown })
    }

    pub fn has_method(&self, owner: &str, name: &str) -> bool {
        self.methods.contains_key(&(owner.to_owned(), name.to_owned()))
    }

    pub fn kind_of_function(&self, name: &str) -> Option<Kind> {
        let declared = self.functions.get(name)?;
        Some(self.agreed(declared.iter().map(|(place, kind)| (*place, kind.as_ref()))))
    }

    pub fn kind_of_static(&self, name: &str) -> Option<Kind> {
        self.statics.get(name).map(|(place, kind)| self.kind_of_type(*place, kind))
    }

    /// The kinds of members that the source puts into transactions.
    pub fn transaction_members(&self, files: &[(String, syn::File)]) -> BTreeSet<&'static str> {
        let mut members = Members::default();
        for (path, file) in files {
            if !self.is_test_file(path) {
                members.visit_file(file);
            }
        }
        members.0
    }

    fn kind_of_return(&self, place: usize, kind: Option<&Type>, owner: &str) -> Kind {
        match kind {
            Some(Type::Path(path)) if path.path.is_ident("Self") => Kind::Named(owner.to_owned()),
            Some(kind) => self.kind_of_type(place, kind),
            None => Kind::Other,
        }
    }

    fn agreed<'a>(&self, declared: impl Iterator<Item = (usize, Option<&'a Type>)>) -> Kind {
        let mut kinds = declared
            .map(|(place, kind)| kind.map_or(Kind::Other, |kind| self.kind_of_type(place, kind)));
        let Some(first) = kinds.next() else { return Kind::Unknown };
        if kinds.all(|kind| kind == first) { first } else { Kind::Unknown }
    }

    fn is_client(&self, place: usize, names: &[String]) -> bool {
        let Some(last) = names.last() else { return false };
        let known = &self.names[place];
        if names.len() > 1 && known.sdk.contains(&names[0]) {
            return last == "Client";
        }
        let shared = self.shared_clients.contains(last)
            && (known.globs || names.len() > 1 || !known.imported.contains(last));
        (names.len() == 1 && known.clients.contains(last)) || shared || self.derefs.contains(last)
    }
}

/// Whether test attributes keep an item out of what is deployed.
pub fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        if path.is_ident("cfg") {
            let mut test = false;
            let parsed = attribute.parse_nested_meta(|meta| {
                test |= meta.path.is_ident("test");
                if meta.path.is_ident("all") {
                    meta.parse_nested_meta(|inner| {
                        test |= inner.path.is_ident("test");
                        skip(&inner)
                    })
                } else {
                    skip(&meta)
                }
            });
            return test && parsed.is_ok();
        }
        path.segments.last().is_some_and(|segment| segment.ident == "test")
    })
}

fn skip(meta: &syn::meta::ParseNestedMeta) -> syn::Result<()> {
    if meta.input.peek(syn::Token![=]) {
        meta.value()?.parse::<syn::Lit>()?;
    } else if meta.input.peek(syn::token::Paren) {
        let inside;
        syn::parenthesized!(inside in meta.input);
        inside.parse::<proc_macro2::TokenStream>()?;
    }
    Ok(())
}

/// Fills the index with everything but aliases.
struct Collect<'a> {
    index: &'a mut Index,
    place: usize,
    path: &'a str,
}

impl<'ast> Visit<'ast> for Collect<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(super::walk::attributes(item)) {
            if let Item::Mod(module) = item
                && module.content.is_none()
            {
                self.index.test_modules.insert(module.ident.to_string());
            }
            return;
        }
        match item {
            Item::Use(import) => self.import(&import.tree, &mut vec![]),
            Item::Struct(item) => self.structure(&item.ident.to_string(), &item.fields),
            Item::Enum(item) => drop(self.index.types.insert(item.ident.to_string())),
            Item::Trait(item) => self.interface(item),
            Item::Impl(item) => self.implementation(item),
            Item::Fn(item) => {
                let returns = (self.place, returned(&item.sig));
                self.index.functions.entry(item.sig.ident.to_string()).or_default().push(returns);
            }
            Item::Static(item) => {
                self.index.statics.insert(item.ident.to_string(), (self.place, (*item.ty).clone()));
            }
            Item::Const(item) => {
                self.index.statics.insert(item.ident.to_string(), (self.place, (*item.ty).clone()));
            }
            Item::Macro(item) => {
                self.index.macros.extend(item.ident.as_ref().map(ToString::to_string))
            }
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(first) = path.segments.first() {
            self.service(&first.ident);
        }
        visit::visit_path(self, path);
    }
}

impl Collect<'_> {
    fn import(&mut self, tree: &UseTree, prefix: &mut Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                if prefix.is_empty() {
                    self.service(&path.ident);
                }
                prefix.push(path.ident.to_string());
                self.import(&path.tree, prefix);
                prefix.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, prefix)),
            UseTree::Name(name) => {
                self.bind(prefix, &name.ident.to_string(), &name.ident.to_string())
            }
            UseTree::Rename(rename) => {
                self.bind(prefix, &rename.ident.to_string(), &rename.rename.to_string())
            }
            UseTree::Glob(_) => {
                let names = &mut self.index.names[self.place];
                if prefix.first().is_some_and(|first| names.sdk.contains(first))
                    && prefix.len() == 1
                {
                    names.clients.insert("Client".to_owned());
                }
                names.globs |= prefix
                    .first()
                    .is_some_and(|first| ["crate", "super", "self"].contains(&first.as_str()));
            }
        }
    }

    fn bind(&mut self, prefix: &[String], name: &str, local: &str) {
        let names = &mut self.index.names[self.place];
        let from_sdk = prefix.first().is_some_and(|first| names.sdk.contains(first));
        let is_sdk =
            (prefix.is_empty() && name == SDK) || (from_sdk && prefix.len() == 1 && name == "self");
        if is_sdk {
            names.sdk.insert(if local == "self" { SDK } else { local }.to_owned());
        } else if from_sdk && name == "Client" {
            names.clients.insert(local.to_owned());
            self.index.shared_clients.insert(local.to_owned());
        } else {
            names.imported.insert(local.to_owned());
        }
    }

    fn structure(&mut self, owner: &str, fields: &syn::Fields) {
        self.index.types.insert(owner.to_owned());
        for (position, field) in fields.iter().enumerate() {
            let name = field.ident.as_ref().map_or(position.to_string(), ToString::to_string);
            self.index.fields.insert((owner.to_owned(), name), (self.place, field.ty.clone()));
        }
    }

    fn interface(&mut self, item: &syn::ItemTrait) {
        let owner = item.ident.to_string();
        self.index.types.insert(owner.clone());
        for member in &item.items {
            if let syn::TraitItem::Fn(method) = member {
                let key = (owner.clone(), method.sig.ident.to_string());
                self.index.methods.insert(key, (self.place, returned(&method.sig)));
            }
        }
    }

    fn implementation(&mut self, item: &syn::ItemImpl) {
        let Some(owner) = type_name(&item.self_ty) else { return };
        for member in &item.items {
            if let syn::ImplItem::Fn(method) = member {
                let key = (owner.clone(), method.sig.ident.to_string());
                self.index.methods.insert(key, (self.place, returned(&method.sig)));
            }
        }
    }

    fn service(&mut self, name: &syn::Ident) {
        let text = name.to_string();
        let foreign = text.starts_with("aws_sdk_") && text != SDK;
        if foreign && !self.index.services.iter().any(|(known, _)| *known == text) {
            self.index.services.push((text, site(self.path, name.span())));
        }
    }
}

/// Type aliases and wrappers that dereference to the client.
struct Aliases<'a> {
    index: &'a mut Index,
    place: usize,
}

impl<'ast> Visit<'ast> for Aliases<'_> {
    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        if self.index.kind_of_type(self.place, &item.ty) == Kind::Client {
            self.index.names[self.place].clients.insert(item.ident.to_string());
            self.index.shared_clients.insert(item.ident.to_string());
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let trait_name = item.trait_.as_ref().and_then(|(path, _)| path.segments.last());
        let is_deref =
            trait_name.is_some_and(|segment| segment.ident == "Deref" || segment.ident == "AsRef");
        let target = item.items.iter().find_map(|member| match member {
            syn::ImplItem::Type(target) => Some(&target.ty),
            _ => None,
        });
        if let (true, Some(target), Some(owner)) = (is_deref, target, type_name(&item.self_ty))
            && self.index.kind_of_type(self.place, target) == Kind::Client
        {
            self.index.derefs.insert(owner);
        }
    }
}

/// Looks for the client anywhere within a type.
struct Find<'a> {
    index: &'a Index,
    place: usize,
    client: bool,
    forwarder: bool,
    named: Option<String>,
}

impl<'ast> Visit<'ast> for Find<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        match self.index.kind_of_path(self.place, path) {
            Kind::Client => self.client = true,
            Kind::Forwarder => self.forwarder = true,
            Kind::Named(name) => drop(self.named.get_or_insert(name)),
            Kind::Other | Kind::Unknown => {}
        }
        visit::visit_path(self, path);
    }

    /// A function that takes a client is none.
    fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}
}

/// `TransactWriteItem::builder().put(…)`.
#[derive(Default)]
struct Members(BTreeSet<&'static str>);

impl<'ast> Visit<'ast> for Members {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(super::walk::attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let member = match call.method.to_string().trim_start_matches("set_") {
            "put" => Some("Put"),
            "update" => Some("Update"),
            "delete" => Some("Delete"),
            "condition_check" => Some("ConditionCheck"),
            _ => None,
        };
        let root = super::walk::root(&call.receiver);
        let names = |path: &syn::Path| {
            path.segments.iter().any(|segment| segment.ident == "TransactWriteItem")
        };
        if let (Some(member), syn::Expr::Call(begin)) = (member, root)
            && matches!(&*begin.func, syn::Expr::Path(path) if names(&path.path))
        {
            self.0.insert(member);
        }
        visit::visit_expr_method_call(self, call);
    }
}

pub fn type_name(kind: &Type) -> Option<String> {
    match kind {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        Type::Reference(reference) => type_name(&reference.elem),
        _ => None,
    }
}

fn returned(signature: &syn::Signature) -> Option<Type> {
    match &signature.output {
        syn::ReturnType::Default => None,
        syn::ReturnType::Type(_, kind) => Some((**kind).clone()),
    }
}

/// The operation that a type of the SDK belongs to: `GetItemInput`, `GetItemInputBuilder`, `GetItemFluentBuilder`.
pub fn operation_of_type(name: &str) -> Option<&'static Operation> {
    let endings = ["FluentBuilder", "InputBuilder", "Input", ""];
    endings.iter().find_map(|ending| Operation::named(name.strip_suffix(ending)?))
}
