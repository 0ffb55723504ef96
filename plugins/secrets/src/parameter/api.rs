//! The calls of the Parameter Store that parameters take.

use std::collections::{BTreeMap, BTreeSet};

use maps_s3::batch::{self, Answered};
use maps_sdk::aws::{Call, ssm};
use maps_sdk::{Problem, Secret, Step};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::model::{Inputs, Kind, Tier};
use crate::tags::{self, Tag, Tags};

/// How many names one filter of DescribeParameters takes, and how many parameters it tells of at once.
const DESCRIBED: usize = 50;
/// How many names GetParameters and DeleteParameters take.
const NAMED: usize = 10;

/// A parameter as DescribeParameters tells of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Live {
    pub(super) name: String,
    #[serde(rename = "ARN")]
    pub(super) arn: String,
    #[serde(rename = "Type")]
    pub(super) kind: Kind,
    pub(super) key_id: Option<String>,
    #[serde(default)]
    pub(super) tier: Tier,
    pub(super) description: Option<String>,
    pub(super) allowed_pattern: Option<String>,
    pub(super) version: u64,
}

/// What was asked of several parameters by name: what there is, or why it could not be told.
pub(super) struct Told<T>(BTreeMap<String, Answered<Option<T>>>);

impl<T: Clone> Told<T> {
    /// What there is of this name.
    pub(super) fn get(&self, name: &str) -> Answered<Option<T>> {
        self.0.get(name).cloned().unwrap_or(Ok(None))
    }
}

/// Each name once, in lists of so many.
fn lists<'n>(names: impl Iterator<Item = &'n str>, most: usize) -> Vec<Vec<String>> {
    let names: BTreeSet<&str> = names.collect();
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.chunks(most).map(<[String]>::to_vec).collect()
}

/// Parameters without their values, fifty in a call.
pub(super) fn describe<'n>(names: impl Iterator<Item = &'n str>) -> Told<Live> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Page {
        #[serde(default)]
        parameters: Vec<Live>,
        next_token: Option<String>,
    }
    let mut told = Told(BTreeMap::new());
    let mut open: Vec<(Vec<String>, Option<String>)> =
        lists(names, DESCRIBED).into_iter().map(|names| (names, None)).collect();
    for (names, _) in &open {
        told.0.extend(names.iter().map(|name| (name.clone(), Ok(None))));
    }
    while !open.is_empty() {
        let call = |(names, token): &(Vec<String>, Option<String>)| {
            let filter = json!({"Key": "Name", "Option": "Equals", "Values": names});
            let mut input = json!({"ParameterFilters": [filter], "MaxResults": DESCRIBED});
            if let Some(token) = token {
                input["NextToken"] = token.as_str().into();
            }
            Call::new("DescribeParameters", &input)
        };
        let answers = batch::send(ssm::read_all, open.iter().map(call).collect());
        let mut next = Vec::new();
        for ((names, _), answer) in open.into_iter().zip(answers) {
            match answer.and_then(|answer| answer.json::<Page>()) {
                Ok(page) => {
                    told.0.extend(page.parameters.into_iter().map(|live| (live.name.clone(), Ok(Some(live)))));
                    // The service may stop before it has looked at all of them.
                    next.extend(page.next_token.map(|token| (names, Some(token))));
                }
                Err(problem) => told.0.extend(names.into_iter().map(|name| (name, Err(problem.clone())))),
            }
        }
        open = next;
    }
    told
}

/// Values, ten in a call; they come sealed.
pub(super) fn values<'n>(names: impl Iterator<Item = &'n str>) -> Told<Secret> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Got {
        #[serde(default)]
        parameters: Vec<One>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct One {
        name: String,
        value: Secret,
    }
    let lists = lists(names, NAMED);
    let call = |names: &Vec<String>| Call::new("GetParameters", &json!({"Names": names, "WithDecryption": true}));
    let answers = batch::send(ssm::read_all, lists.iter().map(call).collect());
    let mut told = Told(BTreeMap::new());
    for (names, answer) in lists.into_iter().zip(answers) {
        match answer.and_then(|answer| answer.json::<Got>()) {
            Ok(got) => told.0.extend(got.parameters.into_iter().map(|one| (one.name, Ok(Some(one.value))))),
            Err(problem) => told.0.extend(names.into_iter().map(|name| (name, Err(problem.clone())))),
        }
    }
    told
}

/// The tags of these parameters, a call for each.
pub(super) fn tags<'n>(names: impl Iterator<Item = &'n str>) -> Told<Tags> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Listed {
        #[serde(default)]
        tag_list: Vec<Tag>,
    }
    let names: Vec<String> = lists(names, usize::MAX).into_iter().flatten().collect();
    let call =
        |name: &String| Call::new("ListTagsForResource", &json!({"ResourceType": "Parameter", "ResourceId": name}));
    let answers = batch::send(ssm::read_all, names.iter().map(call).collect());
    let listed = answers.into_iter().map(|answer| {
        // Gone since it was looked for.
        let is_gone = matches!(&answer, Err(problem) if problem.code == "invalid-resource-id");
        let answer = if is_gone { None } else { batch::found(answer)? };
        let listed: Option<Listed> = answer.map(|answer| answer.json()).transpose()?;
        Ok(listed.map(|listed| tags::all(listed.tag_list)))
    });
    Told(names.into_iter().zip(listed).collect())
}

/// What is written of a parameter.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Put<'i> {
    name: &'i str,
    #[serde(rename = "Type")]
    kind: Kind,
    value: &'i Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<&'i str>,
    tier: Tier,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'i str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_pattern: Option<&'i str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag>,
    overwrite: bool,
}

/// Makes a parameter; one that is there is refused.
pub(super) fn make(inputs: &Inputs, value: &Secret, tags: Vec<Tag>) -> Answered<Call> {
    let put = Put {
        name: &inputs.name,
        kind: inputs.kind,
        value,
        key_id: inputs.key_id.as_deref(),
        tier: inputs.tier,
        description: inputs.description.as_deref(),
        allowed_pattern: inputs.allowed_pattern.as_deref(),
        tags,
        overwrite: false,
    };
    Call::new("PutParameter", &put)
}

/// Writes a parameter anew. What is left out would stay as it is, so an empty text takes it away.
pub(super) fn overwrite(name: &str, inputs: &Inputs, value: &Secret) -> Answered<Call> {
    let put = Put {
        name,
        kind: inputs.kind,
        value,
        key_id: inputs.key_id.as_deref(),
        tier: inputs.tier,
        description: Some(inputs.description.as_deref().unwrap_or_default()),
        allowed_pattern: Some(inputs.allowed_pattern.as_deref().unwrap_or_default()),
        tags: Vec::new(),
        overwrite: true,
    };
    Call::new("PutParameter", &put)
}

/// Changes the tags of a parameter.
pub(super) fn retag(name: &str, (set, gone): (Vec<Tag>, Vec<String>)) -> Answered<Vec<Call>> {
    let mut calls = Vec::new();
    if !set.is_empty() {
        let input = json!({"ResourceType": "Parameter", "ResourceId": name, "Tags": set});
        calls.push(Call::new("AddTagsToResource", &input)?);
    }
    if !gone.is_empty() {
        let input = json!({"ResourceType": "Parameter", "ResourceId": name, "TagKeys": gone});
        calls.push(Call::new("RemoveTagsFromResource", &input)?);
    }
    Ok(calls)
}

/// Removes parameters, ten in a call. What is gone already counts as removed.
pub(super) fn remove(those: &[(Step, &str)]) -> Vec<Answered<()>> {
    let call = |chunk: &[(Step, &str)]| {
        let names: Vec<&str> = chunk.iter().map(|(_, name)| *name).collect();
        let steps = chunk.iter().map(|(step, _)| *step).collect();
        Ok((steps, Call::new("DeleteParameters", &json!({"Names": names}))?))
    };
    let answers = batch::send(ssm::write_all, those.chunks(NAMED).map(call).collect());
    let each = those.chunks(NAMED).zip(answers).flat_map(|(chunk, answer)| {
        let answer = answer.map(drop);
        chunk.iter().map(move |_| answer.clone())
    });
    each.collect()
}

/// The version that a PutParameter made.
pub(super) fn version(answer: &maps_sdk::aws::Answer) -> Answered<u64> {
    let put: Value = answer.json()?;
    put["Version"].as_u64().ok_or_else(|| Problem::internal("unexpected-answer", "PutParameter tells no version"))
}
