//! Which functions a name of a type or trait stands for.

use std::rc::Rc;

use super::Interpreter;
use super::inference::{agree, unify};
use crate::items::{ConstantId, Definition, FunctionId, Head, Owner, TraitId, TraitOfImpl, TypeId};
use crate::names::{Resolved, segments};
use crate::types::{Scope, Ty};

impl Interpreter<'_> {
    /// Functions of a type by name: its own, those of its traits, defaults of those.
    pub fn functions_of(&self, ty: &Ty, name: &str) -> Vec<(FunctionId, Rc<Scope>)> {
        // Which types implement a trait changes while new ones are made; what a type has does not.
        if matches!(ty, Ty::Object(_)) {
            return self.functions_searched(ty, name);
        }
        if let Some(known) = self.functions_known.borrow().get(name).and_then(|of| of.get(ty)) {
            return known.clone();
        }
        let found = self.functions_searched(ty, name);
        let mut known = self.functions_known.borrow_mut();
        known.entry(name.to_owned()).or_default().insert(ty.clone(), found.clone());
        found
    }

    fn functions_searched(&self, ty: &Ty, name: &str) -> Vec<(FunctionId, Rc<Scope>)> {
        let (head, arguments) = match ty {
            Ty::Own(id, arguments) => (Head::Type(*id), arguments.as_slice()),
            Ty::Client(service) => (Head::Client(service.to_string()), &[][..]),
            Ty::Object(traits) => {
                return traits.iter().flat_map(|id| self.implementations(*id, name)).collect();
            }
            _ => return Vec::new(),
        };
        let impls = self.index.impls_by_head.get(&head);
        let mut inherent = Vec::new();
        let mut of_traits = Vec::new();
        for id in impls.into_iter().flatten() {
            let owner = &self.index.impls[id.0];
            if !owner.functions.iter().any(|id| self.index.function(*id).name == name) {
                continue;
            }
            let Some(scope) = self.impl_scope(id.0, ty, arguments) else {
                continue;
            };
            for function in &owner.functions {
                if self.index.function(*function).name == name {
                    let list = match owner.implemented {
                        TraitOfImpl::None => &mut inherent,
                        _ => &mut of_traits,
                    };
                    list.push((*function, scope.clone()));
                }
            }
        }
        if !inherent.is_empty() {
            return inherent;
        }
        if !of_traits.is_empty() {
            return of_traits;
        }
        self.inherited(&head, ty, name)
    }

    /// Defaults of the traits that a type implements, and methods for every type.
    fn inherited(&self, head: &Head, ty: &Ty, name: &str) -> Vec<(FunctionId, Rc<Scope>)> {
        let impls = self.index.impls_by_head.get(head).into_iter().flatten();
        let anything = self.index.impls_by_head.get(&Head::Anything).into_iter().flatten();
        let mut found = Vec::new();
        for id in impls.chain(anything) {
            let owner = &self.index.impls[id.0];
            let mut functions: Vec<&FunctionId> = Vec::new();
            if owner.head == Head::Anything {
                functions.extend(&owner.functions);
            }
            if let TraitOfImpl::Own(of) = &owner.implemented {
                functions.extend(&self.index.traits[of.0].functions);
            }
            for function in functions {
                let definition = self.index.function(*function);
                if definition.name == name && definition.body.is_some() {
                    let mut scope = Scope::of(definition.module);
                    scope.own = Some(ty.clone());
                    found.push((*function, Rc::new(scope)));
                }
            }
        }
        found.dedup_by_key(|(id, _)| *id);
        found
    }

    /// What the parameters of an impl stand for; `None` when the impl is for other arguments.
    fn impl_scope(&self, id: usize, ty: &Ty, arguments: &[Ty]) -> Option<Rc<Scope>> {
        let owner = &self.index.impls[id];
        let mut pattern = Scope::of(owner.module);
        for parameter in owner.generics.type_params() {
            let name = parameter.ident.to_string();
            pattern.bind(name.clone(), Ty::Parameter(name));
        }
        let mut scope = Scope::of(owner.module);
        if let Ty::Own(_, declared) = self.index.lower(&owner.self_type, &pattern) {
            if !agree(&declared, arguments) {
                return None;
            }
            for (declared, found) in declared.iter().zip(arguments) {
                unify(declared, found, &mut scope);
            }
        }
        scope.own = Some(ty.clone());
        scope.owner = Owner::Impl(crate::items::ImplId(id));
        Some(Rc::new(scope))
    }

    /// A trait's function in every implementor that exists; where none does, in all.
    pub fn implementations(&self, id: TraitId, name: &str) -> Vec<(FunctionId, Rc<Scope>)> {
        let all = self.implementors(id);
        let known: Vec<TypeId> = all.iter().copied().filter(|id| self.seen.contains(id)).collect();
        let chosen = if known.is_empty() { all } else { known };
        let mut found: Vec<(FunctionId, Rc<Scope>)> = chosen
            .into_iter()
            .flat_map(|id| self.functions_of(&Ty::Own(id, Vec::new()), name))
            .collect();
        for owner in self.index.implementors.get(&id).into_iter().flatten() {
            let owner = &self.index.impls[owner.0];
            if matches!(owner.head, Head::Type(_)) {
                continue;
            }
            for function in &owner.functions {
                if self.index.function(*function).name == name
                    && matches!(owner.head, Head::Client(_))
                {
                    found.push((*function, Rc::new(Scope::of(owner.module))));
                }
            }
        }
        if found.is_empty() {
            for of in &self.index.traits[id.0].supertraits {
                if let Resolved::Own(above, _) =
                    self.index.resolve(self.index.traits[id.0].module, &segments(of))
                {
                    for one in above {
                        if let Definition::Trait(above) = one
                            && above != id
                        {
                            found.extend(self.implementations(above, name));
                        }
                    }
                }
            }
        }
        found
    }

    pub fn constant_of(&self, ty: &Ty, name: &str) -> Option<(ConstantId, Rc<Scope>)> {
        let types = match ty {
            Ty::Own(id, _) => vec![*id],
            Ty::Object(traits) => traits.iter().flat_map(|id| self.implementors(*id)).collect(),
            _ => return None,
        };
        for id in types {
            let impls = self.index.impls_by_head.get(&Head::Type(id));
            let mut scope = Scope::of(crate::items::ModuleId(0));
            scope.own = Some(Ty::Own(id, Vec::new()));
            for owner in impls.into_iter().flatten() {
                let owner = &self.index.impls[owner.0];
                if let Some(found) = owner.constants.get(name) {
                    return Some((*found, Rc::new(scope)));
                }
            }
            for owner in impls.into_iter().flatten() {
                if let TraitOfImpl::Own(of) = &self.index.impls[owner.0].implemented
                    && let Some(found) = self.index.traits[of.0].constants.get(name)
                {
                    return Some((*found, Rc::new(scope)));
                }
            }
        }
        None
    }
}
