//! A typed client of AWS services, on the runtime of the AWS SDK: its credentials, signing, retries, timeouts and HTTP.
//!
//! For services of which stackctl calls a few operations. Their generated crates are as large as the whole program, and
//! every first build would compile them. A service is a file that lists its operations ([`ssm`]); a protocol is a file
//! that writes a request and reads an answer (`json`, `rest`); `client` knows neither. What is written by hand is compared
//! with AWS's published models in `tests/model`.

pub mod acm;
mod client;
pub mod cloudfront;
pub mod cognito;
mod endpoint;
mod failure;
mod json;
mod rest;
pub mod route53;
pub mod s3;
mod secret;
mod service;
pub mod ssm;
pub mod tagging;
mod xml;

pub use client::{Answer, Client};
pub use failure::Failure;
pub use json::Operation;
pub use secret::Secret;
pub use service::Service;
pub use xml::Element;
