//! What makes inputs wrong beyond their types. The value is sealed, so its length and whether it matches
//! the pattern are AWS's to say.

use maps_sdk::Report;

use super::model::{Inputs, Kind};
use crate::tags;

/// The longest name, in characters, with the ARN that AWS puts before it.
const LONGEST_NAME: usize = 1011;
/// How deep a hierarchy may go.
const LEVELS: usize = 15;
/// The longest description and the longest pattern, in characters.
const LONGEST_TEXT: usize = 1024;

/// Reports everything that is wrong with a parameter.
pub(super) fn inputs(inputs: &Inputs, report: &mut Report) {
    if let Some(why) = fault(&inputs.name) {
        report.invalid("name", "bad-name", why);
    }
    match (&inputs.value, &inputs.generate) {
        (None, None) => {
            report.across(&["value", "generate"], "no-value", "a parameter needs a `value`, or `generate: {}`");
        }
        (Some(_), Some(_)) => {
            let message = "a parameter has a `value` or has maps `generate` one, not both";
            report.across(&["generate", "value"], "two-values", message);
        }
        (None, Some(generate)) if !(8..=1024).contains(&generate.length) => {
            report.invalid("generate.length", "bad-length", "a value that maps makes has 8 to 1024 characters");
        }
        _ => {}
    }
    if inputs.key_id.is_some() && inputs.kind != Kind::SecureString {
        let message = "only a SecureString is encrypted, so only it has a key_id";
        report.across(&["key_id", "type"], "key-without-encryption", message);
    }
    for (at, text) in
        [("key_id", &inputs.key_id), ("description", &inputs.description), ("allowed_pattern", &inputs.allowed_pattern)]
    {
        let Some(text) = text else { continue };
        if text.is_empty() {
            report.invalid(at, "empty", format!("{at} is empty; leave it out"));
        } else if text.chars().count() > LONGEST_TEXT {
            report.invalid(at, "too-long", format!("{at} has at most {LONGEST_TEXT} characters"));
        }
    }
    tags::check(report, &inputs.tags);
    for (key, _) in inputs.tags.iter().filter(|(_, value)| value.is_empty()) {
        report.invalid(format!("tags.{key}"), "bad-tag-value", "a parameter's tag has a value");
    }
}

/// What is wrong with a name, by the rules of PutParameter.
fn fault(name: &str) -> Option<String> {
    let inside = name.strip_prefix('/').unwrap_or(name);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let start = inside.get(..3).unwrap_or_default().to_ascii_lowercase();
    Some(if name.is_empty() || !name.bytes().all(plain) {
        "a name has letters, digits, `.`, `-` and `_`, in parts between slashes".to_owned()
    } else if name.contains('/') && !name.starts_with('/') {
        format!("a name with slashes begins with one: /{name}")
    } else if inside.split('/').any(str::is_empty) {
        "a name has no empty part, and no slash at its end".to_owned()
    } else if ["aws", "ssm"].contains(&start.as_str()) {
        "AWS keeps names that begin with `aws` or `ssm` to itself".to_owned()
    } else if name.matches('/').count() > LEVELS {
        format!("a name has at most {LEVELS} parts between slashes")
    } else if name.len() > LONGEST_NAME {
        format!("a name has at most {LONGEST_NAME} characters")
    } else {
        return None;
    })
}
