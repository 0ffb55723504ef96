//! Keys of DigitalOcean's Spaces as its own programs find them: two variables of the environment.

use std::sync::Arc;

use async_trait::async_trait;
use maps_engine::{Class, Problem};
use maps_runtime::aws::{KeySource, Keys};
use url::Url;

/// The variables that hold them.
const NAMES: [&str; 2] = ["SPACES_ACCESS_KEY_ID", "SPACES_SECRET_ACCESS_KEY"];

/// The keys of the environment, read when the first call needs them.
#[derive(Debug)]
pub(crate) struct Environment {
    /// Which is the first label of the host.
    pub(crate) region: String,
}

#[async_trait]
impl KeySource for Environment {
    async fn keys(&self) -> Result<Arc<Keys>, Problem> {
        of(NAMES.map(|name| std::env::var(name).ok().filter(|value| !value.is_empty())))
    }

    async fn region(&self) -> Result<Option<String>, Problem> {
        Ok(Some(self.region.clone()))
    }

    async fn endpoint(&self, _: &str) -> Result<Option<Url>, Problem> {
        Ok(None)
    }

    fn is_of_spaces(&self) -> bool {
        true
    }
}

fn of(found: [Option<String>; 2]) -> Result<Arc<Keys>, Problem> {
    let missing: Vec<&str> =
        NAMES.iter().zip(&found).filter(|(_, value)| value.is_none()).map(|(name, _)| *name).collect();
    let [Some(id), Some(secret)] = found else {
        let message = format!("there are no keys of Spaces: {} not set", missing.join(" and "));
        let help = "make a key with full access in DigitalOcean's control panel (Spaces, Access Keys) and set \
                    SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY, or give the credential `access_key_id` and \
                    `secret_access_key`";
        return Err(Problem::new(Class::Denied, "spaces-keys", message).help(help));
    };
    Ok(Arc::new(Keys::new(id, secret, None)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(of([text("DO00"), text("secret")]).unwrap().access_key_id(), "DO00");
        let problem = of([text("DO00"), None]).unwrap_err();
        assert!(problem.message.ends_with("SPACES_SECRET_ACCESS_KEY not set"), "{}", problem.message);
        assert!(of([None, None]).unwrap_err().message.contains("SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY"));
    }
}
