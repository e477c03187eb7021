//! IAM's policy documents: written, parsed, compared and evaluated as AWS's documentation says. Pure: no network, no files.

pub mod change;
pub mod denial;
pub mod document;
pub mod eval;
pub mod json;
pub mod parse;
