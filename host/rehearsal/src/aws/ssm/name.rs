//! Names of parameters, and how a request selects one.

use crate::aws::context::Context;
use crate::aws::refusal::Refusal;

/// How deep a hierarchy may go.
const LEVELS: usize = 15;
/// The longest name, its ARN included.
const LONGEST: usize = 1011;

/// Whether a new parameter may have this name.
pub(super) fn check(name: &str) -> Result<(), Refusal> {
    let wrong = |message: &str| Err(Refusal::bad("ValidationException", message));
    if name.is_empty() || name.len() > LONGEST {
        return wrong("Parameter name must have length between 1 and 1011.");
    }
    let trimmed = name.trim_start_matches('/').to_ascii_lowercase();
    if trimmed.starts_with("aws") && (name.starts_with("/aws") || name.to_ascii_lowercase().starts_with("aws")) {
        return Err(Refusal::bad("AccessDeniedException", format!("No access to reserved parameter name: {name}.")));
    }
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
    let empty_level = name.trim_start_matches('/').split('/').any(str::is_empty) || name.starts_with("//");
    if trimmed.starts_with("ssm") || !plain || empty_level {
        return wrong(
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist \
             of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the \
             following 3 symbols .-_",
        );
    }
    if name.contains('/') && !name.starts_with('/') {
        return wrong("Parameter name must be a fully qualified name.");
    }
    if name.matches('/').count() > LEVELS {
        let message = format!(
            "A parameter hierarchy can have a maximum of {LEVELS} levels. Choose a hierarchy with {LEVELS} or fewer \
             levels and try again."
        );
        return Err(Refusal::bad("HierarchyLevelLimitExceededException", message));
    }
    Ok(())
}

/// The ARN of a parameter.
pub(super) fn arn(context: &Context<'_, '_>, name: &str) -> String {
    context.arn("ssm", &format!("parameter/{}", name.strip_prefix('/').unwrap_or(name)))
}

/// A parameter as a request selects it: its name, and what follows the colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selected {
    pub(super) name: String,
    /// `:3`, as it was written.
    pub(super) selector: Option<String>,
}

impl Selected {
    /// Reads a name, `name:version`, or an ARN of either.
    pub(super) fn read(context: &Context<'_, '_>, text: &str) -> Self {
        let prefix = context.arn("ssm", "parameter/");
        // An ARN does not tell whether the name began with a slash; only one in a hierarchy has to.
        let text = match text.strip_prefix(&prefix) {
            Some(rest) if rest.contains('/') => format!("/{rest}"),
            Some(rest) => rest.to_owned(),
            None => text.to_owned(),
        };
        match text.split_once(':') {
            Some((name, selector)) if !text.starts_with("arn:") => {
                Self { name: name.to_owned(), selector: Some(format!(":{selector}")) }
            }
            _ => Self { name: text, selector: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_refused_with_the_service_s_codes() {
        let deep = "/a".repeat(16);
        for (name, code) in [
            ("/maps/postgres/password", None),
            ("plain", None),
            ("/a.b/c-d_e", None),
            ("a/b", Some("ValidationException")),
            ("/a//b", Some("ValidationException")),
            ("/a/", Some("ValidationException")),
            ("/a b", Some("ValidationException")),
            ("ssm-x", Some("ValidationException")),
            ("/SSM/x", Some("ValidationException")),
            ("/aws/x", Some("AccessDeniedException")),
            ("AWSx", Some("AccessDeniedException")),
            ("", Some("ValidationException")),
            (&deep, Some("HierarchyLevelLimitExceededException")),
        ] {
            assert_eq!(check(name).err().map(|refusal| refusal.code).as_deref(), code, "{name}");
        }
    }
}
