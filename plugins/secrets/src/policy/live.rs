//! Managed policies as IAM tells of them.

use std::collections::BTreeMap;

use maps_s3::batch::{self, Answered};
use maps_sdk::aws::{Answer, Call, iam};
use maps_sdk::{Problem, Resource, only};
use serde::Deserialize;
use serde_json::json;

use super::Policy;
use super::model::{Inputs, Outputs};
use crate::document::Document;
use crate::iam::all;
use crate::tags::{self, Tag, Tags};

/// The answer to GetPolicy and CreatePolicy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Got {
    pub(super) policy: About,
}

/// A policy without its document.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct About {
    pub(super) policy_name: String,
    pub(super) arn: String,
    pub(super) policy_id: String,
    pub(super) path: String,
    pub(super) description: Option<String>,
    pub(super) default_version_id: String,
    #[serde(default)]
    pub(super) attachment_count: u64,
    #[serde(default)]
    pub(super) permissions_boundary_usage_count: u64,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// A policy with its document.
pub(super) struct Live {
    pub(super) about: About,
    pub(super) document: Document,
}

impl About {
    pub(super) fn all_tags(&self) -> Tags {
        tags::all(self.tags.clone())
    }
}

impl Live {
    pub(super) fn told(self) -> Resource<Policy> {
        let Self { about, document } = self;
        let inputs = Inputs {
            tags: tags::users(&about.all_tags()),
            name: about.policy_name,
            path: about.path,
            description: about.description.filter(|text| !text.is_empty()),
            document,
        };
        let outputs = Outputs { arn: about.arn.clone(), unique_id: about.policy_id };
        Resource { id: about.arn, inputs, outputs }
    }
}

/// Policies by their ARNs, without documents; a read for each.
pub(super) fn about(arns: &[&str]) -> Vec<Answered<Option<About>>> {
    let calls = arns.iter().map(|arn| Call::new("GetPolicy", &json!({"PolicyArn": arn})));
    let answers = batch::send(iam::read_all, calls.collect());
    let about = |answer| batch::found(answer)?.map(|answer: Answer| Ok(answer.json::<Got>()?.policy)).transpose();
    answers.into_iter().map(about).collect()
}

/// Policies with their documents; two reads for each.
pub(super) fn ask(arns: &[&str]) -> Vec<Answered<Option<Live>>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct GotVersion {
        policy_version: Version,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Version {
        document: Document,
    }
    let abouts = about(arns);
    let calls = abouts.iter().flatten().flatten().map(|about| {
        Call::new("GetPolicyVersion", &json!({"PolicyArn": about.arn, "VersionId": about.default_version_id}))
    });
    let mut answers = batch::send(iam::read_all, calls.collect()).into_iter();
    let live = |about: Answered<Option<About>>| {
        let Some(about) = about? else { return Ok(None) };
        let version = batch::found(only(answers.by_ref().take(1)))?;
        let Some(version) = version.map(|answer| answer.json::<GotVersion>()).transpose()? else { return Ok(None) };
        Ok(Some(Live { about, document: version.policy_version.document }))
    };
    abouts.into_iter().map(live).collect()
}

/// The versions of a policy that are not the default one, the oldest first, and how many there are in all.
pub(super) fn old_versions(arn: &str) -> Answered<(Vec<String>, usize)> {
    const ACTION: &str = "ListPolicyVersions";
    let input = json!({"PolicyArn": arn});
    let versions = all(&iam::read(Call::new(ACTION, &input)?)?, ACTION, &input, "Versions")?;
    let old = versions.iter().filter(|version| version["IsDefaultVersion"] != true);
    let mut old: Vec<String> = old.filter_map(|version| version["VersionId"].as_str().map(str::to_owned)).collect();
    // `v10` is younger than `v9`.
    old.sort_by_key(|version| version.trim_start_matches('v').parse::<u64>().unwrap_or(u64::MAX));
    Ok((old, versions.len()))
}

/// The ARNs of the account's policies below these paths, by path and name: no answer that a create could
/// have lost tells what number the account has.
pub(super) fn arns<'i>(paths: impl Iterator<Item = &'i str>) -> Answered<BTreeMap<(String, String), String>> {
    const ACTION: &str = "ListPolicies";
    let mut found = BTreeMap::new();
    let mut paths: Vec<&str> = paths.collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        let input = json!({"Scope": "Local", "PathPrefix": path});
        let listed = all(&iam::read(Call::new(ACTION, &input)?)?, ACTION, &input, "Policies")?;
        for policy in listed {
            let text = |key: &str| {
                let unnamed = || Problem::internal("unexpected-answer", format!("a policy is listed without {key}"));
                policy[key].as_str().map(str::to_owned).ok_or_else(unnamed)
            };
            found.insert((text("Path")?, text("PolicyName")?), text("Arn")?);
        }
    }
    Ok(found)
}
