//! Query parameters, checked as the server checks them.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::decode::Strictness;
use crate::invalid::Invalid;
use crate::status::{Refusal, Subject};

/// The query of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

/// The longest name of a field manager.
const MANAGER_LENGTH: usize = 128;

impl Query {
    /// Reads a raw query.
    pub(crate) fn parse(raw: Option<&str>) -> Self {
        Self(url::form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// The first value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a flag is set: there, and neither `false` nor `0`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "false" | "0"))
    }

    /// A whole number, with or without a sign; refused as Go's `strconv.ParseInt` refuses it.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        use std::num::IntErrorKind;
        let parse = |text: &str| {
            text.parse::<i64>().map_err(|error| {
                let why = match error.kind() {
                    IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
                    _ => "invalid syntax",
                };
                Refusal::bad_request(format!("strconv.ParseInt: parsing {text:?}: {why}"))
            })
        };
        self.get(name).map(parse).transpose()
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }
}

/// What the parameters of a write say.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriteOptions {
    /// Nothing is to be stored.
    pub(crate) dry_run: bool,
    /// The manager that the client names.
    pub(crate) manager: Option<String>,
    /// What to do about unknown fields.
    pub(crate) strictness: Strictness,
    /// Conflicts of server-side apply are overridden.
    pub(crate) force: bool,
}

impl WriteOptions {
    /// Reads them; `kind` is `CreateOptions`, `UpdateOptions` or `PatchOptions`; `apply` for an apply patch.
    pub(crate) fn read(query: &Query, kind: &'static str, apply: bool) -> Result<Self, Refusal> {
        let mut wrong = Vec::new();
        if kind == "PatchOptions" {
            if apply && query.get("fieldManager").unwrap_or_default().is_empty() {
                wrong.push(Invalid::required("fieldManager", "is required for apply patch"));
            }
            if !apply && query.get("force").is_some() {
                wrong.push(Invalid::forbidden("force", "may not be specified for non-apply patch"));
            }
        }
        if let Some(manager) = query.get("fieldManager") {
            wrong.extend(manager_faults(manager));
        }
        let dry_run = dry_run(&query.all("dryRun"), &mut wrong);
        let strictness = match query.get("fieldValidation") {
            None | Some("" | "Warn") => Strictness::Warn,
            Some("Ignore") => Strictness::Ignore,
            Some("Strict") => Strictness::Strict,
            Some(other) => {
                wrong.push(Invalid::not_supported("fieldValidation", &json!(other), &["", "Ignore", "Strict", "Warn"]));
                Strictness::Warn
            }
        };
        refuse(kind, &wrong)?;
        let manager = query.get("fieldManager").filter(|name| !name.is_empty()).map(str::to_owned);
        Ok(Self { dry_run, manager, strictness, force: query.flag("force") })
    }
}

fn refuse(kind: &'static str, wrong: &[Invalid]) -> Result<(), Refusal> {
    match wrong {
        [] => Ok(()),
        wrong => Err(Refusal::invalid(Subject { group: "meta.k8s.io", resource: kind, name: "" }, wrong)),
    }
}

fn manager_faults(manager: &str) -> Vec<Invalid> {
    let mut wrong = Vec::new();
    if manager.len() > MANAGER_LENGTH {
        wrong.push(Invalid::too_long("fieldManager", MANAGER_LENGTH));
    }
    if let Some((at, _)) = manager.char_indices().find(|(_, c)| c.is_control()) {
        wrong.push(Invalid::invalid(
            "fieldManager",
            &json!(manager),
            format!("should only contain printable characters (position {at})"),
        ));
    }
    wrong
}

fn dry_run(given: &[&str], wrong: &mut Vec<Invalid>) -> bool {
    let given: Vec<&str> = given.iter().copied().filter(|value| !value.is_empty()).collect();
    if given.iter().any(|value| *value != "All") {
        wrong.push(Invalid::not_supported("dryRun", &json!(given), &["All"]));
    }
    given.contains(&"All")
}

/// What the options of a delete say, in its body or else its query.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeleteOptions {
    /// Nothing is to be stored.
    pub(crate) dry_run: bool,
    /// `Background`, `Foreground`, `Orphan`.
    pub(crate) propagation: Option<String>,
    /// How long the object may take to end, in seconds.
    pub(crate) grace: Option<i64>,
    /// The object must have this uid.
    pub(crate) uid: Option<String>,
    /// The object must have this revision.
    pub(crate) revision: Option<String>,
}

impl DeleteOptions {
    /// Reads them.
    pub(crate) fn read(query: &Query, body: Option<&Value>) -> Result<Self, Refusal> {
        let text = |at: &str| -> Option<Cow<'_, str>> {
            match body {
                Some(body) => body.get(at).and_then(Value::as_str).map(Cow::Borrowed),
                None => query.get(at).map(Cow::Borrowed),
            }
        };
        let mut wrong = Vec::new();
        let given: Vec<&str> = match body {
            Some(body) => body["dryRun"].as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
            None => query.all("dryRun"),
        };
        let dry_run = dry_run(&given, &mut wrong);
        let orphan = match body {
            Some(body) => body["orphanDependents"].as_bool(),
            None => query.get("orphanDependents").map(|_| query.flag("orphanDependents")),
        };
        let propagation = text("propagationPolicy").filter(|policy| !policy.is_empty()).map(Cow::into_owned);
        if orphan.is_some() && propagation.is_some() {
            wrong.push(Invalid::invalid(
                "propagationPolicy",
                &json!(propagation),
                "orphanDependents and deletionPropagation cannot be both set",
            ));
        }
        if let Some(policy) = &propagation
            && !["Foreground", "Background", "Orphan"].contains(&policy.as_str())
        {
            let known = ["Foreground", "Background", "Orphan", "nil"];
            wrong.push(Invalid::not_supported("propagationPolicy", &json!(policy), &known));
        }
        refuse("DeleteOptions", &wrong)?;
        let grace = match body {
            Some(body) => body["gracePeriodSeconds"].as_i64(),
            None => query.number("gracePeriodSeconds")?,
        };
        let precondition = |name: &str| body.and_then(|body| body["preconditions"][name].as_str()).map(str::to_owned);
        Ok(Self {
            dry_run,
            propagation: propagation.or(orphan.map(|orphan| if orphan { "Orphan" } else { "Background" }.to_owned())),
            grace,
            uid: precondition("uid"),
            revision: precondition("resourceVersion"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        let query = |text: &str| Query::parse(Some(text)).number("limit").map_err(|refusal| refusal.message);
        assert_eq!(query("watch=1"), Ok(None));
        assert_eq!(query("limit=-1"), Ok(Some(-1)));
        assert_eq!(query("limit=%2B5"), Ok(Some(5)));
        assert_eq!(query("limit=abc"), Err("strconv.ParseInt: parsing \"abc\": invalid syntax".to_owned()));
        let long = "strconv.ParseInt: parsing \"9223372036854775808\": value out of range";
        assert_eq!(query("limit=9223372036854775808"), Err(long.to_owned()));
    }
}
