//! Where components and compiled code come from: nothing is taken on trust.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use maps_runtime::LoadError;
use maps_runtime::cache::{Cache, Lookup};
use maps_runtime::engine::Sandbox;
use maps_runtime::inspect::{InspectError, Inspection};
use maps_runtime::package::PackageError;
use wasm_encoder::{CustomSection, Encode, Section};
use wasmtime::component::Component;

use crate::guest::{LOGGING, MANIFEST, Parts, World, find};

const LOG_IMPORT: &str = r#"(import "maps:platform/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#;

fn with_section(component: &[u8], name: &str, data: &str) -> Vec<u8> {
    let mut component = component.to_vec();
    let section = CustomSection { name: name.into(), data: data.as_bytes().into() };
    component.push(section.id());
    section.encode(&mut component);
    component
}

#[tokio::test]
async fn a_packaged_plugin_tells_all_without_being_run_and_is_the_same_each_time() {
    let component = Parts::default().package(MANIFEST).await.unwrap();
    assert_eq!(component, Parts::default().package(MANIFEST).await.unwrap());
    let inspection = Inspection::validated(&component).unwrap();
    assert_eq!(inspection.manifest.plugin.as_str(), "tiny");
    assert!(inspection.imports.is_empty());
    assert!(inspection.schemas.contains_key("tiny/thing"));
}

#[tokio::test]
async fn rt23_an_import_that_is_not_declared_is_refused_with_the_line_to_add() {
    let parts = Parts {
        imports: LOG_IMPORT,
        find: "(call $log (i32.const 0) (i32.const 0) (i32.const 0))",
        ..Parts::default()
    };
    let error = parts.package(MANIFEST).await.unwrap_err().to_string();
    assert!(error.contains("maps:platform/log@0.1.0") && error.contains("log: {reason: …}"), "{error}");
    assert!(parts.package(LOGGING).await.is_ok());
}

#[tokio::test]
async fn rt21_another_contract_version_is_refused() {
    let error = Parts { contract: "0.0.9", ..Parts::default() }.package(MANIFEST).await.unwrap_err();
    assert!(matches!(&error, PackageError::Inspect(InspectError::Contract { .. })), "{error}");
    assert!(error.to_string().contains("0.0.9"));
}

#[tokio::test]
async fn wasi_is_refused_with_the_target_to_use() {
    let parts =
        Parts { imports: r#"(import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))"#, ..Parts::default() };
    let error = parts.package(MANIFEST).await.unwrap_err().to_string();
    assert!(error.contains("wasm32-unknown-unknown"), "{error}");
}

#[tokio::test]
async fn rt22_a_section_inside_the_guest_speaks_for_nobody_and_a_second_one_is_refused() {
    let forged = r#"(@custom "maps:manifest" "{\22plugin\22: \22forged\22}")"#;
    let component = Parts { more: forged, ..Parts::default() }.package(MANIFEST).await.unwrap();
    assert_eq!(Inspection::of(&component).unwrap().manifest.plugin.as_str(), "tiny");
    let twice = with_section(&component, "maps:manifest", "{}");
    assert!(Inspection::of(&twice).unwrap_err().to_string().contains("2 times"));
}

#[tokio::test]
async fn a_declaration_for_rehearsals_is_there_once_is_json_and_is_not_too_long() {
    let component = Parts::default().package(MANIFEST).await.unwrap();
    assert_eq!(Inspection::of(&component).unwrap().rehearsal, None);
    let refused = |component: &[u8]| Inspection::of(component).unwrap_err().to_string();
    let declared = with_section(&component, "maps:rehearsal", r#"{"maps": "v1"}"#);
    assert_eq!(Inspection::of(&declared).unwrap().rehearsal.unwrap()["maps"], "v1");
    assert!(refused(&with_section(&declared, "maps:rehearsal", "{}")).contains("2 times"));
    assert!(refused(&with_section(&component, "maps:rehearsal", "[]")).contains("is not a JSON object"));
    let long = format!(r#"{{"maps": "{}"}}"#, "v".repeat(300_000));
    assert!(refused(&with_section(&component, "maps:rehearsal", &long)).contains("more than the limit"));
}

#[tokio::test]
async fn a_plugin_speaks_for_its_own_kinds_only() {
    let manifest = MANIFEST.replace("tiny,", "other,");
    let error = Parts::default().package(&manifest).await.unwrap_err().to_string();
    assert!(error.contains("does not begin with `other/`"), "{error}");
}

fn compiled(world: &World) -> PathBuf {
    let mut files = std::fs::read_dir(world.dir.path().join("cache")).unwrap().map(|entry| entry.unwrap().path());
    files.find(|file| file.extension().is_some_and(|extension| extension == "compiled")).unwrap()
}

#[tokio::test]
async fn rt33_compiled_code_that_was_changed_is_made_anew_and_never_loaded() {
    let component = Parts::default().package(MANIFEST).await.unwrap();
    let mut world = World::new();
    world.load(&component).unwrap();
    let file = compiled(&world);
    let good = std::fs::read(&file).unwrap();
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    for bad in
        [flipped(0), flipped(20), flipped(100), flipped(good.len() - 1), good[..good.len() / 2].to_vec(), Vec::new()]
    {
        std::fs::write(&file, bad).unwrap();
        world = World::at(world.dir);
        let provider = world.provider(&world.load(&component).unwrap());
        assert!(find(&provider).await.is_ok());
        assert_eq!(world.lines.0.lock().unwrap().len(), 1, "the rejection is reported");
        assert!(world.lines.0.lock().unwrap()[0].contains("made anew"));
        assert_eq!(std::fs::read(&file).unwrap().len(), good.len(), "and the file is whole again");
    }
    world = World::at(world.dir);
    world.load(&component).unwrap();
    assert!(world.lines.0.lock().unwrap().is_empty(), "untouched, it is taken without a word");
}

#[tokio::test]
async fn rt33_authentic_code_of_another_component_is_not_taken() {
    let world = World::new();
    let one = Parts::default().package(MANIFEST).await.unwrap();
    world.load(&one).unwrap();
    let first = compiled(&world);
    let code = std::fs::read(&first).unwrap();
    std::fs::remove_file(&first).unwrap();
    let other = Parts { check: "(i32.const 64)", ..Parts::default() }.package(MANIFEST).await.unwrap();
    world.load(&other).unwrap();
    std::fs::write(compiled(&world), code).unwrap();
    let world = World::at(world.dir);
    world.load(&other).unwrap();
    assert_eq!(world.lines.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn rt33_authentic_code_for_another_engine_configuration_is_not_loaded() {
    let component = Parts::default().package(MANIFEST).await.unwrap();
    let world = World::new();
    let digest = Inspection::of(&component).unwrap().digest;
    let cache = Cache::open(&world.dir.path().join("cache")).unwrap();
    // The same user's maps, but one whose engine would never stop a guest that loops.
    let mut config = wasmtime::Config::new();
    config.wasm_component_model(true).epoch_interruption(false);
    let other = wasmtime::Engine::new(&config).unwrap();
    cache.store(&other, &digest, &Component::from_binary(&other, &component).unwrap()).unwrap();
    let theirs = compiled(&world);
    assert!(matches!(cache.load(&other, &digest), Lookup::Hit(_)));
    let ours = Sandbox::new().unwrap();
    assert!(matches!(cache.load(ours.engine(), &digest), Lookup::Miss), "it goes by another name");
    world.load(&component).unwrap();
    // Under our engine's name it is not authentic, since the name is under the tag.
    let mine = std::fs::read_dir(world.dir.path().join("cache")).unwrap().map(|entry| entry.unwrap().path());
    let mine = mine.filter(|file| file.extension().is_some_and(|e| e == "compiled")).find(|file| *file != theirs);
    std::fs::copy(&theirs, mine.unwrap()).unwrap();
    assert!(matches!(cache.load(ours.engine(), &digest), Lookup::Rejected(_)));
    let world = World::at(world.dir);
    assert!(find(&world.provider(&world.load(&component).unwrap())).await.is_ok());
    assert!(world.lines.0.lock().unwrap()[0].contains("made anew"));
    assert_eq!(world.lines.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn rt33_a_cache_that_others_can_write_to_is_not_used() {
    let component = Parts::default().package(MANIFEST).await.unwrap();
    let world = World::new();
    world.load(&component).unwrap();
    let cache = world.dir.path().join("cache");
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o777)).unwrap();
    let world = World::at(world.dir);
    assert!(world.lines.0.lock().unwrap()[0].contains("open to other users"));
    assert!(find(&world.provider(&world.load(&component).unwrap())).await.is_ok());
    std::fs::rename(&cache, world.dir.path().join("moved")).unwrap();
    std::fs::set_permissions(world.dir.path().join("moved"), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink(world.dir.path().join("moved"), &cache).unwrap();
    let world = World::at(world.dir);
    assert!(world.lines.0.lock().unwrap()[0].contains("link"));
}

#[tokio::test]
async fn rt33_compiled_code_offered_as_a_component_is_refused() {
    let component = Parts::default().package(MANIFEST).await.unwrap();
    let world = World::new();
    world.load(&component).unwrap();
    let file = std::fs::read(compiled(&world)).unwrap();
    let code = &file[file.windows(4).position(|window| window == b"\x7fELF").unwrap()..];
    for offered in [code, b"\x7fELF but nothing else".as_slice()] {
        assert!(matches!(world.load(offered), Err(LoadError::Inspect(InspectError::Precompiled))));
    }
    assert!(matches!(world.load(&Parts::default().module()), Err(LoadError::Inspect(InspectError::Module))));
    assert!(matches!(world.load(b"nothing"), Err(LoadError::Inspect(InspectError::NotWasm))));
    let cut = &component[..component.len() / 2];
    assert!(matches!(world.load(cut), Err(LoadError::Inspect(InspectError::Malformed(_)))));
}
