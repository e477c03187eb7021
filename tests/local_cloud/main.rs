//! The built binary against a real local cloud.

mod browser;
mod contract;
mod cors;
mod day_two;
mod deploy;
mod dev;
mod drift;
mod frontend;
mod fuzzed;
mod help;
mod journey;
mod life;
mod load;
mod neighbours;
mod offline;
mod output;
mod ownership;
mod permissions;
mod second_opinion;
mod smoke;
mod stages;
mod store;
mod support;
mod teardown;
mod verify;
