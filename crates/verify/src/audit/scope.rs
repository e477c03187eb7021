//! What each name is bound to while the walk passes, block within block.

use std::collections::HashMap;

use syn::Pat;

use super::index::{Kind, type_name};
use super::walk::Walk;

impl Walk<'_> {
    pub fn scoped(&mut self, visit: impl FnOnce(&mut Self)) {
        self.scopes.push(HashMap::new());
        visit(self);
        self.scopes.pop();
    }

    pub fn lookup(&self, name: &str) -> Option<Kind> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name)).cloned()
    }

    pub fn bind(&mut self, name: &str, kind: Kind) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), kind);
        }
    }

    /// Binds the names of a pattern to (parts of) a value.
    pub fn bind_pattern(&mut self, pattern: &Pat, kind: &Kind) {
        match pattern {
            Pat::Ident(name) => self.bind(&name.ident.to_string(), kind.clone()),
            Pat::Reference(reference) => self.bind_pattern(&reference.pat, kind),
            Pat::Paren(inner) => self.bind_pattern(&inner.pat, kind),
            Pat::Type(typed) => {
                let kind = self.kind_of_type(&typed.ty);
                self.bind_pattern(&typed.pat, &kind);
            }
            // `Some(client)`, `Ok(client)`.
            Pat::TupleStruct(wrapped) if wrapped.elems.len() == 1 => {
                self.bind_pattern(&wrapped.elems[0], kind);
            }
            Pat::Struct(parts) => {
                let owner = self.index.kind_of_path(self.place, &parts.path);
                for part in &parts.fields {
                    let name = match &part.member {
                        syn::Member::Named(name) => name.to_string(),
                        syn::Member::Unnamed(place) => place.index.to_string(),
                    };
                    let kind = self.index.kind_of_field(&owner, &name);
                    self.bind_pattern(&part.pat, &kind);
                }
            }
            Pat::Tuple(parts) => {
                parts.elems.iter().for_each(|part| self.bind_pattern(part, &Kind::Unknown));
            }
            Pat::TupleStruct(parts) => {
                parts.elems.iter().for_each(|part| self.bind_pattern(part, &Kind::Unknown));
            }
            Pat::Slice(parts) => parts.elems.iter().for_each(|part| self.bind_pattern(part, kind)),
            Pat::Or(cases) => cases.cases.iter().for_each(|case| self.bind_pattern(case, kind)),
            _ => {}
        }
    }

    /// A type parameter is what its bounds say; the name in angle brackets keeps it apart from variables.
    pub fn bind_generics(&mut self, generics: &syn::Generics) {
        for parameter in generics.type_params() {
            let name = parameter.ident.to_string();
            let where_bounds =
                generics.where_clause.iter().flat_map(|clause| &clause.predicates).filter_map(
                    |predicate| match predicate {
                        syn::WherePredicate::Type(bound)
                            if type_name(&bound.bounded_ty).as_ref() == Some(&name) =>
                        {
                            Some(&bound.bounds)
                        }
                        _ => None,
                    },
                );
            let bounds = where_bounds.flatten().chain(&parameter.bounds).cloned().collect();
            let (attrs, impl_token) = (vec![], <syn::Token![impl]>::default());
            let bound = syn::Type::ImplTrait(syn::TypeImplTrait { attrs, impl_token, bounds });
            let kind = match self.index.kind_of_type(self.place, &bound) {
                Kind::Other => Kind::Unknown,
                known => known,
            };
            self.bind(&format!("<{name}>"), kind);
        }
    }
}
