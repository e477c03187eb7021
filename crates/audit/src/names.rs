//! Resolves paths: what a name in a module stands for.

use std::rc::Rc;

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

/// What a name of a module leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Own(Definition),
    /// A path into another crate.
    Foreign(Rc<[String]>),
}

/// Names that are known everywhere.
const PRELUDE: [&str; 18] = [
    "Some", "None", "Ok", "Err", "Option", "Result", "String", "Vec", "Box", "Default", "From",
    "Into", "ToString", "ToOwned", "Iterator", "Clone", "Drop", "Self",
];

impl Index {
    /// Resolves a path as the source of a module writes it.
    pub fn resolve(&self, module: ModuleId, path: &[String]) -> Resolved {
        let start = self.start(module, path);
        let rest = path.get(1 + usize::from(path.first().is_some_and(String::is_empty))..);
        self.walk(start, rest.unwrap_or(&[]))
    }

    /// What a whole path leads to.
    pub fn complete(&self, module: ModuleId, path: &[String]) -> Vec<Found> {
        match self.resolve(module, path) {
            Resolved::Own(found, rest) if rest.is_empty() => {
                found.into_iter().map(Found::Own).collect()
            }
            Resolved::Foreign(path) => vec![Found::Foreign(path.into())],
            _ => Vec::new(),
        }
    }

    fn crate_of(&self, module: ModuleId) -> CrateId {
        self.modules[module.0].krate
    }

    /// Links impls to the types and traits that they name.
    pub fn link(&mut self) {
        self.follow_imports();
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

impl Index {
    /// What the first name of a path leads to.
    fn start(&self, module: ModuleId, path: &[String]) -> Vec<Found> {
        let Some(first) = path.first() else {
            return Vec::new();
        };
        let mut at = module;
        while self.modules[at.0].is_block
            && matches!(first.as_str(), "self" | "super")
            && let Some(parent) = self.modules[at.0].parent
        {
            at = parent;
        }
        let module_at = |id: ModuleId| Found::Own(Definition::Module(id));
        match first.as_str() {
            "crate" | "$crate" => {
                vec![module_at(self.crates[self.crate_of(module).0].root)]
            }
            "self" => vec![module_at(at)],
            "super" => vec![module_at(self.modules[at.0].parent.unwrap_or(at))],
            name if name.starts_with("__crate_") => {
                let krate = name.trim_start_matches("__crate_").parse::<usize>().ok();
                let krate = krate.and_then(|krate| self.crates.get(krate));
                krate.map(|krate| module_at(krate.root)).into_iter().collect()
            }
            "" => self.dependency(module, path.get(1).map(String::as_str)).into_iter().collect(),
            name => self.in_scope(module, name),
        }
    }

    fn walk(&self, mut found: Vec<Found>, mut rest: &[String]) -> Resolved {
        if found.is_empty() {
            return Resolved::Nothing;
        }
        while let Some((name, after)) = rest.split_first() {
            let mut next = Vec::new();
            let mut stays = false;
            for one in &found {
                match one {
                    Found::Foreign(path) => {
                        let path = path.iter().chain([name]).cloned().collect();
                        next.push(Found::Foreign(path));
                    }
                    Found::Own(Definition::Module(id)) => {
                        if name == "super" {
                            let parent = self.modules[id.0].parent.unwrap_or(*id);
                            next.push(Found::Own(Definition::Module(parent)));
                        } else {
                            next.extend_from_slice(self.known[id.0].get(name));
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
                Found::Foreign(path) => Some(Resolved::Foreign(path.to_vec())),
                Found::Own(_) => None,
            })
            .unwrap_or(Resolved::Nothing)
    }

    fn variant(&self, id: crate::items::TypeId, name: &str) -> Option<usize> {
        match &self.types[id.0].shape {
            Shape::Enum(variants) => variants.iter().position(|variant| variant.name == name),
            Shape::Struct(_) => None,
        }
    }

    /// A name that a module or a block around it knows, or a crate.
    fn in_scope(&self, module: ModuleId, name: &str) -> Vec<Found> {
        let mut at = module;
        loop {
            let found = self.known[at.0].get(name);
            if !found.is_empty() {
                return found.to_vec();
            }
            match self.modules[at.0].parent {
                Some(parent) if self.modules[at.0].is_block => at = parent,
                _ => break,
            }
        }
        if let Some(found) = self.dependency(module, Some(name)) {
            return vec![found];
        }
        if PRELUDE.contains(&name) || !name.starts_with(char::is_uppercase) {
            return Vec::new();
        }
        // A glob of another crate may bring the name; the SDK's matters.
        let globs = &self.known[module.0].foreign_globs;
        let of_sdk = globs.iter().find(|path| path.iter().any(|part| part.starts_with("aws_sdk_")));
        of_sdk
            .map(|path| path.iter().cloned().chain([name.to_owned()]).collect())
            .map(Found::Foreign)
            .into_iter()
            .collect()
    }

    fn dependency(&self, module: ModuleId, name: Option<&str>) -> Option<Found> {
        let name = name?;
        let package = self.crates[self.crate_of(module).0].package;
        if matches!(name, "std" | "core" | "alloc") {
            return Some(Found::Foreign(["std".to_owned()].into()));
        }
        match self.dependencies.get(package)?.get(name)? {
            Reached::Library(id) => Some(Found::Own(Definition::Module(self.crates[id.0].root))),
            Reached::Foreign(real) => Some(Found::Foreign([real.clone()].into())),
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
