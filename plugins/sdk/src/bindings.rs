//! What wit-bindgen makes of `wit/`: the wire types, the imports and the export macro.
//!
//! Authors do not need this module. It is public because the export macro refers to it, and for
//! guests that must speak the contract directly, such as those that break it on purpose.

wit_bindgen::generate!({
    path: "../../wit",
    world: "plugin",
    pub_export_macro: true,
    default_bindings_module: "maps_sdk::bindings",
});
