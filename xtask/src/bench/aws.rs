//! Records and parameters on AWS, as the local cloud plays it to whoever asks; and what Terraform does
//! with the same, where it is on the machine with its provider.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::cloud::Cloud;
use super::figure::{Figure, Unit};
use super::place::{Place, Usage};
use crate::{Failure, process, repo};

/// How often a figure of few resources is measured.
const RUNS: usize = 5;
/// What 100 records and 100 parameters may take: CPU seconds, MiB (80 MB), requests.
const PLAN: Limits = Limits { cpu: 0.4, peak: 76.3, requests: 25.0 };
const APPLY: Limits = Limits { cpu: 1.0, peak: 76.3, requests: 130.0 };
/// What a plan of 500 and 500 may ask for.
const PLAN_MANY_REQUESTS: f64 = 60.0;
/// Calls that change the 500 records.
const CHANGE_CALLS: f64 = 10.0;
const CHANGES: &str = "ChangeResourceRecordSets";

struct Limits {
    cpu: f64,
    peak: f64,
    requests: f64,
}

pub(super) fn measure(place: &Place) -> Result<Vec<Figure>, Failure> {
    let mut figures = few(place)?;
    figures.extend(many(place)?);
    match Terraform::here() {
        Some(terraform) => figures.extend(terraform.measure(place)?),
        None => eprintln!("terraform and its provider for AWS are not on this machine: maps alone is measured"),
    }
    Ok(figures)
}

/// 100 and 100, apply and plan.
fn few(place: &Place) -> Result<Vec<Figure>, Failure> {
    let account = Account::new(place, "aws-100", 100)?;
    let before = account.cloud.counts()?;
    let apply = place.usage(&account.maps("run"), 1)?;
    let between = account.cloud.counts()?;
    let plan = place.usage(&account.maps("plan"), RUNS)?;
    let planned = account.cloud.counts()?.since(&between).all() / RUNS as f64;
    let applied = between.since(&before);
    let mut figures = shown("maps apply, 100 records and 100 parameters", apply, applied.all(), Some(&APPLY));
    figures.extend(shown("maps plan of them, nothing to do", plan, planned, Some(&PLAN)));
    Ok(figures)
}

/// 500 and 500, of which the requests are counted.
fn many(place: &Place) -> Result<Vec<Figure>, Failure> {
    let account = Account::new(place, "aws-500", 500)?;
    let before = account.cloud.counts()?;
    let apply = place.usage(&account.maps("run"), 1)?;
    let between = account.cloud.counts()?;
    let plan = place.usage(&account.maps("plan"), 1)?;
    let planned = account.cloud.counts()?.since(&between).all();
    let applied = between.since(&before);
    let calls = "maps apply, 500 records and 500 parameters: calls that change records";
    let requests = "maps plan of them, nothing to do: requests";
    Ok(vec![
        Figure::new("maps apply, 500 records and 500 parameters: CPU", apply.cpu, Unit::Seconds),
        Figure::new(calls, applied.of(CHANGES), Unit::Requests).within(CHANGE_CALLS),
        Figure::new("maps plan of them, nothing to do: CPU", plan.cpu, Unit::Seconds),
        Figure::new(requests, planned, Unit::Requests).within(PLAN_MANY_REQUESTS),
    ])
}

fn shown(what: &str, usage: Usage, requests: f64, limits: Option<&Limits>) -> Vec<Figure> {
    let held = |figure: Figure, limit: Option<f64>| limit.map_or(figure.clone(), |limit| figure.within(limit));
    vec![
        held(Figure::new(format!("{what}: CPU"), usage.cpu, Unit::Seconds), limits.map(|limits| limits.cpu)),
        Figure::new(format!("{what}: wall"), usage.wall, Unit::Seconds),
        held(
            Figure::new(format!("{what}: peak memory"), usage.peak, Unit::Mebibytes),
            limits.map(|limits| limits.peak),
        ),
        held(Figure::new(format!("{what}: requests"), requests, Unit::Requests), limits.map(|limits| limits.requests)),
    ]
}

/// A stack of so many records and parameters, and the cloud that it is for.
struct Account<'p> {
    place: &'p Place,
    stack: PathBuf,
    cloud: Cloud,
}

impl<'p> Account<'p> {
    fn new(place: &'p Place, name: &str, count: usize) -> Result<Self, Failure> {
        let cloud = Cloud::serve(place, &format!("{name}-cloud"))?;
        let stack = place.stack(name, &stack(count))?;
        let account = Self { place, stack, cloud };
        // Compiles the plugins, which is done once for all runs to come.
        process::run(account.maps("plan").stdout(Stdio::null()))?;
        Ok(account)
    }

    fn maps(&self, command: &str) -> Command {
        let mut maps = self.place.maps([command]);
        maps.arg(&self.stack).arg(self.cloud.flag()).env_remove("MAPS_PLUGINS");
        if command == "run" {
            maps.arg("--yes");
        }
        maps
    }
}

fn stack(count: usize) -> String {
    let each = |item: &dyn Fn(usize) -> String| (0..count).map(item).collect::<Vec<_>>().join(", ");
    let records = each(&|n| format!("r{n}: 192.0.2.{}", n % 254 + 1));
    let parameters = each(&|n| format!("p{n}: value-{n}"));
    format!(
        r#"maps: v1
stack: bench
credentials: {{aws: {{from: aws, region: eu-central-1}}}}
plugins:
  dns: {{source: dns, credentials: {{aws: aws}}}}
  secrets: {{source: secrets, credentials: {{aws: aws}}}}
resources:
  zone: {{type: dns/zone, with: {{name: maps.gransassotech.it}}}}
  record:
    each: {{{records}}}
    type: dns/record
    with: {{zone: "${{zone.id}}", name: "${{each.key}}.maps.gransassotech.it", type: A, values: ["${{each.value}}"]}}
  parameter:
    each: {{{parameters}}}
    type: secrets/parameter
    with: {{name: "/bench/${{each.key}}", value: "${{each.value}}"}}
"#
    )
}

/// Where the provider lies on machines that have it, unless `TF_PLUGIN_DIR` says another place.
const TERRAFORM_PLUGINS: &str = "/opt/tf-plugins";

/// The rival, as its makers ship it.
struct Terraform {
    program: PathBuf,
    plugins: PathBuf,
}

impl Terraform {
    fn here() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program =
            std::env::split_paths(&path).map(|folder| folder.join("terraform")).find(|file| file.is_file())?;
        let plugins = std::env::var_os("TF_PLUGIN_DIR").map_or_else(|| PathBuf::from(TERRAFORM_PLUGINS), PathBuf::from);
        plugins.join("registry.terraform.io/hashicorp/aws").is_dir().then_some(Self { program, plugins })
    }

    fn measure(&self, place: &Place) -> Result<Vec<Figure>, Failure> {
        let cloud = Cloud::serve(place, "terraform-cloud")?;
        let folder = place.folder("terraform")?;
        let written = |path: PathBuf, text: &str| {
            fs::write(&path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
            Ok::<_, Failure>(path)
        };
        let template = repo::root().join("bench").join("terraform").join("main.tf");
        let text = fs::read_to_string(&template).map_err(|e| format!("cannot read {}: {e}", template.display()))?;
        written(folder.join("main.tf"), &text)?;
        let mirror = format!("provider_installation {{\n  filesystem_mirror {{ path = {:?} }}\n}}\n", self.plugins);
        let settings = written(folder.join("cli.tfrc"), &mirror)?;
        let terraform = |arguments: &[&str]| self.command(&cloud, &folder, &settings, arguments);
        process::run(terraform(&["init"])?.stdout(Stdio::null()))?;
        let before = cloud.counts()?;
        let apply = place.usage(&terraform(&["apply", "-auto-approve"])?, 1)?;
        let between = cloud.counts()?;
        let plan = place.usage(&terraform(&["plan"])?, 1)?;
        let planned = cloud.counts()?.since(&between).all();
        let applied = between.since(&before).all();
        let mut figures = shown("terraform apply, the same 100 and 100", apply, applied, None);
        figures.extend(shown("terraform plan of them, nothing to do", plan, planned, None));
        Ok(figures)
    }

    fn command(&self, cloud: &Cloud, folder: &Path, settings: &Path, arguments: &[&str]) -> Result<Command, Failure> {
        let mut terraform = Command::new(&self.program);
        terraform
            .arg(format!("-chdir={}", folder.display()))
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", folder)
            .env("TF_CLI_CONFIG_FILE", settings)
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .env("CHECKPOINT_DISABLE", "1")
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", cloud.told("aws_endpoint_url")?)
            .env("AWS_ACCESS_KEY_ID", cloud.told("access_key_id")?)
            .env("AWS_SECRET_ACCESS_KEY", cloud.told("secret_access_key")?)
            .stdin(Stdio::null());
        Ok(terraform)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_has_as_many_as_were_asked_for() {
        let text = stack(3);
        assert!(text.contains("{r0: 192.0.2.1, r1: 192.0.2.2, r2: 192.0.2.3}"), "{text}");
        assert!(text.contains("p2: value-2}") && text.contains("\"${zone.id}\""), "{text}");
    }
}
