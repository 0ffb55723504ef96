//! The kind `dns/external-records`: names whose records another program keeps. Nothing is made of it; its end is the
//! end of those records.

use maps_sdk::{
    Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Report, Resource, Update,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{self, Start};
use crate::batch::Answer;
use crate::check;
use crate::name::{Name, ZoneId};

/// Between two looks at records that are still there: programs that keep records compare them about once a minute.
const RETRY_MS: u64 = 10_000;
/// How long such a program may take.
const TIMEOUT_MS: u64 = 600_000;
/// How many names are told of those that are still there.
const MOST_TOLD: usize = 3;

/// Names that another program keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalInputs {
    /// The zone's id: `${zone.id}`.
    #[schemars(extend("x-maps-replace" = true))]
    pub zone: ZoneId,
    /// The names. Records of any type at them are waited for.
    pub names: Vec<Name>,
}

/// Nothing is told of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExternalOutputs {}

/// How long their end was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// In milliseconds, as the host was asked to wait.
    pub waited_ms: u64,
}

/// Records that another program keeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExternalRecords;

fn as_asked(inputs: &ExternalInputs) -> Resource<ExternalRecords> {
    let first = inputs.names.first().map(Name::as_str).unwrap_or_default();
    Resource { id: format!("{}/{first}", inputs.zone), inputs: inputs.clone(), outputs: ExternalOutputs {} }
}

impl Kind for ExternalRecords {
    const NAME: &'static str = "dns/external-records";
    const DESCRIPTION: &'static str = "Names of a zone whose records another program keeps, such as external-dns for the hosts of Ingresses. It makes \
         and changes nothing; its delete waits until the records are gone. Let it depend on that program, and what asks \
         for the records depend on it: then a destroy leaves none of them behind.";
    const SETTLE_MS: u64 = 0;
    const LOOKUP: bool = true;
    type Inputs = ExternalInputs;
    type Outputs = ExternalOutputs;
    type Checkpoint = Waiting;

    fn check(&self, _: &Context, inputs: &ExternalInputs, report: &mut Report) {
        check::zone_id(report, "zone", &inputs.zone);
        if inputs.names.is_empty() {
            report.invalid("names", "no-names", "name at least one record");
        }
        for (at, name) in inputs.names.iter().enumerate() {
            if let Some(fault) = name.fault() {
                report.invalid(format!("names[{at}]"), "bad-name", fault);
            }
        }
    }

    fn find(&self, _: &Context, _: &Find<Self>) -> Answer<Lookup<Self>> {
        Ok(Lookup::Absent)
    }

    /// That they are there, or not yet, is that other program's business.
    fn read(&self, _: &Context, request: &Read<Self>) -> Answer<Option<Resource<Self>>> {
        let inputs = request.prior.inputs.as_ref().ok_or_else(|| {
            Problem::invalid("no-import", "names that another program keeps have nothing to import")
                .help("leave `import` out")
        })?;
        Ok(Some(as_asked(inputs)))
    }

    fn create(&self, _: &Context, request: &Create<Self>) -> Outcome<Self> {
        Ok(Progress::Done(as_asked(&request.inputs)))
    }

    fn update(&self, _: &Context, request: &Update<Self>) -> Outcome<Self> {
        Ok(Progress::Done(as_asked(&request.inputs)))
    }

    fn delete(&self, _: &Context, request: &Delete<Self>) -> Answer<Progress<(), Waiting>> {
        let Some(inputs) = &request.prior.inputs else { return Ok(Progress::Done(())) };
        let left = left(inputs)?;
        if left.is_empty() {
            return Ok(Progress::Done(()));
        }
        let told = told(&left);
        let waited_ms = request.checkpoint.map_or(0, |waiting| waiting.waited_ms);
        if waited_ms >= TIMEOUT_MS {
            let message = format!("records that another program keeps are still there after 10m: {told}");
            let help = "see what keeps that program from removing them, or remove them by hand, and run again";
            return Err(Problem::internal("records-stay", message).help(help));
        }
        let waiting = Waiting { waited_ms: waited_ms.saturating_add(RETRY_MS) };
        Ok(Progress::pending(waiting, RETRY_MS).id(request.prior.id.clone()).note(format!("{told} to go")))
    }
}

/// The names at which there still is a record; in a zone that is gone, there is none.
fn left(inputs: &ExternalInputs) -> Answer<Vec<&Name>> {
    // A listing that begins at a name begins with that name's records, if there are any.
    let starts: Vec<Start> =
        inputs.names.iter().map(|name| Start { name: Some(name.as_str().to_owned()), ..Start::default() }).collect();
    let mut left = Vec::new();
    for (name, page) in inputs.names.iter().zip(api::pages(&inputs.zone, starts.iter())) {
        match page {
            Ok(page) if page.resource_record_sets.iter().any(|set| Name::new(&set.name) == *name) => left.push(name),
            Ok(_) => {}
            Err(problem) if problem.code == api::NO_ZONE => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(left)
}

fn told(names: &[&Name]) -> String {
    let mut told: Vec<String> = names.iter().take(MOST_TOLD).map(ToString::to_string).collect();
    if names.len() > MOST_TOLD {
        told.push(format!("{} more", names.len() - MOST_TOLD));
    }
    told.join(", ")
}
