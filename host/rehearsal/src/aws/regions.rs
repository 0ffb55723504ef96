//! The regions of the standard partition, and what a host name says of one.

/// The region of the services that have one for all, and S3's first.
pub(super) const GLOBAL: &str = "us-east-1";

const ALL: &[&str] = &[
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "sa-east-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
];

/// Whether there is such a region here.
pub(super) fn exists(name: &str) -> bool {
    ALL.contains(&name)
}

/// The hosts of a service: `prefix.region.amazonaws.com` in every region.
pub(super) fn hosts(prefix: &str) -> Vec<String> {
    ALL.iter().map(|region| format!("{prefix}.{region}.amazonaws.com")).collect()
}

/// The region that a host names; none for loopback, where the signature says it.
pub(super) fn of_host(host: &str) -> Option<&'static str> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let labels = name.strip_suffix(".amazonaws.com")?;
    let last = labels.rsplit('.').next().unwrap_or_default();
    Some(ALL.iter().find(|region| **region == last).copied().unwrap_or(GLOBAL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_says_its_region() {
        for (host, region) in [
            ("ssm.eu-central-1.amazonaws.com:4433", Some("eu-central-1")),
            ("a.b.s3.eu-south-1.amazonaws.com", Some("eu-south-1")),
            ("route53.amazonaws.com", Some("us-east-1")),
            ("bucket.s3.amazonaws.com", Some("us-east-1")),
            ("127.0.0.1:99", None),
            ("localhost", None),
        ] {
            assert_eq!(of_host(host), region, "{host}");
        }
    }
}
