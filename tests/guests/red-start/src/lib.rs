//! Loops while it is instantiated, before any export is called (28).

use std::hint::black_box;

use maps_sdk::bindings::exports::maps::platform::provider as wire;
use maps_sdk::bindings::maps::platform::types::Problem;

struct RedStart;

/// A component's core module is initialised by this export as soon as it is instantiated.
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    loop {
        black_box(());
    }
}

impl wire::Guest for RedStart {
    fn describe() -> String {
        r#"{"kinds": {"red-start/thing": {"inputs": {"type": "object"}, "outputs": {"type": "object"}}}}"#.to_owned()
    }
    fn check(_: wire::Context, _: Vec<wire::CheckRequest>) -> Vec<wire::CheckOutcome> {
        Vec::new()
    }
    fn diff(_: wire::Context, _: Vec<wire::DiffRequest>) -> Vec<Result<Vec<wire::FieldChange>, Problem>> {
        Vec::new()
    }
    fn preview(_: wire::Context, _: Vec<wire::PreviewRequest>) -> Vec<Result<wire::Previewed, Problem>> {
        Vec::new()
    }
    fn find(_: wire::Context, _: Vec<wire::FindRequest>) -> Vec<wire::FindOutcome> {
        Vec::new()
    }
    fn read(_: wire::Context, _: Vec<wire::ReadRequest>) -> Vec<wire::ReadOutcome> {
        Vec::new()
    }
    fn create(_: wire::Context, _: Vec<wire::CreateRequest>) -> Vec<wire::MutationOutcome> {
        Vec::new()
    }
    fn update(_: wire::Context, _: Vec<wire::UpdateRequest>) -> Vec<wire::MutationOutcome> {
        Vec::new()
    }
    fn delete(_: wire::Context, _: Vec<wire::DeleteRequest>) -> Vec<wire::DeleteOutcome> {
        Vec::new()
    }
}

maps_sdk::bindings::export!(RedStart with_types_in maps_sdk::bindings);
