//! What a frontend may ask of the API: `openapi.json` of the handler's crate, and the client made from it.

mod breaks;
#[cfg(test)]
mod compiles;
mod document;
mod known;
mod names;
mod types;
mod typescript;
mod users;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use document::Document;
use engine::error::{Error, Result};
use verify::manifest::Manifest;

/// Where a handler keeps its contract, below its crate's folder.
pub const FILE: &str = "openapi.json";

/// The contract of one handler.
#[derive(Debug)]
pub struct Contract {
    /// The document as it stands in the file.
    pub text: String,
    document: Document,
}

impl Contract {
    /// Reads the contract of the crate in a folder, and makes sure that it has the routes of the code.
    pub fn read(crate_directory: &Path, manifest: &Manifest) -> Result<Self> {
        let path = crate_directory.join(FILE);
        let text = machine::read_text(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::usage(format!("there is no `{}`", path.display()))
                .hint("it describes the answers of the handler, as an OpenAPI 3.1 document; `stackctl init` makes a handler that has one"),
            _ => Error::failed(format!("read `{}`", path.display())).cause(error),
        })?;
        Self::parse(text, manifest)
    }

    fn parse(text: String, manifest: &Manifest) -> Result<Self> {
        let value: Value = serde_json::from_str(&text).map_err(|error| {
            Error::usage(format!("the handler's {FILE} is not JSON")).cause(error)
        })?;
        let version = value["openapi"].as_str().unwrap_or_default();
        if !version.starts_with("3.1.") {
            return Err(Error::usage(format!(
                "the handler's {FILE} is not an OpenAPI 3.1 document"
            ))
            .hint("it starts with `\"openapi\": \"3.1.1\"`"));
        }
        let document = Document::new(value);
        same_routes(&document, manifest)?;
        Ok(Self { text, document })
    }

    /// The same for an API with users.
    #[must_use]
    pub fn with_tokens(self, manifest: &Manifest) -> Self {
        let document = users::with_tokens(&self.document.0, manifest);
        Self { text: format!("{document:#}\n"), document: Document::new(document) }
    }

    /// One line for each way in which this breaks callers of another contract, given as the text of its document.
    pub fn breaks(&self, before: &str) -> Result<Vec<String>> {
        let unreadable = |problem: String| Error::failed("compare two contracts").cause(problem);
        let before: Value =
            serde_json::from_str(before).map_err(|error| unreadable(error.to_string()))?;
        breaks::between(&Document::new(before), &self.document).map_err(unreadable)
    }

    /// A TypeScript module that calls the API, without dependencies.
    pub fn client(&self) -> Result<String> {
        let impossible = |problem: String| {
            Error::usage(format!("no client can be made from the handler's {FILE}")).cause(problem)
        };
        known::check(&self.document.0).map_err(impossible)?;
        let api = self.document.api().map_err(impossible)?;
        typescript::client(&api).map_err(impossible)
    }
}

/// A route that callers are not told of, or one that is not there, is refused.
fn same_routes(document: &Document, manifest: &Manifest) -> Result<()> {
    let documented: BTreeSet<String> = document
        .operations()
        .map(|(method, path, _)| format!("{} {path}", method.to_uppercase()))
        .collect();
    let routes = manifest.routes.iter().map(|route| format!("{} {}", route.method, route.path));
    let routes: BTreeSet<String> = routes.collect();
    let list = |names: Vec<&String>| {
        names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let missing: Vec<_> = routes.difference(&documented).collect();
    let invented: Vec<_> = documented.difference(&routes).collect();
    let (message, hint) = match (missing.is_empty(), invented.is_empty()) {
        (true, true) => return Ok(()),
        (false, _) => (
            format!("the handler's {FILE} has no entry for {}", list(missing)),
            format!("add one under `paths` in {FILE}"),
        ),
        (true, false) => (
            format!("the handler has no route for {}, which its {FILE} promises", list(invented)),
            format!("remove it from `paths` in {FILE}, or add it to `routes!`"),
        ),
    };
    Err(Error::usage(message).hint(hint))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::manifest;

    fn ours() -> (String, Manifest) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("handler");
        let text = fs::read_to_string(folder.join(FILE)).expect("our handler has a contract");
        (text, manifest::read(&folder).expect("our handler declares itself"))
    }

    #[test]
    fn our_handlers_contract_is_taken() {
        let (text, manifest) = ours();
        assert!(Contract::parse(text, &manifest).and_then(|contract| contract.client()).is_ok());
    }

    #[test]
    fn a_route_that_nobody_documents_is_named_and_so_is_one_that_is_not_there() {
        let (text, manifest) = ours();
        let message = |text: String| Contract::parse(text, &manifest).expect_err("refused").message;
        assert_eq!(
            message(text.replace("\"delete\": {", "\"x-delete\": {")),
            "the handler's openapi.json has no entry for `DELETE /`"
        );
        assert_eq!(
            message(text.replace("\"paths\": {", "\"paths\": {\"/more\": {\"get\": {}},")),
            "the handler has no route for `GET /more`, which its openapi.json promises"
        );
    }

    #[test]
    fn another_version_is_refused() {
        let (text, manifest) = ours();
        assert!(Contract::parse(text.replace("3.1.1", "3.0.3"), &manifest).is_err());
        assert!(Contract::parse("{".into(), &manifest).is_err());
    }
}
