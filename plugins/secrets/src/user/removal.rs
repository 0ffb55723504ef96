//! Removing users: only with what this resource gave them.

use maps_s3::batch::{self, Answered};
use maps_sdk::aws::{Answer, iam};
use maps_sdk::{Class, Delete, Problem, Progress, only};

use super::model::{self, Checkpoint};
use super::{User, drop_policy};
use crate::iam::{of_user, of_user_all};

/// What can hang on a user: the list, its key in the answer, the key of an item, and what to call it.
const LISTS: [(&str, &str, Option<&str>, &str); 4] = [
    ("ListUserPolicies", "PolicyNames", None, "inline policies"),
    ("ListAttachedUserPolicies", "AttachedPolicies", Some("PolicyName"), "attached policies"),
    ("ListAccessKeys", "AccessKeyMetadata", Some("AccessKeyId"), "access keys"),
    ("ListGroupsForUser", "Groups", Some("GroupName"), "groups"),
];

/// Removes users, their own inline policies first.
pub(super) fn delete(requests: &[Delete<User>]) -> Vec<Answered<Progress<(), Checkpoint>>> {
    let asks = requests.iter().map(|request| {
        let ask = |(action, ..): (&str, &str, Option<&str>, &str)| of_user(action, &request.prior.id);
        LISTS.map(ask).into()
    });
    let answers = batch::read(iam::read_all, asks.collect());
    let left: Vec<_> = requests.iter().zip(answers).map(|(request, answers)| left(request, answers)).collect();
    let plans = requests.iter().zip(&left).map(|(request, left)| {
        let (user, policy) = (request.prior.id.as_str(), own(request));
        let calls = match left.as_ref().map_err(Problem::clone)? {
            Left::Policy => vec![drop_policy(user, &policy)?],
            Left::Nothing | Left::Gone => Vec::new(),
        };
        Ok((request.step(), calls))
    });
    let stripped = batch::write(iam::write_all, plans.collect());
    let plans = requests.iter().zip(left).zip(stripped).map(|((request, left), stripped)| {
        batch::found(stripped)?;
        let calls = match left? {
            Left::Policy | Left::Nothing => vec![of_user("DeleteUser", &request.prior.id)?],
            Left::Gone => Vec::new(),
        };
        Ok((request.step(), calls))
    });
    let removed = batch::write(iam::write_all, plans.collect());
    removed.into_iter().map(|removed| batch::found(removed).map(|_| Progress::Done(()))).collect()
}

/// What is left of a user.
enum Left {
    /// The user with its own inline policy.
    Policy,
    /// The user alone.
    Nothing,
    /// Not even the user.
    Gone,
}

/// What the user's own inline policy is called.
fn own(request: &Delete<User>) -> String {
    request.prior.inputs.as_ref().map_or_else(model::policy_name, |inputs| inputs.policy_name.clone())
}

fn left(request: &Delete<User>, answers: Vec<Answered<Answer>>) -> Answered<Left> {
    let (user, policy) = (request.prior.id.as_str(), own(request));
    let mut has_policy = false;
    let mut foreign = Vec::new();
    let mut answers = answers.into_iter();
    for (action, list, key, what) in LISTS {
        let Some(mut names) = of_user_all(only(answers.by_ref()), action, user, (list, key))? else {
            return Ok(Left::Gone);
        };
        if action == "ListUserPolicies" {
            has_policy = names.contains(&policy);
            names.retain(|name| *name != policy);
        }
        if !names.is_empty() {
            foreign.push(format!("{what} ({})", names.join(", ")));
        }
    }
    if foreign.is_empty() {
        return Ok(if has_policy { Left::Policy } else { Left::Nothing });
    }
    let message = format!("the user {user} has {} that this resource did not give it", foreign.join(" and "));
    Err(Problem::new(Class::Conflict, "user-in-use", message).help("take them from the user first, then run again"))
}
