//! The contract of wit/, as Rust types: what a guest exports, and one trait per interface that it
//! may import.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "plugin",
    imports: {
        "maps:platform/clock": trappable,
        "maps:platform/log": trappable,
        "maps:platform/random": trappable,
        default: async | trappable,
    },
    exports: { default: async },
});
