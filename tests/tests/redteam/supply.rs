//! Guests that want more than they say, got past packaging or not.

use maps_runtime::package::package;
use maps_tests::without_sections;
use serde_json::json;

use crate::component::{guest, unpackaged};
use crate::world::{World, limits};

const KINDS: &str = r#"{"kinds": {}}"#;

fn yaml(name: &str) -> String {
    std::fs::read_to_string(maps_tests::root().join(format!("tests/guests/{name}/plugin.yaml"))).unwrap()
}

#[tokio::test]
async fn rt23_an_import_that_is_not_declared_is_refused_before_any_code_runs() {
    let module = guest("red-undeclared.module");
    let error = package(&module, &yaml("red-undeclared"), None, &limits()).await.unwrap_err().to_string();
    assert!(error.contains("maps:platform/reveal") && error.contains("reveal: {reason: …}"), "{error}");
    let manifest = json!({
        "maps": "v1", "plugin": "red-undeclared", "version": "0.1.0", "description": "Red.", "capabilities": {"log": {}},
    });
    let world = World::new();
    let Err(error) = world.host.load(&unpackaged(&module, &manifest.to_string(), KINDS)) else {
        panic!("it was loaded")
    };
    assert!(error.to_string().contains("maps:platform/reveal"), "{error}");
    world.serves_the_next_call().await;
}

#[tokio::test]
async fn wasi_is_refused_before_any_code_runs() {
    let module = guest("red-wasi.module");
    let error = package(&module, &yaml("red-wasi"), None, &limits()).await.unwrap_err().to_string();
    assert!(error.contains("wasi:cli/environment"), "{error}");
    let manifest = json!({
        "maps": "v1", "plugin": "red-wasi", "version": "0.1.0", "description": "Red.", "capabilities": {"log": {}},
    });
    let world = World::new();
    let Err(error) = world.host.load(&unpackaged(&module, &manifest.to_string(), KINDS)) else {
        panic!("it was loaded")
    };
    assert!(error.to_string().contains("wasi:cli/environment"), "{error}");
    world.serves_the_next_call().await;
}

#[tokio::test]
async fn rt23_a_manifest_with_less_than_the_guest_imports_is_refused() {
    let bare = without_sections(&guest("red"));
    let yaml = yaml("red");
    assert!(package(&bare, &yaml, None, &limits()).await.is_ok(), "as it is, it is packaged again");
    let less = yaml.replace("  random:\n    reason: asks for more than it may\n", "");
    assert_ne!(less, yaml);
    let error = package(&bare, &less, None, &limits()).await.unwrap_err().to_string();
    assert!(error.contains("maps:platform/random") && error.contains("random: {reason: …}"), "{error}");
}
