//! Tokens and their issuers as an API's gateway judges them: pure, so that a bare 401 can be explained.

mod explain;
mod issuer;
mod jwt;

pub use explain::{Check, Terms, explain};
pub use issuer::{Keys, judge_discovery, judge_keys};
pub use jwt::Token;
