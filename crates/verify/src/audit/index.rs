//! The declarations of a handler's source: which names stand for the SDK's client, and what has which type.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Attribute, Type};

use super::collect;
use crate::manifest::{Manifest, Site};
use crate::operations::Operation;
use crate::source;

pub const SDK: &str = "aws_sdk_dynamodb";
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
    /// An object or a parameter of a trait that the source does not declare.
    Dynamic,
    /// Anything else, of other packages: no client, unless they wrap one.
    Other,
    Unknown,
}

/// All declarations, by name; a type is kept with the file whose imports it is written in.
#[derive(Default)]
pub struct Index {
    pub(super) names: Vec<Names>,
    pub(super) shared_clients: BTreeSet<String>,
    pub(super) types: BTreeSet<String>,
    pub(super) derefs: BTreeSet<String>,
    pub(super) fields: BTreeMap<(String, String), (usize, Type)>,
    pub(super) methods: BTreeMap<(String, String), (usize, Option<Type>)>,
    pub(super) functions: BTreeMap<String, Vec<(usize, Option<Type>)>>,
    pub(super) statics: BTreeMap<String, (usize, Type)>,
    pub(super) macros: BTreeSet<String>,
    pub(super) forwards: BTreeMap<String, &'static str>,
    pub(super) services: Vec<(String, Site)>,
    pub(super) test_modules: BTreeSet<String>,
    pub(super) mentions: BTreeMap<String, usize>,
}

/// What the imports of one file make of names.
#[derive(Default)]
pub(super) struct Names {
    pub(super) sdk: BTreeSet<String>,
    pub(super) clients: BTreeSet<String>,
    pub(super) imported: BTreeSet<String>,
    /// Some `use super::*` brings names of other files.
    pub(super) globs: bool,
}

impl Index {
    pub fn of(files: &[(String, syn::File)], texts: &[&str], manifest: &Manifest) -> Index {
        let forwards = manifest.operations.iter().map(|line| (line.method.clone(), line.operation));
        let mut index = Index { forwards: forwards.collect(), ..Index::default() };
        for text in texts {
            source::mentions(text, &mut |name| {
                *index.mentions.entry(name.to_owned()).or_default() += 1;
            });
        }
        for (place, (path, file)) in files.iter().enumerate() {
            index.names.push(Names { sdk: [SDK.to_owned()].into(), ..Names::default() });
            collect::declarations(&mut index, place, path, file);
        }
        // An alias of an alias may stand before what it names.
        for _ in 0..2 {
            for (place, (_, file)) in files.iter().enumerate() {
                collect::aliases(&mut index, place, file);
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
        let mut found = Find {
            index: self,
            place,
            client: false,
            forwarder: false,
            dynamic: false,
            named: None,
        };
        found.visit_type(kind);
        match kind {
            _ if found.client => Kind::Client,
            _ if found.forwarder => Kind::Forwarder,
            Type::Infer(_) | Type::Macro(_) => Kind::Unknown,
            _ => match found.named {
                Some(name) => Kind::Named(name),
                None if found.dynamic => Kind::Dynamic,
                None => Kind::Other,
            },
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

/// Looks for the client anywhere within a type.
struct Find<'a> {
    index: &'a Index,
    place: usize,
    client: bool,
    forwarder: bool,
    dynamic: bool,
    named: Option<String>,
}

impl<'ast> Visit<'ast> for Find<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        match self.index.kind_of_path(self.place, path) {
            Kind::Client => self.client = true,
            Kind::Forwarder => self.forwarder = true,
            Kind::Named(name) => drop(self.named.get_or_insert(name)),
            Kind::Dynamic | Kind::Other | Kind::Unknown => {}
        }
        visit::visit_path(self, path);
    }

    fn visit_type_trait_object(&mut self, object: &'ast syn::TypeTraitObject) {
        self.dynamic = true;
        visit::visit_type_trait_object(self, object);
    }

    fn visit_type_impl_trait(&mut self, parameter: &'ast syn::TypeImplTrait) {
        self.dynamic = true;
        visit::visit_type_impl_trait(self, parameter);
    }

    /// A function that takes a client is none.
    fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}
}

pub fn type_name(kind: &Type) -> Option<String> {
    match kind {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        Type::Reference(reference) => type_name(&reference.elem),
        _ => None,
    }
}

/// The operation that a type of the SDK belongs to: `GetItemInput`, `GetItemInputBuilder`, `GetItemFluentBuilder`.
pub fn operation_of_type(name: &str) -> Option<&'static Operation> {
    let endings = ["FluentBuilder", "InputBuilder", "Input", ""];
    endings.iter().find_map(|ending| Operation::named(name.strip_suffix(ending)?))
}
