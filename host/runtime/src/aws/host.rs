//! What a host name of AWS says: the service that is signed for, the region, and S3's bucket.

/// The ends of AWS's own names. What is before them are labels of services, regions and objects.
const DOMAINS: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];
/// The region of services that have one for all, and of S3's and STS's names without a region.
const GLOBAL: &str = "us-east-1";
const GLOBAL_SERVICES: [&str; 6] = ["iam", "route53", "cloudfront", "sts", "s3", "waf"];
/// Names in hosts that are not the ones that signatures have.
const SIGNED_AS: [(&str, &str); 6] = [
    ("bedrock-agent", "bedrock"),
    ("bedrock-agent-runtime", "bedrock"),
    ("bedrock-runtime", "bedrock"),
    ("email", "ses"),
    ("marketplace", "aws-marketplace"),
    ("s3-control", "s3"),
];

/// What the hosts of DigitalOcean's Spaces end with. Before it is a region, and before that a bucket.
const SPACES: &str = ".digitaloceanspaces.com";

/// The host of Spaces in a region.
pub(crate) fn spaces_host(region: &str) -> String {
    format!("{region}{SPACES}")
}

/// Is it a host of Spaces?
pub(crate) fn is_spaces(host: &str) -> bool {
    host.ends_with(SPACES)
}

/// A host name, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AwsHost {
    /// The name that signatures have for the service.
    pub(crate) service: Option<String>,
    /// The region, where the name says or implies one.
    pub(crate) region: Option<String>,
    /// What stands before `s3`.
    pub(crate) bucket: Option<String>,
}

impl AwsHost {
    /// Reads a name in lower case; of one that is neither AWS's nor of Spaces nothing is known.
    pub(crate) fn of(host: &str) -> Self {
        if let Some(labels) = host.strip_suffix(SPACES) {
            let (bucket, region) =
                labels.rsplit_once('.').map_or((None, labels), |(bucket, region)| (Some(bucket.to_owned()), region));
            return Self { service: Some("s3".to_owned()), region: Some(region.to_owned()), bucket };
        }
        let Some(labels) = DOMAINS.iter().find_map(|domain| host.strip_suffix(domain)) else { return Self::default() };
        let labels: Vec<&str> = labels.split('.').filter(|label| *label != "dualstack").collect();
        let place = labels.iter().rposition(|label| is_region(label));
        // `sqs.eu-west-1`, and for domains of a service of their own `NAME.eu-west-1.es`.
        let at = match place {
            Some(place) if place + 1 < labels.len() => place + 1,
            Some(place) => place.saturating_sub(1),
            None if labels.last() == Some(&"us-gov") => labels.len().saturating_sub(2),
            None => labels.len() - 1,
        };
        let named = labels[at].strip_suffix("-fips").or_else(|| labels[at].strip_prefix("fips-")).unwrap_or(labels[at]);
        let service = SIGNED_AS.iter().find(|(name, _)| *name == named).map_or(named, |(_, signed)| *signed);
        let region = match place {
            Some(place) => Some(labels[place]),
            None if labels.last() == Some(&"us-gov") => Some("us-gov-west-1"),
            None if !GLOBAL_SERVICES.contains(&service) => None,
            None if host.ends_with(".cn") => Some("cn-northwest-1"),
            None => Some(GLOBAL),
        };
        let bucket = (named == "s3" && at > 0).then(|| labels[..at].join("."));
        Self { service: Some(service.to_owned()), region: region.map(str::to_owned), bucket }
    }
}

/// `eu-central-1`, `us-gov-west-1`: two letters, words, a number.
fn is_region(label: &str) -> bool {
    let mut parts = label.split('-');
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let area = parts.next().is_some_and(|area| area.len() == 2 && letters(area));
    let number = parts.next_back().is_some_and(|number| number.parse::<u8>().is_ok());
    let words: Vec<&str> = parts.collect();
    area && number && !words.is_empty() && words.into_iter().all(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_says_service_region_and_bucket() {
        for (host, service, region, bucket) in [
            ("sqs.eu-central-1.amazonaws.com", "sqs", Some("eu-central-1"), None),
            ("lambda.eu-west-1.api.aws", "lambda", Some("eu-west-1"), None),
            ("kms.us-gov-west-1.amazonaws.com", "kms", Some("us-gov-west-1"), None),
            ("sqs.cn-north-1.amazonaws.com.cn", "sqs", Some("cn-north-1"), None),
            ("iam.amazonaws.com", "iam", Some("us-east-1"), None),
            ("iam.us-gov.amazonaws.com", "iam", Some("us-gov-west-1"), None),
            ("route53.amazonaws.com", "route53", Some("us-east-1"), None),
            ("route53.amazonaws.com.cn", "route53", Some("cn-northwest-1"), None),
            ("cloudfront.amazonaws.com", "cloudfront", Some("us-east-1"), None),
            ("sts.amazonaws.com", "sts", Some("us-east-1"), None),
            ("sts.eu-west-3.amazonaws.com", "sts", Some("eu-west-3"), None),
            ("s3.amazonaws.com", "s3", Some("us-east-1"), None),
            ("s3.dualstack.eu-west-1.amazonaws.com", "s3", Some("eu-west-1"), None),
            ("bucket.s3.eu-west-1.amazonaws.com", "s3", Some("eu-west-1"), Some("bucket")),
            ("a.b.s3.amazonaws.com", "s3", Some("us-east-1"), Some("a.b")),
            ("bucket.s3-fips.us-east-2.amazonaws.com", "s3", Some("us-east-2"), Some("bucket")),
            ("123.s3-control.eu-west-1.amazonaws.com", "s3", Some("eu-west-1"), None),
            ("email.eu-west-1.amazonaws.com", "ses", Some("eu-west-1"), None),
            ("api.ecr.eu-west-1.amazonaws.com", "ecr", Some("eu-west-1"), None),
            ("abc123.execute-api.eu-west-1.amazonaws.com", "execute-api", Some("eu-west-1"), None),
            ("search-d-x1.eu-west-1.es.amazonaws.com", "es", Some("eu-west-1"), None),
            ("budgets.amazonaws.com", "budgets", None, None),
            ("fra1.digitaloceanspaces.com", "s3", Some("fra1"), None),
            ("a.b.nyc3.digitaloceanspaces.com", "s3", Some("nyc3"), Some("a.b")),
        ] {
            let expected = AwsHost {
                service: Some(service.to_owned()),
                region: region.map(str::to_owned),
                bucket: bucket.map(str::to_owned),
            };
            assert_eq!(AwsHost::of(host), expected, "{host}");
        }
        for host in
            ["api.example.com", "amazonaws.com", "127.0.0.1", "amazonaws.com.example.com", "digitaloceanspaces.com"]
        {
            assert_eq!(AwsHost::of(host), AwsHost::default(), "{host}");
        }
    }
}
