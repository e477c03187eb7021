//! Where a service is: where the user says, else AWS's own host for the region.

use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::service_config::ServiceConfigKey;

use crate::Service;

/// The domains of each partition, by how its regions begin: the plain one, and the one that also has IPv6 addresses.
///
/// <https://docs.aws.amazon.com/general/latest/gr/rande.html>
const PARTITIONS: [(&str, &str, &str); 7] = [
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("", "amazonaws.com", "api.aws"),
];

/// The address of `service` for `sdk`.
pub(crate) fn of(service: &Service, sdk: &SdkConfig) -> String {
    own(service, sdk).unwrap_or_else(|| {
        let region = sdk.region().map_or("us-east-1", Region::as_ref);
        let is = |flag: Option<bool>| flag.unwrap_or_default();
        aws(service, region, is(sdk.use_fips()), is(sdk.use_dual_stack()))
    })
}

/// What the program, the environment or the profile says, in the order that the SDK's own clients keep.
fn own(service: &Service, sdk: &SdkConfig) -> Option<String> {
    let common = sdk.endpoint_url().map(str::to_owned);
    if sdk.get_origin("endpoint_url").is_client_config() {
        return common;
    }
    let key = ServiceConfigKey::builder().service_id(service.id);
    let key = key.env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok();
    let config = sdk.service_config().zip(key);
    config.and_then(|(config, key)| config.load_config(key)).or(common)
}

fn aws(service: &Service, region: &str, fips: bool, dual_stack: bool) -> String {
    if let Some(host) = service.global {
        return global(service.prefix, host, fips, dual_stack);
    }
    let of_region = |partition: &&(&str, _, _)| region.starts_with(partition.0);
    let (_, plain, both) =
        PARTITIONS.iter().find(of_region).expect("the last one is of every region");
    if service.prefix == "s3" {
        let host = if fips { "s3-fips" } else { "s3" };
        let dual_stack = if dual_stack { ".dualstack" } else { "" };
        return format!("https://{host}{dual_stack}.{region}.{plain}");
    }
    let domain = if dual_stack { both } else { plain };
    let is_gov = region.starts_with("us-gov-");
    let fips =
        if fips && !(is_gov && service.plain_is_fips_in_gov && !dual_stack) { "-fips" } else { "" };
    format!("https://{}{fips}.{region}.{domain}", service.prefix)
}

/// The host of a service that has one for all regions.
fn global(prefix: &str, host: &str, fips: bool, dual_stack: bool) -> String {
    let host = if dual_stack { format!("{prefix}.global.api.aws") } else { host.to_owned() };
    let rest = host.strip_prefix(prefix).unwrap_or_default();
    let fips = if fips { "-fips" } else { "" };
    format!("https://{prefix}{fips}{rest}")
}

#[cfg(test)]
mod tests {
    use aws_types::service_config::LoadServiceConfig;

    use super::*;
    use crate::cloudfront::CLOUDFRONT;
    use crate::s3::S3;
    use crate::ssm::SSM;

    #[test]
    fn the_host_is_the_one_of_the_model() {
        for (region, fips, dual_stack, host) in [
            ("eu-west-1", false, false, "ssm.eu-west-1.amazonaws.com"),
            ("us-east-1", true, false, "ssm-fips.us-east-1.amazonaws.com"),
            ("us-east-1", true, true, "ssm-fips.us-east-1.api.aws"),
            ("us-gov-west-1", true, false, "ssm.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", false, false, "ssm.cn-north-1.amazonaws.com.cn"),
            ("cn-north-1", false, true, "ssm.cn-north-1.api.amazonwebservices.com.cn"),
            ("us-iso-east-1", false, false, "ssm.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", false, false, "ssm.us-isob-east-1.sc2s.sgov.gov"),
            ("eusc-de-east-1", false, false, "ssm.eusc-de-east-1.amazonaws.eu"),
        ] {
            assert_eq!(aws(&SSM, region, fips, dual_stack), format!("https://{host}"));
        }
        for (fips, dual_stack, s3, cloudfront) in [
            (false, false, "s3.eu-west-1.amazonaws.com", "cloudfront.amazonaws.com"),
            (false, true, "s3.dualstack.eu-west-1.amazonaws.com", "cloudfront.global.api.aws"),
            (true, false, "s3-fips.eu-west-1.amazonaws.com", "cloudfront-fips.amazonaws.com"),
            (
                true,
                true,
                "s3-fips.dualstack.eu-west-1.amazonaws.com",
                "cloudfront-fips.global.api.aws",
            ),
        ] {
            let hosts = [&S3, &CLOUDFRONT].map(|one| aws(one, "eu-west-1", fips, dual_stack));
            assert_eq!(hosts, [s3, cloudfront].map(|host| format!("https://{host}")));
        }
    }

    #[derive(Debug)]
    struct Said;

    impl LoadServiceConfig for Said {
        fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
            let said = (key.service_id(), key.env(), key.profile());
            (said == ("SSM", "AWS_ENDPOINT_URL", "endpoint_url")).then(|| "http://own:1".to_owned())
        }
    }

    #[test]
    fn an_endpoint_of_the_service_wins_over_the_common_one() {
        let common = || SdkConfig::builder().endpoint_url("http://common:1");
        assert_eq!(of(&SSM, &common().build()), "http://common:1");
        assert_eq!(of(&SSM, &common().service_config(Said).build()), "http://own:1");
    }

    #[test]
    fn what_the_program_itself_says_wins_over_both() {
        let mut sdk = SdkConfig::builder().endpoint_url("http://program:1").service_config(Said);
        sdk.insert_origin("endpoint_url", aws_types::origin::Origin::shared_config());
        assert_eq!(of(&SSM, &sdk.build()), "http://program:1");
    }
}
