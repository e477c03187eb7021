//! What a proxy needs to watch calls of AWS: HTTP messages, the operation that a request is, and a ledger of what was
//! called and what had to wait for what. The tests of convergence and the benchmark both stand on it.

mod ledger;
pub mod operation;
mod rest_xml;
pub mod sign;
pub mod wire;

pub use ledger::{Call, Ledger};
pub use operation::Operation;
