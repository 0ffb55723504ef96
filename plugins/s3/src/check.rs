//! What makes the name and the rules of a bucket wrong beyond their types.

use maps_sdk::Report;

use crate::lifecycle::Rule;

/// Reports everything that is wrong with a bucket's name; `is_name` holds it against the service's rules.
pub fn name(report: &mut Report, name: &str, is_name: fn(&str) -> bool) {
    if !is_name(name) {
        let message = "a bucket's name has 3 to 63 lower-case letters, digits, dots and dashes; a letter or a digit \
                       first and last, no two dots together, and it is no IP address";
        report.invalid("name", "bad-name", message);
    }
}

/// Reports everything that is wrong with a bucket's rules, of which there are at most `most`. What a rule can do is
/// told by the names of its fields, `moves` among them where the service has more than one class of storage.
pub fn lifecycle(report: &mut Report, rules: &[Rule], most: usize, moves: &[&'static str]) {
    if rules.len() > most {
        report.invalid("lifecycle", "too-many-rules", format!("a bucket has at most {most} lifecycle rules"));
    }
    for (index, each) in rules.iter().enumerate() {
        rule(report, &format!("lifecycle[{index}]"), each, moves);
        if let Some(twin) = rules[..index].iter().position(|earlier| earlier.id == each.id) {
            let paths = [format!("lifecycle[{index}].id"), format!("lifecycle[{twin}].id")];
            report.across(&[&paths[0], &paths[1]], "duplicate-rule", format!("two rules are named {}", each.id));
        }
    }
}

fn rule(report: &mut Report, at: &str, rule: &Rule, moves: &[&'static str]) {
    if rule.id.is_empty() || rule.id.chars().count() > 255 {
        report.invalid(format!("{at}.id"), "bad-id", "a rule's id is 1 to 255 characters");
    }
    let days = [
        ("expiration_days", rule.expiration_days),
        ("noncurrent_expiration_days", rule.noncurrent_expiration_days),
        ("abort_multipart_days", rule.abort_multipart_days),
    ];
    for (name, _) in days.iter().filter(|(_, days)| *days == Some(0)) {
        report.invalid(format!("{at}.{name}"), "no-days", "it is at least one day");
    }
    let stays = rule.transitions.is_empty() && rule.noncurrent_transitions.is_empty();
    if stays && days.iter().all(|(_, days)| days.is_none()) {
        let names = days.iter().map(|(name, _)| name).chain(moves);
        let paths: Vec<String> = names.map(|name| format!("{at}.{name}")).collect();
        let paths: Vec<&str> = [at].into_iter().chain(paths.iter().map(String::as_str)).collect();
        report.across(&paths, "no-action", "a rule says after how many days something happens");
    }
    let last = rule.transitions.iter().map(|transition| transition.days).max();
    if let (Some(last), Some(end)) = (last, rule.expiration_days.filter(|days| *days > 0))
        && end <= last
    {
        let paths = [format!("{at}.expiration_days"), format!("{at}.transitions")];
        let message = format!("objects go after {end} days, and are to move after {last}");
        report.across(&[&paths[0], &paths[1]], "expired-before-moved", message);
    }
}
