//! Resolves paths: what a name in a module stands for.

use std::collections::HashSet;

use crate::items::{
    CrateId, Definition, Head, ImplId, Index, ModuleId, Reached, Shape, TraitOfImpl,
};

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// Definitions of the project, and what is left of the path after them.
    Own(Vec<Definition>, Vec<String>),
    /// A path into another crate, which is its first name.
    Foreign(Vec<String>),
    Nothing,
}

enum Found {
    Own(Definition),
    Foreign(Vec<String>),
}

/// Names that are known everywhere.
const PRELUDE: [&str; 18] = [
    "Some", "None", "Ok", "Err", "Option", "Result", "String", "Vec", "Box", "Default", "From",
    "Into", "ToString", "ToOwned", "Iterator", "Clone", "Drop", "Self",
];

/// How many imports may lead to one another.
const DEEPEST: usize = 24;

struct Search<'a> {
    index: &'a Index,
    /// Imports that are being followed.
    following: HashSet<(usize, String, usize)>,
}

impl Index {
    /// Resolves a path as the source of a module writes it.
    pub fn resolve(&self, module: ModuleId, path: &[String]) -> Resolved {
        let mut search = Search { index: self, following: HashSet::new() };
        search.path(module, path, 0)
    }

    fn crate_of(&self, module: ModuleId) -> CrateId {
        self.modules[module.0].krate
    }

    /// Links impls to the types and traits that they name.
    pub fn link(&mut self) {
        for at in 0..self.impls.len() {
            let implemented = self.impls[at].trait_path.as_ref().map(|path| {
                let path = segments(path);
                (self.impls[at].module, path)
            });
            let implemented = match implemented {
                None => TraitOfImpl::None,
                Some((module, path)) => match self.resolve(module, &path) {
                    Resolved::Own(found, rest) if rest.is_empty() => found
                        .iter()
                        .find_map(|one| match one {
                            Definition::Trait(id) => Some(TraitOfImpl::Own(*id)),
                            _ => None,
                        })
                        .unwrap_or(TraitOfImpl::Foreign(path)),
                    Resolved::Foreign(path) => TraitOfImpl::Foreign(path),
                    _ => TraitOfImpl::Foreign(path),
                },
            };
            let head = self.head(ImplId(at));
            self.impls_by_head.entry(head.clone()).or_default().push(ImplId(at));
            if let TraitOfImpl::Own(id) = &implemented {
                self.implementors.entry(*id).or_default().push(ImplId(at));
            }
            if implemented != TraitOfImpl::None
                && matches!(head, Head::Foreign(_) | Head::Anything | Head::Client(_))
            {
                self.extend_foreign(&implemented, at);
            }
            self.impls[at].implemented = implemented;
            self.impls[at].head = head;
        }
    }

    fn extend_foreign(&mut self, implemented: &TraitOfImpl, at: usize) {
        let mut functions = self.impls[at].functions.clone();
        if let TraitOfImpl::Own(id) = implemented {
            functions.extend(&self.traits[id.0].functions);
        }
        for function in functions {
            let found = &self.functions[function.0];
            if found.body.is_some()
                && matches!(found.signature.inputs.first(), Some(syn::FnArg::Receiver(_)))
            {
                let name = found.name.clone();
                let known = self.extensions.entry(name).or_default();
                if !known.contains(&function) {
                    known.push(function);
                }
            }
        }
    }

    fn head(&self, id: ImplId) -> Head {
        use crate::types::{Scope, Ty};
        let owner = &self.impls[id.0];
        let mut scope = Scope::of(owner.module);
        for parameter in owner.generics.type_params() {
            let name = parameter.ident.to_string();
            scope.bind(name.clone(), Ty::Parameter(name));
        }
        match self.lower(&owner.self_type, &scope) {
            Ty::Own(id, _) => Head::Type(id),
            Ty::Object(traits) => {
                traits.first().map_or(Head::Anything, |first| Head::Object(*first))
            }
            Ty::Client(service) => Head::Client(service.to_string()),
            Ty::Parameter(_) => Head::Anything,
            Ty::Foreign(_, name) => Head::Foreign(name.to_string()),
            _ => Head::Foreign(String::new()),
        }
    }
}

impl Search<'_> {
    fn path(&mut self, module: ModuleId, path: &[String], depth: usize) -> Resolved {
        let Some((first, rest)) = path.split_first() else {
            return Resolved::Nothing;
        };
        let mut at = module;
        while self.index.modules[at.0].is_block
            && matches!(first.as_str(), "self" | "super")
            && let Some(parent) = self.index.modules[at.0].parent
        {
            at = parent;
        }
        let root = self.index.crates[self.index.crate_of(module).0].root;
        let start = match first.as_str() {
            "crate" | "$crate" => vec![Found::Own(Definition::Module(root))],
            "self" => vec![Found::Own(Definition::Module(at))],
            "super" => {
                let parent = self.index.modules[at.0].parent.unwrap_or(at);
                vec![Found::Own(Definition::Module(parent))]
            }
            name if name.starts_with("__crate_") => {
                let krate = name.trim_start_matches("__crate_").parse::<usize>().ok();
                let root =
                    krate.and_then(|krate| self.index.crates.get(krate)).map(|krate| krate.root);
                root.map(|root| Found::Own(Definition::Module(root))).into_iter().collect()
            }
            "" => self.dependency(module, rest.first()).into_iter().collect(),
            name => self.in_scope(module, name, depth),
        };
        let rest = if first.is_empty() { rest.get(1..).unwrap_or(&[]) } else { rest };
        self.walk(start, rest, depth)
    }

    fn walk(&mut self, mut found: Vec<Found>, mut rest: &[String], depth: usize) -> Resolved {
        while let Some((name, after)) = rest.split_first() {
            if depth > DEEPEST {
                return Resolved::Nothing;
            }
            let mut next = Vec::new();
            let mut stays = false;
            for one in &found {
                match one {
                    Found::Foreign(path) => {
                        let mut path = path.clone();
                        path.push(name.clone());
                        next.push(Found::Foreign(path));
                    }
                    Found::Own(Definition::Module(id)) => {
                        if name == "super" {
                            let parent = self.index.modules[id.0].parent.unwrap_or(*id);
                            next.push(Found::Own(Definition::Module(parent)));
                        } else {
                            next.extend(self.inside(*id, name, depth + 1));
                        }
                    }
                    Found::Own(Definition::Type(id)) => match self.variant(*id, name) {
                        Some(at) => next.push(Found::Own(Definition::Variant(*id, at))),
                        None => stays = true,
                    },
                    Found::Own(_) => stays = true,
                }
            }
            if next.is_empty() {
                if stays {
                    break;
                }
                return Resolved::Nothing;
            }
            found = next;
            rest = after;
        }
        let own: Vec<Definition> = found
            .iter()
            .filter_map(|one| match one {
                Found::Own(one) => Some(*one),
                Found::Foreign(_) => None,
            })
            .collect();
        if !own.is_empty() {
            return Resolved::Own(own, rest.to_vec());
        }
        found
            .into_iter()
            .find_map(|one| match one {
                Found::Foreign(path) => Some(Resolved::Foreign(path)),
                Found::Own(_) => None,
            })
            .unwrap_or(Resolved::Nothing)
    }

    fn variant(&self, id: crate::items::TypeId, name: &str) -> Option<usize> {
        match &self.index.types[id.0].shape {
            Shape::Enum(variants) => variants.iter().position(|variant| variant.name == name),
            Shape::Struct(_) => None,
        }
    }

    /// A name that a module or a block around it knows, or a crate.
    fn in_scope(&mut self, module: ModuleId, name: &str, depth: usize) -> Vec<Found> {
        let mut at = module;
        loop {
            let found = self.inside(at, name, depth);
            if !found.is_empty() {
                return found;
            }
            match self.index.modules[at.0].parent {
                Some(parent) if self.index.modules[at.0].is_block => at = parent,
                _ => break,
            }
        }
        if let Some(found) = self.dependency(module, Some(&name.to_owned())) {
            return vec![found];
        }
        if PRELUDE.contains(&name) {
            return Vec::new();
        }
        // A glob of another crate may bring the name; the SDK's matters.
        let globs = self.foreign_globs(module, depth);
        let of_sdk = globs.iter().find(|path| path.iter().any(|part| part.starts_with("aws_sdk_")));
        if let (Some(path), true) = (of_sdk, name.chars().next().is_some_and(char::is_uppercase)) {
            let mut path = path.clone();
            path.push(name.to_owned());
            return vec![Found::Foreign(path)];
        }
        Vec::new()
    }

    fn foreign_globs(&mut self, module: ModuleId, depth: usize) -> Vec<Vec<String>> {
        if depth > DEEPEST {
            return Vec::new();
        }
        let globs = self.index.modules[module.0].globs.clone();
        globs
            .iter()
            .filter_map(|path| match self.path(module, path, depth + 1) {
                Resolved::Foreign(path) => Some(path),
                _ => None,
            })
            .collect()
    }

    /// A name that a module defines, imports or has from a glob.
    fn inside(&mut self, module: ModuleId, name: &str, depth: usize) -> Vec<Found> {
        if depth > DEEPEST {
            return Vec::new();
        }
        let here = &self.index.modules[module.0];
        let mut found: Vec<Found> =
            here.names.get(name).into_iter().flatten().map(|one| Found::Own(*one)).collect();
        for (at, path) in here.imports.get(name).into_iter().flatten().enumerate() {
            if !self.following.insert((module.0, name.to_owned(), at)) {
                continue;
            }
            match self.path(module, path, depth + 1) {
                Resolved::Own(definitions, rest) if rest.is_empty() => {
                    found.extend(definitions.into_iter().map(Found::Own));
                }
                Resolved::Foreign(path) => found.push(Found::Foreign(path)),
                _ => {}
            }
            self.following.remove(&(module.0, name.to_owned(), at));
        }
        if !found.is_empty() {
            return found;
        }
        for (at, path) in here.globs.iter().enumerate() {
            if !self.following.insert((module.0, format!("{name} *"), at)) {
                continue;
            }
            if let Resolved::Own(definitions, rest) = self.path(module, path, depth + 1)
                && rest.is_empty()
            {
                for definition in definitions {
                    match definition {
                        Definition::Module(id) if id != module => {
                            found.extend(self.inside(id, name, depth + 1));
                        }
                        Definition::Type(id) => {
                            let variant = self.variant(id, name);
                            found.extend(variant.map(|at| Found::Own(Definition::Variant(id, at))));
                        }
                        _ => {}
                    }
                }
            }
            self.following.remove(&(module.0, format!("{name} *"), at));
        }
        found
    }

    fn dependency(&self, module: ModuleId, name: Option<&String>) -> Option<Found> {
        let name = name?;
        let package = self.index.crates[self.index.crate_of(module).0].package;
        if matches!(name.as_str(), "std" | "core" | "alloc") {
            return Some(Found::Foreign(vec!["std".to_owned()]));
        }
        match self.index.dependencies.get(package)?.get(name)? {
            Reached::Library(id) => {
                Some(Found::Own(Definition::Module(self.index.crates[id.0].root)))
            }
            Reached::Foreign(real) => Some(Found::Foreign(vec![real.clone()])),
        }
    }
}

/// The names of a path; a leading `::` is an empty name.
pub fn segments(path: &syn::Path) -> Vec<String> {
    let leading = path.leading_colon.map(|_| String::new());
    leading
        .into_iter()
        .chain(path.segments.iter().map(|segment| crate::modules::plain(&segment.ident)))
        .collect()
}
