//! DNS in Amazon Route 53: zones that are looked up, and the records in them.

mod api;
mod batch;
mod blame;
mod change;
mod check;
mod content;
mod external;
mod model;
mod name;
mod record;
mod text;
mod value;
mod walk;
mod wire;
mod zone;

pub use external::{ExternalInputs, ExternalOutputs, ExternalRecords, Waiting};
pub use model::{
    Alias, Checkpoint, Cidr, Coordinates, Failover, Geolocation, Geoproximity, Inputs, Outputs, RecordType, ZoneInputs,
    ZoneOutputs,
};
pub use name::{Name, ZoneId};
pub use record::Record;
pub use zone::Zone;

maps_sdk::plugin!(Zone, Record, ExternalRecords);

#[cfg(test)]
mod tests;
