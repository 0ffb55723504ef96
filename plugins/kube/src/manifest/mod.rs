//! The kind `kube/manifest`.

mod item;
mod live;
pub(crate) mod model;
mod plan;
pub(crate) mod read;
mod remove;
mod write;

use maps_sdk::{
    Context, Create, Delete, Find, Kind, Lookup, Outcome, Preview, Previewed, Problem, Progress, Read, Report,
    Resource, Update, only,
};

use crate::id::{ObjectId, is_label};
use crate::taken::duration;
use crate::wait::{Goal, is_on};

use model::{Checkpoint, Inputs, Outputs};

/// Objects of a cluster, as manifests have them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manifests;

type Answer<T> = Result<T, Problem>;

impl Kind for Manifests {
    const NAME: &'static str = "kube/manifest";
    const DESCRIPTION: &'static str = "Objects of a Kubernetes cluster, as manifests have them: applied in the order in which they need \
         each other, and waited for until they are ready.";
    const SETTLE_MS: u64 = 2_000;
    // Whatever is planned together is listed together.
    const BATCH: u32 = 500;
    const PREVIEWS: bool = true;
    const HOMES: &'static [&'static str] = &["config.cluster"];
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Checkpoint;

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        for fault in inputs.manifest.faults() {
            report.invalid(fault.path.clone(), fault.code, fault.message.clone());
        }
        if !is_label(&inputs.namespace) {
            report.invalid("namespace", "bad-namespace", crate::namespace::NAME_RULE);
        }
        if duration(&inputs.timeout).is_none() {
            report.invalid("timeout", "bad-duration", "a timeout is like `90s`, `10m` or `1h30m`");
        }
        let objects = inputs.manifest.objects();
        for (index, wait) in inputs.wait.iter().enumerate() {
            if let Err(message) = Goal::parse(&wait.condition) {
                report.invalid(format!("wait[{index}].for"), "bad-wait", message);
            }
            let mut ids = objects.into_iter().flat_map(item::ids);
            let named = |mut id: ObjectId| {
                id.namespace.get_or_insert_with(|| inputs.namespace.clone());
                is_on(wait, &id)
            };
            if objects.is_some() && !ids.any(named) {
                let message = format!("no object of the manifest is called `{}`; write `Deployment/web`", wait.on);
                report.across(&[&format!("wait[{index}].on"), "manifest"], "no-such-object", message);
            }
        }
    }

    fn preview(&self, context: &Context, request: &Preview<Self>) -> Answer<Previewed> {
        only(self.preview_many(context, std::slice::from_ref(request)))
    }

    fn preview_many(&self, context: &Context, requests: &[Preview<Self>]) -> Vec<Answer<Previewed>> {
        plan::preview(context, requests)
    }

    fn find(&self, context: &Context, request: &Find<Self>) -> Answer<Lookup<Self>> {
        only(self.find_many(context, std::slice::from_ref(request)))
    }

    fn find_many(&self, context: &Context, requests: &[Find<Self>]) -> Vec<Answer<Lookup<Self>>> {
        live::find(context, requests)
    }

    fn read(&self, context: &Context, request: &Read<Self>) -> Answer<Option<Resource<Self>>> {
        only(self.read_many(context, std::slice::from_ref(request)))
    }

    fn read_many(&self, context: &Context, requests: &[Read<Self>]) -> Vec<Answer<Option<Resource<Self>>>> {
        live::read(context, requests)
    }

    fn create(&self, context: &Context, request: &Create<Self>) -> Outcome<Self> {
        only(self.create_many(context, std::slice::from_ref(request)))
    }

    fn create_many(&self, context: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        write::run(context, requests.iter().map(write::Task::create).collect())
    }

    fn update(&self, context: &Context, request: &Update<Self>) -> Outcome<Self> {
        only(self.update_many(context, std::slice::from_ref(request)))
    }

    fn update_many(&self, context: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        write::run(context, requests.iter().map(write::Task::update).collect())
    }

    fn delete(&self, context: &Context, request: &Delete<Self>) -> Answer<Progress<(), Checkpoint>> {
        only(self.delete_many(context, std::slice::from_ref(request)))
    }

    fn delete_many(&self, context: &Context, requests: &[Delete<Self>]) -> Vec<Answer<Progress<(), Checkpoint>>> {
        remove::run(context, requests)
    }
}
