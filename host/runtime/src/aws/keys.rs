//! An access key, and whoever has it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use maps_engine::Problem;
use url::Url;
use zeroize::Zeroizing;

/// What signs: an access key, and the token of a session where it is a temporary one.
pub struct Keys {
    access_key_id: String,
    secret_access_key: Zeroizing<String>,
    session_token: Option<Zeroizing<String>>,
}

impl Keys {
    /// The keys of a user, or with a token those of a session.
    pub fn new(access_key_id: String, secret_access_key: String, session_token: Option<String>) -> Self {
        let secret_access_key = Zeroizing::new(secret_access_key);
        Self { access_key_id, secret_access_key, session_token: session_token.map(Zeroizing::new) }
    }

    /// The public half: every signed request shows it.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    pub(crate) fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// What nobody but AWS may see.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        [self.secret_access_key()].into_iter().chain(self.session_token())
    }

    pub(crate) fn session_token(&self) -> Option<&str> {
        self.session_token.as_ref().map(|token| token.as_str())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Where keys, region and endpoints of one credential come from. Nothing is read before it is asked for.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// Keys that are valid for a minute at least.
    ///
    /// # Errors
    /// When there are none, with what to do about it.
    async fn keys(&self) -> Result<Arc<Keys>, Problem>;

    /// The region for services whose host names none; none where nobody says.
    ///
    /// # Errors
    /// When what should say it cannot be read.
    async fn region(&self) -> Result<Option<String>, Problem>;

    /// Where the operator wants calls to a service to go instead of AWS. `service` is the name that is
    /// signed for: `route53`, `ssm`.
    ///
    /// # Errors
    /// When it is no URL, or what should say it cannot be read.
    async fn endpoint(&self, service: &str) -> Result<Option<Url>, Problem>;

    /// Are these keys of DigitalOcean's Spaces, whose buckets have hosts of their own?
    fn is_of_spaces(&self) -> bool {
        false
    }
}

/// Keys of DigitalOcean's Spaces that somebody gave.
#[derive(Clone, Debug)]
pub struct SpacesKeys {
    /// They never change.
    pub keys: Arc<Keys>,
    /// Which is the first label of the host.
    pub region: String,
}

#[async_trait]
impl KeySource for SpacesKeys {
    async fn keys(&self) -> Result<Arc<Keys>, Problem> {
        Ok(Arc::clone(&self.keys))
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

/// Keys that somebody gave, and no endpoint but the given one.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// They never change.
    pub keys: Arc<Keys>,
    /// For services whose host names no region.
    pub region: Option<String>,
    /// For every service.
    pub endpoint: Option<Url>,
}

#[async_trait]
impl KeySource for Fixed {
    async fn keys(&self) -> Result<Arc<Keys>, Problem> {
        Ok(Arc::clone(&self.keys))
    }

    async fn region(&self) -> Result<Option<String>, Problem> {
        Ok(self.region.clone())
    }

    async fn endpoint(&self, _: &str) -> Result<Option<Url>, Problem> {
        Ok(self.endpoint.clone())
    }
}
