//! Reads the declarations of a source into the index.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::{Attribute, Item, Type, UseTree};

use super::index::{Index, Kind, SDK, type_name};
use super::walk::root;
use crate::manifest::site;

/// Fills the index with all declarations of a file but its aliases.
pub fn declarations(index: &mut Index, place: usize, path: &str, file: &syn::File) {
    Collect { index, place, path }.visit_file(file);
}

/// Finds type aliases of the client, and wrappers that dereference to it.
pub fn aliases(index: &mut Index, place: usize, file: &syn::File) {
    Aliases { index, place }.visit_file(file);
}

/// The kinds of members that the source puts into transactions.
pub fn transaction_members(index: &Index, files: &[(String, syn::File)]) -> BTreeSet<&'static str> {
    let mut members = Members::default();
    for (_, file) in files.iter().filter(|(path, _)| !index.is_test_file(path)) {
        members.visit_file(file);
    }
    members.0
}

/// Everything but aliases.
struct Collect<'a> {
    index: &'a mut Index,
    place: usize,
    path: &'a str,
}

impl<'ast> Visit<'ast> for Collect<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(attributes(item)) {
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
                self.index.macros.extend(item.ident.as_ref().map(ToString::to_string));
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
                self.bind(prefix, &name.ident.to_string(), &name.ident.to_string());
            }
            UseTree::Rename(rename) => {
                self.bind(prefix, &rename.ident.to_string(), &rename.rename.to_string());
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

/// `TransactWriteItem::builder().put(…)`.
#[derive(Default)]
struct Members(BTreeSet<&'static str>);

impl<'ast> Visit<'ast> for Members {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
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
        let root = root(&call.receiver);
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

fn returned(signature: &syn::Signature) -> Option<Type> {
    match &signature.output {
        syn::ReturnType::Default => None,
        syn::ReturnType::Type(_, kind) => Some((**kind).clone()),
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

pub fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
