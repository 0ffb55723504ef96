//! The kind `helm/release`: a chart, installed as `helm upgrade --install` does it.
//!
//! A release follows [`operation`] from what is wanted to a deployed version, and [`uninstall`] away. What is told of
//! it before is [`plan`]'s, what is there is [`live`]'s.

mod apply;
mod content;
mod difference;
mod flow;
mod history;
mod hooks;
mod live;
pub(crate) mod model;
pub(crate) mod moment;
mod objects;
mod operation;
mod plan;
pub(crate) mod record;
mod seen;
mod stored;
mod uninstall;

use maps_kube_objects::id::is_label;
use maps_kube_objects::taken::duration;
use maps_sdk::kube::Cluster;
use maps_sdk::{
    Context, Create, Delete, Find, Kind, Lookup, Outcome, Preview, Previewed, Problem, Progress, Read, Report,
    Resource, Secret, Update, only,
};
use serde::Deserialize;

use model::{Checkpoint, Inputs, Outputs};
use operation::Task;
use record::SYSTEM_LABELS;
use uninstall::Removal;

/// A chart, installed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Release;

/// The plugin's config, as far as releases go by it.
#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    cluster: Option<Secret>,
    #[serde(default)]
    private: Vec<String>,
}

impl Config {
    fn cluster(&self) -> Result<Cluster, Problem> {
        let help = "give the plugin its cluster: `config: {cluster: \"${cluster.kubeconfig}\"}`";
        match &self.cluster {
            Some(cluster) => Ok(Cluster::new(cluster)),
            None => {
                Err(Problem::invalid("no-cluster", "a release is installed in a cluster, and none is said").help(help))
            }
        }
    }
}

/// How long a release's name may be, with what Helm puts around it in names of Secrets and labels.
const MAX_NAME: usize = 53;

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME && !name.is_empty() && name.split('.').all(is_label)
}

impl Kind for Release {
    const NAME: &'static str = "helm/release";
    const DESCRIPTION: &'static str = "A Helm chart, installed in a cluster as `helm upgrade --install` does it, and waited for; `helm list`, \
         `history`, `rollback` and `uninstall` work on it.";
    const SETTLE_MS: u64 = 2_000;
    // Each chart is rendered in an instance of its own, side by side: what one takes is nobody else's loss.
    const BATCH: u32 = 1;
    const PREVIEWS: bool = true;
    const HOMES: &'static [&'static str] = &["config.cluster"];
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Checkpoint;

    fn complete(&self, inputs: &mut Inputs) {
        if inputs.name.is_empty() {
            inputs.name = Inputs::name_of_chart(&inputs.chart);
        }
    }

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        if inputs.chart.trim().is_empty() {
            report.invalid("chart", "no-chart", "say which chart: a path, a name in `repo`, or `oci://…`");
        }
        if !is_name(&inputs.name) {
            let message = format!(
                "`{}` is no name of a release: lower case letters, digits, `-` and `.`, {MAX_NAME} at most",
                inputs.name
            );
            report.across(&["name", "chart"], "bad-name", message);
        }
        if !is_label(&inputs.namespace) {
            let message = format!("`{}` is no name of a namespace", inputs.namespace);
            report.invalid("namespace", "bad-namespace", message);
        }
        if duration(&inputs.timeout).is_none() {
            report.invalid("timeout", "bad-duration", "a timeout is like `90s`, `10m` or `1h30m`");
        }
        for label in inputs.labels.keys().filter(|label| SYSTEM_LABELS.contains(&label.as_str())) {
            report.invalid(
                format!("labels.{label}"),
                "system-label",
                format!("Helm keeps the label `{label}` for itself"),
            );
        }
        if !inputs.changed.is_empty() {
            report.invalid("changed", "not-yours", "`changed` is told by a refresh, and never set");
        }
    }

    fn preview(&self, context: &Context, request: &Preview<Self>) -> Result<Previewed, Problem> {
        plan::preview(context, request)
    }

    fn find(&self, context: &Context, request: &Find<Self>) -> Result<Lookup<Self>, Problem> {
        live::find(context, request)
    }

    fn read(&self, context: &Context, request: &Read<Self>) -> Result<Option<Resource<Self>>, Problem> {
        only(self.read_many(context, std::slice::from_ref(request)))
    }

    fn read_many(&self, context: &Context, requests: &[Read<Self>]) -> Vec<Result<Option<Resource<Self>>, Problem>> {
        live::read(context, requests)
    }

    fn create(&self, context: &Context, request: &Create<Self>) -> Outcome<Self> {
        let config: Config = context.config()?;
        operation::run(&Task {
            context,
            step: request.step(),
            address: &request.address,
            inputs: &request.inputs,
            changed: &[],
            drifted: None,
            cluster: config.cluster()?,
            private: config.private,
            checkpoint: request.checkpoint.as_ref(),
        })
    }

    fn update(&self, context: &Context, request: &Update<Self>) -> Outcome<Self> {
        let config: Config = context.config()?;
        operation::run(&Task {
            context,
            step: request.step(),
            address: &request.address,
            inputs: &request.inputs,
            changed: &request.changed,
            drifted: request.prior.inputs.as_ref().map(|inputs| &inputs.changed),
            cluster: config.cluster()?,
            private: config.private,
            checkpoint: request.checkpoint.as_ref(),
        })
    }

    fn delete(&self, context: &Context, request: &Delete<Self>) -> Result<Progress<(), Checkpoint>, Problem> {
        let config: Config = context.config()?;
        let cluster = config.cluster()?;
        let Some(inputs) = request.prior.inputs.clone() else {
            let message = format!("the settings of {} are not recorded as this version has them", request.prior.id);
            return Err(Problem::internal("no-inputs", message));
        };
        Removal { step: request.step(), inputs, cluster, checkpoint: request.checkpoint.as_ref() }.run()
    }
}
