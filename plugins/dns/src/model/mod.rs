//! What the user sets and the service tells.

mod record;
mod routing;
mod zone;

pub use record::{Alias, Checkpoint, Inputs, Outputs, RecordType};
pub use routing::{Cidr, Coordinates, Failover, Geolocation, Geoproximity};
pub use zone::{ZoneInputs, ZoneOutputs};

/// As an input is shown that is false when it is left out.
pub(crate) fn is_false(value: &bool) -> bool {
    !value
}
