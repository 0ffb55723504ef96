//! Policies that AWS manages: the few of over a thousand that concern what is played here.

use std::collections::BTreeMap;

use serde_json::json;

use super::model::{ManagedPolicy, PolicyVersion};

const PREFIX: &str = "arn:aws:iam::aws:policy/";

/// Name, id, description and actions of each; the resource is `*` in all of them.
const POLICIES: [(&str, &str, &str, &[&str]); 5] = [
    ("AdministratorAccess", "ANPAIWMBCKSKIEE64ZLYK", "Provides full access to AWS services and resources.", &["*"]),
    (
        "AmazonRoute53ReadOnlyAccess",
        "ANPAITOYK2ZAOQFXV2JNC",
        "Provides read only access to all Amazon Route 53 via the AWS Management Console.",
        &["route53:Get*", "route53:List*", "route53:TestDNSAnswer"],
    ),
    (
        "AmazonS3FullAccess",
        "ANPAIFIR6V6BVTRAHWINE",
        "Provides full access to all buckets via the AWS Management Console.",
        &["s3:*", "s3-object-lambda:*"],
    ),
    (
        "AmazonS3ReadOnlyAccess",
        "ANPAIZTJ4DXE7G6AGAE6M",
        "Provides read only access to all buckets via the AWS Management Console.",
        &["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"],
    ),
    (
        "AmazonSSMReadOnlyAccess",
        "ANPAJODSKQGGJTHRYZ5FC",
        "Provides read only access to Amazon SSM.",
        &["ssm:Describe*", "ssm:Get*", "ssm:List*"],
    ),
];

/// Whether a policy is one of AWS's, known or not.
pub(super) fn is_of(arn: &str) -> bool {
    arn.starts_with(PREFIX)
}

/// All that are known.
pub(super) fn all() -> impl Iterator<Item = ManagedPolicy> {
    // The day on which most of them were made.
    const CREATED_MS: u64 = 1_423_247_986_000;
    POLICIES.iter().map(|(name, id, description, actions)| {
        let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        ManagedPolicy {
            arn: format!("{PREFIX}{name}"),
            name: (*name).to_owned(),
            path: "/".to_owned(),
            id: (*id).to_owned(),
            description: Some((*description).to_owned()),
            created_ms: CREATED_MS,
            tags: BTreeMap::new(),
            default: 1,
            versions: vec![PolicyVersion { number: 1, document, created_ms: CREATED_MS }],
            next: 2,
        }
    })
}

/// One of them.
pub(super) fn policy(arn: &str) -> Option<ManagedPolicy> {
    all().find(|policy| policy.arn == arn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::account::ADMINISTRATOR;

    #[test]
    fn the_operators_policy_is_among_them_and_all_can_be_evaluated() {
        assert!(policy(ADMINISTRATOR).is_some());
        assert!(all().all(|policy| crate::aws::policy::Policy::parse(policy.document()).is_ok()));
    }
}
