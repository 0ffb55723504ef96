//! Keys of AWS as its own programs find them: the standard chain, loaded when the first call needs it.
//!
//! The chain reads the environment and the operator's files, so it stands here and not in the runtime.

mod client;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_types::service_config::ServiceConfigKey;
use maps_engine::{Class, Problem};
use maps_runtime::aws::{KeySource, Keys};
use tokio::sync::{Mutex, OnceCell};
use url::Url;

/// How long the chain may look: a program that it runs may ask the operator something.
const LOOKUP_TIME: Duration = Duration::from_secs(60);
/// Keys that end sooner are replaced: a call has to arrive before that.
const MARGIN: Duration = Duration::from_secs(90);
/// Services whose names in signatures are not what AWS calls them in `AWS_ENDPOINT_URL_…`.
const SERVICE_IDS: [(&str, &str); 16] = [
    ("apigateway", "API Gateway"),
    ("application-autoscaling", "Application Auto Scaling"),
    ("autoscaling", "Auto Scaling"),
    ("cognito-identity", "Cognito Identity"),
    ("cognito-idp", "Cognito Identity Provider"),
    ("elasticbeanstalk", "Elastic Beanstalk"),
    ("elasticfilesystem", "EFS"),
    ("elasticloadbalancing", "Elastic Load Balancing v2"),
    ("elasticmapreduce", "EMR"),
    ("es", "OpenSearch"),
    ("events", "EventBridge"),
    ("logs", "CloudWatch Logs"),
    ("monitoring", "CloudWatch"),
    ("route53", "Route 53"),
    ("secretsmanager", "Secrets Manager"),
    ("states", "SFN"),
];

/// What a stack says of its keys; what it does not say is found in the environment and the operator's files.
#[derive(Debug, Default)]
pub(crate) struct Given {
    /// A profile. It counts before keys in the environment, since it was asked for by name.
    pub(crate) profile: Option<String>,
    /// The region of services whose host names none.
    pub(crate) region: Option<String>,
    /// Where calls go instead of AWS.
    pub(crate) endpoint: Option<Url>,
    /// The keys themselves.
    pub(crate) keys: Option<Arc<Keys>>,
}

/// The standard chain, for one credential of a stack.
pub(crate) struct Chain {
    given: Given,
    config: OnceCell<SdkConfig>,
    found: Mutex<Found>,
}

/// What the chain came to.
enum Found {
    Nothing,
    Keys {
        keys: Arc<Keys>,
        until: Option<SystemTime>,
    },
    /// Asking again would find the same.
    Failed(Problem),
}

impl Chain {
    /// Reads nothing yet.
    pub(crate) fn new(given: Given) -> Self {
        Self { given, config: OnceCell::new(), found: Mutex::new(Found::Nothing) }
    }

    async fn config(&self) -> &SdkConfig {
        self.config.get_or_init(|| load(&self.given)).await
    }

    async fn look(&self) -> Result<Found, Problem> {
        let Some(provider) = self.config().await.credentials_provider() else { return Err(self.none("")) };
        let found = tokio::time::timeout(LOOKUP_TIME, provider.provide_credentials()).await;
        let found = found.map_err(|_| {
            let message = format!("keys of AWS were looked for, and not found within {} s", LOOKUP_TIME.as_secs());
            Problem::new(Class::Unavailable, "aws-keys-slow", message)
        })?;
        let found = found.map_err(|error| self.refused(&error))?;
        let (id, secret, token) = (found.access_key_id(), found.secret_access_key(), found.session_token());
        let keys = Keys::new(id.to_owned(), secret.to_owned(), token.map(str::to_owned));
        Ok(Found::Keys { keys: keys.into(), until: found.expiry() })
    }

    fn refused(&self, error: &CredentialsError) -> Problem {
        let (mut why, mut never_reached) = (String::new(), false);
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            why = format!("{why}: {inner}");
            never_reached |= inner.is::<ConnectorError>();
            cause = inner.source();
        }
        match error {
            CredentialsError::CredentialsNotLoaded(_) => self.none(""),
            CredentialsError::ProviderTimedOut(_) => {
                Problem::new(Class::Unavailable, "aws-keys-slow", format!("keys of AWS were not found in time{why}"))
            }
            _ if never_reached => {
                let message = format!("the service that hands out keys of AWS cannot be reached{why}");
                Problem::new(Class::Unavailable, "aws-keys-unreachable", message)
            }
            _ => self.none(&why),
        }
    }

    fn none(&self, why: &str) -> Problem {
        let (whose, help) = match &self.given.profile {
            Some(profile) => (
                format!("the profile `{profile}` has no keys of AWS that can be used"),
                format!(
                    "log in (`aws sso login --profile {profile}`), or look at the profile: `aws configure list --profile {profile}`"
                ),
            ),
            None => (
                "no keys of AWS were found in the environment, the profile, or from the machine".to_owned(),
                "set AWS_PROFILE, log in (`aws sso login`), or give the credential a `profile:` in the stack"
                    .to_owned(),
            ),
        };
        Problem::new(Class::Denied, "aws-keys", format!("{whose}{why}")).help(help)
    }
}

#[async_trait]
impl KeySource for Chain {
    async fn keys(&self) -> Result<Arc<Keys>, Problem> {
        if let Some(keys) = &self.given.keys {
            return Ok(Arc::clone(keys));
        }
        // One looks, and the others wait for what it finds.
        let mut found = self.found.lock().await;
        let now = SystemTime::now();
        let ends = |until: &Option<SystemTime>, in_time: Duration| until.is_some_and(|until| now + in_time >= until);
        match &*found {
            Found::Failed(problem) => return Err(problem.clone()),
            Found::Keys { keys, until } if !ends(until, MARGIN) => return Ok(Arc::clone(keys)),
            Found::Keys { .. } | Found::Nothing => {}
        }
        match (self.look().await, &*found) {
            (Ok(fresh), _) => *found = fresh,
            // Those that are there still serve.
            (Err(_), Found::Keys { keys, until }) if !ends(until, Duration::ZERO) => return Ok(Arc::clone(keys)),
            (Err(problem), _) => {
                if problem.class == Class::Denied {
                    *found = Found::Failed(problem.clone());
                }
                return Err(problem);
            }
        }
        match &*found {
            Found::Keys { keys, .. } => Ok(Arc::clone(keys)),
            Found::Nothing | Found::Failed(_) => Err(self.none("")),
        }
    }

    async fn region(&self) -> Result<Option<String>, Problem> {
        if let Some(region) = &self.given.region {
            return Ok(Some(region.clone()));
        }
        Ok(self.config().await.region().map(ToString::to_string))
    }

    async fn endpoint(&self, service: &str) -> Result<Option<Url>, Problem> {
        if let Some(endpoint) = &self.given.endpoint {
            return Ok(Some(endpoint.clone()));
        }
        let id = SERVICE_IDS.iter().find(|(name, _)| *name == service).map(|(_, id)| (*id).to_owned());
        let id = id.unwrap_or_else(|| service.replace('-', " "));
        let key = ServiceConfigKey::builder().service_id(&id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
        let config = self.config().await;
        let text = key.ok().and_then(|key| config.service_config()?.load_config(key));
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
        match Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(url)),
            _ => {
                let message = format!("the endpoint for {service} in the environment or the profile is no address");
                let help = "AWS_ENDPOINT_URL and `endpoint_url` are like `http://localhost:4566`";
                Err(Problem::new(Class::Invalid, "aws-endpoint", message).help(help))
            }
        }
    }
}

/// Reads the environment and the operator's files.
async fn load(given: &Given) -> SdkConfig {
    let http = SharedHttpClient::new(client::Client::default());
    let plain = ProviderConfig::without_region().with_http_client(http.clone());
    let mut of_profile = ProfileFileRegionProvider::builder().configure(&plain);
    if let Some(profile) = &given.profile {
        of_profile = of_profile.profile_name(profile);
    }
    // Without the question to the machine itself, which takes seconds where there is no answer.
    let chain = RegionProviderChain::first_try(given.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(of_profile.build());
    let region = chain.region().await;
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http).region(region.clone());
    if let Some(profile) = &given.profile {
        let keys = ProfileFileCredentialsProvider::builder().configure(&plain.with_region(region));
        loader = loader.profile_name(profile).credentials_provider(keys.profile_name(profile).build());
    }
    loader.load().await
}
