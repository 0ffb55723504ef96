//! What stands in place of a capability that a phase does not have. It holds no client, no
//! credential and no secret: it can do nothing but say no, and have that recorded.

use maps_engine::{Class, Problem};

use crate::bindings::maps::platform::{
    aws_types, files_read, http_read, http_types, http_write, iam_read, iam_write, kube_read, kube_types, kube_write,
    reveal, route53_read, route53_write, s3_read, s3_write, secrets, ssm_read, ssm_write, types,
};
use crate::scope::{CallScope, Phase};

/// All that a refusal needs.
pub(crate) struct Refused<'a> {
    pub(crate) scope: Option<&'a CallScope>,
}

impl http_read::Host for Refused<'_> {
    async fn send(
        &mut self,
        requests: Vec<http_types::Request>,
    ) -> wasmtime::Result<Vec<Result<http_types::Response, types::Problem>>> {
        Ok(refuse(self.scope, "http-read", requests.len(), &self.outside("http-read")))
    }
}

impl http_write::Host for Refused<'_> {
    async fn send(
        &mut self,
        writes: Vec<http_write::Write>,
    ) -> wasmtime::Result<Vec<Result<http_types::Response, types::Problem>>> {
        Ok(refuse(self.scope, "http-write", writes.len(), &self.outside("http-write")))
    }
}

macro_rules! refuses {
    ($($read:ident $write:ident $name:literal;)*) => {$(
        impl $read::Host for Refused<'_> {
            async fn send(&mut self, calls: Vec<aws_types::Call>) -> wasmtime::Result<Vec<Result<String, types::Problem>>> {
                let name = concat!($name, "-read");
                Ok(refuse(self.scope, name, calls.len(), &self.outside(name)))
            }
        }

        impl $write::Host for Refused<'_> {
            async fn send(&mut self, writes: Vec<aws_types::Write>) -> wasmtime::Result<Vec<Result<String, types::Problem>>> {
                let name = concat!($name, "-write");
                Ok(refuse(self.scope, name, writes.len(), &self.outside(name)))
            }
        }
    )*};
}

refuses! {
    route53_read route53_write "route53";
    ssm_read ssm_write "ssm";
    iam_read iam_write "iam";
    s3_read s3_write "s3";
}

impl kube_read::Host for Refused<'_> {
    async fn resolve(
        &mut self,
        _: String,
        kinds: Vec<kube_types::TypeMeta>,
    ) -> wasmtime::Result<Vec<Result<Option<kube_types::ApiResource>, types::Problem>>> {
        Ok(refuse(self.scope, "kube-read", kinds.len(), &self.outside("kube-read")))
    }

    async fn discover(&mut self, _: String) -> wasmtime::Result<Result<kube_types::Discovery, types::Problem>> {
        let problem = self.outside("kube-read");
        Ok(Err(refuse::<()>(self.scope, "kube-read", 1, &problem)
            .pop()
            .and_then(Result::err)
            .unwrap_or(problem.into())))
    }

    async fn get(
        &mut self,
        _: String,
        objects: Vec<kube_types::ObjectReference>,
    ) -> wasmtime::Result<Vec<Result<Option<String>, types::Problem>>> {
        Ok(refuse(self.scope, "kube-read", objects.len(), &self.outside("kube-read")))
    }

    async fn list(
        &mut self,
        _: String,
        lists: Vec<kube_types::ListOptions>,
    ) -> wasmtime::Result<Vec<Result<Vec<String>, types::Problem>>> {
        Ok(refuse(self.scope, "kube-read", lists.len(), &self.outside("kube-read")))
    }

    async fn dry_run(
        &mut self,
        _: String,
        objects: Vec<kube_types::ApplyOptions>,
    ) -> wasmtime::Result<Vec<Result<String, types::Problem>>> {
        Ok(refuse(self.scope, "kube-read", objects.len(), &self.outside("kube-read")))
    }
}

impl kube_write::Host for Refused<'_> {
    async fn apply(
        &mut self,
        _: String,
        writes: Vec<kube_write::ApplyWrite>,
    ) -> wasmtime::Result<Vec<Result<String, types::Problem>>> {
        Ok(refuse(self.scope, "kube-write", writes.len(), &self.outside("kube-write")))
    }

    async fn create(
        &mut self,
        _: String,
        writes: Vec<kube_write::CreateWrite>,
    ) -> wasmtime::Result<Vec<Result<String, types::Problem>>> {
        Ok(refuse(self.scope, "kube-write", writes.len(), &self.outside("kube-write")))
    }

    async fn delete(
        &mut self,
        _: String,
        writes: Vec<kube_write::DeleteWrite>,
    ) -> wasmtime::Result<Vec<Result<kube_types::Deletion, types::Problem>>> {
        Ok(refuse(self.scope, "kube-write", writes.len(), &self.outside("kube-write")))
    }
}

impl files_read::Host for Refused<'_> {
    async fn list(&mut self, patterns: Vec<String>) -> wasmtime::Result<Vec<Result<Vec<String>, types::Problem>>> {
        Ok(refuse(self.scope, "files-read", patterns.len(), &self.outside("files-read")))
    }

    async fn read(&mut self, paths: Vec<String>) -> wasmtime::Result<Vec<Result<Vec<u8>, types::Problem>>> {
        Ok(refuse(self.scope, "files-read", paths.len(), &self.outside("files-read")))
    }
}

impl secrets::Host for Refused<'_> {
    async fn generate(
        &mut self,
        recipes: Vec<secrets::Recipe>,
    ) -> wasmtime::Result<Vec<Result<String, types::Problem>>> {
        Ok(refuse(self.scope, "secrets", recipes.len(), &self.outside("secrets")))
    }
}

impl reveal::Host for Refused<'_> {
    async fn open(&mut self, handles: Vec<String>) -> wasmtime::Result<Vec<Result<String, types::Problem>>> {
        Ok(refuse(self.scope, "reveal", handles.len(), &self.outside("reveal")))
    }
}

impl Refused<'_> {
    fn outside(&self, interface: &str) -> Problem {
        let operation = self.scope.map_or("describe", |scope| scope.operation.name());
        let reads = self.scope.is_some_and(|scope| scope.operation.phase() == Phase::Read);
        if reads {
            let message =
                format!("`{interface}` is refused in {operation}: only create, update and delete may change anything");
            Problem::new(Class::Denied, "write-outside-apply", message)
        } else {
            let message = format!("`{interface}` is refused in {operation}, which has no outside access at all");
            Problem::new(Class::Denied, "access-in-pure-call", message)
        }
    }
}

/// One refusal for each item of a list, recorded once with their number.
pub(crate) fn refuse<T>(
    scope: Option<&CallScope>,
    interface: &'static str,
    items: usize,
    problem: &Problem,
) -> Vec<Result<T, types::Problem>> {
    if let Some(scope) = scope {
        scope.record_refusal(interface, items, problem);
    }
    (0..items).map(|_| Err(problem.clone().into())).collect()
}
