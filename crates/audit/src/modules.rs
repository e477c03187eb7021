//! Reads the modules of each crate into the [`Index`].

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta, Stmt};

use crate::conditions::is_built;
use crate::items::{
    Alias, AliasId, Constant, ConstantId, Crate, CrateId, Definition, Field, Function, FunctionId,
    Index, Module, ModuleId, Owner, Shape, TypeDefinition, TypeId, Variant, is_registered,
};
use crate::macros::rules::Book;
use crate::package::Project;
use crate::serialized;
use crate::source::Open;

/// Reads one crate after another.
pub struct Reader<'a> {
    pub index: &'a mut Index,
    project: &'a Project,
    krate: CrateId,
    /// `macro_rules!` of all crates read so far.
    pub rules: &'a mut Book,
    /// How deep macros make items of macros.
    pub expanding: usize,
    open: Open,
}

/// Where the modules of a file look for their own files.
#[derive(Clone)]
pub struct Place {
    pub file: usize,
    path: PathBuf,
    folder: PathBuf,
}

/// Reads a crate from its root file.
pub fn read_crate(
    index: &mut Index,
    rules: &mut Book,
    project: &Project,
    package: usize,
    path: &Path,
) -> CrateId {
    let krate = CrateId(index.crates.len());
    index.crates.push(Crate { package, root: ModuleId(index.modules.len()) });
    let mut reader = Reader { index, project, krate, rules, expanding: 0, open: Open::default() };
    let folder = path.parent().unwrap_or(path).to_owned();
    reader.file(path, folder, None);
    krate
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, folder: PathBuf, parent: Option<ModuleId>) -> ModuleId {
        let shown = shown(&self.project.root, path);
        let file = self.index.files.len();
        self.index.files.push(shown.clone());
        let module = self.module(parent, file, false);
        match self.open.parse(path, self.index) {
            Ok(parsed) => {
                let place = Place { file, path: path.to_owned(), folder };
                if is_built(&parsed.attrs) {
                    self.items(module, parsed.items, &place);
                }
                self.open.close();
            }
            Err(refused) => {
                self.index.notes.push(refused.to_string());
                self.index.unread.push((self.krate, format!("{shown}:1"), refused.to_string()));
            }
        }
        module
    }

    pub fn module(&mut self, parent: Option<ModuleId>, file: usize, is_block: bool) -> ModuleId {
        let id = ModuleId(self.index.modules.len());
        self.index.modules.push(Module {
            krate: self.krate,
            parent,
            is_block,
            file,
            names: HashMap::new(),
            imports: HashMap::new(),
            globs: Vec::new(),
        });
        id
    }

    pub fn is_root(&self, module: ModuleId) -> bool {
        self.index.crates[self.krate.0].root == module
    }

    pub fn krate(&self) -> CrateId {
        self.krate
    }

    /// The name of the library of the package that is read, for paths of its macros.
    pub fn library(&self) -> String {
        let package = &self.project.packages[self.index.crates[self.krate.0].package];
        package.library.as_ref().map(|library| library.name.clone()).unwrap_or_default()
    }

    pub fn items(&mut self, module: ModuleId, items: Vec<Item>, place: &Place) {
        // A macro is used below its definition, so its definition has been read by then.
        for item in items {
            self.item(module, item, place);
        }
    }

    pub fn name(&mut self, module: ModuleId, name: String, definition: Definition) {
        let known = self.index.modules[module.0].names.entry(name).or_default();
        known.push(definition);
    }

    fn item(&mut self, module: ModuleId, item: Item, place: &Place) {
        if !is_built(attributes(&item)) {
            return;
        }
        match item {
            Item::Fn(item) => {
                let name = item.sig.ident.to_string();
                let registered = is_registered(&item.attrs);
                let id = self.function(
                    module,
                    place,
                    Owner::Nothing,
                    item.sig,
                    Some(item.block),
                    registered,
                );
                self.name(module, name, Definition::Function(id));
            }
            Item::Struct(item) => {
                let shape = Shape::Struct(fields(item.fields));
                let renamed = serialized::case_of(&item.attrs);
                let name = item.ident.to_string();
                let id = self.type_definition(module, name, &item.generics, shape);
                self.index.types[id.0].renamed = renamed;
            }
            Item::Union(item) => {
                let shape = Shape::Struct(fields(syn::Fields::Named(item.fields)));
                self.type_definition(module, item.ident.to_string(), &item.generics, shape);
            }
            Item::Enum(item) => self.enumeration(module, item),
            Item::Trait(item) => self.trait_definition(module, item, place),
            Item::Impl(item) => self.implementation(module, item, place),
            Item::Const(item) => {
                let name = item.ident.to_string();
                let id =
                    self.constant(module, place, Owner::Nothing, Some(*item.ty), Some(item.expr));
                self.name(module, name, Definition::Constant(id));
            }
            Item::Static(item) => {
                let name = item.ident.to_string();
                let id =
                    self.constant(module, place, Owner::Nothing, Some(*item.ty), Some(item.expr));
                self.name(module, name, Definition::Constant(id));
            }
            Item::Type(item) => {
                let name = item.ident.to_string();
                let id = self.alias(module, &item.generics, *item.ty);
                self.name(module, name, Definition::Alias(id));
            }
            Item::Use(item) => self.import(module, Vec::new(), item.tree),
            Item::ExternCrate(item) => {
                let name = item.ident.to_string();
                if let Some((_, rename)) = item.rename {
                    let path = vec![name];
                    self.index.modules[module.0]
                        .imports
                        .entry(rename.to_string())
                        .or_default()
                        .push(path);
                }
            }
            Item::Mod(item) => self.submodule(module, item, place),
            Item::Macro(item) => self.item_macro(module, &item, place),
            _ => {}
        }
    }

    pub fn function(
        &mut self,
        module: ModuleId,
        place: &Place,
        owner: Owner,
        signature: syn::Signature,
        body: Option<Box<syn::Block>>,
        is_registered: bool,
    ) -> FunctionId {
        // Names that a body defines are found before those around it.
        let mut inner = Vec::new();
        let body = body.map(|mut body| {
            take_items(&mut body, &mut inner);
            body
        });
        let module = if inner.is_empty() {
            module
        } else {
            let block = self.module(Some(module), place.file, true);
            self.items(block, inner, place);
            block
        };
        let id = FunctionId(self.index.functions.len());
        let name = signature.ident.to_string();
        if matches!(signature.inputs.first(), Some(syn::FnArg::Receiver(_))) {
            self.index.methods.entry(name.clone()).or_default().push(id);
        }
        self.index.functions.push(Function {
            name,
            module,
            file: place.file,
            owner,
            signature,
            body,
            is_registered,
        });
        id
    }

    fn type_definition(
        &mut self,
        module: ModuleId,
        name: String,
        generics: &syn::Generics,
        shape: Shape,
    ) -> TypeId {
        let id = TypeId(self.index.types.len());
        let generics = parameters(generics);
        self.index.types.push(TypeDefinition { module, generics, renamed: None, shape });
        self.name(module, name, Definition::Type(id));
        id
    }

    fn enumeration(&mut self, module: ModuleId, item: syn::ItemEnum) {
        let variants = item
            .variants
            .into_iter()
            .map(|variant| Variant {
                name: variant.ident.to_string(),
                fields: fields(variant.fields),
            })
            .collect();
        self.type_definition(module, item.ident.to_string(), &item.generics, Shape::Enum(variants));
    }

    pub fn constant(
        &mut self,
        module: ModuleId,
        place: &Place,
        owner: Owner,
        ty: Option<syn::Type>,
        value: Option<Box<Expr>>,
    ) -> ConstantId {
        let id = ConstantId(self.index.constants.len());
        self.index.constants.push(Constant { module, file: place.file, owner, ty, value });
        id
    }

    pub fn named_constant(&mut self, module: ModuleId, name: String, id: ConstantId) {
        self.name(module, name, Definition::Constant(id));
    }

    pub fn named_function(&mut self, module: ModuleId, name: String, id: FunctionId) {
        self.name(module, name, Definition::Function(id));
    }

    pub fn alias(&mut self, module: ModuleId, generics: &syn::Generics, ty: syn::Type) -> AliasId {
        let id = AliasId(self.index.aliases.len());
        self.index.aliases.push(Alias { module, generics: parameters(generics), ty });
        id
    }

    fn submodule(&mut self, module: ModuleId, item: syn::ItemMod, place: &Place) {
        let name = plain(&item.ident);
        let explicit = path_attribute(&item.attrs);
        let id = if let Some((_, items)) = item.content {
            let id = self.module(Some(module), place.file, false);
            let inner = Place {
                folder: place.folder.join(explicit.as_deref().unwrap_or(&name)),
                ..place.clone()
            };
            self.items(id, items, &inner);
            id
        } else {
            let beside = place.path.parent().unwrap_or(&place.path);
            let file = match explicit {
                Some(path) => {
                    let path = beside.join(path);
                    let folder = path.parent().unwrap_or(&path).to_owned();
                    Some((path, folder))
                }
                None => [
                    place.folder.join(format!("{name}.rs")),
                    place.folder.join(&name).join("mod.rs"),
                ]
                .into_iter()
                .find(|path| path.exists())
                .map(|path| (path, place.folder.join(&name))),
            };
            let Some((path, folder)) = file else {
                let site =
                    format!("{}:{}", self.index.files[place.file], item.ident.span().start().line);
                let why = format!("the file of module `{name}` was not found");
                self.index.unread.push((self.krate, site, why));
                return;
            };
            self.file(&path, folder, Some(module))
        };
        self.name(module, name, Definition::Module(id));
    }
}

/// Takes the items out of a body, and out of the blocks in its statements.
fn take_items(block: &mut syn::Block, found: &mut Vec<Item>) {
    let statements = std::mem::take(&mut block.stmts);
    for statement in statements {
        match statement {
            Stmt::Item(item) => found.push(item),
            other => block.stmts.push(other),
        }
    }
}

pub fn plain(ident: &syn::Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}

fn shown(root: &Path, path: &Path) -> String {
    if let Ok(inside) = path.strip_prefix(root) {
        return inside.display().to_string();
    }
    for (up, above) in root.ancestors().enumerate().skip(1) {
        if let Ok(inside) = path.strip_prefix(above) {
            return format!("{}{}", "../".repeat(up), inside.display());
        }
    }
    path.display().to_string()
}

fn parameters(generics: &syn::Generics) -> Vec<String> {
    generics.type_params().map(|parameter| parameter.ident.to_string()).collect()
}

fn fields(fields: syn::Fields) -> Vec<Field> {
    fields
        .into_iter()
        .enumerate()
        .filter(|(_, field)| is_built(&field.attrs))
        .map(|(place, field)| Field {
            name: field.ident.as_ref().map_or_else(|| place.to_string(), plain),
            ty: field.ty,
            attributes: field.attrs,
        })
        .collect()
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
