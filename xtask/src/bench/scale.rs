//! Plans and runs of many resources, through wasm and with a provider that is none, and how their
//! cost grows.

use std::fmt::Write as _;

use super::cloud::Cloud;
use super::figure::{Figure, Unit, growth};
use super::place::{Place, Usage, echo};
use crate::Failure;

const SIZES: [usize; 3] = [100, 1_000, 10_000];
/// The figures of the smallest sizes are small: the median of some runs.
const RUNS: [usize; 3] = [9, 5, 1];

/// The nearest rival, plan of 1,000 new resources of a mock provider: CPU seconds and MB.
const RIVAL_NEW_S: f64 = 0.17;
const RIVAL_NEW_MB: f64 = 45.0;
/// Its plan of 1,000 resources without changes.
const RIVAL_SAME_S: f64 = 0.78;
/// 10,000 resources through wasm plan in less.
const PLAN_10K_S: f64 = 3.0;
/// How much dearer the ten-thousandth resource may be than the thousandth: what is above is no noise.
const LINEAR: f64 = 1.3;

/// What carries the resources.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Through {
    /// The released binary and the echo plugin.
    Wasm,
    /// The engine, with a provider in the measuring program.
    Native,
}

/// What is measured of one size.
struct Costs {
    new: Usage,
    run: Usage,
    same: Usage,
}

pub(super) fn measure(place: &Place) -> Result<Vec<Figure>, Failure> {
    // In a rehearsal nobody is asked to approve the plugin. None of its resources is in the cloud.
    let cloud = Cloud::serve(place, "scale-cloud")?;
    let bench = Bench { place, cloud };
    let mut figures = Vec::new();
    for (what, through, kind) in [
        ("wasm, batches of 100", Through::Wasm, "batched"),
        ("wasm, batches of 1", Through::Wasm, "single"),
        ("native, batches of 100", Through::Native, "batched"),
    ] {
        let nothing = bench.costs(through, kind, 0, 5)?;
        let sized = SIZES.iter().zip(RUNS).map(|(size, runs)| Ok((*size, bench.costs(through, kind, *size, runs)?)));
        let sized: Vec<(usize, Costs)> = sized.collect::<Result<_, Failure>>()?;
        for (size, costs) in &sized {
            figures.extend(tell(what, *size, costs, through));
        }
        if let [_, (few, of_few), (many, of_many)] = &sized[..] {
            let mut grows = |step: &str, cost: fn(&Costs) -> f64| {
                let grown = growth(cost(&nothing), (*few, cost(of_few)), (*many, cost(of_many)));
                figures.push(Figure::new(format!("{what}: growth of {step}"), grown, Unit::Times).within(LINEAR));
            };
            grows("plan of new ones, CPU", |costs| costs.new.cpu);
            grows("run, CPU", |costs| costs.run.cpu);
            grows("plan without changes, CPU", |costs| costs.same.cpu);
            grows("plan without changes, memory", |costs| costs.same.peak);
        }
    }
    Ok(figures)
}

struct Bench<'a> {
    place: &'a Place,
    cloud: Cloud,
}

impl Bench<'_> {
    fn costs(&self, through: Through, kind: &str, size: usize, runs: usize) -> Result<Costs, Failure> {
        let name = if through == Through::Wasm { "wasm" } else { "native" };
        let dir = self.place.stack(&format!("{name}-{kind}-{size}"), &stack(kind, size))?;
        let usage = |action: &str, runs: usize| {
            let mut command = match through {
                Through::Wasm => self.place.maps([action]),
                Through::Native => self.place.bench(["native"]),
            };
            match through {
                Through::Wasm => command.arg(&dir).arg(self.cloud.flag()),
                Through::Native => command.arg(echo()).arg(&dir).arg(action),
            };
            if through == Through::Wasm && action == "run" {
                command.arg("--yes");
            }
            self.place.usage(&command, runs)
        };
        Ok(Costs { new: usage("plan", runs)?, run: usage("run", 1)?, same: usage("plan", runs)? })
    }
}

fn tell(what: &str, size: usize, costs: &Costs, through: Through) -> Vec<Figure> {
    let figure = |step: &str, value: f64, unit: Unit| Figure::new(format!("{what}: {step} {size}"), value, unit);
    let mut new = figure("plan of new", costs.new.cpu, Unit::Seconds);
    let mut same = figure("plan without changes of", costs.same.cpu, Unit::Seconds);
    let mut memory = figure("memory of a plan of new", costs.new.peak, Unit::Mebibytes);
    match (size, through) {
        (1_000, _) => {
            new = new.within(RIVAL_NEW_S);
            same = same.within(RIVAL_SAME_S);
            memory = memory.within(RIVAL_NEW_MB);
        }
        (10_000, Through::Wasm) => {
            new = new.within(PLAN_10K_S);
            same = same.within(PLAN_10K_S);
        }
        _ => {}
    }
    let run = figure("run of", costs.run.cpu, Unit::Seconds);
    let wall = figure("wall time of a run of", costs.run.wall, Unit::Seconds);
    let most = figure("memory of a run of", costs.run.peak, Unit::Mebibytes);
    let memory_same = figure("memory of a plan without changes of", costs.same.peak, Unit::Mebibytes);
    vec![new, memory, run, wall, most, same, memory_same]
}

/// A stack in which nine of ten resources hang on the tenth's id.
fn stack(kind: &str, size: usize) -> String {
    let mut text = "maps: v1\nstack: scale\nplugins: {echo: {source: echo}}\nresources:\n".to_owned();
    if size == 0 {
        text.push_str("  {}\n");
    }
    for number in 0..size {
        let head = number - number % 10;
        let parent = if number == head { String::new() } else { format!("${{r{head}.id}}") };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  r{number}:\n    type: echo/{kind}\n    with: {{name: thing-{number}, text: \"the {number}th of {size}\", size: {}, parent: \"{parent}\"}}",
            number % 7
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_of_ten_resources_refer_to_one() {
        let text = stack("batched", 20);
        assert_eq!(text.matches("type: echo/batched").count(), 20);
        assert_eq!(text.matches("${r10.id}").count(), 9);
        assert_eq!(text.matches("parent: \"\"").count(), 2);
    }
}
