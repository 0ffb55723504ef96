//! What makes inputs wrong beyond their types.

use maps_s3::is_bucket_name;
use maps_sdk::Report;

use super::model::{Inputs, Rule};

/// How many rules a bucket may have.
const RULES: usize = 100;

/// Reports everything that is wrong with a bucket.
pub(super) fn inputs(inputs: &Inputs, report: &mut Report) {
    if !is_bucket_name(&inputs.name) {
        let message = "a bucket's name has 3 to 63 lower-case letters, digits, dots and dashes; a letter or a digit \
                       first and last, no two dots together, and it is no IP address";
        report.invalid("name", "bad-name", message);
    }
    if inputs.lifecycle.len() > RULES {
        report.invalid("lifecycle", "too-many-rules", format!("a bucket has at most {RULES} lifecycle rules"));
    }
    for (index, each) in inputs.lifecycle.iter().enumerate() {
        rule(report, &format!("lifecycle[{index}]"), each);
        if let Some(twin) = inputs.lifecycle[..index].iter().position(|earlier| earlier.id == each.id) {
            let paths = [format!("lifecycle[{index}].id"), format!("lifecycle[{twin}].id")];
            report.across(&[&paths[0], &paths[1]], "duplicate-rule", format!("two rules are named {}", each.id));
        }
    }
}

fn rule(report: &mut Report, at: &str, rule: &Rule) {
    if rule.id.is_empty() || rule.id.chars().count() > 255 {
        report.invalid(format!("{at}.id"), "bad-id", "a rule's id is 1 to 255 characters");
    }
    let days = rule.days();
    for (name, _) in days.iter().filter(|(_, days)| *days == Some(0)) {
        report.invalid(format!("{at}.{name}"), "no-days", "it is at least one day");
    }
    if days.iter().all(|(_, days)| days.is_none()) {
        let paths: Vec<String> = days.iter().map(|(name, _)| format!("{at}.{name}")).collect();
        let paths: Vec<&str> = [at].into_iter().chain(paths.iter().map(String::as_str)).collect();
        report.across(&paths, "no-action", "a rule says after how many days something happens");
    }
}
