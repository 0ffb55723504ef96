//! The one script language of the repository: `cargo xtask TASK`, each task in a file of its own.

// This is a script: what it does goes to the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod component;
mod demo;
mod dist;
mod helm_corpus;
mod peers;
mod pictures;
mod plugins;
mod process;
mod repo;
mod setup;
mod test;
#[cfg(test)]
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask TASK

  setup [--with rustup|debian]   find a way to build plugins, and remember it
  plugins                        build maps, and every plugin to target/plugins/NAME.wasm
  peers                          install the programs that tests hold ours against, below target/peers
  demo                           set up, build, and bring the MAPS stack up in rehearsal
  pictures                       draw the plan and the run of the MAPS stack, as docs/plan.svg and docs/run.svg
  test [--fast]                  check and test everything; --fast leaves out what takes minutes
  test --cluster KUBECONFIG      test the plugins for Kubernetes against that cluster
  helm-corpus DIR [--json]       render a folder's charts and expressions, and compare with what Helm printed
  dist                           build target/release/maps, which carries the plugins
  bench [SECTION] [--json]       build the release, measure it, and hold it against its limits";

/// Why a task failed, for the terminal.
type Failure = String;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["setup"] => setup::run(None),
        ["setup", "--with", name] => setup::run(Some(name)),
        ["plugins"] => plugins::run(),
        ["peers"] => peers::run(),
        ["demo"] => demo::run(),
        ["pictures"] => pictures::run(),
        ["test"] => test::run(test::Extent::Whole),
        ["test", "--fast"] => test::run(test::Extent::Fast),
        ["test", "--cluster", kubeconfig] => test::against(kubeconfig),
        ["helm-corpus", dir] => helm_corpus::run(dir, false),
        ["helm-corpus", dir, "--json"] | ["helm-corpus", "--json", dir] => helm_corpus::run(dir, true),
        ["dist"] => dist::run(),
        ["bench"] => bench::run(None, bench::Output::Table),
        ["bench", "--json"] => bench::run(None, bench::Output::Json),
        ["bench", section] => bench::run(Some(section), bench::Output::Table),
        ["bench", section, "--json"] => bench::run(Some(section), bench::Output::Json),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => Err(format!("there is no task `{}`\n\n{USAGE}", arguments.join(" "))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
