//! How Route 53 chooses among records of one name and type.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which of two records answers while the other's health check fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Failover {
    /// Answers while it is healthy.
    Primary,
    /// Answers while the other is not.
    Secondary,
}

/// Where those are who get this answer. The country `*` is whoever no other record fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Geolocation {
    /// `AF`, `AN`, `AS`, `EU`, `NA`, `OC` or `SA`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continent: Option<String>,
    /// A country of ISO 3166-1 in two letters, or `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// A state of the United States or of Ukraine, in addition to the country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subdivision: Option<String>,
}

/// Where what the record leads to is: whoever is nearest gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Geoproximity {
    /// An AWS region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// A group of AWS local zones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_zone_group: Option<String>,
    /// A place on earth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<Coordinates>,
    /// From -99 to 99: makes the area smaller or larger in which this is the nearest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias: Option<i32>,
}

/// A place on earth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coordinates {
    /// From -90 to 90, with two decimals at most, as a text.
    pub latitude: String,
    /// From -180 to 180, with two decimals at most, as a text.
    pub longitude: String,
}

/// The addresses of those who get this answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cidr {
    /// The id of a CIDR collection.
    pub collection: String,
    /// The name of a location in it, or `*`: whoever no other location holds.
    pub location: String,
}
