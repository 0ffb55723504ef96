//! `cargo xtask bench`: builds the release, measures it, and holds every figure against its limit.
//! It judges by printing: a machine that is busy fails no test.

mod aws;
mod cloud;
mod doks;
mod figure;
mod helm;
mod kube;
mod place;
mod platform;
mod sandbox;
mod scale;
mod start;

use crate::plugins::{BENCH, SHIPPED};
use crate::process::{self, cargo};
use crate::{Failure, dist, plugins, setup};
use figure::Figure;
use place::Place;

/// One part of the bench; each is a file.
struct Section {
    name: &'static str,
    what: &'static str,
    measure: fn(&Place) -> Result<Vec<Figure>, Failure>,
}

const SECTIONS: [Section; 8] = [
    Section { name: "sandbox", what: "Loading and calling a plugin", measure: sandbox::measure },
    Section { name: "start", what: "Commands that need no provider", measure: start::measure },
    Section { name: "doks", what: "One cluster against a served cloud", measure: doks::measure },
    Section { name: "aws", what: "Records and parameters on AWS, against a served cloud", measure: aws::measure },
    Section { name: "kube", what: "Manifests in a cluster of a served cloud", measure: kube::measure },
    Section { name: "helm", what: "Charts, beside the real Helm", measure: helm::measure },
    Section { name: "platform", what: "The MAPS stack against a served cloud", measure: platform::measure },
    Section { name: "scale", what: "Many resources, with and without wasm", measure: scale::measure },
];

/// How figures are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// A table.
    Table,
    /// One event a line.
    Json,
}

/// Runs the task; `wanted` names one section.
pub(crate) fn run(wanted: Option<&str>, output: Output) -> Result<(), Failure> {
    let chosen: Vec<&Section> =
        SECTIONS.iter().filter(|section| wanted.is_none_or(|name| name == section.name)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = SECTIONS.iter().map(|section| section.name).collect();
        return Err(format!("there is no section `{}`; there are {}", wanted.unwrap_or_default(), names.join(", ")));
    }
    let way = setup::way()?;
    process::run(&mut cargo(plugins::BUILD))?;
    SHIPPED.build(way)?;
    BENCH.build(way)?;
    dist::release(&["--bin", "maps-bench", "--features", "maps-bench/program"])?;
    let place = Place::new()?;
    let (mut held, mut over) = (0, 0);
    for section in chosen {
        let figures = (section.measure)(&place)?;
        held += figures.iter().filter(|figure| figure.limit.is_some()).count();
        over += figures.iter().filter(|figure| figure.is_over()).count();
        match output {
            Output::Table => {
                println!("\n{}", section.what);
                figures.iter().for_each(|figure| println!("{}", figure.row()));
            }
            Output::Json => figures.iter().for_each(|figure| println!("{}", figure.event(section.name))),
        }
    }
    match output {
        Output::Table => println!("\n{held} figures are held against a limit, {over} of them over it"),
        Output::Json => println!(r#"{{"event":"summary","held":{held},"over":{over}}}"#),
    }
    Ok(())
}
