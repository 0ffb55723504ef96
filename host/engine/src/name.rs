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

/// The longest name in a stack: it becomes part of file names, tags and labels.
pub const MAX_NAME: usize = 63;

/// What is wrong with a name of a stack, an input, a resource, a plugin, an output. None if it is
/// a lower-case ASCII letter followed by lower-case letters, digits, `_` and `-`.
///
/// ASCII alone, so that no name looks like another one and none acts on a terminal.
pub fn name_fault(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("it is empty".to_owned());
    }
    if name.len() > MAX_NAME {
        return Some(format!("it is longer than {MAX_NAME} characters"));
    }
    if let Some(c) = name.chars().find(|c| is_deceptive(*c)) {
        return Some(format!("it holds the invisible character U+{:04X}", c as u32));
    }
    if let Some(c) = name.chars().find(|c| !c.is_ascii()) {
        return Some(format!(
            "it holds `{c}` (U+{:04X}), which is not ASCII and may look like another letter",
            c as u32
        ));
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Some("it must begin with a lower-case letter".to_owned());
    }
    name.chars()
        .find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-')))
        .map(|c| format!("it holds `{c}`, and only lower-case letters, digits, `_` and `-` are allowed"))
}

/// Characters that hide, reorder or act: controls, bidirectional marks, zero-width ones, tags.
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

impl Address {
    /// The address of one instance of a resource with `each`: `release["cert-manager"]`.
    pub fn instance(resource: &str, key: &str) -> Self {
        Self(format!("{resource}[\"{key}\"]"))
    }

    /// The resource's name and the key of its instance, if it has one.
    pub fn parts(&self) -> (&str, Option<&str>) {
        match self.0.split_once("[\"").and_then(|(name, rest)| Some((name, rest.strip_suffix("\"]")?))) {
            Some((name, key)) => (name, Some(key)),
            None => (&self.0, None),
        }
    }

    /// Reads an address as people write it; none if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let address = Self(text.to_owned());
        let (name, key) = address.parts();
        let good = name_fault(name).is_none() && key.is_none_or(|key| key_fault(key).is_none());
        good.then_some(address)
    }
}

/// What is wrong with a key of `each`. Wider than a name, since keys are often domain names.
pub fn key_fault(key: &str) -> Option<String> {
    // With the name in front an address stays below what object stores take for a tag.
    const MAX_KEY: usize = 128;
    if key.is_empty() {
        return Some("it is empty".to_owned());
    }
    if key.len() > MAX_KEY {
        return Some(format!("it is longer than {MAX_KEY} characters"));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '*' | '+');
    key.chars().find(|c| !allowed(*c)).map(|c| {
        let shown = if is_deceptive(c) { String::new() } else { format!("`{c}` ") };
        format!("it holds {shown}(U+{:04X}), and only ASCII letters, digits and `-_./:@*+` are allowed", c as u32)
    })
}
