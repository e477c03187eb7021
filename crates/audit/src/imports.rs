//! What each module knows by name, once imports and globs are followed: computed for all modules together, because imports
//! may lead to one another in circles.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::items::{Definition, Index, ModuleId, Shape};
use crate::names::Found;

/// How many imports may lead to one another.
const ROUNDS: usize = 32;

type Names = HashMap<Rc<str>, Vec<Found>>;

/// The names of a module.
#[derive(Default, PartialEq, Eq)]
pub struct Known {
    /// What it defines and imports by name.
    named: Names,
    /// What globs bring. A name of the module's own hides these.
    from_globs: Names,
    /// Globs of other crates.
    pub foreign_globs: Vec<Rc<[String]>>,
}

impl Known {
    pub fn get(&self, name: &str) -> &[Found] {
        self.named.get(name).or_else(|| self.from_globs.get(name)).map_or(&[], Vec::as_slice)
    }
}

/// An import or glob of a module, with the names that its path has.
struct Edges {
    imports: Vec<(Rc<str>, Vec<String>)>,
    globs: Vec<Vec<String>>,
}

impl Index {
    /// Follows the imports of all modules.
    pub fn follow_imports(&mut self) {
        let edges: Vec<Edges> = self.modules.iter().map(edges).collect();
        self.known = (0..self.modules.len()).map(|at| self.own_names(at)).collect();
        let waiting: Vec<usize> = (0..self.modules.len())
            .filter(|at| !(edges[*at].imports.is_empty() && edges[*at].globs.is_empty()))
            .collect();
        for _ in 0..ROUNDS {
            let next: Vec<(usize, Known)> = waiting
                .iter()
                .map(|at| (*at, self.with_imports(*at, &edges[*at])))
                .filter(|(at, known)| self.known[*at] != *known)
                .collect();
            if next.is_empty() {
                break;
            }
            for (at, known) in next {
                self.known[at] = known;
            }
        }
    }

    fn own_names(&self, module: usize) -> Known {
        let found = |all: &Vec<Definition>| all.iter().map(|one| Found::Own(*one)).collect();
        let names = &self.modules[module].names;
        Known {
            named: names.iter().map(|(name, all)| (name.as_str().into(), found(all))).collect(),
            ..Known::default()
        }
    }

    fn with_imports(&self, module: usize, edges: &Edges) -> Known {
        let mut known = self.own_names(module);
        for (name, path) in &edges.imports {
            for one in self.complete(ModuleId(module), path) {
                add(known.named.entry(name.clone()).or_default(), &one);
            }
        }
        let mut taken = HashSet::new();
        for path in &edges.globs {
            for one in self.complete(ModuleId(module), path) {
                match one {
                    Found::Own(Definition::Module(id)) if id.0 != module && taken.insert(id) => {
                        self.take_names(id, &mut known);
                    }
                    Found::Own(Definition::Type(id)) => {
                        let Shape::Enum(variants) = &self.types[id.0].shape else { continue };
                        for (at, variant) in variants.iter().enumerate() {
                            let known = known.from_globs.entry(variant.name.as_str().into());
                            add(known.or_default(), &Found::Own(Definition::Variant(id, at)));
                        }
                    }
                    Found::Foreign(path) => known.foreign_globs.push(path),
                    Found::Own(_) => {}
                }
            }
        }
        known
    }

    fn take_names(&self, from: ModuleId, into: &mut Known) {
        let other = &self.known[from.0];
        let hidden = other.from_globs.iter().filter(|(name, _)| !other.named.contains_key(*name));
        for (name, all) in other.named.iter().chain(hidden) {
            if into.named.contains_key(name) {
                continue;
            }
            let known = into.from_globs.entry(name.clone()).or_default();
            for one in all {
                add(known, one);
            }
        }
    }
}

fn add(known: &mut Vec<Found>, one: &Found) {
    if !known.contains(one) {
        known.push(one.clone());
    }
}

fn edges(module: &crate::items::Module) -> Edges {
    let mut imports: Vec<(Rc<str>, Vec<String>)> = Vec::new();
    for (name, paths) in &module.imports {
        imports.extend(paths.iter().map(|path| (name.as_str().into(), path.clone())));
    }
    imports.sort();
    Edges { imports, globs: module.globs.clone() }
}
