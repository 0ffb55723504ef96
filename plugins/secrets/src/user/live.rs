//! A user as IAM tells of it.

use maps_s3::batch::{self, Answered};
use maps_sdk::aws::{Answer, Call, iam};
use maps_sdk::{Resource, only};
use serde::Deserialize;
use serde_json::json;

use super::User;
use super::model::{Inputs, Outputs};
use crate::document::Document;
use crate::iam::{of_user, of_user_all};
use crate::tags::{self, Tag, Tags};

/// A user as IAM tells of it, with the inline policy that it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) arn: String,
    pub(super) unique_id: String,
    pub(super) boundary: Option<String>,
    pub(super) all_tags: Tags,
    pub(super) policy_name: String,
    pub(super) policy: Option<Document>,
}

impl Live {
    pub(super) fn told(self) -> Resource<User> {
        let inputs = Inputs {
            name: self.name.clone(),
            path: self.path,
            // None is one that nobody asked for, and differs from every other.
            permissions_boundary: self.boundary.unwrap_or_default(),
            policy: self.policy,
            policy_name: self.policy_name,
            tags: tags::users(&self.all_tags),
        };
        let outputs = Outputs { arn: self.arn, name: self.name.clone(), unique_id: self.unique_id };
        Resource { id: self.name, inputs, outputs }
    }
}

/// The answer to GetUser and CreateUser.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Got {
    pub(super) user: GotUser,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GotUser {
    user_name: String,
    path: String,
    pub(super) arn: String,
    pub(super) user_id: String,
    permissions_boundary: Option<Boundary>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Boundary {
    permissions_boundary_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GotPolicy {
    policy_document: Document,
}

/// Users by name, each with the inline policy of this name; two reads for each.
pub(super) fn ask(asks: Vec<(&str, String)>) -> Vec<Answered<Option<Live>>> {
    let calls = asks.iter().map(|(user, policy)| {
        let policy = Call::new("GetUserPolicy", &json!({"UserName": user, "PolicyName": policy}));
        vec![of_user("GetUser", user), policy]
    });
    let answers = batch::read(iam::read_all, calls.collect());
    let live = |((_, policy_name), answers): ((&str, String), Vec<Answered<Answer>>)| {
        let mut answers = answers.into_iter();
        let Some(user) = batch::found(only(answers.by_ref()))? else { return Ok(None) };
        let GotUser { user_name: name, path, arn, user_id, permissions_boundary, tags } = user.json::<Got>()?.user;
        let policy = batch::found(only(answers))?.map(|policy| policy.json::<GotPolicy>()).transpose()?;
        Ok(Some(Live {
            name,
            path,
            arn,
            unique_id: user_id,
            boundary: permissions_boundary.map(|boundary| boundary.permissions_boundary_arn),
            all_tags: tags::all(tags),
            policy_name,
            policy: policy.map(|policy| policy.policy_document),
        }))
    };
    asks.into_iter().zip(answers).map(live).collect()
}

/// The one inline policy of a user, if it has one.
pub(super) fn inline_policy(user: &str) -> Answered<Option<String>> {
    const ACTION: &str = "ListUserPolicies";
    let first = iam::read(of_user(ACTION, user)?);
    let names = of_user_all(first, ACTION, user, ("PolicyNames", None))?.unwrap_or_default();
    Ok(if let [one] = names.as_slice() { Some(one.clone()) } else { None })
}
