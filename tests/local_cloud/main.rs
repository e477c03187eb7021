//! The built binary against a real local cloud.

mod attacks;
#[path = "../convergence/aws.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod aws;
mod browser;
mod by_hand;
mod contract;
mod cors;
mod ctrl_c;
mod day_two;
mod deploy;
mod dev;
mod doctor;
mod domain;
mod drift;
mod foreign;
mod frontend;
mod functions;
mod fuzzed;
mod help;
mod journey;
mod life;
mod load;
mod neighbours;
mod offline;
mod output;
mod ownership;
mod paths;
mod permissions;
#[path = "../convergence/proxy/mod.rs"]
#[allow(dead_code, unused_imports, reason = "other tests use the rest of it")]
mod proxy;
mod second_opinion;
mod secrets;
mod site;
mod smoke;
mod stages;
mod store;
#[path = "../convergence/strict/mod.rs"]
#[allow(dead_code, unused_imports, reason = "other tests use the rest of it")]
mod strict;
mod support;
mod tables;
mod teardown;
mod triggers;
mod users;
mod verify;
#[path = "../convergence/xml.rs"]
mod xml;
