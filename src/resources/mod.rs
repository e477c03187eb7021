//! One file per thing in the cloud.

mod access_control;
mod api;
mod api_domain;
mod attachments;
mod authorizer;
mod bucket_policy;
mod busy;
mod certificate;
mod code;
mod commits;
mod distribution;
mod edge_function;
mod event_source;
pub mod export;
#[cfg(test)]
mod fixture;
mod function;
mod further;
pub mod invocation;
pub mod local_users;
mod log_group;
pub mod log_search;
pub mod log_tail;
mod owned;
mod permission;
mod policy;
pub mod prune;
mod queue;
mod records;
pub mod release;
mod report;
mod retired;
mod role;
mod routes;
mod schedule;
mod schedule_group;
mod schedule_role;
mod secret;
mod site_bucket;
pub mod site_files;
mod table;
mod trial;
mod user_pool;
mod validation;
pub mod versions;

pub use access_control::AccessControl;
pub use api::{Api, LiveApi};
pub use api_domain::{ApiDomain, Leads, LiveApiDomain};
pub use attachments::{Attachments, Rights};
pub use authorizer::{Authorizer, Trust};
pub use bucket_policy::BucketPolicy;
pub use certificate::{Certificate, LiveCertificate};
pub use code::{Code, Source, quick_for_aws};
pub use distribution::{
    Address, Beside, CertificateOf, Distribution, FINDING, FORGETTING, LiveDistribution,
    LiveSiteName, SiteName,
};
pub use edge_function::EdgeFunction;
pub use event_source::{EventSource, RETRIES};
pub use export::{export, probe};
pub use function::{
    Function, LiveFunction, PINNING, Pins, Queues, UNMARK_CALLS, further as further_functions,
    unmark,
};
pub use invocation::{Invocation, invoke};
pub use log_group::LogGroup;
pub use log_search::{LogSearch, pattern};
pub use log_tail::LogTail;
pub use owned::{CALLS as OWNED_CALLS, Owned, owned};
pub use permission::Permission;
pub use policy::Policy;
pub use prune::prune;
#[cfg(test)]
pub use queue::LiveQueue;
pub use queue::Queue;
pub use records::{Records, Target};
pub use release::{LiveRelease, Release};
pub use retired::Retired;
pub use role::{Role, further as further_roles};
pub use routes::{RouteTarget, Routes};
pub use schedule::Schedule;
pub use schedule_group::ScheduleGroup;
pub use schedule_role::ScheduleRole;
pub use secret::{Secret, further as further_secrets, values as secret_values};
pub use site_bucket::SiteBucket;
pub use site_files::{LiveSiteFiles, Past, SiteFiles};
pub use table::{LiveTable, Table, further as further_tables};
pub use trial::Trial;
pub use user_pool::{LiveUserPool, UserPool};
pub use validation::Validation;
pub use versions::{Version, published_code, versions};
