//! What it costs to start: commands that talk to nobody.

use super::figure::{Figure, Unit};
use super::place::Place;
use crate::Failure;

const RUNS: usize = 21;

pub(super) fn measure(place: &Place) -> Result<Vec<Figure>, Failure> {
    let stack = place.stack("start", "maps: v1\nstack: start\noutputs: {one: \"${1 + 1}\"}\n")?;
    let stack = stack.to_string_lossy();
    let mut figures = Vec::new();
    for (name, words) in [
        ("maps --help", &["--help"][..]),
        ("maps output", &["output", &stack]),
        ("maps plan, without plugins", &["plan", &stack]),
        ("maps plugin inspect doks, from the binary", &["plugin", "inspect", "doks"]),
    ] {
        let used = place.usage(&place.maps(words), RUNS)?;
        figures.push(Figure::new(format!("{name}: CPU"), used.cpu * 1e6, Unit::Microseconds));
        figures.push(Figure::new(format!("{name}: wall"), used.wall * 1e6, Unit::Microseconds));
        figures.push(Figure::new(format!("{name}: peak memory"), used.peak, Unit::Mebibytes));
    }
    Ok(figures)
}
