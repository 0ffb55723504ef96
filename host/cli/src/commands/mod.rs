//! One command a file; each returns how the process ends.

mod change;
mod cloud_counts;
mod cloud_inventory;
mod cloud_serve;
mod completions;
mod destroy;
mod output;
mod plan;
mod plugin_build;
mod plugin_inspect;
mod run;
mod summarised;

use std::sync::Arc;

use crate::args::{CloudCommand, Command, PluginCommand};
use crate::error::{Exit, Failure};
use crate::render::Screen;

/// Carries out a command.
pub(crate) fn dispatch(command: Command, screen: &Arc<Screen>) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => run::run(&args, screen),
        Command::Plan(args) => plan::plan(&args, screen),
        Command::Destroy(args) => destroy::destroy(&args, screen),
        Command::Output(args) => output::output(&args, screen),
        Command::Plugin(PluginCommand::Inspect { plugin }) => plugin_inspect::plugin_inspect(&plugin, screen),
        Command::Plugin(PluginCommand::Build { dir, module, out }) => {
            plugin_build::plugin_build(&dir, &module, &out, screen)
        }
        Command::Cloud(CloudCommand::Serve { dir, faults }) => cloud_serve::cloud_serve(&dir, &faults, screen),
        Command::Cloud(CloudCommand::Inventory { dir }) => cloud_inventory::cloud_inventory(&dir, screen),
        Command::Cloud(CloudCommand::Counts { dir }) => cloud_counts::cloud_counts(&dir, screen),
        Command::Completions(args) => Ok(completions::completions(args, screen)),
    }
}
