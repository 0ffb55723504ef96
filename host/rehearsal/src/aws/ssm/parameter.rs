//! A parameter as it is kept: what it is, and each version's value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws::context::Context;
use crate::aws::refusal::Refusal;
use crate::store::Documents;

/// Where the store keeps parameters of all regions, by region and name.
const PARAMETERS: &str = "aws.ssm.parameters";

/// What kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    String,
    StringList,
    SecureString,
}

impl Kind {
    /// By its name.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text {
            "String" => Some(Self::String),
            "StringList" => Some(Self::StringList),
            "SecureString" => Some(Self::SecureString),
            _ => None,
        }
    }

    /// Its name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::SecureString => "SecureString",
        }
    }
}

/// What a parameter may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Tier {
    Standard,
    Advanced,
}

impl Tier {
    /// Its name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Advanced => "Advanced",
        }
    }

    /// The longest value.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Standard => 4096,
            Self::Advanced => 8192,
        }
    }
}

/// One version; a secure value is a ciphertext.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) number: u64,
    pub(super) value: String,
    pub(super) key: Option<String>,
    pub(super) description: Option<String>,
    pub(super) modified_ms: u64,
    pub(super) user: String,
}

/// A parameter with its versions, the newest last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) kind: Kind,
    pub(super) tier: Tier,
    pub(super) pattern: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) versions: Vec<Version>,
}

impl Parameter {
    /// The newest version; a parameter is never kept without one.
    pub(super) fn newest(&self) -> Result<&Version, Refusal> {
        self.versions.last().ok_or_else(Refusal::internal)
    }
}

fn place(region: &str, name: &str) -> String {
    format!("{region} {name}")
}

/// A parameter of the request's region.
pub(super) fn find(context: &Context<'_, '_>, name: &str) -> Result<Option<Parameter>, Refusal> {
    Ok(context.transaction.get(PARAMETERS, &place(&context.region, name))?)
}

/// Every parameter of the request's region, by name.
pub(super) fn all(context: &Context<'_, '_>) -> Result<Vec<Parameter>, Refusal> {
    let mut parameters: Vec<Parameter> = context.transaction.list(PARAMETERS)?;
    parameters.retain(|parameter| parameter.region == context.region);
    Ok(parameters)
}

/// Keeps a parameter.
pub(super) fn keep(context: &mut Context<'_, '_>, parameter: &Parameter) -> Result<(), Refusal> {
    Ok(context.transaction.put(PARAMETERS, &place(&parameter.region, &parameter.name), parameter)?)
}

/// Takes one away.
pub(super) fn remove(context: &mut Context<'_, '_>, name: &str) {
    let place = place(&context.region, name);
    context.transaction.remove(PARAMETERS, &place);
}

/// No such parameter.
pub(super) fn missing() -> Refusal {
    Refusal::bad("ParameterNotFound", "")
}

/// Every parameter, its secure value left out.
pub(in crate::aws) fn inventory(documents: &Documents) -> Result<Value, serde_json::Error> {
    let parameters: Vec<Parameter> = documents.list(PARAMETERS)?;
    let shown = parameters.iter().filter_map(|parameter| {
        let newest = parameter.versions.last()?;
        let secure = parameter.kind == Kind::SecureString;
        Some(json!({
            "name": parameter.name,
            "region": parameter.region,
            "type": parameter.kind.as_str(),
            "tier": parameter.tier.as_str(),
            "value": if secure { "«secret»" } else { &newest.value },
            "key": newest.key,
            "description": newest.description,
            "allowed_pattern": parameter.pattern,
            "tags": parameter.tags,
        }))
    });
    Ok(shown.collect())
}
