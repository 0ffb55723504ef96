//! The kind `helm/template`: a chart, rendered. Nothing is in a cluster for it.

use maps_helm_engine::warning::Warning;
use maps_sdk::{
    Context, Create, Delete, Find, Kind, Lookup, Outcome, Preview, Previewed, Problem, Progress, Read, Report,
    Resource, Update,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::model::{Inputs, Layer, Outputs, Values};
use crate::{render, source};

/// A chart, rendered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Template;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    tell_errors: bool,
    private: Vec<String>,
}

impl Kind for Template {
    const NAME: &'static str = "helm/template";
    const DESCRIPTION: &'static str =
        "A Helm chart, rendered as `helm template` does: its manifests as a text, for `kube/manifest` to apply.";
    const SETTLE_MS: u64 = 0;
    const BATCH: u32 = 1;
    const PREVIEWS: bool = true;
    const LOOKUP: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = ();

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        if inputs.chart.trim().is_empty() {
            report.invalid("chart", "no-chart", "say which chart: a path, a name in `repo`, or `oci://…`");
        }
        let maps: Vec<&Map<String, Value>> = match &inputs.values {
            Values::One(map) => vec![map],
            Values::Many(layers) => layers
                .iter()
                .filter_map(|layer| if let Layer::Values(map) = layer { Some(map) } else { None })
                .collect(),
            Values::Unread(_) => Vec::new(),
        };
        for (key, value) in maps.into_iter().flatten() {
            if let Some(path) = source::sealed(key.clone(), value) {
                let message = format!(
                    "`{path}` is a secret: a chart's templates transform text, and may have none; let the chart refer \
                     to a Secret that exists"
                );
                report.invalid("values", "sealed-values", message);
            }
        }
    }

    fn preview(&self, context: &Context, request: &Preview<Self>) -> Result<Previewed, Problem> {
        if !request.known.all() {
            return Ok(Previewed::default());
        }
        let config: Config = context.config()?;
        let mut warnings = Vec::new();
        let rendered = render::outputs(&request.inputs, &config.private, &mut warnings);
        let outputs = match rendered {
            // For a program that prints what Helm prints.
            Err(problem) if config.tell_errors => json!({"error": problem.message, "warnings": lines(&warnings)}),
            Err(problem) => return Err(problem),
            Ok(outputs) => {
                let mut told = serde_json::to_value(&outputs)
                    .map_err(|_| Problem::internal("outputs", "the outputs have no JSON form"))?;
                if config.tell_errors {
                    told["warnings"] = json!(lines(&warnings));
                } else {
                    tell(&request.address, &warnings);
                }
                told
            }
        };
        Ok(Previewed { outputs, objects: Vec::new() })
    }

    fn find(&self, _: &Context, _: &Find<Self>) -> Result<Lookup<Self>, Problem> {
        // Whatever was rendered before a crash left nothing behind.
        Ok(Lookup::Absent)
    }

    fn read(&self, _: &Context, request: &Read<Self>) -> Result<Option<Resource<Self>>, Problem> {
        let prior = &request.prior;
        let (Some(inputs), Some(outputs)) = (&prior.inputs, &prior.outputs) else {
            let message = "a rendering cannot be imported, since it exists nowhere else";
            return Err(Problem::invalid("no-import", message).help("leave `import` out"));
        };
        let mut inputs = inputs.clone();
        // What cannot be read any more differs too; making it anew says what is wrong.
        let same = source::local(&inputs).is_ok_and(|local| local.digest == outputs.sources);
        if !same {
            inputs.chart = format!("{} as of {}", inputs.chart, outputs.sources);
        }
        Ok(Some(Resource { id: prior.id.clone(), inputs, outputs: outputs.clone() }))
    }

    fn create(&self, context: &Context, request: &Create<Self>) -> Outcome<Self> {
        made(context, &request.address, request.token.clone(), &request.inputs)
    }

    fn update(&self, context: &Context, request: &Update<Self>) -> Outcome<Self> {
        made(context, &request.address, request.prior.id.clone(), &request.inputs)
    }

    fn delete(&self, _: &Context, _: &Delete<Self>) -> Result<Progress<(), ()>, Problem> {
        Ok(Progress::Done(()))
    }
}

fn made(context: &Context, address: &str, id: String, inputs: &Inputs) -> Outcome<Template> {
    let config: Config = context.config()?;
    let mut warnings = Vec::new();
    let outputs = render::outputs(inputs, &config.private, &mut warnings)?;
    tell(address, &warnings);
    Ok(Progress::Done(Resource { id, inputs: inputs.clone(), outputs }))
}

fn tell(address: &str, warnings: &[Warning]) {
    for warning in warnings {
        maps_sdk::warn!("{address}: {warning}");
    }
}

fn lines(warnings: &[Warning]) -> Vec<String> {
    warnings.iter().map(Warning::line).collect()
}
