//! Formats of texts: `email`, `ipv4`, `date-time` and their kin, with what is wrong in the library's words.

mod address;
mod text;
mod time;
mod uri;

use crate::functions::regex;

/// What judges a text.
pub(super) type Check = fn(&str) -> Result<(), String>;

/// A format that is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    pub(super) name: &'static str,
    pub(super) check: Check,
}

const FORMATS: &[(&str, Check)] = &[
    ("json-pointer", text::json_pointer),
    ("relative-json-pointer", text::relative_json_pointer),
    ("uuid", text::uuid),
    ("duration", time::duration),
    ("period", time::period),
    ("ipv4", address::ipv4),
    ("ipv6", address::ipv6),
    ("hostname", address::hostname),
    ("email", address::email),
    ("date", time::date),
    ("time", time::time),
    ("date-time", time::date_time),
    ("uri", uri::uri),
    ("iri", uri::uri),
    ("uri-reference", uri::reference),
    ("iri-reference", uri::reference),
    ("uri-template", uri::template),
    ("semver", text::semver),
    ("regex", is_regex),
];

/// A format; `None` for a name that has no meaning.
pub(super) fn by_name(name: &str) -> Option<Format> {
    FORMATS.iter().find(|(known, _)| *known == name).map(|(name, check)| Format { name, check: *check })
}

/// Whether a text is a URL, or a reference, that Go takes.
pub(super) fn url(text: &str) -> Result<(), String> {
    uri::parse(text).map(drop)
}

fn is_regex(text: &str) -> Result<(), String> {
    regex::compile(text).map(drop)
}

/// Go's `%q` of a rune.
fn quoted(character: char) -> String {
    match character {
        '\'' => "'\\''".to_owned(),
        '"' => "'\"'".to_owned(),
        _ => {
            let quoted = super::documents::quote(&character.to_string());
            format!("'{}'", quoted.trim_matches('"'))
        }
    }
}

/// Go's `strconv.Atoi`.
fn integer(text: &str) -> Result<i64, String> {
    text.parse::<i64>().map_err(|error| {
        use std::num::IntErrorKind::{NegOverflow, PosOverflow};
        let cause = match error.kind() {
            PosOverflow | NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("strconv.Atoi: parsing {}: {cause}", super::documents::quote(text))
    })
}

/// How many digits a text begins with.
fn leading_digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn fail(message: &str) -> Result<(), String> {
    Err(message.to_owned())
}
