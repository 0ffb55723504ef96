//! Whom a statement in the policy of a resource is about.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// One principal.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Principal {
    Everyone,
    /// An account, which then lets its own policies decide.
    Account(String),
    /// A user or a role by its ARN.
    Person(String),
    /// A service of AWS, or somebody of another directory: nobody who calls the local cloud.
    Elsewhere,
}

/// The principals of a statement, or all but these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Principals {
    negated: bool,
    list: Vec<Principal>,
}

impl Principals {
    /// Reads `Principal` or `NotPrincipal`; the error is a message.
    pub(super) fn parse(fields: &Map<String, Value>) -> Result<Self, String> {
        let (value, negated) = match (fields.get("Principal"), fields.get("NotPrincipal")) {
            (Some(value), None) => (value, false),
            (None, Some(value)) => (value, true),
            _ => return Err("Missing required field Principal".to_owned()),
        };
        let invalid = || "Invalid principal in policy".to_owned();
        let mut list = Vec::new();
        match value {
            Value::String(text) if text == "*" => list.push(Principal::Everyone),
            Value::Object(kinds) if !kinds.is_empty() => {
                for (kind, names) in kinds {
                    for name in super::document::texts(names).ok_or_else(invalid)? {
                        list.push(Principal::read(kind, &name).ok_or_else(invalid)?);
                    }
                }
            }
            _ => return Err(invalid()),
        }
        Ok(Self { negated, list })
    }

    /// Whether the caller, by the condition keys of a request, is among them.
    pub(super) fn fit(&self, context: &BTreeMap<String, Vec<String>>) -> bool {
        self.list.iter().any(|principal| principal.is(context)) != self.negated
    }

    /// Whether the caller is among them as a user, and not only as one of an account.
    pub(super) fn name_in_person(&self, context: &BTreeMap<String, Vec<String>>) -> bool {
        let in_person = |principal: &&Principal| matches!(principal, Principal::Everyone | Principal::Person(_));
        !self.negated && self.list.iter().filter(in_person).any(|principal| principal.is(context))
    }

    /// Whether nobody is left out.
    pub(super) fn is_everyone(&self) -> bool {
        self.negated || self.list.contains(&Principal::Everyone)
    }
}

impl Principal {
    fn read(kind: &str, name: &str) -> Option<Self> {
        let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        match kind {
            "AWS" if name == "*" => Some(Self::Everyone),
            "AWS" if is_account(name) => Some(Self::Account(name.to_owned())),
            "AWS" => {
                let (account, rest) = name.strip_prefix("arn:aws:iam::")?.split_once(':')?;
                match rest {
                    _ if !is_account(account) => None,
                    "root" => Some(Self::Account(account.to_owned())),
                    _ if rest.starts_with("user/") || rest.starts_with("role/") => Some(Self::Person(name.to_owned())),
                    _ => None,
                }
            }
            "Service" | "Federated" | "CanonicalUser" => Some(Self::Elsewhere),
            _ => None,
        }
    }

    fn is(&self, context: &BTreeMap<String, Vec<String>>) -> bool {
        let caller = |key: &str| context.get(key).and_then(|values| values.first());
        match self {
            Self::Everyone => true,
            Self::Account(account) => caller("aws:principalaccount") == Some(account),
            // A name here is the name of one, and no pattern.
            Self::Person(arn) => caller("aws:principalarn") == Some(arn),
            Self::Elsewhere => false,
        }
    }
}
