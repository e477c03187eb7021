//! What distinguishes one service of AWS from another, as its model says it.

/// A service of AWS.
#[derive(Debug)]
pub struct Service {
    /// Its `serviceId`: `AWS_ENDPOINT_URL_…` and `[services]` of a profile are made of it.
    pub id: &'static str,
    /// Its `endpointPrefix`: the first part of its host, and what requests are signed for.
    pub prefix: &'static str,
    /// Its `targetPrefix`, which the JSON protocol writes before the name of an operation.
    pub target: &'static str,
    /// Whether its plain host in AWS `GovCloud` (US) is the FIPS one.
    pub plain_is_fips_in_gov: bool,
    /// Its host where there is one for all regions of AWS's first partition; then requests are signed for us-east-1.
    pub global: Option<&'static str>,
}
