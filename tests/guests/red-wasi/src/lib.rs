//! Imports `wasi:cli/environment`, of which the host has none.

mod environment {
    maps_sdk::wit_bindgen::generate!({
        inline: "
            package red:wasi;
            world red {
                import wasi:cli/environment@0.2.6;
            }
            package wasi:cli@0.2.6 {
                interface environment {
                    get-environment: func() -> list<tuple<string, string>>;
                }
            }
        ",
        generate_all,
        runtime_path: "maps_sdk::wit_bindgen::rt",
    });
}

use maps_sdk::bindings::exports::maps::platform::provider as wire;
use maps_sdk::bindings::maps::platform::types::Problem;

struct RedWasi;

impl wire::Guest for RedWasi {
    fn describe() -> String {
        r#"{"kinds": {"red-wasi/thing": {"inputs": {"type": "object"}, "outputs": {"type": "object"}}}}"#.to_owned()
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
        let secrets = environment::wasi::cli::environment::get_environment();
        maps_sdk::error!("{secrets:?}");
        requests.iter().map(|_| wire::ReadOutcome::Absent).collect()
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

maps_sdk::bindings::export!(RedWasi with_types_in maps_sdk::bindings);
