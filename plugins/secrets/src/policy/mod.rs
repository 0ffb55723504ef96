//! The kind `secrets/policy`.

mod live;
mod model;

use maps_s3::batch::{self, Answered, Written};
use maps_sdk::aws::{Call, iam};
use maps_sdk::{
    Class, Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Report, Resource, Update,
    only,
};
use serde_json::json;

use self::live::{About, Got, Live};
pub use self::model::{Inputs, Outputs};
use crate::{document, tags};

/// The longest name.
const NAME: usize = 128;
/// The longest description, in characters.
const DESCRIPTION: usize = 1000;
/// The longest document, in characters without white space.
const DOCUMENT: usize = 6144;
/// How many versions IAM keeps of a policy.
const VERSIONS: usize = 5;

/// A managed policy of IAM.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy;

impl Kind for Policy {
    const NAME: &'static str = "secrets/policy";
    const DESCRIPTION: &'static str =
        "A managed policy of AWS IAM, such as a permissions boundary. An import takes its ARN.";
    const SETTLE_MS: u64 = 10_000;
    // A name is one policy's, and another path or description keeps it.
    const DELETE_FIRST: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = ();

    maps_sdk::by_batch!(find, read, create, update, delete);

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        crate::iam::name(report, "name", &inputs.name, NAME);
        crate::iam::path(report, &inputs.path);
        if inputs.description.as_ref().is_some_and(|text| text.is_empty() || text.chars().count() > DESCRIPTION) {
            let message = format!("a description has 1 to {DESCRIPTION} characters, or is left out");
            report.invalid("description", "bad-description", message);
        }
        document::check(report, "document", &inputs.document, DOCUMENT);
        tags::check(report, &inputs.tags);
    }

    fn find_many(&self, _: &Context, requests: &[Find<Self>]) -> Vec<Answered<Lookup<Self>>> {
        let arns = match live::arns(requests.iter().map(|request| request.inputs.path.as_str())) {
            Ok(arns) => arns,
            Err(problem) => return requests.iter().map(|_| Err(problem.clone())).collect(),
        };
        let arn = |request: &Find<Self>| arns.get(&(request.inputs.path.clone(), request.inputs.name.clone()));
        let listed: Vec<&str> = requests.iter().filter_map(arn).map(String::as_str).collect();
        let mut lives = live::ask(&listed).into_iter();
        let lookup = |request: &Find<Self>| {
            let live = match arn(request) {
                Some(_) => only(lives.by_ref().take(1))?,
                None => None,
            };
            let ours = live.filter(|live| tags::carry(&live.about.all_tags(), &request.token));
            Ok(ours.map_or(Lookup::Absent, |live| Lookup::Found(live.told())))
        };
        requests.iter().map(lookup).collect()
    }

    fn read_many(&self, _: &Context, requests: &[Read<Self>]) -> Vec<Answered<Option<Resource<Self>>>> {
        let arns: Vec<&str> = requests.iter().map(|request| request.prior.id.as_str()).collect();
        live::ask(&arns).into_iter().map(|live| Ok(live?.map(Live::told))).collect()
    }

    fn create_many(&self, context: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let plans = requests.iter().map(|request| Ok((request.step(), vec![make(context, request)?])));
        let written = batch::write(iam::write_all, plans.collect());
        let outcomes = requests.iter().zip(written).map(|(request, written)| {
            let inputs = &request.inputs;
            let answers = written.map_err(|problem| refused(problem, &inputs.name))?;
            let about = only(answers.into_iter().map(Ok))?.json::<Got>()?.policy;
            Ok(Progress::Done(whole(about, inputs)))
        });
        outcomes.collect()
    }

    fn update_many(&self, _: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        let arns: Vec<&str> = requests.iter().map(|request| request.prior.id.as_str()).collect();
        let lives = requests.iter().zip(live::ask(&arns));
        let lives: Vec<Answered<Live>> = lives
            .map(|(request, live)| live?.ok_or_else(|| batch::gone("policy-gone", "the policy", &request.inputs.name)))
            .collect();
        let plan = |(request, live): (&Update<Self>, &Answered<Live>)| {
            Ok((request.step(), room(request, live.as_ref().map_err(Problem::clone)?)?))
        };
        let made_room = batch::write(iam::write_all, requests.iter().zip(&lives).map(plan).collect());
        let plan = |((request, live), made_room): ((&Update<Self>, &Answered<Live>), Written)| {
            let live = live.as_ref().map_err(Problem::clone)?;
            made_room?;
            Ok((request.step(), changes(request, live)?))
        };
        let written = batch::write(iam::write_all, requests.iter().zip(&lives).zip(made_room).map(plan).collect());
        let outcome = |((request, live), written): ((&Update<Self>, Answered<Live>), Written)| {
            written.map_err(|problem| refused(problem, &request.inputs.name))?;
            Ok(Progress::Done(whole(live?.about, &request.inputs)))
        };
        requests.iter().zip(lives).zip(written).map(outcome).collect()
    }

    fn delete_many(&self, _: &Context, requests: &[Delete<Self>]) -> Vec<Answered<Progress<(), ()>>> {
        let arns: Vec<&str> = requests.iter().map(|request| request.prior.id.as_str()).collect();
        let abouts: Vec<_> = live::about(&arns).into_iter().map(|about| about.and_then(unused)).collect();
        let plan = |(request, about): (&Delete<Self>, &Answered<Option<About>>)| {
            let Some(about) = about.as_ref().map_err(Problem::clone)? else {
                return Ok((request.step(), Vec::new()));
            };
            let (old, _) = live::old_versions(&about.arn)?;
            Ok((request.step(), old.iter().map(|version| drop_version(&about.arn, version)).collect::<Answered<_>>()?))
        };
        let stripped = batch::write(iam::write_all, requests.iter().zip(&abouts).map(plan).collect());
        let plan = |((request, about), stripped): ((&Delete<Self>, Answered<Option<About>>), Written)| {
            let about = about?;
            batch::found(stripped)?;
            let call = about.map(|about| Call::new("DeletePolicy", &json!({"PolicyArn": about.arn})));
            Ok((request.step(), call.into_iter().collect::<Answered<_>>()?))
        };
        let removed = batch::write(iam::write_all, requests.iter().zip(abouts).zip(stripped).map(plan).collect());
        removed.into_iter().map(|removed| batch::found(removed).map(|_| Progress::Done(()))).collect()
    }
}

fn make(context: &Context, request: &Create<Policy>) -> Answered<Call> {
    let inputs = &request.inputs;
    let tags = tags::marked(context, &request.address, &request.token, &inputs.tags);
    let mut input = json!({"PolicyName": inputs.name, "Path": inputs.path, "Tags": tags});
    input["PolicyDocument"] = inputs.document.clone().into();
    if let Some(description) = &inputs.description {
        input["Description"] = description.as_str().into();
    }
    Call::new("CreatePolicy", &input)
}

fn whole(about: About, inputs: &Inputs) -> Resource<Policy> {
    let outputs = Outputs { arn: about.arn.clone(), unique_id: about.policy_id };
    Resource { id: about.arn, inputs: inputs.clone(), outputs }
}

/// What has to go before another version can be made.
fn room(request: &Update<Policy>, live: &Live) -> Answered<Vec<Call>> {
    if live.document == request.inputs.document {
        return Ok(Vec::new());
    }
    let (old, count) = live::old_versions(&live.about.arn)?;
    let oldest = old.first().filter(|_| count >= VERSIONS);
    oldest.into_iter().map(|version| drop_version(&live.about.arn, version)).collect()
}

fn changes(request: &Update<Policy>, live: &Live) -> Answered<Vec<Call>> {
    let (arn, wanted) = (live.about.arn.as_str(), &request.inputs);
    let mut calls = Vec::new();
    if live.document != wanted.document {
        let input = json!({"PolicyArn": arn, "PolicyDocument": wanted.document, "SetAsDefault": true});
        calls.push(Call::new("CreatePolicyVersion", &input)?);
    }
    let tags = tags::changes(&live.about.all_tags(), &wanted.tags);
    calls.extend(crate::iam::retag(["TagPolicy", "UntagPolicy"], ("PolicyArn", arn), tags)?);
    Ok(calls)
}

fn drop_version(arn: &str, version: &str) -> Answered<Call> {
    Call::new("DeletePolicyVersion", &json!({"PolicyArn": arn, "VersionId": version}))
}

/// A policy that nobody uses. IAM tells of uses some seconds late, so those that it tells may be over.
fn unused(about: Option<About>) -> Answered<Option<About>> {
    let Some(about) = about else { return Ok(None) };
    let (attached, bounds) = (about.attachment_count, about.permissions_boundary_usage_count);
    if (attached, bounds) == (0, 0) {
        return Ok(Some(about));
    }
    let name = &about.policy_name;
    let message =
        format!("the policy {name} is attached {attached} times, and the boundary of {bounds} users or roles");
    let problem = Problem::new(Class::Unavailable, "policy-in-use", message);
    Err(problem.help("take it from them first; IAM tells it some seconds late"))
}

/// What a refusal of CreatePolicy or CreatePolicyVersion means.
fn refused(problem: Problem, name: &str) -> Problem {
    match problem.code.as_str() {
        "entity-already-exists" => batch::foreign("policy-exists", "a policy", name, "ARN"),
        "malformed-policy-document" => problem.at("document"),
        _ => problem,
    }
}
