//! A record set: all values of one name and type, or one of several among which a policy chooses.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Cidr, Failover, Geolocation, Geoproximity, is_false};
use crate::name::{Name, ZoneId};

/// The time to live of a record for which the stack says nothing, in seconds.
const TTL: u32 = 300;

/// The settings of a record.
// By way of `Self`, since the time to live that is left out depends on whether there is an alias.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Inputs {
    /// The zone's id: `${zone.id}`.
    #[schemars(extend("x-maps-replace" = true))]
    pub zone: ZoneId,
    /// The whole name, such as `www.example.com` or `*.example.com`. A dot at its end, and the case of
    /// its letters, make no difference.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: Name,
    /// The record's type.
    #[serde(rename = "type")]
    #[schemars(extend("x-maps-replace" = true))]
    pub kind: RecordType,
    /// How long resolvers may keep an answer, in seconds: 300 if it is left out. An alias has none: it
    /// takes that of its target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u32>,
    /// The values, in any order, each as its type writes it: `10 mail.example.com` for an MX. That of a
    /// TXT is its text: quotes, escapes and parts of 255 bytes are seen to, unless it comes in quotes already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Answers as something else in AWS does, in place of `values`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<Alias>,
    /// Tells records of one name and type apart, among which a policy chooses: `weight`, `latency_region`,
    /// `failover`, `geolocation`, `geoproximity`, `cidr` or `multivalue`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-replace" = true))]
    pub set_identifier: Option<String>,
    /// The share of the answers, from 0 to 255, against the sum of all weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// The AWS region that what it leads to is in; whoever gets there fastest gets this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_region: Option<String>,
    /// Answers while another does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failover: Option<Failover>,
    /// Answers those in one part of the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geolocation: Option<Geolocation>,
    /// Answers those who are near.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geoproximity: Option<Geoproximity>,
    /// Answers those at some addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cidr: Option<Cidr>,
    /// Answers together with up to seven others of its name and type.
    #[serde(default, skip_serializing_if = "is_false")]
    pub multivalue: bool,
    /// The id of a health check: it answers only while that passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check: Option<String>,
}

impl<'de> Deserialize<'de> for Inputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut inputs = Self::deserialize(deserializer)?;
        if inputs.ttl.is_none() && inputs.alias.is_none() {
            inputs.ttl = Some(TTL);
        }
        Ok(inputs)
    }
}

impl Serialize for Inputs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

/// Where an alias leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alias {
    /// The target's zone: the id that AWS documents for the service (a load balancer tells its own,
    /// CloudFront's is `Z2FDTNDATAQYW2`), or the record's own zone for another record in it.
    pub zone: ZoneId,
    /// The target's name.
    pub name: Name,
    /// Answers only while the target is healthy.
    #[serde(default)]
    pub evaluate_target_health: bool,
}

/// What Route 53 tells of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its name, without a dot at the end.
    pub fqdn: String,
}

/// What is being waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The id of the change that has to reach every name server.
    pub change: String,
    /// How often it was asked about.
    #[serde(default)]
    pub polls: u32,
}

/// The types of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)] // They are the names of the standards that define them.
pub enum RecordType {
    A,
    AAAA,
    CAA,
    CNAME,
    DS,
    HTTPS,
    MX,
    NAPTR,
    NS,
    PTR,
    SPF,
    SRV,
    SSHFP,
    SVCB,
    TLSA,
    TXT,
}

impl RecordType {
    /// All of them.
    pub(crate) const ALL: [Self; 16] = [
        Self::A,
        Self::AAAA,
        Self::CAA,
        Self::CNAME,
        Self::DS,
        Self::HTTPS,
        Self::MX,
        Self::NAPTR,
        Self::NS,
        Self::PTR,
        Self::SPF,
        Self::SRV,
        Self::SSHFP,
        Self::SVCB,
        Self::TLSA,
        Self::TXT,
    ];

    /// By its name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.to_string() == name)
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A variant is named as its type is.
        fmt::Debug::fmt(self, f)
    }
}
