//! IAM policies, evaluated in earnest: identity policies, narrowed by a permissions boundary, and the policies
//! of buckets and keys beside them.
//!
//! What is not evaluated: `IpAddress` and `NotIpAddress` count as met, since
//! every client of the local cloud is on loopback; numeric, date and binary
//! conditions, and keys of a policy language that only other policy types have,
//! are refused when a policy is put, so that nothing is allowed unheard.

mod condition;
mod document;
mod pattern;
mod principal;

use std::collections::BTreeMap;

pub(super) use document::Policy;

/// What the caller wants to do.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    /// `service:Operation`.
    pub(super) action: &'a str,
    /// The resource's ARN; absent where the action knows none.
    pub(super) resource: Option<&'a str>,
    /// Condition keys in lower case, with their values.
    pub(super) context: BTreeMap<String, Vec<String>>,
}

/// What the policies say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It may be done.
    Allowed,
    /// It may not; the reason as AWS words it.
    Denied(Reason),
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// A statement of an identity policy forbids it.
    ExplicitlyByIdentity,
    /// A statement of the boundary forbids it.
    ExplicitlyByBoundary,
    /// No identity policy allows it.
    NoIdentity,
    /// The boundary does not reach so far.
    NoBoundary,
    /// A statement of the resource's own policy forbids it.
    ExplicitlyByResource,
    /// The resource's own policy does not let the account's policies allow it.
    NoResource,
}

/// The policy of the resource itself.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    pub(super) policy: Policy,
    /// Whether the account's own policies count only as far as this one lets them, as with a key of KMS.
    pub(super) rules: bool,
}

impl Reason {
    /// The end of AWS's sentence.
    pub(super) fn text(self, action: &str) -> String {
        match self {
            Self::ExplicitlyByIdentity => "with an explicit deny in an identity-based policy".to_owned(),
            Self::ExplicitlyByBoundary => "with an explicit deny in a permissions boundary".to_owned(),
            Self::NoIdentity => format!("because no identity-based policy allows the {action} action"),
            Self::NoBoundary => format!("because no permissions boundary allows the {action} action"),
            Self::ExplicitlyByResource => "with an explicit deny in a resource-based policy".to_owned(),
            Self::NoResource => format!("because no resource-based policy allows the {action} action"),
        }
    }
}

/// Decides: an explicit deny anywhere wins. What the resource's policy grants to the user in person is granted;
/// else identity and boundary both have to allow it.
pub(super) fn decide(
    identity: &[Policy],
    boundary: Option<&Policy>,
    guard: Option<&Guard>,
    wanted: &Wanted<'_>,
) -> Decision {
    if identity.iter().any(|policy| policy.denies(wanted)) {
        return Decision::Denied(Reason::ExplicitlyByIdentity);
    }
    if boundary.is_some_and(|policy| policy.denies(wanted)) {
        return Decision::Denied(Reason::ExplicitlyByBoundary);
    }
    if let Some(guard) = guard {
        if guard.policy.denies(wanted) {
            return Decision::Denied(Reason::ExplicitlyByResource);
        }
        if guard.policy.grants(wanted) {
            return Decision::Allowed;
        }
        if guard.rules && !guard.policy.allows(wanted) {
            return Decision::Denied(Reason::NoResource);
        }
    }
    if !identity.iter().any(|policy| policy.allows(wanted)) {
        return Decision::Denied(Reason::NoIdentity);
    }
    match boundary {
        Some(boundary) if !boundary.allows(wanted) => Decision::Denied(Reason::NoBoundary),
        _ => Decision::Allowed,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::{Value, json};

    fn policy(statements: &Value) -> Policy {
        let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        Policy::parse(&text).unwrap()
    }

    fn wanted<'a>(action: &'a str, resource: &'a str, context: &[(&str, &[&str])]) -> Wanted<'a> {
        let owned = |(key, values): &(&str, &[&str])| {
            ((*key).to_owned(), values.iter().map(|value| (*value).to_owned()).collect())
        };
        Wanted { action, resource: Some(resource), context: context.iter().map(owned).collect() }
    }

    const ZONE: &str = "arn:aws:route53:::hostedzone/Z1";
    const CHANGE: &str = "route53:ChangeResourceRecordSets";

    #[test]
    fn nothing_is_allowed_that_no_statement_allows() {
        let one = policy(&json!({"Effect": "Allow", "Action": CHANGE, "Resource": ZONE}));
        let other = "arn:aws:route53:::hostedzone/Z2";
        let none = Decision::Denied(Reason::NoIdentity);
        assert_eq!(decide(&[], None, None, &wanted(CHANGE, ZONE, &[])), none);
        let all = [one];
        assert_eq!(decide(&all, None, None, &wanted(CHANGE, ZONE, &[])), Decision::Allowed);
        assert_eq!(decide(&all, None, None, &wanted("ROUTE53:changeresourcerecordsets", ZONE, &[])), Decision::Allowed);
        assert_eq!(decide(&all, None, None, &wanted(CHANGE, other, &[])), none);
        assert_eq!(decide(&all, None, None, &wanted("route53:GetHostedZone", ZONE, &[])), none);
    }

    #[test]
    fn an_action_without_a_resource_needs_a_star() {
        let named = policy(&json!({"Effect": "Allow", "Action": "route53:*", "Resource": ZONE}));
        let star = policy(&json!({"Effect": "Allow", "Action": "route53:List*", "Resource": "*"}));
        let list = Wanted { action: "route53:ListHostedZones", resource: None, context: BTreeMap::new() };
        assert_eq!(decide(&[named], None, None, &list), Decision::Denied(Reason::NoIdentity));
        assert_eq!(decide(&[star], None, None, &list), Decision::Allowed);
    }

    #[test]
    fn a_deny_wins_and_a_boundary_only_narrows() {
        let open = || policy(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
        let deny = policy(&json!({"Effect": "Deny", "NotAction": "ssm:*", "Resource": "*"}));
        let ssm = policy(&json!({"Effect": "Allow", "Action": "ssm:Get*", "Resource": "*"}));
        let change = wanted(CHANGE, ZONE, &[]);
        let get = wanted("ssm:GetParameter", "arn:aws:ssm:r:a:parameter/x", &[]);
        assert_eq!(decide(&[open(), deny], None, None, &change), Decision::Denied(Reason::ExplicitlyByIdentity));
        assert_eq!(decide(&[open()], Some(&ssm), None, &change), Decision::Denied(Reason::NoBoundary));
        assert_eq!(decide(&[open()], Some(&ssm), None, &get), Decision::Allowed);
        assert_eq!(decide(&[], Some(&ssm), None, &get), Decision::Denied(Reason::NoIdentity));
        let forbids = policy(&json!([{"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "ssm:*", "NotResource": "arn:aws:ssm:r:a:parameter/y"}]));
        assert_eq!(decide(&[open()], Some(&forbids), None, &get), Decision::Denied(Reason::ExplicitlyByBoundary));
    }

    #[test]
    fn conditions_narrow_a_statement() {
        let names = "route53:ChangeResourceRecordSetsNormalizedRecordNames";
        let one = policy(&json!({"Effect": "Allow", "Action": CHANGE, "Resource": ZONE, "Condition": {
            "ForAllValues:StringLike": {names: ["*.maps.example.com"]},
            "ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsActions": ["CREATE", "UPSERT"]},
        }}));
        let all = [one];
        let key = names.to_ascii_lowercase();
        let actions = "route53:changeresourcerecordsetsactions";
        let ask = |records: &[&str], done: &[&str]| {
            let wanted = wanted(CHANGE, ZONE, &[(&key, records), (actions, done)]);
            decide(&all, None, None, &wanted) == Decision::Allowed
        };
        assert!(ask(&["a.maps.example.com", "b.c.maps.example.com"], &["CREATE"]));
        assert!(!ask(&["a.maps.example.com", "a.example.com"], &["CREATE"]));
        assert!(!ask(&["a.maps.example.com"], &["CREATE", "DELETE"]));
    }

    #[test]
    fn variables_stand_for_the_caller() {
        let own = policy(
            &json!({"Effect": "Allow", "Action": "iam:*AccessKey*", "Resource": "arn:aws:iam::1:user/${aws:username}"}),
        );
        let all = [own];
        let ask = |user: &str| {
            let wanted = wanted("iam:CreateAccessKey", "arn:aws:iam::1:user/ann", &[("aws:username", &[user])]);
            decide(&all, None, None, &wanted) == Decision::Allowed
        };
        assert!(ask("ann"));
        assert!(!ask("bob"));
        // What a variable brings in is text and no pattern.
        assert!(!ask("*"));
    }

    #[test]
    fn a_resource_grants_in_person_and_lets_the_account_decide() {
        let of = |statement: Value, rules| {
            let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
            Guard { policy: Policy::parse_resource(&text).unwrap(), rules }
        };
        let get =
            |principal: Value| json!({"Effect": "Allow", "Principal": principal, "Action": "s3:Get*", "Resource": "*"});
        let ann: [(&str, &[&str]); 2] = [
            ("aws:principalarn", &["arn:aws:iam::123456789012:user/ann"]),
            ("aws:principalaccount", &["123456789012"]),
        ];
        let wanted = wanted("s3:GetObject", "arn:aws:s3:::b/k", &ann);
        let open = [policy(&json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}))];
        let narrow = policy(&json!({"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}));
        for (principal, granted, delegated) in [
            (json!("*"), true, true),
            (json!({"AWS": "*"}), true, true),
            (json!({"AWS": "arn:aws:iam::123456789012:user/ann"}), true, true),
            (json!({"AWS": ["arn:aws:iam::123456789012:user/bob"]}), false, false),
            (json!({"AWS": "arn:aws:iam::123456789012:root"}), false, true),
            (json!({"AWS": "123456789012"}), false, true),
            (json!({"AWS": "210987654321"}), false, false),
            (json!({"Service": "logging.s3.amazonaws.com"}), false, false),
        ] {
            let allowed = |decision: Decision| decision == Decision::Allowed;
            let (bucket, key) = (of(get(principal.clone()), false), of(get(principal.clone()), true));
            assert_eq!(allowed(decide(&[], Some(&narrow), Some(&bucket), &wanted)), granted, "{principal}");
            assert!(allowed(decide(&open, None, Some(&bucket), &wanted)), "{principal}");
            assert_eq!(allowed(decide(&open, None, Some(&key), &wanted)), delegated, "{principal}");
        }
        let deny = json!({"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::123456789012:user/bob"},
            "Action": "s3:*", "Resource": "*"});
        let denied = Decision::Denied(Reason::ExplicitlyByResource);
        assert_eq!(decide(&open, None, Some(&of(deny, false)), &wanted), denied);
    }
}
