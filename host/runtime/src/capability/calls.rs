//! The interfaces of AWS as the contract spells them, handed to [`HttpCapability`].
//!
//! [`HttpCapability`]: crate::capability::http::HttpCapability

use maps_engine::Problem;
use maps_engine::capability::{Family, Half, Interface};

use crate::bindings::maps::platform::aws_types::{Call, Write};
use crate::bindings::maps::platform::{
    iam_read, iam_write, route53_read, route53_write, s3_read, s3_write, ssm_read, ssm_write, types,
};
use crate::capability::aws::AwsItem;
use crate::capability::refused::refuse;
use crate::guest::Guest;
use crate::limits::{Exceeded, LIST_ITEMS};

type Answers = Vec<Result<String, types::Problem>>;

macro_rules! service {
    ($($family:ident $read:ident $write:ident;)*) => {$(
        impl $read::Host for Guest {
            async fn send(&mut self, calls: Vec<Call>) -> wasmtime::Result<Answers> {
                let items = calls.into_iter().map(|call| item(Vec::new(), call));
                self.call_all(Family::$family, Half::Read, items.collect()).await
            }
        }

        impl $write::Host for Guest {
            async fn send(&mut self, writes: Vec<Write>) -> wasmtime::Result<Answers> {
                let items = writes.into_iter().map(|write| item(write.items, write.call));
                self.call_all(Family::$family, Half::Write, items.collect()).await
            }
        }
    )*};
}

service! {
    Route53 route53_read route53_write;
    Ssm ssm_read ssm_write;
    Iam iam_read iam_write;
    S3 s3_read s3_write;
}

fn item(items: Vec<u32>, call: Call) -> AwsItem {
    AwsItem { items, action: call.action, input: call.input }
}

impl Guest {
    async fn call_all(&self, family: Family, half: Half, items: Vec<AwsItem>) -> wasmtime::Result<Answers> {
        if items.len() > LIST_ITEMS {
            return Err(Exceeded::List(LIST_ITEMS).into());
        }
        let interface = Interface::Ruled(family, half);
        let (Some(scope), Some(http)) = (&self.scope, &self.http) else {
            return Ok(refuse(self.scope.as_deref(), interface.name(), items.len(), &self.not_granted(interface)));
        };
        let answers = http.call_aws(scope, family, half, items).await;
        Ok(answers.into_iter().map(|answer| answer.map_err(|problem: Problem| problem.into())).collect())
    }
}
