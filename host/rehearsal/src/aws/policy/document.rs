//! A policy document, read as strictly as IAM reads it.

use serde_json::{Map, Value};

use super::Wanted;
use super::condition::Condition;
use super::pattern;
use super::principal::Principals;

/// The language of before 2012, without variables.
const OLD: &str = "2008-10-17";
const NEW: &str = "2012-10-17";

/// A policy that can be evaluated; the default allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::aws) struct Policy {
    statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    allow: bool,
    /// Whom it is about; absent in a policy of an identity, which is about that one.
    principals: Option<Principals>,
    actions: Matcher,
    resources: Matcher,
    conditions: Vec<Condition>,
}

/// Patterns of which one has to fit, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Matcher {
    negated: bool,
    patterns: Vec<String>,
}

impl Policy {
    /// Reads a document; the error is IAM's message.
    pub(in crate::aws) fn parse(text: &str) -> Result<Self, String> {
        Self::read(text, false)
    }

    /// Reads the policy of a resource, in which every statement names its principals; the error is a message.
    pub(in crate::aws) fn parse_resource(text: &str) -> Result<Self, String> {
        Self::read(text, true)
    }

    fn read(text: &str, of_resource: bool) -> Result<Self, String> {
        let syntax = || "Syntax errors in policy.".to_owned();
        let Ok(Value::Object(document)) = serde_json::from_str(text) else {
            return Err("This policy contains invalid Json".to_owned());
        };
        if document.keys().any(|key| !["Version", "Id", "Statement"].contains(&key.as_str())) {
            return Err(syntax());
        }
        match document.get("Version").map(|version| version.as_str()) {
            None | Some(Some(NEW | OLD)) => {}
            Some(_) => return Err(syntax()),
        }
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) if !statements.is_empty() => statements.iter().collect(),
            Some(statement @ Value::Object(_)) => vec![statement],
            _ => return Err(syntax()),
        };
        let statements = statements.into_iter().map(|statement| match statement {
            Value::Object(fields) => Statement::parse(fields, of_resource),
            _ => Err(syntax()),
        });
        Ok(Self { statements: statements.collect::<Result<_, _>>()? })
    }

    /// Whether a statement forbids it.
    pub(in crate::aws) fn denies(&self, wanted: &Wanted<'_>) -> bool {
        self.statements.iter().any(|statement| !statement.allow && statement.applies(wanted))
    }

    /// Whether a statement of a resource's policy allows it to the user in person, and not to the account as a whole.
    pub(in crate::aws) fn grants(&self, wanted: &Wanted<'_>) -> bool {
        let in_person = |statement: &Statement| {
            statement.principals.as_ref().is_some_and(|principals| principals.name_in_person(&wanted.context))
        };
        self.statements.iter().any(|statement| statement.allow && in_person(statement) && statement.applies(wanted))
    }

    /// Whether a statement of a resource's policy lets in everyone, whoever that is and wherever from.
    pub(in crate::aws) fn is_public(&self) -> bool {
        let open = |statement: &Statement| {
            statement.principals.as_ref().is_some_and(Principals::is_everyone)
                && !statement.conditions.iter().any(Condition::narrows_the_public)
        };
        self.statements.iter().any(|statement| statement.allow && open(statement))
    }

    /// Whether every action and resource fits, by their patterns.
    pub(in crate::aws) fn all_fit(&self, action: impl Fn(&str) -> bool, resource: impl Fn(&str) -> bool) -> [bool; 2] {
        let actions = self.statements.iter().flat_map(|statement| &statement.actions.patterns);
        let resources = self.statements.iter().flat_map(|statement| &statement.resources.patterns);
        [actions.map(String::as_str).all(action), resources.map(String::as_str).all(resource)]
    }

    /// Whether a statement allows it.
    pub(in crate::aws) fn allows(&self, wanted: &Wanted<'_>) -> bool {
        self.statements.iter().any(|statement| statement.allow && statement.applies(wanted))
    }
}

impl Statement {
    fn parse(fields: &Map<String, Value>, of_resource: bool) -> Result<Self, String> {
        const KNOWN: [&str; 7] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
        let names_principals = |key: &str| key == "Principal" || key == "NotPrincipal";
        if !of_resource && fields.keys().any(|key| names_principals(key)) {
            return Err("Policy document should not specify a principal.".to_owned());
        }
        let principals = if of_resource { Some(Principals::parse(fields)?) } else { None };
        if fields.keys().any(|key| !KNOWN.contains(&key.as_str()) && !names_principals(key)) {
            return Err("Syntax errors in policy.".to_owned());
        }
        if let Some(sid) = fields.get("Sid") {
            // Only the policies of identities are so strict.
            let fits =
                sid.as_str().is_some_and(|sid| of_resource || sid.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            if !fits {
                return Err("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular \
                            expression [0-9A-Za-z]*"
                    .to_owned());
            }
        }
        let allow = match fields.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err("Syntax errors in policy.".to_owned()),
        };
        let actions = Matcher::parse(fields, "Action", "NotAction", "Policy statement must contain actions.")?;
        let resources = Matcher::parse(fields, "Resource", "NotResource", "Policy statement must contain resources.")?;
        for action in &actions.patterns {
            let vendor = action.split_once(':').is_some_and(|(vendor, name)| !vendor.is_empty() && !name.is_empty());
            if action != "*" && !vendor {
                return Err("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned());
            }
        }
        if let Some(wrong) = resources.patterns.iter().find(|resource| !is_arn_pattern(resource)) {
            return Err(format!("Resource {wrong} must be in ARN format or \"*\"."));
        }
        let conditions = conditions(fields.get("Condition"))?;
        Ok(Self { allow, principals, actions, resources, conditions })
    }

    fn applies(&self, wanted: &Wanted<'_>) -> bool {
        let action = wanted.action.to_ascii_lowercase();
        let none = std::collections::BTreeMap::new();
        let by_action = |pattern: &str| pattern::fits(&pattern.to_ascii_lowercase(), &action, &none);
        // An action without resources is granted on `*` alone.
        let by_resource = |pattern: &str| match wanted.resource {
            Some(resource) => pattern::fits(pattern, resource, &wanted.context),
            None => pattern == "*",
        };
        self.principals.as_ref().is_none_or(|principals| principals.fit(&wanted.context))
            && self.actions.fits(by_action)
            && self.resources.fits(by_resource)
            && self.conditions.iter().all(|condition| condition.met(&wanted.context))
    }
}

impl Matcher {
    fn parse(fields: &Map<String, Value>, plain: &str, negated: &str, missing: &str) -> Result<Self, String> {
        let (value, is_negated) = match (fields.get(plain), fields.get(negated)) {
            (Some(value), None) => (value, false),
            (None, Some(value)) => (value, true),
            (None, None) => return Err(missing.to_owned()),
            (Some(_), Some(_)) => return Err("Syntax errors in policy.".to_owned()),
        };
        let patterns = texts(value).ok_or("Syntax errors in policy.")?;
        if patterns.is_empty() {
            return Err(missing.to_owned());
        }
        Ok(Self { negated: is_negated, patterns })
    }

    fn fits(&self, fits: impl Fn(&str) -> bool) -> bool {
        self.patterns.iter().any(|pattern| fits(pattern)) != self.negated
    }
}

fn conditions(block: Option<&Value>) -> Result<Vec<Condition>, String> {
    let mut conditions = Vec::new();
    let operators = match block {
        None => return Ok(conditions),
        Some(Value::Object(operators)) => operators,
        Some(_) => return Err("Syntax errors in policy.".to_owned()),
    };
    for (operator, keys) in operators {
        let Value::Object(keys) = keys else { return Err("Syntax errors in policy.".to_owned()) };
        for (key, values) in keys {
            let values = texts(values).ok_or("Syntax errors in policy.")?;
            conditions.push(Condition::parse(operator, key, values)?);
        }
    }
    Ok(conditions)
}

/// One text or a list; numbers and booleans are texts here, as in IAM.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        value => Some(vec![text(value)?]),
    }
}

/// `*`, or six parts of which the first is `arn`.
fn is_arn_pattern(text: &str) -> bool {
    text == "*" || (text.starts_with("arn:") && text.splitn(6, ':').count() == 6)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_that_iam_refuses_are_refused_in_its_words() {
        let good = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"});
        let with = |key: &str, value: Value| {
            let mut statement = good.clone();
            statement[key] = value;
            json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
        };
        for (text, message) in [
            ("{".to_owned(), "invalid Json"),
            (json!({"Version": "2020-01-01", "Statement": [good]}).to_string(), "Syntax errors"),
            (json!({"Statement": []}).to_string(), "Syntax errors"),
            (with("Principal", json!("*")), "should not specify a principal"),
            (with("Effect", json!("allow")), "Syntax errors"),
            (with("Action", json!("GetObject")), "prefaced by a vendor"),
            (with("Action", json!([])), "must contain actions"),
            (with("Resource", json!("b/*")), "must be in ARN format"),
            (with("NotResource", json!("*")), "Syntax errors"),
            (with("Sid", json!("a b")), "alpha-numeric"),
            (with("Conditon", json!({})), "Syntax errors"),
            (with("Condition", json!({"StringIs": {"a:b": "c"}})), "Invalid Condition type"),
        ] {
            let error = Policy::parse(&text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
        assert!(Policy::parse(&with("Sid", json!("One"))).is_ok());
    }
}
