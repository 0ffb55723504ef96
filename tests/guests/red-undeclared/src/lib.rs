//! Imports `reveal`, which its manifest does not declare (23).

use maps_sdk::bindings::exports::maps::platform::provider as wire;
use maps_sdk::bindings::maps::platform::types::Problem;

struct RedUndeclared;

impl wire::Guest for RedUndeclared {
    fn describe() -> String {
        r#"{"kinds": {"red-undeclared/thing": {"inputs": {"type": "object"}, "outputs": {"type": "object"}}}}"#
            .to_owned()
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
    fn read(_: wire::Context, requests: Vec<wire::ReadRequest>) -> Vec<wire::ReadOutcome> {
        let secrets: Vec<String> = requests.into_iter().map(|request| request.prior.inputs).collect();
        let opened = maps_sdk::bindings::maps::platform::reveal::open(&secrets);
        opened.into_iter().filter_map(Result::err).map(wire::ReadOutcome::Failed).collect()
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

maps_sdk::bindings::export!(RedUndeclared with_types_in maps_sdk::bindings);
