//! Reads traits, impls and imports into the [`Index`](crate::items::Index).

use std::collections::HashMap;

use syn::{ImplItem, TraitItem, UseTree};

use crate::conditions::is_built;
use crate::items::{
    Definition, Head, Impl, ImplId, ModuleId, Owner, TraitDefinition, TraitId, TraitOfImpl,
    is_registered,
};
use crate::modules::{Place, Reader, plain};

impl Reader<'_> {
    pub fn trait_definition(&mut self, module: ModuleId, item: syn::ItemTrait, place: &Place) {
        let id = TraitId(self.index.traits.len());
        let name = item.ident.to_string();
        let supertraits = item
            .supertraits
            .iter()
            .filter_map(|bound| match bound {
                syn::TypeParamBound::Trait(bound) => Some(bound.path.clone()),
                _ => None,
            })
            .collect();
        self.index.traits.push(TraitDefinition {
            module,
            functions: Vec::new(),
            constants: HashMap::new(),
            supertraits,
        });
        self.name(module, name, Definition::Trait(id));
        for part in item.items {
            match part {
                TraitItem::Fn(part) if is_built(&part.attrs) => {
                    let body = part.default.map(Box::new);
                    let function =
                        self.function(module, place, Owner::Trait(id), part.sig, body, false);
                    self.index.traits[id.0].functions.push(function);
                }
                TraitItem::Const(part) => {
                    let value = part.default.map(|(_, value)| Box::new(value));
                    let constant =
                        self.constant(module, place, Owner::Trait(id), Some(part.ty), value);
                    self.index.traits[id.0].constants.insert(part.ident.to_string(), constant);
                }
                _ => {}
            }
        }
    }

    pub fn implementation(&mut self, module: ModuleId, item: syn::ItemImpl, place: &Place) {
        let id = ImplId(self.index.impls.len());
        let owner = Owner::Impl(id);
        self.index.impls.push(Impl {
            module,
            generics: item.generics,
            trait_path: item.trait_.map(|(path, _)| path),
            self_type: *item.self_ty,
            functions: Vec::new(),
            constants: HashMap::new(),
            aliases: HashMap::new(),
            is_registered: is_registered(&item.attrs),
            implemented: TraitOfImpl::None,
            head: Head::Anything,
        });
        for part in item.items {
            match part {
                ImplItem::Fn(part) if is_built(&part.attrs) => {
                    let registered = is_registered(&part.attrs);
                    let body = Some(Box::new(part.block));
                    let function = self.function(module, place, owner, part.sig, body, registered);
                    self.index.impls[id.0].functions.push(function);
                }
                ImplItem::Const(part) if is_built(&part.attrs) => {
                    let value = Some(Box::new(part.expr));
                    let constant = self.constant(module, place, owner, Some(part.ty), value);
                    self.index.impls[id.0].constants.insert(part.ident.to_string(), constant);
                }
                ImplItem::Type(part) => {
                    let alias = self.alias(module, &part.generics, part.ty);
                    self.index.impls[id.0].aliases.insert(part.ident.to_string(), alias);
                }
                _ => {}
            }
        }
    }

    pub fn import(&mut self, module: ModuleId, mut path: Vec<String>, tree: UseTree) {
        match tree {
            UseTree::Path(tree) => {
                path.push(plain(&tree.ident));
                self.import(module, path, *tree.tree);
            }
            UseTree::Name(tree) => {
                let mut name = plain(&tree.ident);
                if name == "self" {
                    name = path.last().cloned().unwrap_or_default();
                } else {
                    path.push(name.clone());
                }
                let imports = &mut self.index.modules[module.0].imports;
                imports.entry(name).or_default().push(path);
            }
            UseTree::Rename(tree) => {
                if tree.ident != "self" {
                    path.push(plain(&tree.ident));
                }
                let imports = &mut self.index.modules[module.0].imports;
                imports.entry(plain(&tree.rename)).or_default().push(path);
            }
            UseTree::Glob(_) => self.index.modules[module.0].globs.push(path),
            UseTree::Group(tree) => {
                for part in tree.items {
                    self.import(module, path.clone(), part);
                }
            }
        }
    }
}
