//! The built binary against a real local cloud.

mod contract;
mod cors;
mod deploy;
mod drift;
mod journey;
mod life;
mod neighbours;
mod ownership;
mod permissions;
mod smoke;
mod stages;
mod store;
mod support;
mod teardown;
