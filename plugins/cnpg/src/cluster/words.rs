//! The words that inputs of a database are chosen from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $word:ident),+ $(,)? })+) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        #[allow(missing_docs)] // The words are those of CloudNativePG, and say what they are.
        pub enum $name { $($(#[$what])* $word),+ }
    )+};
}

words! {
    /// What is stopped for, and what not.
    Durability { Required, Preferred }
    /// How instances keep away from one another.
    AntiAffinity { Preferred, Required }
    /// When the primary is updated.
    UpdateStrategy { Unsupervised, Supervised }
    /// How the primary is updated.
    UpdateMethod { Restart, Switchover }
    /// How much is logged.
    LogLevel { Error, Warning, Info, Debug, Trace }
    /// Is there to be such a role?
    Ensure { Present, Absent }
    /// Which instance is backed up.
    BackupTarget { Primary, PreferStandby }
    /// How a toleration compares.
    Operator { #[serde(rename = "Equal")] Equal, #[serde(rename = "Exists")] Exists }
    /// What a taint does.
    Effect {
        #[serde(rename = "NoSchedule")] NoSchedule,
        #[serde(rename = "PreferNoSchedule")] PreferNoSchedule,
        #[serde(rename = "NoExecute")] NoExecute,
    }
}

/// How synchronous standbys are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Whichever are first.
    #[default]
    Any,
    /// By their order.
    First,
}
