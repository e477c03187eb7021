//! What a role may do, and whether that is what the handler does: pure, from documents and sources to findings.

pub mod audit;
pub mod catalogue;
pub mod change;
pub mod check;
pub mod denial;
pub mod deployer;
pub mod document;
pub mod eval;
pub mod findings;
pub mod json;
pub mod linked;
pub mod manifest;
pub mod operations;
pub mod parse;
pub mod peers;
pub mod sarif;
pub mod snapshot;
mod source;
