//! The clouds: one of ours and two of others, each in a process of its own, on a port that the system chose.

use std::time::Duration;

use maps_rehearsal::{AwsLimits, Cloud as Rehearsal, Options, Running};
use maps_tests::Peer;
use maps_tests::aws::{Aws, Keys};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Whose AWS it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cloud {
    /// Ours.
    Rehearsal,
    /// moto's server, which lets everybody do everything.
    Moto,
    /// ministack, told to enforce policies and signatures.
    Ministack,
}

/// For cases about what a service does.
pub(crate) const ALL: &[Cloud] = &[Cloud::Rehearsal, Cloud::Moto, Cloud::Ministack];
/// For cases about who may do it.
pub(crate) const ENFORCING: &[Cloud] = &[Cloud::Rehearsal, Cloud::Ministack];

/// A running cloud; ended when dropped.
pub(crate) struct World {
    cloud: Cloud,
    aws: Aws,
    serves: Serves,
}

/// Who serves.
enum Serves {
    /// Ours, in this process.
    Ours(Box<Ours>),
    /// A child.
    Peer { _peer: Peer },
}

impl World {
    /// Ours.
    pub(crate) fn rehearsal() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let runtime = Runtime::new().expect("a runtime");
        // Neither of the others throttles, and this is not about speed.
        let options = Options { aws: AwsLimits { route53_per_second: 0 }, ..Options::new(home.path()) };
        let running = runtime.block_on(Rehearsal::start(options)).expect("a local cloud");
        let file = running.file();
        let endpoint = file.aws_endpoint_url.clone().expect("one endpoint for all of AWS");
        let planted = file.credentials.aws.as_ref().expect("a planted key");
        let operator = Keys { id: planted.access_key_id.clone(), secret: planted.secret_access_key.clone() };
        let ours = Ours { running, runtime, _home: home };
        Self { cloud: Cloud::Rehearsal, aws: Aws::new(&endpoint, operator), serves: Serves::Ours(Box::new(ours)) }
    }

    /// moto.
    pub(crate) fn moto() -> Self {
        Self::of_peer(Cloud::Moto, Peer::moto())
    }

    /// ministack.
    pub(crate) fn ministack() -> Self {
        Self::of_peer(Cloud::Ministack, Peer::ministack())
    }

    fn of_peer(cloud: Cloud, peer: Peer) -> Self {
        Self { cloud, aws: Aws::new(peer.endpoint(), Peer::root()), serves: Serves::Peer { _peer: peer } }
    }

    /// Which one it is.
    pub(crate) fn cloud(&self) -> Cloud {
        self.cloud
    }

    /// A client that may do everything.
    pub(crate) fn aws(&self) -> &Aws {
        &self.aws
    }

    /// Lets time pass, where it can be told to: with the others it is the number of questions that counts.
    pub(crate) fn pass(&self, time: Duration) {
        if let Serves::Ours(ours) = &self.serves {
            let (file, ms) = (ours.running.file(), u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
            let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
            let request = http.post(format!("{}/advance", file.control)).bearer_auth(&file.control_token);
            let answer = ours.runtime.block_on(request.body(format!(r#"{{"ms":{ms}}}"#)).send());
            answer.and_then(reqwest::Response::error_for_status).expect("the cloud lets time pass");
        }
    }
}

/// The local cloud. Dropped in this order: what serves, what it runs on, and the folder that it keeps its state in.
struct Ours {
    running: Running,
    runtime: Runtime,
    _home: TempDir,
}
