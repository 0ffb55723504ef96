//! One call to AWS: with which keys, for which service and region, and where to.

use std::sync::Arc;

use maps_engine::{Class, Problem};
use url::Url;

use super::host::AwsHost;
use super::{KeySource, Keys, sign};

/// Everything that a request needs to be AWS's, found before it leaves.
pub(crate) struct Access {
    keys: Arc<Keys>,
    service: String,
    region: String,
    /// S3's bucket, where it stands in the host name.
    bucket: Option<String>,
    endpoint: Option<Url>,
}

impl Access {
    /// Asks `source` for what a call to `host` needs. `service` is the name to sign for, where it is not
    /// the one that the host says.
    ///
    /// # Errors
    /// When nobody says the service or the region, and as the source.
    pub(crate) async fn of(source: &dyn KeySource, host: &str, service: Option<&str>) -> Result<Self, Problem> {
        let known = AwsHost::of(host);
        let Some(service) = service.map(str::to_owned).or(known.service) else {
            let message = format!("{host} does not say which service of AWS it is");
            let help = "add `service: NAME` to the credential in plugin.yaml, the name that its signatures have: `s3`";
            return Err(Problem::new(Class::Invalid, "aws-service", message).help(help));
        };
        let region = match known.region {
            Some(region) => Some(region),
            None => source.region().await?,
        };
        let Some(region) = region else {
            let message = format!("nobody says which region of AWS a call to {host} is for");
            let help = "give the credential `region: eu-central-1` in the stack, or set AWS_REGION";
            return Err(Problem::new(Class::Invalid, "aws-region", message).help(help));
        };
        let endpoint = source.endpoint(&service).await?;
        let keys = source.keys().await?;
        Ok(Self { keys, service, region, bucket: known.bucket, endpoint })
    }

    /// Where the operator wants the call to go instead.
    pub(crate) fn endpoint(&self) -> Option<&Url> {
        self.endpoint.as_ref()
    }

    /// What the answer must not show.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.keys.secrets()
    }

    /// Turns the request to its endpoint, path and query kept, and signs it.
    ///
    /// # Errors
    /// As [`sign`].
    pub(crate) fn apply(&self, request: &mut reqwest::Request, body: &[u8]) -> Result<(), Problem> {
        if let Some(endpoint) = &self.endpoint {
            let mut url = endpoint.clone();
            // An endpoint has no names for buckets, so they move to where S3 takes them as well.
            let bucket = self.bucket.as_ref().filter(|_| self.service == "s3");
            let bucket = bucket.map(|bucket| format!("/{bucket}")).unwrap_or_default();
            url.set_path(&format!("{}{bucket}{}", endpoint.path().trim_end_matches('/'), request.url().path()));
            url.set_query(request.url().query());
            *request.url_mut() = url;
        }
        sign(request, body, &self.service, &self.region, &self.keys)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use reqwest::{Method, Request};

    use super::super::Fixed;
    use super::*;

    fn source(region: Option<&str>, endpoint: Option<&str>) -> Fixed {
        let keys = Keys::new("AKIDEXAMPLE".to_owned(), "a-secret-key".to_owned(), None);
        Fixed { keys: keys.into(), region: region.map(str::to_owned), endpoint: endpoint.map(|e| e.parse().unwrap()) }
    }

    #[tokio::test]
    async fn the_host_says_what_is_signed_and_the_credential_what_it_does_not() {
        let source = source(Some("eu-west-1"), None);
        for (host, service, expected) in [
            ("sqs.eu-central-1.amazonaws.com", None, "/eu-central-1/sqs/aws4_request"),
            ("iam.amazonaws.com", None, "/us-east-1/iam/aws4_request"),
            ("budgets.amazonaws.com", None, "/eu-west-1/budgets/aws4_request"),
            ("minio.example.com", Some("s3"), "/eu-west-1/s3/aws4_request"),
        ] {
            let access = Access::of(&source, host, service).await.unwrap();
            let mut request = Request::new(Method::GET, format!("https://{host}/").parse().unwrap());
            access.apply(&mut request, b"").unwrap();
            let authorization = request.headers()["authorization"].to_str().unwrap();
            assert!(authorization.contains(expected), "{authorization}");
        }
    }

    #[tokio::test]
    async fn what_nobody_says_is_told_with_what_to_do() {
        let silent = source(None, None);
        let problem = Access::of(&silent, "minio.example.com", None).await.err().unwrap();
        assert_eq!((problem.class, problem.code.as_str()), (Class::Invalid, "aws-service"));
        let problem = Access::of(&silent, "budgets.amazonaws.com", None).await.err().unwrap();
        assert_eq!((problem.class, problem.code.as_str()), (Class::Invalid, "aws-region"));
        assert!(problem.help.unwrap().contains("AWS_REGION"));
    }

    #[tokio::test]
    async fn an_endpoint_keeps_path_query_and_bucket() {
        let source = source(None, Some("http://127.0.0.1:4566/base/"));
        for (url, expected) in [
            ("https://sqs.eu-west-1.amazonaws.com/q?Action=A", "http://127.0.0.1:4566/base/q?Action=A"),
            ("https://bucket.s3.eu-west-1.amazonaws.com/key", "http://127.0.0.1:4566/base/bucket/key"),
        ] {
            let mut request = Request::new(Method::GET, url.parse().unwrap());
            let host = request.url().host_str().unwrap().to_owned();
            let access = Access::of(&source, &host, None).await.unwrap();
            access.apply(&mut request, b"").unwrap();
            assert_eq!(request.url().as_str(), expected);
            assert!(request.headers().contains_key("authorization"));
        }
    }
}
