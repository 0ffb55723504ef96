//! What `cargo xtask bench` measures with. Every call is one measurement in a process of its own,
//! and prints lines of `NAME VALUE`; what they are held against is not known here.
//!
//! ```text
//! maps-bench usage COMMAND…               CPU seconds, wall seconds and peak memory of a command
//! maps-bench sandbox COMPONENT CACHE      what loading a component and calling it takes
//! maps-bench native COMPONENT DIR ACTION  plan or run with the component's kinds, served without wasm
//! ```

// This is a measuring program: what it finds goes to the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod native;
mod sandbox;
mod usage;
mod world;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// Why there is nothing to tell, for the terminal.
type Failure = Box<dyn std::error::Error>;

/// Carries out one measurement.
pub fn main(arguments: &[OsString]) -> ExitCode {
    let words: Vec<&Path> = arguments.iter().map(Path::new).collect();
    let done = match words[..] {
        [what, ..] if what == "usage" => usage::of(&arguments[1..]),
        [what, component, cache] if what == "sandbox" => sandbox::measure(component, cache),
        [what, component, dir, action] if what == "native" => native::carry_out(component, dir, action),
        _ => Err("this is for `cargo xtask bench`".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Tells one figure.
fn tell(name: &str, value: f64) {
    println!("{name} {value}");
}
