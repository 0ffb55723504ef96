//! `maps-bench`: one measurement a call, as `cargo xtask bench` asks for it.

use std::process::ExitCode;

fn main() -> ExitCode {
    maps_bench::main(&std::env::args_os().skip(1).collect::<Vec<_>>())
}
