//! Everything that the source defines, in tables that the rest of the crate refers to by number.

use std::collections::HashMap;

use syn::{Attribute, Block, Expr, Generics, Path, Signature, Type};

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub usize);
    )+};
}

numbers! {
    /// A crate: the library of a package, or one of its binaries.
    CrateId,
    ModuleId,
    FunctionId,
    /// A struct, enum or union.
    TypeId,
    TraitId,
    /// A `const` or a `static`.
    ConstantId,
    AliasId,
    ImplId,
}

/// What a name can stand for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Definition {
    Module(ModuleId),
    Function(FunctionId),
    Type(TypeId),
    /// A variant of an enum, by its place.
    Variant(TypeId, usize),
    Trait(TraitId),
    Constant(ConstantId),
    Alias(AliasId),
}

pub struct Crate {
    pub package: usize,
    pub root: ModuleId,
}

/// A module, or the items inside a function's body.
pub struct Module {
    pub krate: CrateId,
    pub parent: Option<ModuleId>,
    /// The items of a block: names that it lacks are those of its parent.
    pub is_block: bool,
    pub file: usize,
    pub names: HashMap<String, Vec<Definition>>,
    /// `use path as name`.
    pub imports: HashMap<String, Vec<Vec<String>>>,
    /// `use path::*`.
    pub globs: Vec<Vec<String>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Owner {
    Nothing,
    Impl(ImplId),
    Trait(TraitId),
}

pub struct Function {
    pub name: String,
    pub module: ModuleId,
    pub file: usize,
    pub owner: Owner,
    pub signature: Signature,
    /// Absent for a method that a trait only declares, and for what a foreign macro makes.
    pub body: Option<Box<Block>>,
    /// An attribute that is not known to leave the function to its callers: something else may call it.
    pub is_registered: bool,
}

pub struct Field {
    pub name: String,
    pub ty: Type,
    pub attributes: Vec<Attribute>,
}

pub struct Variant {
    pub name: String,
    pub fields: Vec<Field>,
}

pub enum Shape {
    Struct(Vec<Field>),
    Enum(Vec<Variant>),
}

pub struct TypeDefinition {
    pub module: ModuleId,
    pub generics: Vec<String>,
    /// The case in which serde writes its fields: `camelCase`.
    pub renamed: Option<String>,
    pub shape: Shape,
}

pub struct TraitDefinition {
    pub module: ModuleId,
    pub functions: Vec<FunctionId>,
    pub constants: HashMap<String, ConstantId>,
    pub supertraits: Vec<Path>,
}

pub struct Constant {
    pub module: ModuleId,
    pub file: usize,
    pub owner: Owner,
    pub ty: Option<Type>,
    pub value: Option<Box<Expr>>,
}

pub struct Alias {
    pub module: ModuleId,
    pub generics: Vec<String>,
    pub ty: Type,
}

/// Whose trait an impl implements.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TraitOfImpl {
    None,
    Own(TraitId),
    Foreign(Vec<String>),
}

/// What the methods of an impl are called on.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Head {
    Type(TypeId),
    /// A trait object of the project's trait.
    Object(TraitId),
    /// A client of the SDK, by service.
    Client(String),
    /// Any type: `impl<T> Trait for T`.
    Anything,
    /// A type of another crate, by its last name.
    Foreign(String),
}

pub struct Impl {
    pub module: ModuleId,
    pub generics: Generics,
    pub trait_path: Option<Path>,
    pub self_type: Type,
    pub functions: Vec<FunctionId>,
    pub constants: HashMap<String, ConstantId>,
    pub aliases: HashMap<String, AliasId>,
    pub is_registered: bool,
    // Filled in when all names are known.
    pub implemented: TraitOfImpl,
    pub head: Head,
}

/// All of it.
#[derive(Default)]
pub struct Index {
    pub crates: Vec<Crate>,
    pub modules: Vec<Module>,
    /// What each module knows by name.
    pub known: Vec<crate::imports::Known>,
    pub functions: Vec<Function>,
    pub types: Vec<TypeDefinition>,
    pub traits: Vec<TraitDefinition>,
    pub constants: Vec<Constant>,
    pub aliases: Vec<Alias>,
    pub impls: Vec<Impl>,
    /// Names of files, as the report shows them.
    pub files: Vec<String>,
    /// Crate of the library of a package.
    pub libraries: HashMap<usize, CrateId>,
    /// Crate of a binary: package, place among its binaries.
    pub binaries: HashMap<(usize, usize), CrateId>,
    pub impls_by_head: HashMap<Head, Vec<ImplId>>,
    /// Methods of traits for types of other crates, by name.
    pub extensions: HashMap<String, Vec<FunctionId>>,
    /// Every function with a receiver, by name.
    pub methods: HashMap<String, Vec<FunctionId>>,
    pub implementors: HashMap<TraitId, Vec<ImplId>>,
    /// Dependencies of each package, by the name in the source.
    pub dependencies: Vec<HashMap<String, Reached>>,
    pub notes: Vec<String>,
    /// Files that could not be read: file's name, line, why; by crate.
    pub unread: Vec<(CrateId, String, String)>,
    /// Bytes of source that were read.
    pub bytes: usize,
    /// Arguments of macros, parsed, by the address of the macro.
    pub macros: HashMap<usize, crate::macros::Parsed>,
    /// Crates whose root calls a macro of another crate and has no `main` of its own.
    pub made_mains: HashMap<CrateId, (String, usize)>,
}

#[derive(Clone)]
pub enum Reached {
    Library(CrateId),
    Foreign(String),
}

impl Index {
    /// Notes that what was read of every crate is not all of it.
    pub fn doubt_all(&mut self, why: &str) {
        self.notes.push(why.to_owned());
        for (at, krate) in self.crates.iter().enumerate() {
            let root = &self.files[self.modules[krate.root.0].file];
            self.unread.push((CrateId(at), format!("{root}:1"), why.to_owned()));
        }
    }

    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0]
    }

    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.0]
    }

    pub fn type_of(&self, id: TypeId) -> &TypeDefinition {
        &self.types[id.0]
    }

    /// Fields of a struct, or of one variant.
    pub fn fields(&self, id: TypeId, variant: Option<usize>) -> &[Field] {
        match (&self.types[id.0].shape, variant) {
            (Shape::Struct(fields), _) => fields,
            (Shape::Enum(variants), Some(at)) => {
                variants.get(at).map_or(&[], |variant| &variant.fields)
            }
            (Shape::Enum(_), None) => &[],
        }
    }

    /// The impl that a function belongs to.
    pub fn impl_of(&self, id: FunctionId) -> Option<&Impl> {
        match self.functions[id.0].owner {
            Owner::Impl(owner) => Some(&self.impls[owner.0]),
            _ => None,
        }
    }
}

/// Attributes that leave a function to its callers.
const HARMLESS: [&str; 46] = [
    "allow",
    "expect",
    "warn",
    "deny",
    "forbid",
    "doc",
    "cfg",
    "cfg_attr",
    "inline",
    "cold",
    "must_use",
    "deprecated",
    "track_caller",
    "instrument",
    "async_trait",
    "async_recursion",
    "debug_handler",
    "no_mangle",
    "test_case",
    "derive",
    "tokio",
    "main",
    "automock",
    "mockall",
    "recursion_limit",
    "tracing",
    "path",
    "utoipa",
    "cached",
    "once",
    "memoize",
    "builder",
    "bon",
    "trait_variant",
    "concurrent_cached",
    "io_cached",
    "non_exhaustive",
    "rustfmt",
    "clippy",
    "feature",
    "enum_dispatch",
    "delegatable_trait",
    "serde_as",
    "async_std",
    "lambda",
    "fully_pub",
];

/// Whether an attribute may hand the item to something that calls it.
pub fn is_registered(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let segments = &attribute.path().segments;
        !segments
            .last()
            .into_iter()
            .chain(segments.first())
            .any(|segment| HARMLESS.contains(&segment.ident.to_string().as_str()))
    })
}
