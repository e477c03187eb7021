//! Names of AWS's regions: a misspelt one is refused with the nearest, one that is new since is not.

use super::file::nearest;
use engine::error::{Error, Result};

/// <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>
const REGIONS: [&str; 40] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-west-1",
    "us-west-2",
];

const DIRECTIONS: [&str; 9] = [
    "central",
    "east",
    "north",
    "northeast",
    "northwest",
    "south",
    "southeast",
    "southwest",
    "west",
];

/// Those of AWS's first partition.
pub fn regions() -> Vec<&'static str> {
    let elsewhere = ["cn-", "eusc-", "us-gov-", "us-iso"];
    let is_first = |region: &&str| !elsewhere.iter().any(|begin| region.starts_with(begin));
    REGIONS.into_iter().filter(is_first).collect()
}

/// Refuses what cannot be a region, now or later: a place in two to four letters, perhaps a part of it, a direction of
/// the sky, and a digit.
pub fn check(what: &str, region: &str) -> Result<()> {
    if REGIONS.contains(&region) || is_possible(region) {
        return Ok(());
    }
    let error = Error::usage(format!("`{what} = \"{region}\"` is not an AWS region"));
    Err(match nearest(region, REGIONS.into_iter()) {
        Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
        None => error.hint("a region is written like `eu-north-1`"),
    })
}

fn is_possible(region: &str) -> bool {
    let parts: Vec<&str> = region.split('-').collect();
    let letters = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    let (place, part, direction, number) = match parts[..] {
        [place, direction, number] => (place, None, direction, number),
        [place, part, direction, number] => (place, Some(part), direction, number),
        _ => return false,
    };
    letters(place, 2..=4)
        && part.is_none_or(|part| letters(part, 2..=5))
        && DIRECTIONS.contains(&direction)
        && matches!(number.as_bytes(), [b'1'..=b'9'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_region_is_refused_with_the_nearest_and_a_new_one_is_not() {
        for region in REGIONS.iter().chain(&["eu-north-2", "nz-south-1", "us-isob-east-1"]) {
            assert_eq!(check("region", region), Ok(()), "{region}");
        }
        for (region, meant) in [
            ("eu-nort-1", Some("`eu-north-1`")),
            ("eu-north1", Some("`eu-north-1`")),
            ("EU-NORTH-1", None),
            ("us-east-1a", Some("`us-east-1`")),
            ("Frankfurt", None),
            ("", None),
        ] {
            let error = check("region", region).expect_err(region);
            let hint = error.hint.expect("a hint");
            assert!(meant.is_none_or(|meant| hint.contains(meant)), "{region}: {hint}");
        }
    }
}
