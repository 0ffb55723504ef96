//! Conditions to wait for, as `kubectl wait --for` has them.

use serde_json::Value;

use crate::id::ObjectId;
use crate::jsonpath::{JsonPath, scalar};
use crate::manifest::model::Wait;
use crate::ready::{Status, condition};

/// What is waited for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Goal {
    /// A condition has this status.
    Condition(String, String),
    /// Every value at the path is this one; without one, there is any.
    Path(String, JsonPath, Option<String>),
}

impl Goal {
    /// Reads a wait's `for`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(condition) = text.strip_prefix("condition=") {
            let (name, status) = condition.split_once('=').unwrap_or((condition, "True"));
            if name.is_empty() || status.is_empty() {
                return Err(format!("`{text}` names no condition"));
            }
            return Ok(Self::Condition(name.to_owned(), status.to_owned()));
        }
        if let Some(path) = text.strip_prefix("jsonpath=") {
            let quoted = |text: &str| text.trim_matches(['\'', '"']).to_owned();
            let end = path.rfind('}').map_or(path.len(), |at| at + 1);
            let (path, rest) = path.split_at(end);
            let rest = rest.trim_start_matches(['\'', '"']);
            let wanted = match rest.strip_prefix('=') {
                Some(wanted) => Some(quoted(wanted)),
                None if rest.is_empty() => None,
                None => return Err(format!("`{text}` has something behind its path that is no `=value`")),
            };
            let path = path.trim_start_matches(['\'', '"']);
            return Ok(Self::Path(path.to_owned(), JsonPath::parse(path)?, wanted));
        }
        Err(format!("`{text}` is neither `condition=NAME[=STATUS]` nor `jsonpath={{.path}}[=value]`"))
    }

    /// Is it so?
    pub(crate) fn status(&self, object: &Value) -> Status {
        match self {
            Self::Condition(name, wanted) => match condition(object, name) {
                Some((now, _)) if now.eq_ignore_ascii_case(wanted) => Status::Ready,
                Some((now, why)) => Status::Waits(format!("{name} is {now} and not {wanted}{why}")),
                None => Status::Waits(format!("it has no condition {name} yet")),
            },
            Self::Path(text, path, wanted) => {
                let found: Vec<String> = path.all(object).into_iter().map(scalar).collect();
                match wanted {
                    _ if found.is_empty() => Status::Waits(format!("there is nothing at {text} yet")),
                    Some(wanted) if found.iter().any(|value| value != wanted) => {
                        // The value may be a secret's own text elsewhere, so that it is not shown.
                        Status::Waits(format!("{text} is not yet `{wanted}`"))
                    }
                    _ => Status::Ready,
                }
            }
        }
    }
}

/// Does a wait's `on` name this object?
pub(crate) fn is_on(wait: &Wait, id: &ObjectId) -> bool {
    let mut parts = wait.on.split('/');
    let Some(kind) = parts.next() else { return false };
    let rest: Vec<&str> = parts.collect();
    let named = match rest.as_slice() {
        [name] => *name == id.name,
        [namespace, name] => *name == id.name && Some(*namespace) == id.namespace.as_deref(),
        _ => false,
    };
    named && kind.eq_ignore_ascii_case(&id.kind)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn goals_as_kubectl_has_them() {
        let object = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False", "reason": "Slow"}]}});
        let status = |text: &str| Goal::parse(text).unwrap().status(&object);
        assert_eq!(status("condition=Ready"), Status::Waits("Ready is False and not True: Slow".to_owned()));
        assert_eq!(status("condition=ready=false"), Status::Waits("it has no condition ready yet".to_owned()));
        assert_eq!(status("condition=Ready=false"), Status::Ready);
        assert_eq!(status("jsonpath={.status.phase}=Running"), Status::Ready);
        assert_eq!(status("jsonpath='{.status.phase}'=Running"), Status::Ready);
        assert_eq!(status("jsonpath={.status.phase}"), Status::Ready);
        assert!(matches!(status("jsonpath={.status.phase}=Done"), Status::Waits(_)));
        assert!(matches!(status("jsonpath={.status.other}"), Status::Waits(_)));
        for bad in ["delete", "condition=", "jsonpath={.a", "jsonpath={.a}x"] {
            Goal::parse(bad).unwrap_err();
        }
    }
}
