//! The fields of a query request: names like `Tags.member.1.Key`.

use std::collections::BTreeMap;

use super::refusal::Refusal;

/// The fields, decoded.
#[derive(Debug)]
pub(super) struct Form(pub(super) Vec<(String, String)>);

impl Form {
    /// A field, if it was sent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A field that has to be there.
    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| {
            let (first, rest) = name.split_at(1);
            let field = format!("{}{rest}", first.to_ascii_lowercase());
            invalid(&format!("Value null at '{field}' failed to satisfy constraint: Member must not be null"))
        })
    }

    /// A number within bounds, or what stands for none.
    pub(super) fn number(
        &self,
        name: &str,
        default: usize,
        bounds: std::ops::RangeInclusive<usize>,
    ) -> Result<usize, Refusal> {
        let Some(text) = self.get(name) else { return Ok(default) };
        text.parse().ok().filter(|number| bounds.contains(number)).ok_or_else(|| {
            let (least, most) = bounds.into_inner();
            invalid(&format!(
                "Value '{text}' at '{name}' failed to satisfy constraint: Member must have value between {least} and {most}"
            ))
        })
    }

    /// `Name.member.N`, in order.
    pub(super) fn members(&self, name: &str) -> Vec<&str> {
        (1..).map_while(|n| self.get(&format!("{name}.member.{n}"))).collect()
    }

    /// `Tags.member.N.Key` and `.Value`, checked as IAM checks them.
    pub(super) fn tags(&self) -> Result<BTreeMap<String, String>, Refusal> {
        let mut tags = BTreeMap::new();
        for n in 1.. {
            let Some(key) = self.get(&format!("Tags.member.{n}.Key")) else { break };
            let value = self.get(&format!("Tags.member.{n}.Value")).unwrap_or_default();
            if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
                return Err(invalid(&format!(
                    "Value at 'tags.{n}.member' failed to satisfy constraint: a key has 1 to 128 characters, a value at most 256"
                )));
            }
            if tags.insert(key.to_owned(), value.to_owned()).is_some() {
                let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
                return Err(Refusal::bad("InvalidInput", message));
            }
        }
        if tags.len() > 50 {
            return Err(Refusal::conflict("LimitExceeded", "The number of tags has reached the maximum limit."));
        }
        Ok(tags)
    }
}

/// A field that cannot be.
pub(super) fn invalid(why: &str) -> Refusal {
    Refusal::bad("ValidationError", format!("1 validation error detected: {why}"))
}
