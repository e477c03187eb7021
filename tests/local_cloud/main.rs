//! The built binary against a real local cloud.

mod life;
mod smoke;
mod support;
