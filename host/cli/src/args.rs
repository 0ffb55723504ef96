//! What can be typed. Flags stand at the commands for which they mean something.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::{TypedValueParser, ValueParserFactory};
use clap::error::ErrorKind;
use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use maps_runtime::egress::Scheme;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "maps",
    version,
    about = "Brings a platform up through providers that can do nothing they have not declared",
    disable_help_subcommand = true
)]
pub(crate) struct Args {
    /// How results are printed; json is one event a line, the last one a summary
    #[arg(long, global = true, value_enum, default_value_t = Output::Human, value_name = "FORMAT")]
    pub(crate) output: Output,

    /// When to use colour; NO_COLOR is honoured
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    // For people.
    Human,
    // For programs.
    Json,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    // On a terminal that has not been told otherwise.
    Auto,
    // Even into a pipe.
    Always,
    // Not at all.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Plan, ask, and apply
    Run(RunArgs),
    /// Show what a run would do; takes no lock and writes nothing
    Plan(PlanArgs),
    /// Remove everything that the stack's state records
    Destroy(DestroyArgs),
    /// Show the outputs of the last run
    Output(OutputArgs),
    /// Tell what each plugin of a stack could do, may do and did, without running anything
    Audit(AuditArgs),
    /// Look into plugins, approve and build them
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Render charts, as Helm does
    #[command(subcommand)]
    Helm(HelmCommand),
    /// Serve a local cloud, and look into it
    #[command(subcommand)]
    Cloud(CloudCommand),
    /// Print completions for a shell
    Completions(CompletionsArgs),
}

/// Which stack, and how it is parametrised.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct StackArgs {
    /// The stack file, or the folder of a stack.yaml
    #[arg(value_name = "STACK", default_value = "stack.yaml")]
    pub(crate) stack: PathBuf,

    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// What parametrises a stack, wherever it is named.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Settings {
    /// Lay stack.ENV.yaml over the stack
    #[arg(short = 'e', long = "env", value_name = "ENV")]
    pub(crate) environment: Option<String>,

    /// Set an input of the stack
    #[arg(long = "input", value_name = "NAME=VALUE", action = ArgAction::Append)]
    pub(crate) inputs: Vec<Input>,

    /// Use a local cloud: one of its own, or the one that `maps cloud serve --dir DIR` serves
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) rehearse: Option<Rehearse>,
}

/// `--input NAME=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl ValueParserFactory for Input {
    type Parser = InputParser;

    fn value_parser() -> InputParser {
        InputParser
    }
}

/// Reads an [`Input`]. A parser of its own, since clap quotes what one by `FromStr` refuses, and that may be secret.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InputParser;

impl TypedValueParser for InputParser {
    type Value = Input;

    fn parse_ref(&self, command: &clap::Command, arg: Option<&clap::Arg>, value: &OsStr) -> Result<Input, clap::Error> {
        match value.to_str().and_then(|text| text.split_once('=')) {
            Some((name, value)) if !name.is_empty() => Ok(Input { name: name.to_owned(), value: value.to_owned() }),
            _ => {
                let arg = arg.map_or_else(|| "an input".to_owned(), |arg| format!("'{arg}'"));
                let message = format!("{arg} was given something else (not shown, it may be secret)");
                Err(clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command))
            }
        }
    }
}

/// Which local cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rehearse {
    /// One in this process, kept beside the stack.
    InProcess,
    /// A served one, by its folder.
    Served(PathBuf),
}

impl FromStr for Rehearse {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text.is_empty() { Self::InProcess } else { Self::Served(PathBuf::from(text)) })
    }
}

/// What goes wrong on purpose.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FaultArgs {
    /// Inject a fault: error@N, throttle@N, lost@N, drip@N, {crash,stop}-{before,sent,replied}@N
    #[arg(long = "fault", value_name = "SPEC", requires = "rehearse", value_delimiter = ',', action = ArgAction::Append)]
    pub(crate) faults: Vec<String>,
}

/// How much at once.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Pace {
    /// How many provider calls may be under way at once
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) parallelism: u16,
}

/// `maps run`.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    #[command(flatten)]
    pub(crate) faults: FaultArgs,
    #[command(flatten)]
    pub(crate) pace: Pace,
    /// Forget the rehearsal's state first, and its cloud unless that one is served
    #[arg(long, requires = "rehearse")]
    pub(crate) fresh: bool,
    /// Apply without asking
    #[arg(short = 'y', long)]
    pub(crate) yes: bool,
}

/// `maps plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    #[command(flatten)]
    pub(crate) pace: Pace,
    /// Exit with 2 if there is something to do
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
}

/// `maps destroy`.
#[derive(Debug, clap::Args)]
pub(crate) struct DestroyArgs {
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    #[command(flatten)]
    pub(crate) faults: FaultArgs,
    #[command(flatten)]
    pub(crate) pace: Pace,
    /// Destroy without asking
    #[arg(short = 'y', long)]
    pub(crate) yes: bool,
}

/// `maps output`.
#[derive(Debug, clap::Args)]
pub(crate) struct OutputArgs {
    /// The stack (a path, so it holds a `/` or a `.`) and the one output to show
    #[arg(value_name = "STACK|NAME", num_args = 0..=2)]
    pub(crate) what: Vec<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Show what secret outputs hold
    #[arg(long)]
    pub(crate) show_secrets: bool,
}

impl OutputArgs {
    /// The stack's path and the output's name. A name holds neither `/` nor `.`; a word that is no path
    /// by its look names the folder of a stack where `is_stack` says so, as it does for other commands.
    pub(crate) fn stack_and_name(&self, is_stack: impl Fn(&Path) -> bool) -> Result<(PathBuf, Option<&str>), String> {
        let here = || PathBuf::from("stack.yaml");
        let looks = |text: &str| text.contains(['/', '.', std::path::MAIN_SEPARATOR]);
        // Where there is a stack, a word is an output of it.
        let is_path = |text: &str| looks(text) || !is_stack(&here()) && is_stack(Path::new(text));
        match self.what.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => Ok((here(), None)),
            [one] if is_path(one) => Ok((one.into(), None)),
            [one] => Ok((here(), Some(one))),
            [stack, name, ..] if is_path(stack) && !looks(name) => Ok((stack.into(), Some(name))),
            [name, stack, ..] if is_path(stack) && !looks(name) => Ok((stack.into(), Some(name))),
            [one, two, ..] => {
                Err(format!("of {one:?} and {two:?} one must be a stack's path and one an output's name"))
            }
        }
    }
}

/// `maps audit`.
#[derive(Debug, clap::Args)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    /// Check that the audit log is whole; begin one anew in place of one that is not
    #[arg(long, value_enum, value_name = "TASK")]
    pub(crate) log: Option<LogTask>,
    /// Compare two components instead, by name or path; exits with 2 if the second may do more
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with_all = ["log", "emit"])]
    pub(crate) diff: Option<Vec<String>>,
    /// Print what the rules in effect need from a service, and nothing more
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "log")]
    pub(crate) emit: Option<Emit>,
}

/// `maps audit --log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogTask {
    /// Is the chain whole, and does it reach to where the state was saved?
    Verify,
    /// Put a log aside that is not whole, and begin one that says so
    Restart,
}

/// `maps audit --emit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Emit {
    /// The scopes of the DigitalOcean token, one a line
    DoScopes,
    /// The IAM policy that the keys of AWS need
    Iam,
    /// The roles of Kubernetes that the kubeconfigs need, as YAML
    Rbac,
}

/// `maps plugin approve`.
#[derive(Debug, clap::Args)]
pub(crate) struct ApproveArgs {
    /// The stack file, or the folder of a stack.yaml
    #[arg(value_name = "STACK")]
    pub(crate) stack: PathBuf,
    /// Which of its plugins; all if none is named
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Lay stack.ENV.yaml over the stack; each environment has its own approvals
    #[arg(short = 'e', long = "env", value_name = "ENV")]
    pub(crate) environment: Option<String>,
    /// Set an input of the stack
    #[arg(long = "input", value_name = "NAME=VALUE", action = ArgAction::Append)]
    pub(crate) inputs: Vec<Input>,
}

impl ApproveArgs {
    /// What parametrises the stack; no approval is about a rehearsal.
    pub(crate) fn settings(&self) -> Settings {
        Settings { environment: self.environment.clone(), inputs: self.inputs.clone(), rehearse: None }
    }
}

/// `maps helm …`.
#[derive(Debug, Subcommand)]
pub(crate) enum HelmCommand {
    /// Render a chart in the sandbox and print its manifests, with the flags and the output of `helm template`
    Template(HelmTemplateArgs),
}

/// `maps helm template`, whose flags are those of Helm.
#[derive(Debug, clap::Args)]
pub(crate) struct HelmTemplateArgs {
    /// The release's name, and the chart: a folder, an archive, a name in --repo, a URL, or oci://…
    #[arg(value_name = "[NAME] CHART")]
    pub(crate) words: Vec<String>,
    /// Values from a YAML file; `-` is standard input
    #[arg(short = 'f', long, value_name = "FILE", action = ArgAction::Append, value_delimiter = ',')]
    pub(crate) values: Vec<String>,
    /// Set values: key1=val1,key2=val2
    #[arg(long, value_name = "KEY=VALUE", action = ArgAction::Append)]
    pub(crate) set: Vec<String>,
    /// Set values that are texts
    #[arg(long, value_name = "KEY=VALUE", action = ArgAction::Append)]
    pub(crate) set_string: Vec<String>,
    /// Set values that are JSON: key1=JSON1,key2=JSON2, or one object
    #[arg(long, value_name = "KEY=JSON", action = ArgAction::Append)]
    pub(crate) set_json: Vec<String>,
    /// Set values from files: key1=path1,key2=path2
    #[arg(long, value_name = "KEY=FILE", action = ArgAction::Append)]
    pub(crate) set_file: Vec<String>,
    /// Set a value that is taken as it stands
    #[arg(long, value_name = "KEY=VALUE", action = ArgAction::Append)]
    pub(crate) set_literal: Vec<String>,
    /// The release's namespace
    #[arg(short = 'n', long, value_name = "NAMESPACE", default_value = "default")]
    pub(crate) namespace: String,
    /// The chart repository's URL
    #[arg(long, value_name = "URL")]
    pub(crate) repo: Option<String>,
    /// A version or a constraint; the newest stable one without it
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// Versions that are no releases too, where --version says none
    #[arg(long)]
    pub(crate) devel: bool,
    /// The version of Kubernetes that the chart sees
    #[arg(long, value_name = "VERSION")]
    pub(crate) kube_version: Option<String>,
    /// Further API versions that the chart sees
    #[arg(short = 'a', long, value_name = "VERSION", action = ArgAction::Append, value_delimiter = ',')]
    pub(crate) api_versions: Vec<String>,
    /// The files of crds/ too
    #[arg(long)]
    pub(crate) include_crds: bool,
    /// No tests
    #[arg(long)]
    pub(crate) skip_tests: bool,
    /// No hooks
    #[arg(long)]
    pub(crate) no_hooks: bool,
    /// Only what comes from these templates
    #[arg(short = 's', long, value_name = "PATH", action = ArgAction::Append)]
    pub(crate) show_only: Vec<String>,
    /// Let the chart see an upgrade
    #[arg(long)]
    pub(crate) is_upgrade: bool,
    /// Leave the chart's values.schema.json aside
    #[arg(long)]
    pub(crate) skip_schema_validation: bool,
    /// Speak to a registry without TLS
    #[arg(long)]
    pub(crate) plain_http: bool,
}

/// `maps plugin …`.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Write a plugin to begin with: a crate that builds, tests and runs as it is
    New(PluginNewArgs),
    /// Show what plugins of a stack may do, and record in maps.lock that it is approved
    Approve(ApproveArgs),
    /// Tell what a plugin imports, declares and manages, from its bytes alone
    Inspect {
        /// A plugin's name, the path of a component, or a plugin's folder
        #[arg(value_name = "NAME|PATH")]
        plugin: String,
    },
    /// Compile a plugin, and make a component of it that carries its plugin.yaml
    Build(PluginBuildArgs),
    /// Hold a plugin against the laws that the engine relies on
    Test(PluginTestArgs),
}

/// `maps plugin new`.
#[derive(Debug, clap::Args)]
pub(crate) struct PluginNewArgs {
    /// What the plugin and its crate are called
    pub(crate) name: String,
    /// The folder that is made; NAME if not given
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
    /// Use the SDK of a checkout of maps instead of writing a copy of it
    #[arg(long, value_name = "PATH")]
    pub(crate) sdk: Option<PathBuf>,
}

/// `maps plugin build`.
#[derive(Debug, clap::Args)]
pub(crate) struct PluginBuildArgs {
    /// The plugin's folder: its crate, with plugin.yaml
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Compile nothing, and take this core module
    #[arg(long, value_name = "FILE", conflicts_with = "component")]
    pub(crate) module: Option<PathBuf>,
    /// Compile nothing, and take this component, as other languages' tools make it
    #[arg(long, value_name = "FILE")]
    pub(crate) component: Option<PathBuf>,
    /// Where the plugin goes; DIR/target/NAME.wasm if not given
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// `maps plugin test`.
#[derive(Debug, clap::Args)]
pub(crate) struct PluginTestArgs {
    /// The plugin's folder, with what `maps plugin build` left in target/; or a plugin's name, or the path of a component
    #[arg(value_name = "DIR|NAME|PATH", default_value = ".")]
    pub(crate) plugin: String,
    /// The folder of fixtures, KIND.json; `conformance` beside plugin.yaml, or here, if not given
    #[arg(long, value_name = "DIR")]
    pub(crate) fixtures: Option<PathBuf>,
    /// Try this law alone
    #[arg(long = "law", value_name = "NAME", action = ArgAction::Append)]
    pub(crate) laws: Vec<String>,
    /// Use a fake of your own in place of the local cloud: where on this machine it answers for a host
    #[arg(long, value_name = "HOST=URL", action = ArgAction::Append)]
    pub(crate) at: Vec<StandIn>,
    /// The certificate authority of fakes that speak TLS, as PEM
    #[arg(long, value_name = "FILE", requires = "at")]
    pub(crate) ca: Option<PathBuf>,
    /// Give a fake the credential that an environment variable holds; keys of AWS are ID:SECRET
    #[arg(long = "credential", value_name = "NAME=VARIABLE", requires = "at", action = ArgAction::Append)]
    pub(crate) credentials: Vec<Input>,
}

/// `--at HOST=URL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StandIn {
    pub(crate) host: String,
    pub(crate) at: SocketAddr,
    pub(crate) scheme: Scheme,
}

impl FromStr for StandIn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || "a fake is given as HOST=http://127.0.0.1:PORT, or https with --ca".to_owned();
        let (host, url) = text.split_once('=').filter(|(host, _)| !host.is_empty()).ok_or_else(form)?;
        let (scheme, address) = url.split_once("://").ok_or_else(form)?;
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(form()),
        };
        let at: SocketAddr = address.trim_end_matches('/').parse().map_err(|_| form())?;
        match at.ip().is_loopback() {
            true => Ok(Self { host: host.to_ascii_lowercase(), at, scheme }),
            false => Err(format!("{at} is not on this machine, where a fake must be")),
        }
    }
}

/// `maps cloud …`.
#[derive(Debug, Subcommand)]
pub(crate) enum CloudCommand {
    /// Serve a local cloud until interrupted; how to reach it stands in DIR/cloud.json
    Serve {
        /// Where it keeps what it has
        #[arg(long)]
        dir: PathBuf,
        /// Play what this plugin declares too, a name or the path of a component
        #[arg(long = "plugin", value_name = "NAME|PATH", action = ArgAction::Append)]
        plugins: Vec<String>,
        /// Inject a fault: error@N, throttle@N, lost@N, drip@N; ssm:error@N counts one service's requests
        #[arg(long = "fault", value_name = "SPEC", value_delimiter = ',', action = ArgAction::Append)]
        faults: Vec<String>,
    },
    /// Print what exists in a local cloud, without ids and times, so that two can be compared
    Inventory {
        /// Its folder
        #[arg(long)]
        dir: PathBuf,
    },
    /// Print how many calls reached a local cloud, by service and route
    Counts {
        /// Its folder
        #[arg(long)]
        dir: PathBuf,
    },
}

/// `maps completions`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// For which shell
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_holds_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn rehearse_takes_its_folder_only_with_an_equals_sign() {
        let Command::Run(run) = parse("maps run --rehearse stacks/maps").unwrap().command else { panic!("run") };
        assert_eq!(run.stack.settings.rehearse, Some(Rehearse::InProcess));
        assert_eq!(run.stack.stack, PathBuf::from("stacks/maps"));
        let Command::Run(run) = parse("maps run --rehearse=cloud").unwrap().command else { panic!("run") };
        assert_eq!(run.stack.settings.rehearse, Some(Rehearse::Served("cloud".into())));
    }

    #[test]
    fn faults_and_fresh_belong_to_a_rehearsal() {
        assert!(parse("maps run --fault lost@1").is_err());
        assert!(parse("maps run --fresh").is_err());
        let Command::Run(run) = parse("maps run --rehearse --fault lost@1,error@2 --fault drip@3").unwrap().command
        else {
            panic!("run")
        };
        assert_eq!(run.faults.faults, ["lost@1", "error@2", "drip@3"]);
    }

    #[test]
    fn a_stack_is_told_from_an_output_by_its_dot_or_slash() {
        let parts = |line: &str| {
            let Command::Output(output) = parse(line).unwrap().command else { panic!("output") };
            output
                .stack_and_name(|path| path == Path::new("hello"))
                .map(|(stack, name)| (stack.display().to_string(), name.map(str::to_owned)))
        };
        assert_eq!(parts("maps output").unwrap(), ("stack.yaml".into(), None));
        assert_eq!(parts("maps output endpoint").unwrap(), ("stack.yaml".into(), Some("endpoint".into())));
        assert_eq!(parts("maps output a/b").unwrap(), ("a/b".into(), None));
        assert_eq!(parts("maps output s.yaml endpoint").unwrap(), ("s.yaml".into(), Some("endpoint".into())));
        assert_eq!(parts("maps output endpoint s.yaml").unwrap(), ("s.yaml".into(), Some("endpoint".into())));
        assert_eq!(parts("maps output hello").unwrap(), ("hello".into(), None));
        assert_eq!(parts("maps output hello endpoint").unwrap(), ("hello".into(), Some("endpoint".into())));
        assert!(parts("maps output one two").is_err());
    }

    #[test]
    fn an_input_has_a_name() {
        let inputs = |given: &str| {
            let args = Args::try_parse_from(["maps", "plan", "--input", given]).map_err(|error| error.to_string())?;
            let Command::Plan(plan) = args.command else { return Err("another command".to_owned()) };
            Ok(plan.stack.settings.inputs)
        };
        assert_eq!(inputs("a=b=c"), Ok(vec![Input { name: "a".into(), value: "b=c".into() }]));
        for given in ["=hunter2", "hunter2"] {
            let told = inputs(given).unwrap_err();
            assert!(told.contains("--input <NAME=VALUE>") && !told.contains("hunter2"), "{told}");
        }
    }
}
