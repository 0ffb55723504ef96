//! One command a file; each returns how the process ends.

mod audit;
mod change;
mod cloud_counts;
mod cloud_inventory;
mod cloud_serve;
mod completions;
mod destroy;
mod helm_template;
mod output;
mod plan;
mod plugin_approve;
mod plugin_build;
mod plugin_inspect;
mod plugin_new;
mod plugin_test;
mod run;
mod summarised;

use std::sync::Arc;

use self::summarised::summarised;
use crate::args::{CloudCommand, Command, HelmCommand, PluginCommand};
use crate::error::{Exit, Failure};
use crate::render::Screen;

/// Carries out a command. Each ends with a summary for programs.
pub(crate) fn dispatch(command: Command, screen: &Arc<Screen>) -> Exit {
    let ended = |name, carry_out: &dyn Fn() -> Result<Exit, Failure>| summarised(name, screen, |_| carry_out());
    match command {
        Command::Run(args) => run::run(&args, screen),
        Command::Plan(args) => plan::plan(&args, screen),
        Command::Destroy(args) => destroy::destroy(&args, screen),
        Command::Output(args) => ended("output", &|| output::output(&args, screen)),
        Command::Audit(args) => ended("audit", &|| audit::audit(&args, screen)),
        Command::Plugin(PluginCommand::Approve(args)) => {
            ended("plugin approve", &|| plugin_approve::plugin_approve(&args, screen))
        }
        Command::Plugin(PluginCommand::Inspect { plugin }) => {
            ended("plugin inspect", &|| plugin_inspect::plugin_inspect(&plugin, screen))
        }
        Command::Plugin(PluginCommand::New(args)) => ended("plugin new", &|| plugin_new::plugin_new(&args, screen)),
        Command::Plugin(PluginCommand::Test(args)) => ended("plugin test", &|| plugin_test::plugin_test(&args, screen)),
        Command::Plugin(PluginCommand::Build(args)) => {
            ended("plugin build", &|| plugin_build::plugin_build(&args, screen))
        }
        Command::Cloud(CloudCommand::Serve { dir, plugins, faults }) => {
            ended("cloud serve", &|| cloud_serve::cloud_serve(&dir, &plugins, &faults, screen))
        }
        Command::Cloud(CloudCommand::Inventory { dir }) => {
            ended("cloud inventory", &|| cloud_inventory::cloud_inventory(&dir, screen))
        }
        Command::Cloud(CloudCommand::Counts { dir }) => {
            ended("cloud counts", &|| cloud_counts::cloud_counts(&dir, screen))
        }
        Command::Helm(HelmCommand::Template(args)) => helm_template::helm_template(&args, screen),
        Command::Completions(args) => ended("completions", &|| Ok(completions::completions(args, screen))),
    }
}

/// What is said of a command line that is none.
pub(crate) fn not_understood(failure: Failure, screen: &Screen) -> Exit {
    summarised("", screen, |_| Err(failure))
}
