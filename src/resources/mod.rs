//! One file per thing in the cloud.

mod api;
mod attachments;
mod busy;
mod code;
mod commits;
mod event_source;
pub mod export;
#[cfg(test)]
mod fixture;
mod function;
mod further;
pub mod invocation;
mod log_group;
pub mod log_search;
pub mod log_tail;
mod permission;
mod policy;
pub mod prune;
mod queue;
pub mod release;
mod report;
mod role;
mod routes;
mod schedule;
mod schedule_group;
mod schedule_role;
mod table;
mod trial;
pub mod versions;

pub use api::{Api, LiveApi};
pub use attachments::{Attachments, Rights};
pub use code::{Code, Source, quick_for_aws};
pub use event_source::EventSource;
pub use export::{export, probe};
pub use function::{Function, LiveFunction, Queues, further as further_functions};
pub use invocation::{Invocation, invoke};
pub use log_group::LogGroup;
pub use log_search::{LogSearch, pattern};
pub use log_tail::LogTail;
pub use permission::Permission;
pub use policy::Policy;
pub use prune::prune;
#[cfg(test)]
pub use queue::LiveQueue;
pub use queue::Queue;
pub use release::{LiveRelease, Release};
pub use role::{Role, further as further_roles};
pub use routes::{RouteTarget, Routes};
pub use schedule::Schedule;
pub use schedule_group::ScheduleGroup;
pub use schedule_role::ScheduleRole;
pub use table::{LiveTable, Table, further as further_tables};
pub use trial::Trial;
pub use versions::{Version, published_code, versions};
