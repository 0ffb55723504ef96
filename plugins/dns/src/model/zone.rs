//! A hosted zone that is there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::{Name, ZoneId};

/// Which zone is meant: by its name, or by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneInputs {
    /// The zone's domain, such as `example.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-replace" = true))]
    pub name: Option<Name>,
    /// The zone's id, such as `Z0123456789ABCDEFGHIJ`, in place of its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-replace" = true))]
    pub id: Option<ZoneId>,
    /// Means the private zone of that name, rather than the public one.
    #[serde(default)]
    #[schemars(extend("x-maps-replace" = true))]
    pub private: bool,
}

/// What Route 53 tells of a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneOutputs {
    /// Its id, which records are given as `zone`.
    pub id: String,
    /// Its domain, without a dot at the end.
    pub name: String,
    /// Its name servers; a private zone has none.
    pub name_servers: Vec<String>,
    /// How many records are in it, its own NS and SOA included.
    #[schemars(extend("x-maps-computed" = true))]
    pub record_count: u64,
}
