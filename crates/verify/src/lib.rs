//! Whether a role may do what the handler does, and nothing more: pure, from documents and sources to findings.

pub mod audit;
pub mod catalogue;
pub mod check;
pub mod decided;
pub mod deployer;
pub mod findings;
pub mod linked;
pub mod manifest;
pub mod operations;
pub mod peers;
pub mod rights;
pub mod sarif;
pub mod services;
pub mod snapshot;
pub mod source;
