//! Calls of services whose actions the host knows: what goes over the wire, what comes back of it,
//! what is written down. (Red team 14, 18, 24, 26.)

use maps_engine::Problem;
use maps_engine::capability::Family;

use super::*;
use crate::aws::{Fixed, Keys};
use crate::capability::aws::AwsItem;
use crate::egress::SystemResolver;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn manifest() -> Json {
    let rule = |id: &str, effect: &str, action: &str, rest: Json| {
        let mut rule =
            json!({"id": id, "effect": effect, "actions": [action], "credential": "api", "reason": "for tests"});
        rule.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        rule
    };
    json!({
        "maps": "v1", "plugin": "test", "version": "1", "description": "Tests.",
        "credentials": {"api": {"type": "aws", "reason": "it signs"}},
        "capabilities": {
            "route53": [rule("change", "write", "ChangeResourceRecordSets", json!({
                "zones": ["*"], "names": ["**"], "types": ["*"], "changes": ["CREATE"],
                "bind": {"/ChangeBatch/Changes/*/ResourceRecordSet/Name": "{inputs.name}"},
            }))],
            "ssm": [
                rule("get", "read", "GetParameters", json!({"names": ["**"]})),
                rule("put", "write", "PutParameter", json!({"names": ["/maps/**"], "sinks": ["/Value"]})),
            ],
            "iam": [
                rule("key", "write", "CreateAccessKey", json!({"users": ["*"]})),
                rule("policy", "write", "PutUserPolicy", json!({"users": ["*"], "policies": ["*"], "allows": ["*"], "on": ["*"]})),
                rule("read-policy", "read", "GetUserPolicy", json!({"users": ["*"], "policies": ["*"]})),
            ],
            "s3": [
                rule("make", "write", "CreateBucket", json!({"buckets": ["*"]})),
                rule("version", "write", "PutBucketVersioning", json!({"buckets": ["*"]})),
                rule("head", "read", "HeadBucket", json!({"buckets": ["*"]})),
            ],
        },
    })
}

/// A bench whose endpoint answers with `reply`.
async fn served(operation: Operation, reply: impl Into<Vec<u8>>) -> (Server, Bench) {
    let server = Server::plain(reply).await;
    let keys = Keys::new("AKIDEXAMPLE".to_owned(), SECRET.to_owned(), None);
    let endpoint = Some(format!("http://127.0.0.1:{}", server.at.port()).parse().unwrap());
    let source = Fixed { keys: keys.into(), region: Some("eu-central-1".to_owned()), endpoint };
    let credential = BoundCredential::aws(Arc::new(source), vec!["**.amazonaws.com".to_owned()]);
    let transport = Transport::live(Arc::new(SystemResolver), []);
    let limits = HttpLimits::default();
    (server, bench_of(&manifest(), credential, transport, operation, limits, None, Entries::default()))
}

impl Bench {
    async fn aws(&self, family: Family, half: Half, action: &str, input: &Json) -> Result<Json, Problem> {
        let items = if half == Half::Write { vec![0] } else { Vec::new() };
        let item = AwsItem { items, action: action.to_owned(), input: input.to_string() };
        let answer = self.http.call_aws(&self.scope, family, half, vec![item]).await.remove(0);
        answer.map(|text| serde_json::from_str(&text).unwrap())
    }

    async fn last(&self) -> Json {
        self.audit().await.pop().unwrap()
    }
}

/// The text that a handle of this call stands for.
fn opened(bench: &Bench, sealed: &Json) -> String {
    let handle = sealed["$sealed"].as_str().unwrap_or_else(|| panic!("{sealed}"));
    bench.scope.seals().open(handle).unwrap().as_str().unwrap().to_owned()
}

#[tokio::test]
async fn ssm_speaks_json_and_opens_a_secret_only_at_its_sink() {
    let (server, bench) = served(Operation::Create, ok("{\"Version\": 1}")).await;
    let handle = bench.scope.seals().mint(Value::from("correct horse battery"));
    let input = json!({"Name": "/maps/x", "Value": {"$sealed": handle}, "Type": "SecureString"});
    let answer = bench.aws(Family::Ssm, Half::Write, "PutParameter", &input).await.unwrap();
    assert_eq!(answer, json!({"Version": 1}));
    let asked = server.asked().remove(0);
    assert!(
        asked.starts_with("POST / HTTP/1.1\r\n") && asked.contains("x-amz-target: AmazonSSM.PutParameter\r\n"),
        "{asked}"
    );
    assert!(
        asked.contains("/eu-central-1/ssm/aws4_request") && asked.contains("\"Value\":\"correct horse battery\""),
        "{asked}"
    );
    let line = bench.last().await;
    assert_eq!(
        (line["summary"].as_str(), line["interface"].as_str()),
        (Some("PutParameter /maps/x"), Some("ssm-write"))
    );
    assert!(!line.to_string().contains("horse"), "{line}");
    let Some(Entry::Call { rule, .. }) = bench.journal.entries.lock().unwrap().first().cloned() else {
        panic!("not journalled")
    };
    assert_eq!(rule.as_str(), "put");

    for elsewhere in
        [json!({"Name": "/maps/x", "Description": {"$sealed": handle}}), json!({"Name": {"$sealed": handle}})]
    {
        let problem = bench.aws(Family::Ssm, Half::Write, "PutParameter", &elsewhere).await.unwrap_err();
        assert_eq!(problem.class, Class::Denied, "{problem:?}");
    }
    let forged = json!({"Name": "/maps/x", "Value": {"$sealed": "00"}});
    assert_eq!(bench.aws(Family::Ssm, Half::Write, "PutParameter", &forged).await.unwrap_err().code, "sealed-handle");
    assert_eq!(server.asked().len(), 1, "what is denied never leaves");
}

#[tokio::test]
async fn rt24_a_refusal_that_repeats_the_value_or_the_key_loses_it() {
    let said =
        format!("{{\"__type\": \"ThrottlingException\", \"message\": \"Value 'correct horse battery' and {SECRET}\"}}");
    let (_server, bench) = served(Operation::Create, answer("400 Bad", "", said.as_bytes())).await;
    let handle = bench.scope.seals().mint(Value::from("correct horse battery"));
    let input = json!({"Name": "/maps/x", "Value": {"$sealed": handle}});
    let problem = bench.aws(Family::Ssm, Half::Write, "PutParameter", &input).await.unwrap_err();
    assert_eq!(problem.class, Class::Throttled);
    assert!(problem.message.contains("Value '«secret»' and «secret»"), "{}", problem.message);
    let line = bench.last().await;
    assert_eq!((line["outcome"].as_str(), line["status"].as_u64()), (Some("answered"), Some(400)), "{line}");
}

#[tokio::test]
async fn values_and_keys_come_back_sealed_and_the_signing_key_not_at_all() {
    let body =
        format!("{{\"Parameters\": [{{\"Name\": \"/maps/x\", \"Value\": \"the value\", \"Note\": \"{SECRET}\"}}]}}");
    let (_server, bench) = served(Operation::Read, ok(&body)).await;
    let input = json!({"Names": ["/maps/x"], "WithDecryption": true});
    let answer = bench.aws(Family::Ssm, Half::Read, "GetParameters", &input).await.unwrap();
    assert_eq!(opened(&bench, &answer["Parameters"][0]["Value"]), "the value");
    assert_eq!(answer["Parameters"][0]["Note"], "«secret»");

    let key = "<CreateAccessKeyResponse xmlns='x'><CreateAccessKeyResult><AccessKey><AccessKeyId>AKIA1</AccessKeyId>\
               <SecretAccessKey>made-just-now</SecretAccessKey></AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>";
    let (server, bench) = served(Operation::Create, answer_of(key)).await;
    let answer = bench.aws(Family::Iam, Half::Write, "CreateAccessKey", &json!({"UserName": "maps"})).await.unwrap();
    assert_eq!(answer["AccessKey"]["AccessKeyId"], "AKIA1");
    assert_eq!(opened(&bench, &answer["AccessKey"]["SecretAccessKey"]), "made-just-now");
    let asked = server.asked().remove(0);
    assert!(asked.ends_with("Action=CreateAccessKey&Version=2010-05-08&UserName=maps"), "{asked}");
    assert!(asked.contains("/us-east-1/iam/aws4_request"), "{asked}");
}

fn answer_of(xml: &str) -> Vec<u8> {
    answer("200 OK", "content-type: text/xml\r\n", xml.as_bytes())
}

#[tokio::test]
async fn a_policy_is_an_object_here_and_a_text_there() {
    let policy = json!({"Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]});
    let (server, bench) = served(Operation::Create, answer_of("<PutUserPolicyResponse/>")).await;
    let input = json!({"UserName": "maps", "PolicyName": "read", "PolicyDocument": policy});
    assert_eq!(bench.aws(Family::Iam, Half::Write, "PutUserPolicy", &input).await, Ok(json!({})));
    let asked = server.asked().remove(0);
    assert!(asked.contains("&PolicyDocument=%7B%22Statement%22%3A%5B%7B"), "{asked}");

    let encoded: String = url::form_urlencoded::byte_serialize(policy.to_string().as_bytes()).collect();
    let xml = format!(
        "<GetUserPolicyResponse><GetUserPolicyResult><PolicyDocument>{encoded}</PolicyDocument></GetUserPolicyResult></GetUserPolicyResponse>"
    );
    let (_server, bench) = served(Operation::Read, answer_of(&xml)).await;
    let input = json!({"UserName": "maps", "PolicyName": "read"});
    let answer = bench.aws(Family::Iam, Half::Read, "GetUserPolicy", &input).await.unwrap();
    assert_eq!(answer["PolicyDocument"], policy);
}

#[tokio::test]
async fn route_53_is_told_of_changes_in_xml_and_of_what_it_refuses_in_words() {
    let reply = "<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status></ChangeInfo>\
                 </ChangeResourceRecordSetsResponse>";
    let (server, bench) = served(Operation::Create, answer_of(reply)).await;
    let record = json!({"Name": "maps", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": "\"a&b\""}]});
    let batch =
        json!({"HostedZoneId": "Z1", "ChangeBatch": {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}});
    let answered = bench.aws(Family::Route53, Half::Write, "ChangeResourceRecordSets", &batch).await.unwrap();
    assert_eq!(answered, json!({"ChangeInfo": {"Id": "C1", "Status": "PENDING"}}));
    let asked = server.asked().remove(0);
    assert!(asked.starts_with("POST /2013-04-01/hostedzone/Z1/rrset/ HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("<Changes><Change><Action>CREATE</Action><ResourceRecordSet><Name>maps</Name>"), "{asked}");
    let values =
        "<ResourceRecords><ResourceRecord><Value>&quot;a&amp;b&quot;</Value></ResourceRecord></ResourceRecords>";
    assert!(asked.contains(values) && asked.contains("<TTL>60</TTL>"), "{asked}");

    let refusal = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidChangeBatch</Code><Message>[it already exists]</Message></Error>\
                   <RequestId>r-1</RequestId></ErrorResponse>";
    let (_server, bench) = served(Operation::Create, answer("400 Bad", "", refusal.as_bytes())).await;
    let problem = bench.aws(Family::Route53, Half::Write, "ChangeResourceRecordSets", &batch).await.unwrap_err();
    assert_eq!((problem.class, problem.code.as_str()), (Class::Invalid, "invalid-change-batch"));
    assert!(
        problem.message.contains("[it already exists]") && problem.message.contains("(request r-1)"),
        "{problem:?}"
    );
    let line = bench.last().await;
    assert_eq!((line["outcome"].as_str(), line["status"].as_u64()), (Some("answered"), Some(400)), "{line}");
}

#[tokio::test]
async fn a_bucket_is_made_in_the_credential_s_region() {
    let (server, bench) = served(Operation::Create, answer_of("")).await;
    bench.aws(Family::S3, Half::Write, "CreateBucket", &json!({"Bucket": "gst-maps"})).await.unwrap();
    let versioning = json!({"Bucket": "gst-maps", "VersioningConfiguration": {"Status": "Enabled"}});
    bench.aws(Family::S3, Half::Write, "PutBucketVersioning", &versioning).await.unwrap();
    let asked = server.asked();
    assert!(asked[0].starts_with("PUT /gst-maps HTTP/1.1"), "{asked:?}");
    assert!(asked[0].contains("<LocationConstraint>eu-central-1</LocationConstraint>"), "{asked:?}");
    assert!(
        asked[1].starts_with("PUT /gst-maps?versioning= HTTP/1.1") && asked[1].contains("content-md5: "),
        "{asked:?}"
    );
    assert!(asked[1].contains("<Status>Enabled</Status>"), "{asked:?}");

    let (_server, bench) = served(Operation::Read, answer("404 Not Found", "", b"")).await;
    let problem = bench.aws(Family::S3, Half::Read, "HeadBucket", &json!({"Bucket": "gst-maps"})).await.unwrap_err();
    assert_eq!((problem.class, problem.code.as_str()), (Class::NotFound, "no-such-bucket"));
}

#[tokio::test]
async fn rt18_what_is_denied_is_written_down_and_never_leaves() {
    let (server, bench) = served(Operation::Create, ok("{}")).await;
    for (family, half, action, input, code) in [
        (Family::Ssm, Half::Write, "PutParameter", json!({"Name": "/other/x", "Value": "v"}), "api-name"),
        (Family::Ssm, Half::Read, "PutParameter", json!({"Name": "/maps/x", "Value": "v"}), "api-effect"),
        (Family::Ssm, Half::Write, "DeleteParameters", json!({"Names": ["/maps/x"]}), "api-no-rule"),
        (Family::Iam, Half::Write, "AttachUserPolicy", json!({"UserName": "maps"}), "api-action"),
        (Family::S3, Half::Write, "CreateBucket", json!({"Bucket": "a/b"}), "api-name"),
        (Family::S3, Half::Write, "CreateBucket", json!({"Bucket": "maps", "ACL": "public-read"}), "api-parameter"),
    ] {
        let problem = bench.aws(family, half, action, &input).await.unwrap_err();
        assert_eq!((problem.class, problem.code.as_str()), (Class::Denied, code), "{problem:?}");
        let line = bench.last().await;
        assert_eq!((line["outcome"].as_str(), line["code"].as_str()), (Some("denied"), Some(code)), "{line}");
        assert!(line["summary"].as_str().unwrap().starts_with(action), "{line}");
    }
    assert!(server.asked().is_empty());
}
