//! The same verb, run again, always ends where an uninterrupted run ends. README.md here says what is tested and how.

mod artifact;
mod aws;
mod catalogue;
mod counts;
mod crash;
mod drift;
mod faults;
mod figures;
mod files;
mod guarded;
mod interrupt;
mod lane;
mod late;
mod neighbours;
mod permissions;
mod proxy;
mod race;
mod rights;
mod run;
mod saved;
mod secrets;
mod sites;
mod snapshot;
mod strict;
#[path = "../local_cloud/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "other tests use the rest of it")]
mod support;
mod tables;
mod throttled;
mod triggers;
mod users;
mod whole;
mod xml;
