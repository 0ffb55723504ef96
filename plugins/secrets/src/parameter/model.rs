//! A parameter of the Parameter Store.

use maps_sdk::Secret;
use maps_sdk::secrets::{self, Recipe};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tags::Tags;

/// The settings of a parameter: its value is given, or made by maps.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// Its name, a path such as `/maps/postgres/password`.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// How it is kept. Parameter Store does not change it.
    #[serde(default, rename = "type")]
    #[schemars(extend("x-maps-replace" = true))]
    pub kind: Kind,
    /// What it holds: up to 4 KiB, or 8 KiB in the advanced tier. Either this, or `generate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Secret>,
    /// Has maps make the value, at random. It is made once, and anew when anything here changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate: Option<Generate>,
    /// The KMS key that a `SecureString` is encrypted with: an id, an ARN or an alias. Without one it is the
    /// account's own for the Parameter Store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// What it costs and may hold.
    #[serde(default)]
    pub tier: Tier,
    /// For people, up to 1024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A regular expression that every value has to match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_pattern: Option<String>,
    /// Tags, besides those that maps sets. What others do to them is not looked for, since that would
    /// take a call for each parameter.
    #[serde(default)]
    pub tags: Tags,
}

/// How a value is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// Encrypted with a KMS key.
    #[default]
    SecureString,
    /// In clear.
    String,
    /// In clear, several texts with commas between them.
    StringList,
}

/// What a parameter costs and may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Tier {
    /// Up to 4 KiB, for nothing.
    #[default]
    Standard,
    /// Up to 8 KiB, for a price. There is no way back but a new parameter.
    Advanced,
    /// Advanced where the value needs it.
    #[serde(rename = "Intelligent-Tiering")]
    IntelligentTiering,
}

/// How a value is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// How many characters, 8 to 1024.
    #[serde(default = "length")]
    pub length: u32,
    /// Of which characters.
    #[serde(default)]
    pub alphabet: Alphabet,
    /// Any text: another one makes another value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate: Option<String>,
}

fn length() -> u32 {
    32
}

/// The characters of a value that maps makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Alphabet {
    /// A–Z, a–z, 0–9.
    #[default]
    Alphanumeric,
    /// 0–9, a–f.
    Hex,
    /// Printable ASCII without space, quotes and backslash.
    Printable,
}

impl Generate {
    /// What the host is asked for.
    pub(super) fn recipe(&self) -> Recipe {
        let alphabet = match self.alphabet {
            Alphabet::Alphanumeric => secrets::Alphabet::Alphanumeric,
            Alphabet::Hex => secrets::Alphabet::Hex,
            Alphabet::Printable => secrets::Alphabet::Printable,
        };
        Recipe { length: self.length, alphabet }
    }
}

/// What is known of a parameter besides its settings.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// How often it was written. Where it is another than maps left, somebody else wrote, and only then is
    /// the value fetched.
    #[schemars(extend("x-maps-computed" = true))]
    pub version: u64,
    /// What it holds, given or made.
    pub value: Secret,
}

/// A parameter that was written and that the service does not list yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// What was written.
    pub value: Secret,
}
