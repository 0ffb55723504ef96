//! Names that must not be mixed up, each a type of its own.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is; where it comes from outside, its parser has checked it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )*};
}

names! {
    /// A resource's name in its stack: `cluster`, `release["cert-manager"]`.
    Address;
    /// A plugin's name in its stack: `doks`.
    PluginName;
    /// A kind, with its plugin's name before the slash: `doks/cluster`.
    KindName;
    /// One operation of one run on one object: unique in a stack's journal.
    OpId;
    /// 32 hex digits, the same for every attempt at making one object; made objects carry it.
    Token;
    /// A rule's id in its manifest: `create-cluster`.
    RuleId;
}

impl KindName {
    /// The plugin's part: what stands before the slash.
    pub fn plugin(&self) -> PluginName {
        PluginName::new(self.as_str().split_once('/').map_or(self.as_str(), |(plugin, _)| plugin))
    }
}
