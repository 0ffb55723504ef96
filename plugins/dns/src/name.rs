//! Domain names and ids of zones, each in its one form.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// The longest name, and the longest part of one between dots, in bytes.
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// A domain name in its one form: lower case, no dot at the end, and no escape where none is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Name(String);

impl Name {
    /// Brings a name to its one form. What is no name stays as it is, for [`fault`](Self::fault) to tell.
    pub(crate) fn new(text: &str) -> Self {
        let text = text.strip_suffix('.').unwrap_or(text);
        let mut name = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            match escaped(rest) {
                Some(plain) => {
                    name.push(plain.to_ascii_lowercase());
                    rest = rest.get(4..).unwrap_or_default();
                }
                None => {
                    name.push(next.to_ascii_lowercase());
                    rest = rest.get(next.len_utf8()..).unwrap_or_default();
                }
            }
        }
        Self(name)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// As Route 53 shows it: a dot at the end, and octal codes for all but letters, digits, `-` and `_`.
    pub(crate) fn shown(&self) -> String {
        let mut shown = String::with_capacity(self.0.len() + 1);
        for letter in self.0.chars() {
            if is_plain(letter) || letter == '.' || letter == '\\' {
                shown.push(letter);
            } else {
                for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                    shown.push_str(&format!("\\{byte:03o}"));
                }
            }
        }
        shown.push('.');
        shown
    }

    /// Its place in listings: by labels from the right, the last dot included.
    pub(crate) fn place(&self) -> String {
        let shown = self.shown();
        let labels: Vec<&str> = shown.trim_end_matches('.').rsplit('.').collect();
        labels.join(".") + "."
    }

    /// Does Route 53 write anything of it by a code? It does not document where that stands in listings.
    pub(crate) fn has_codes(&self) -> bool {
        !self.0.chars().all(|letter| is_plain(letter) || letter == '.')
    }

    /// Why it is no name that a record can have, if it is none.
    pub(crate) fn fault(&self) -> Option<String> {
        let name = &self.0;
        if name.is_empty() {
            return Some("a name has at least one label, such as www.example.com".to_owned());
        }
        if let Some(odd) = name.chars().find(|letter| !letter.is_ascii()) {
            return Some(format!("`{odd}` is not ASCII: write an international name in Punycode, as xn--…"));
        }
        if let Some(odd) = name.chars().find(|letter| !is_plain(*letter) && !".*@/".contains(*letter)) {
            return Some(format!("a name has letters, digits, `-`, `_`, `*`, `@` and `/` between dots, not `{odd}`"));
        }
        if name.len() > LONGEST {
            return Some(format!("a name has {LONGEST} bytes at most, and this has {}", name.len()));
        }
        name.split('.').find_map(|label| match label.len() {
            0 => Some("there is nothing between two dots, or before the first".to_owned()),
            length if length > LONGEST_LABEL => {
                Some(format!("`{label}` has {length} bytes; between dots are {LONGEST_LABEL} at most"))
            }
            _ => None,
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(&String::deserialize(deserializer)?))
    }
}

fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-' || letter == '_'
}

/// The character that an octal code at the beginning of `text` stands for, if that can stand by itself.
fn escaped(text: &str) -> Option<char> {
    let digits = text.strip_prefix('\\')?.get(..3)?;
    let byte = u8::from_str_radix(digits, 8).ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_digit()))?;
    Some(char::from(byte)).filter(|letter| letter.is_ascii_graphic() && !matches!(letter, '.' | '\\'))
}

/// The id of a hosted zone, alone: `/hostedzone/` before it is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct ZoneId(String);

impl ZoneId {
    pub(crate) fn new(text: &str) -> Self {
        let text = text.trim_start_matches('/');
        Self(text.strip_prefix("hostedzone/").unwrap_or(text).to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Could it be the id of a zone?
    pub(crate) fn is_valid(&self) -> bool {
        (1..=32).contains(&self.0.len()) && self.0.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }
}

impl fmt::Display for ZoneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ZoneId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(&String::deserialize(deserializer)?))
    }
}
