//! What controllers in clusters reach: AWS's Parameter Store, with the keys that they were given.

use std::sync::{Arc, Weak};

use maps_cluster::{AwsKey, Outside};

use crate::aws;
use crate::routes::Effect;
use crate::server::Shared;
use crate::service::Service;

/// The cloud's own services, as a controller reaches them.
#[derive(Debug)]
pub(super) struct Cloud {
    shared: Weak<Shared>,
    ssm: Arc<dyn Service>,
}

impl Cloud {
    /// Reaches this cloud.
    pub(super) fn new(shared: &Arc<Shared>, ssm: Arc<dyn Service>) -> Self {
        Self { shared: Arc::downgrade(shared), ssm }
    }
}

impl Outside for Cloud {
    fn parameter(&self, key: &AwsKey, region: &str, name: &str) -> Result<String, String> {
        let Some(shared) = self.shared.upgrade() else { return Err("the cloud has stopped".to_owned()) };
        // Counted apart: no client of the cloud's asked for it.
        let counted = shared.counter().count("controllers", Effect::Read, "GetParameter");
        counted.map_err(|error| error.to_string())?;
        let read = shared.change(|transaction, now| {
            let key = aws::Key { id: &key.id, secret: &key.secret };
            aws::parameter(self.ssm.as_ref(), transaction, now, key, region, name)
        });
        read.map_err(|error| error.to_string())?
    }
}
