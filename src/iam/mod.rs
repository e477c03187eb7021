//! What a role may do, and whether that is what the handler does: pure, from documents and sources to findings.

pub mod document;
pub mod eval;
pub mod json;
pub mod manifest;
pub mod operations;
pub mod parse;
