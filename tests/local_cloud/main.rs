//! The built binary against a real local cloud.

mod contract;
mod journey;
mod life;
mod smoke;
mod support;
