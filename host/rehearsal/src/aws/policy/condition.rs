//! Condition blocks: operators with `IfExists`, `ForAllValues` and `ForAnyValue`.

use std::collections::BTreeMap;

use super::pattern;

type Context = BTreeMap<String, Vec<String>>;

/// Which values of a request have to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantity {
    /// The key has one value.
    One,
    All,
    Any,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equals,
    EqualsIgnoreCase,
    Like,
    Bool,
    Null,
    /// Addresses count as met: every client is on loopback.
    Address,
}

/// One line of a condition block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    quantity: Quantity,
    operator: Operator,
    negated: bool,
    if_exists: bool,
    key: String,
    values: Vec<String>,
}

impl Condition {
    /// Reads an operator with its key and values; an operator that is not evaluated is refused.
    pub(super) fn parse(operator: &str, key: &str, values: Vec<String>) -> Result<Self, String> {
        let (quantity, name) = match operator.split_once(':') {
            Some(("ForAllValues", name)) => (Quantity::All, name),
            Some(("ForAnyValue", name)) => (Quantity::Any, name),
            Some(_) => return Err(format!("Invalid Condition type : {operator}.")),
            None => (Quantity::One, operator),
        };
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        let (kind, negated) = match name {
            "StringEquals" => (Operator::Equals, false),
            "StringNotEquals" => (Operator::Equals, true),
            "StringEqualsIgnoreCase" => (Operator::EqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Operator::EqualsIgnoreCase, true),
            "StringLike" | "ArnLike" | "ArnEquals" => (Operator::Like, false),
            "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => (Operator::Like, true),
            "Bool" => (Operator::Bool, false),
            "Null" if quantity == Quantity::One && !if_exists => (Operator::Null, false),
            "IpAddress" => (Operator::Address, false),
            "NotIpAddress" => (Operator::Address, true),
            _ if name.starts_with("Numeric") || name.starts_with("Date") || name.starts_with("Binary") => {
                return Err(format!("The local cloud does not evaluate conditions of type {operator}."));
            }
            _ => return Err(format!("Invalid Condition type : {operator}.")),
        };
        if !key.contains(':') {
            return Err("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned());
        }
        Ok(Self { quantity, operator: kind, negated, if_exists, key: key.to_ascii_lowercase(), values })
    }

    /// Whether it holds those who are let in to fixed ones, by the keys that S3 counts for that.
    pub(super) fn narrows_the_public(&self) -> bool {
        const KEYS: [&str; 10] = [
            "aws:principalorgid",
            "aws:principalaccount",
            "aws:principalarn",
            "aws:sourceaccount",
            "aws:sourcearn",
            "aws:sourceip",
            "aws:sourcevpc",
            "aws:sourcevpce",
            "aws:userid",
            "s3:dataaccesspointaccount",
        ];
        let fixed = !self.values.iter().any(|value| value.contains(['*', '?']));
        KEYS.contains(&self.key.as_str()) && fixed && !self.negated && self.operator != Operator::Null
    }

    /// Whether a request meets it.
    pub(super) fn met(&self, context: &Context) -> bool {
        let given = context.get(&self.key).filter(|values| !values.is_empty());
        match (self.operator, given) {
            (Operator::Address, _) => true,
            (Operator::Null, given) => self.values.iter().any(|value| (value == "true") == given.is_none()),
            (_, None) => self.if_exists || self.negated || self.quantity == Quantity::All,
            (_, Some(given)) => match self.quantity {
                Quantity::One => given.first().is_some_and(|value| self.fits(value, context)),
                Quantity::All => given.iter().all(|value| self.fits(value, context)),
                Quantity::Any => given.iter().any(|value| self.fits(value, context)),
            },
        }
    }

    /// One value against all of the policy's: any that fits, or for a negated operator none.
    fn fits(&self, given: &str, context: &Context) -> bool {
        let fits = self.values.iter().any(|wanted| match self.operator {
            Operator::Like => pattern::fits(wanted, given, context),
            Operator::Equals => pattern::literal(wanted, context).is_some_and(|wanted| wanted == given),
            Operator::EqualsIgnoreCase | Operator::Bool => {
                pattern::literal(wanted, context).is_some_and(|wanted| wanted.eq_ignore_ascii_case(given))
            }
            Operator::Null | Operator::Address => true,
        });
        fits != self.negated
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn met(operator: &str, wanted: &[&str], given: &[&str]) -> bool {
        let values = wanted.iter().map(|value| (*value).to_owned()).collect();
        let condition = Condition::parse(operator, "a:B", values).unwrap();
        let given: Vec<String> = given.iter().map(|value| (*value).to_owned()).collect();
        condition.met(&BTreeMap::from([("a:b".to_owned(), given)]))
    }

    #[test]
    fn operators_hold_as_documented() {
        for (operator, wanted, given, expected) in [
            ("StringEquals", &["x", "y"][..], &["y"][..], true),
            ("StringEquals", &["x*"], &["xy"], false),
            ("StringLike", &["x*"], &["xy"], true),
            ("StringNotLike", &["x*"], &["xy"], false),
            ("StringNotEquals", &["x"], &[], true),
            ("StringEquals", &["x"], &[], false),
            ("StringEqualsIfExists", &["x"], &[], true),
            ("ForAllValues:StringEquals", &["x"], &[], true),
            ("ForAllValues:StringEquals", &["x"], &["x", "y"], false),
            ("ForAnyValue:StringEquals", &["x"], &["x", "y"], true),
            ("ForAnyValue:StringEquals", &["x"], &[], false),
            ("Null", &["true"], &[], true),
            ("Null", &["false"], &[], false),
            ("Bool", &["true"], &["True"], true),
            ("IpAddress", &["10.0.0.0/8"], &["127.0.0.1"], true),
        ] {
            assert_eq!(met(operator, wanted, given), expected, "{operator} {wanted:?} {given:?}");
        }
    }

    #[test]
    fn what_is_not_evaluated_is_refused() {
        for operator in ["NumericLessThan", "DateGreaterThan", "BinaryEquals", "StringSimilar", "ForSome:StringLike"] {
            assert!(Condition::parse(operator, "a:b", Vec::new()).is_err(), "{operator}");
        }
        assert!(Condition::parse("StringLike", "prefix", Vec::new()).is_err());
    }
}
