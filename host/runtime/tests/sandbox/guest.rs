//! A guest in WebAssembly text whose `check` and other parts a test writes, and a host to run it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use maps_engine::capability::Effective;
use maps_engine::provider::{CheckOutcome, CheckRequest, FindOutcome, FindRequest};
use maps_engine::{Address, Call, CallError, Event, KindName, Observer, PluginName, Provider, Token, Value};
use maps_runtime::audit::Audit;
use maps_runtime::limits::Limits;
use maps_runtime::package::{PackageError, package};
use maps_runtime::{Host, HostOptions, LoadError, Plugin, PluginUse};
use wit_component::StringEncoding;
use wit_parser::Resolve;

pub(crate) const MANIFEST: &str =
    "{maps: v1, plugin: tiny, version: 0.1.0, description: A tiny plugin., capabilities: {}}";
/// With an interface declared.
pub(crate) const LOGGING: &str =
    "{maps: v1, plugin: tiny, version: 0.1.0, description: A tiny plugin., capabilities: {log: {}}}";
const KINDS: &str = r#"{"kinds":{"tiny/thing":{"description":"A thing.","inputs":{"type":"object","properties":{"name":{"type":"string"}}},"outputs":{"type":"object","properties":{}}}}}"#;

/// The parts of a guest that differ between tests, in WebAssembly text.
pub(crate) struct Parts {
    /// Imports; they stand first in a module.
    pub(crate) imports: &'static str,
    /// The body of `check`, which leaves the address of its answer.
    pub(crate) check: &'static str,
    /// What `find` does before it answers one `absent`.
    pub(crate) find: &'static str,
    /// The body of `cabi_realloc`.
    pub(crate) realloc: &'static str,
    /// Anything else.
    pub(crate) more: &'static str,
    pub(crate) contract: &'static str,
}

/// Hands out memory upwards.
const BUMP: &str = "(local.set 4 (global.get $free)) (global.set $free (i32.and (i32.add (i32.add (local.get 4) (local.get 3)) (i32.const 15)) (i32.const -16))) (local.get 4)";

impl Default for Parts {
    fn default() -> Self {
        Self { imports: "", check: "(unreachable)", find: "", realloc: BUMP, more: "", contract: "0.1.0" }
    }
}

impl Parts {
    /// The core module, with the contract's metadata as a compiler would leave it.
    pub(crate) fn module(&self) -> Vec<u8> {
        let Self { imports, check, find, realloc, more, contract } = self;
        let text = KINDS.replace('"', "\\22");
        let length = KINDS.len();
        let export = |name: &str| format!("(export \"maps:platform/provider@{contract}#{name}\")");
        let call = "(param i32 i32 i32 i32 i32 i32) (result i32) (local i32)";
        let others: String = ["diff", "preview", "read", "create", "update", "delete"]
            .iter()
            .map(|name| format!("(func {} {call} unreachable)\n", export(name)))
            .collect();
        let wat = format!(
            r#"(module {imports}
            (memory (export "memory") 4)
            (global $free (mut i32) (i32.const 65536))
            (data (i32.const 16) "\00\10\00\00")
            (data (i32.const 4096) "{text}")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local i32) {realloc})
            (func {} (result i32) (i32.store (i32.const 20) (i32.const {length})) (i32.const 16))
            (func $check {} {call} {check})
            (func {} {call} {find}
                (i32.store (i32.const 32) (i32.const 2048)) (i32.store (i32.const 36) (i32.const 1)) (i32.const 32))
            {others} {more})"#,
            export("describe"),
            export("check"),
            export("find"),
        );
        let mut module = wat::parse_str(&wat).unwrap_or_else(|error| panic!("{error}\n{wat}"));
        let mut resolve = Resolve::default();
        let world = if *contract == "0.1.0" {
            let (package, _) = resolve.push_dir(wit()).unwrap();
            resolve.select_world(&[package], Some("plugin")).unwrap()
        } else {
            let mut text = String::new();
            let mut files: Vec<_> = std::fs::read_dir(wit()).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.sort();
            for file in files {
                let file = std::fs::read_to_string(file).unwrap();
                text.push_str(&file.replace("package maps:platform@0.1.0;", ""));
            }
            let package = resolve.push_str("old.wit", &format!("package maps:platform@{contract};\n{text}")).unwrap();
            resolve.select_world(&[package], Some("plugin")).unwrap()
        };
        wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        module
    }

    pub(crate) async fn package(&self, manifest: &str) -> Result<Vec<u8>, PackageError> {
        package(&self.module(), manifest, None, &limits()).await
    }
}

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")
}

/// Low, so that a test of a limit is soon over.
pub(crate) fn limits() -> Limits {
    Limits { memory_bytes: 64 << 20, cpu_time: std::time::Duration::from_millis(50), ..Limits::default() }
}

#[derive(Default)]
pub(crate) struct Lines(pub(crate) Mutex<Vec<String>>);

impl Observer for Lines {
    fn event(&self, event: &Event) {
        if let Event::Log { message, .. } = event {
            self.0.lock().unwrap().push(message.clone());
        }
    }
}

/// A host with a folder of its own.
pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) lines: Arc<Lines>,
    pub(crate) audit: Arc<Audit>,
    pub(crate) host: Host,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    pub(crate) fn at(dir: tempfile::TempDir) -> Self {
        let lines = Arc::new(Lines::default());
        let audit = Audit::at(dir.path().join("audit.jsonl"));
        let host = Host::new(HostOptions {
            cache_dir: Some(dir.path().join("cache")),
            limits: limits(),
            observer: Arc::clone(&lines) as Arc<dyn Observer>,
            audit: Arc::clone(&audit),
        })
        .unwrap();
        Self { dir, lines, audit, host }
    }

    pub(crate) fn load(&self, component: &[u8]) -> Result<Arc<Plugin>, LoadError> {
        self.host.load(component)
    }

    pub(crate) fn provider(&self, plugin: &Arc<Plugin>) -> Arc<dyn Provider> {
        let effective = Effective::meet(&plugin.inspection().manifest, None).unwrap();
        let used =
            PluginUse { name: PluginName::new("tiny"), effective: Arc::new(effective), http: None, folder: None };
        self.host.provider(plugin, used).unwrap()
    }

    pub(crate) async fn serve(&self, parts: &Parts, manifest: &str) -> Arc<dyn Provider> {
        self.provider(&self.load(&parts.package(manifest).await.unwrap()).unwrap())
    }

    /// The audit log's lines that hold the text.
    pub(crate) async fn audited(&self, text: &str) -> usize {
        self.audit.flush().await.unwrap();
        let log = std::fs::read_to_string(self.dir.path().join("audit.jsonl")).unwrap_or_default();
        log.lines().filter(|line| line.contains(text)).count()
    }
}

pub(crate) async fn check(provider: &Arc<dyn Provider>) -> Result<Vec<CheckOutcome>, CallError> {
    let request = CheckRequest {
        kind: KindName::new("tiny/thing"),
        address: Address::new("one"),
        inputs: Value::from(serde_json::json!({"name": "one"})),
    };
    provider.check(&CALL, vec![request]).await
}

/// The honest call: the same plugin serves it, whatever its `check` did before.
pub(crate) async fn find(provider: &Arc<dyn Provider>) -> Result<Vec<FindOutcome>, CallError> {
    let request = FindRequest {
        kind: KindName::new("tiny/thing"),
        address: Address::new("one"),
        inputs: Value::from(serde_json::json!({"name": "one", "password": "x"})),
        token: Token::new("00112233445566778899aabbccddeeff"),
        checkpoint: None,
        planned: None,
    };
    provider.find(&CALL, vec![request]).await
}

const CALL: Call<'static> = Call { stack: "test", run: "run", config: &Value::Null };
