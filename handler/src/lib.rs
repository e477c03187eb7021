//! The API behind the frontend: the items of one user in one `DynamoDB` table.
//!
//! An [`event`] becomes a [`request`] of a [`caller`]; a route of [`routes`] answers it from a [`store`]; [`service`] logs what happened.
//! [`dynamo`] is the store that runs on Lambda, [`memory`] the one that tests run on, and [`contract`] is what both must
//! answer. Which calls the code makes is declared in [`operations`], and which route makes which in [`routes`]:
//! `stackctl` writes the function's IAM policy from these two lists.

pub mod caller;
pub mod contract;
pub mod dynamo;
pub mod environment;
pub mod event;
pub mod events;
mod items;
mod listing;
pub mod log;
pub mod memory;
pub mod operations;
pub mod panics;
mod path;
pub mod query;
pub mod request;
pub mod response;
pub mod routes;
pub mod secrets;
pub mod service;
pub mod store;
mod time;
pub mod token;
pub mod trace;
pub mod values;
