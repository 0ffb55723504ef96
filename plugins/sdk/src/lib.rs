//! What plugin authors depend on: one trait a resource kind, typed inputs and outputs, and the
//! host's capabilities.
//!
//! ```
//! use maps_sdk::{Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Report, Resource, Update};
//! use maps_sdk::http::Api;
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! const API: Api = Api::new("https://api.example.com/v1").credential("api");
//!
//! /// What the user sets.
//! #[derive(Serialize, Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! pub struct Inputs {
//!     /// A new name is a new thing.
//!     #[schemars(extend("x-maps-replace" = true))]
//!     name: String,
//!     #[serde(default)]
//!     size: u32,
//! }
//!
//! /// What the service tells.
//! #[derive(Serialize, Deserialize, JsonSchema)]
//! pub struct Outputs {
//!     url: String,
//! }
//!
//! pub struct Thing;
//!
//! impl Kind for Thing {
//!     const NAME: &'static str = "example/thing";
//!     const DESCRIPTION: &'static str = "A thing.";
//!     type Inputs = Inputs;
//!     type Outputs = Outputs;
//!     type Checkpoint = ();
//!
//!     // Values that are not known yet are placeholders here, and what is reported of them is dropped.
//!     fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
//!         if inputs.name.is_empty() {
//!             report.invalid("name", "empty-name", "a thing has a name");
//!         }
//!     }
//!
//!     fn find(&self, _: &Context, _: &Find<Self>) -> Result<Lookup<Self>, Problem> {
//!         Ok(Lookup::Absent)
//!     }
//!
//!     fn read(&self, _: &Context, request: &Read<Self>) -> Result<Option<Resource<Self>>, Problem> {
//!         let Some(answer) = API.get(&["things", &request.prior.id]).read()?.accepted_or_absent()? else {
//!             return Ok(None);
//!         };
//!         let inputs: Inputs = answer.json()?;
//!         Ok(Some(Resource { id: inputs.name.clone(), outputs: Outputs { url: String::new() }, inputs }))
//!     }
//!
//!     fn create(&self, _: &Context, request: &Create<Self>) -> Outcome<Self> {
//!         let made = API.post(&["things"]).json(&request.inputs)?.write(request.step())?.accepted()?;
//!         let inputs: Inputs = made.json()?;
//!         Ok(Progress::Done(Resource { id: inputs.name.clone(), outputs: Outputs { url: String::new() }, inputs }))
//!     }
//!
//!     fn update(&self, _: &Context, _: &Update<Self>) -> Outcome<Self> {
//!         Err(Problem::invalid("fixed", "a thing cannot be changed"))
//!     }
//!
//!     fn delete(&self, _: &Context, request: &Delete<Self>) -> Result<Progress<(), ()>, Problem> {
//!         API.delete(&["things", &request.prior.id]).write(request.step())?.accepted_or_absent()?;
//!         Ok(Progress::Done(()))
//!     }
//! }
//!
//! maps_sdk::plugin!(Thing);
//! # fn main() {}
//! ```
//!
//! Guests are built for `wasm32-unknown-unknown` and run synchronously, a fresh instance for each
//! call. There is no file, no thread and no socket; the clock and randomness of `std` panic, so take
//! [`clock`] and [`random`]. A panic is logged and ends the call, which is why every plugin's manifest
//! declares `log`.

mod batch;
#[allow(missing_docs, unsafe_code, unreachable_pub, unused_qualifications, clippy::all, clippy::pedantic)]
// Generated: its shape is not ours to choose.
pub mod bindings;
mod capability;
mod decode;
mod kind;
mod panic;
mod problem;
pub mod schema;
mod secret;
mod serve;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use batch::only;
pub use capability::{aws, clock, files, http, kube, log, random, reveal, secrets};
pub use kind::{
    Change, Context, Create, Delete, Diff, FieldChange, Find, Kind, Known, Lookup, Loss, Outcome, Pending, Preview,
    Previewed, Prior, Progress, Read, Resource, Step, Update,
};
pub use panic::report_panics;
pub use problem::{Class, Problem, Report};
pub use secret::Secret;
pub use serve::{Plugin, Served};
pub use {schemars, serde, serde_json, wit_bindgen};

/// Makes a crate a plugin of these kinds: `plugin!(Cluster, Registry);`. Each is an expression of a
/// type that implements [`Kind`]; the exports are there only in a build for wasm.
#[macro_export]
macro_rules! plugin {
    ($($kind:expr),+ $(,)?) => {
        /// The plugin that the host calls.
        #[derive(Debug)]
        pub struct MapsPlugin;

        impl $crate::Plugin for MapsPlugin {
            fn any_kind(visit: &mut dyn ::core::ops::FnMut(&dyn $crate::Served) -> bool) {
                let _ = false $(|| visit(&$kind))+;
            }
        }

        #[cfg(target_arch = "wasm32")]
        $crate::bindings::export!(MapsPlugin with_types_in $crate::bindings);
    };
}
