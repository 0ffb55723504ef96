//! What a bucket and its objects are set to, as clients read it all back: policies, lists, tags, copies.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::s3::bucket;
use crate::support::{Client, Reply, cloud};
use reqwest::Method;
use serde_json::{Value, json};

async fn get(client: &Client, path: &str) -> Reply {
    client.s3(Method::GET, path, &[], b"").await
}

async fn put(client: &Client, path: &str, body: &str) -> Reply {
    client.s3(Method::PUT, path, &[], body.as_bytes()).await
}

#[tokio::test]
async fn a_bucket_that_was_never_set_says_so_for_each_setting() {
    let (_home, _running, client) = cloud().await;
    bucket(&client, "plain").await;
    for (flag, code) in [
        ("policy", "NoSuchBucketPolicy"),
        ("policyStatus", "NoSuchBucketPolicy"),
        ("cors", "NoSuchCORSConfiguration"),
        ("website", "NoSuchWebsiteConfiguration"),
        ("lifecycle", "NoSuchLifecycleConfiguration"),
        ("replication", "ReplicationConfigurationNotFoundError"),
        ("object-lock", "ObjectLockConfigurationNotFoundError"),
        ("tagging", "NoSuchTagSet"),
    ] {
        get(&client, &format!("/plain?{flag}")).await.refused(404, code);
    }
    for (flag, root) in [
        ("logging", "BucketLoggingStatus"),
        ("accelerate", "AccelerateConfiguration"),
        ("notification", "NotificationConfiguration"),
        ("versioning", "VersioningConfiguration"),
    ] {
        let told = get(&client, &format!("/plain?{flag}")).await.ok().text;
        assert!(told.ends_with(&format!("<{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>")), "{told}");
    }
    assert_eq!(get(&client, "/plain?requestPayment").await.ok().one("Payer"), "BucketOwner");
    let list = get(&client, "/plain?acl").await.ok();
    assert_eq!((list.one("Permission"), list.all("ID")[0].len()), ("FULL_CONTROL".to_owned(), 64));
    assert!(list.text.contains("xsi:type=\"CanonicalUser\""), "{}", list.text);
    let other = [("x-amz-expected-bucket-owner", "111122223333")];
    client.s3(Method::GET, "/plain?acl", &other, b"").await.refused(403, "AccessDenied");
}

#[tokio::test]
async fn settings_are_checked_kept_and_taken_away() {
    let (_home, _running, client) = cloud().await;
    bucket(&client, "buc").await;
    bucket(&client, "logs").await;
    let before = client.inventory().await;
    let cors = "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin>\
                <MaxAgeSeconds>30</MaxAgeSeconds></CORSRule></CORSConfiguration>";
    put(&client, "/buc?cors", cors).await.ok();
    put(&client, "/buc?cors", &cors.replace("GET", "PATCH")).await.refused(400, "InvalidRequest");
    assert_eq!(get(&client, "/buc?cors").await.ok().one("MaxAgeSeconds"), "30");
    let website =
        "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>";
    put(&client, "/buc?website", website).await.ok();
    put(&client, "/buc?website", &website.replace("index.html", "a/b")).await.refused(400, "InvalidArgument");
    assert_eq!(get(&client, "/buc?website").await.ok().one("Suffix"), "index.html");
    let logging = "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket><TargetPrefix>l/</TargetPrefix>\
                   </LoggingEnabled></BucketLoggingStatus>";
    put(&client, "/buc?logging", logging).await.ok();
    put(&client, "/buc?logging", &logging.replace(">logs<", ">none<"))
        .await
        .refused(400, "InvalidTargetBucketForLogging");
    assert_eq!(get(&client, "/buc?logging").await.ok().one("TargetPrefix"), "l/");
    put(&client, "/buc?accelerate", "<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>")
        .await
        .ok();
    assert_eq!(get(&client, "/buc?accelerate").await.ok().one("Status"), "Enabled");
    let payer = "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>";
    put(&client, "/buc?requestPayment", payer).await.ok();
    put(&client, "/buc?requestPayment", &payer.replace("Requester", "Nobody")).await.refused(400, "MalformedXML");
    assert_eq!(get(&client, "/buc?requestPayment").await.ok().one("Payer"), "Requester");
    put(&client, "/buc?notification", "<NotificationConfiguration/>").await.ok();
    let topic = "<NotificationConfiguration><TopicConfiguration/></NotificationConfiguration>";
    put(&client, "/buc?notification", topic).await.refused(501, "NotImplemented");

    let rule = "<LifecycleConfiguration><Rule><ID>old</ID><Filter/><Status>Enabled</Status>\
                <Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>";
    let smallest = "x-amz-transition-default-minimum-object-size";
    assert_eq!(put(&client, "/buc?lifecycle", rule).await.ok().header(smallest), "all_storage_classes_128K");
    let varies = [(smallest, "varies_by_storage_class")];
    client.s3(Method::PUT, "/buc?lifecycle", &varies, rule.as_bytes()).await.ok();
    assert_eq!(get(&client, "/buc?lifecycle").await.ok().header(smallest), "varies_by_storage_class");
    client
        .s3(Method::PUT, "/buc?lifecycle", &[(smallest, "none")], rule.as_bytes())
        .await
        .refused(400, "InvalidRequest");
    for flag in ["cors", "website", "lifecycle"] {
        client.s3(Method::DELETE, &format!("/buc?{flag}"), &[], b"").await.ok();
        get(&client, &format!("/buc?{flag}")).await.refused(404, &get(&client, &format!("/logs?{flag}")).await.code());
    }
    put(&client, "/buc?logging", "<BucketLoggingStatus/>").await.ok();
    assert_eq!(get(&client, "/buc?logging").await.ok().all("LoggingEnabled").len(), 0);
    client.s3(Method::DELETE, "/buc?logging", &[], b"").await.refused(405, "MethodNotAllowed");
    assert_ne!(client.inventory().await, before);
}

fn policy(statement: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

#[tokio::test]
async fn the_policy_of_a_bucket_decides_beside_the_callers() {
    let (_home, _running, client) = cloud().await;
    bucket(&client, "buc").await;
    put(&client, "/buc/in/k", "x").await.ok();
    let nobody = client.user("nobody", json!({"Effect": "Allow", "Action": "ssm:*", "Resource": "*"})).await;
    let open = client.user("open", json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})).await;
    get(&nobody, "/buc/in/k").await.refused(403, "AccessDenied");
    let named = format!("arn:aws:iam::{}:user/nobody", client.account());
    let statement = json!({"Effect": "Allow", "Principal": {"AWS": named}, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::buc/in/*"});
    let text = policy(&statement);
    assert_eq!(put(&client, "/buc?policy", &text).await.ok().status, 204);
    assert_eq!(get(&client, "/buc?policy").await.ok().text, text, "it comes back as it was put");
    assert_eq!(get(&client, "/buc?policyStatus").await.ok().one("IsPublic"), "FALSE");
    get(&nobody, "/buc/in/k").await.ok();
    put(&nobody, "/buc/in/k", "y").await.refused(403, "AccessDenied");

    let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::buc/in/*",
        "Condition": {"StringNotEquals": {"aws:username": "rehearsal-operator"}}});
    put(&client, "/buc?policy", &policy(&deny)).await.ok();
    let denied = get(&open, "/buc/in/k").await.refused(403, "AccessDenied");
    assert!(denied.message().contains("explicit deny in a resource-based policy"), "{}", denied.message());
    get(&client, "/buc/in/k").await.ok();

    let with = |key: &str, value: Value| {
        let mut changed = statement.clone();
        changed[key] = value;
        policy(&changed)
    };
    let mut without = statement.clone();
    without.as_object_mut().unwrap().remove("Principal");
    for (text, message) in [
        ("{".to_owned(), "Json"),
        (policy(&without), "Missing required field Principal"),
        (with("Principal", json!({"AWS": "ann"})), "Invalid principal"),
        (with("Action", json!("ssm:GetParameter")), "invalid action"),
        (with("Resource", json!("arn:aws:s3:::other/*")), "invalid resource"),
    ] {
        let refused = put(&client, "/buc?policy", &text).await.refused(400, "MalformedPolicy");
        assert!(refused.message().contains(message), "{}", refused.message());
    }
    // A new bucket keeps the public out, until its owner no longer wants that.
    let public = with("Principal", json!("*"));
    put(&client, "/buc?policy", &public).await.refused(403, "AccessDenied");
    client.s3(Method::DELETE, "/buc?publicAccessBlock", &[], b"").await.ok();
    put(&client, "/buc?policy", &public).await.ok();
    assert_eq!(get(&client, "/buc?policyStatus").await.ok().one("IsPublic"), "TRUE");
    client.s3(Method::DELETE, "/buc?policy", &[], b"").await.ok();
    get(&client, "/buc?policy").await.refused(404, "NoSuchBucketPolicy");
    get(&nobody, "/buc/in/k").await.refused(403, "AccessDenied");
}

#[tokio::test]
async fn lists_are_taken_where_owners_share() {
    let (_home, _running, client) = cloud().await;
    bucket(&client, "buc").await;
    put(&client, "/buc/k", "x").await.ok();
    let canned = |name: &'static str| [("x-amz-acl", name)];
    let send = |path: &'static str, headers: [(&'static str, &'static str); 1]| {
        let client = client.clone();
        async move { client.s3(Method::PUT, path, &headers, b"").await }
    };
    send("/buc?acl", canned("private")).await.refused(400, "AccessControlListNotSupported");
    send("/buc/k", canned("public-read")).await.refused(400, "AccessControlListNotSupported");
    send("/buc/k", canned("bucket-owner-full-control")).await.ok();
    let writer = "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>";
    put(&client, "/buc?ownershipControls", writer).await.ok();
    send("/buc?acl", canned("public-read")).await.refused(403, "AccessDenied");
    send("/buc?acl", canned("log-delivery-write")).await.ok();
    let list = get(&client, "/buc?acl").await.ok();
    assert_eq!(list.all("Permission"), ["FULL_CONTROL", "WRITE", "READ_ACP"]);
    assert_eq!(list.one("URI"), "http://acs.amazonaws.com/groups/s3/LogDelivery");
    let sent = list.text.replace("<Permission>READ_ACP", "<Permission>READ");
    put(&client, "/buc?acl", &sent).await.ok();
    assert_eq!(get(&client, "/buc?acl").await.ok().all("Permission"), ["FULL_CONTROL", "WRITE", "READ"]);
    put(&client, "/buc?acl", &sent.replace("READ", "SING")).await.refused(400, "MalformedXML");
    send("/buc?acl", canned("secret")).await.refused(400, "InvalidArgument");
    send("/buc/k", canned("authenticated-read")).await.refused(403, "AccessDenied");
    client.s3(Method::DELETE, "/buc?publicAccessBlock", &[], b"").await.ok();
    send("/buc/k", canned("authenticated-read")).await.ok();
    assert_eq!(get(&client, "/buc/k?acl").await.ok().all("Permission"), ["FULL_CONTROL", "READ"]);
    send("/buc/k?acl", [("x-amz-grant-read-acp", "uri=\"http://acs.amazonaws.com/groups/s3/LogDelivery\"")]).await.ok();
    assert_eq!(get(&client, "/buc/k?acl").await.ok().all("Permission"), ["READ_ACP"]);
}

#[tokio::test]
async fn objects_have_tags() {
    let (_home, _running, client) = cloud().await;
    bucket(&client, "buc").await;
    client.s3(Method::PUT, "/buc/k", &[("x-amz-tagging", "a=1&b=x%20y")], b"x").await.ok();
    assert_eq!(client.s3(Method::HEAD, "/buc/k", &[], b"").await.ok().header("x-amz-tagging-count"), "2");
    assert_eq!(get(&client, "/buc/k?tagging").await.ok().all("Value"), ["1", "x y"]);
    let tags = "<Tagging><TagSet><Tag><Key>c</Key><Value>3</Value></Tag></TagSet></Tagging>";
    put(&client, "/buc/k?tagging", tags).await.ok();
    put(&client, "/buc/k?tagging", &tags.replace(">c<", ">aws:c<")).await.refused(400, "InvalidTag");
    assert_eq!(get(&client, "/buc/k?tagging").await.ok().all("Key"), ["c"]);
    let many: Vec<String> = (0..11).map(|n| format!("k{n}=v")).collect();
    client.s3(Method::PUT, "/buc/l", &[("x-amz-tagging", &many.join("&"))], b"").await.refused(400, "BadRequest");
    assert_eq!(client.s3(Method::DELETE, "/buc/k?tagging", &[], b"").await.ok().status, 204);
    assert_eq!(get(&client, "/buc/k?tagging").await.ok().all("Key").len(), 0);
    get(&client, "/buc/none?tagging").await.refused(404, "NoSuchKey");
    let reader = json!({"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "*"});
    let reader = client.user("reader", reader).await;
    get(&reader, "/buc/k?tagging").await.refused(403, "AccessDenied");
    reader.s3(Method::PUT, "/buc/k", &[("x-amz-tagging", "a=1")], b"x").await.refused(403, "AccessDenied");
}

#[tokio::test]
async fn an_object_is_copied_with_what_is_said_of_it() {
    let (_home, _running, client) = cloud().await;
    bucket(&client, "from").await;
    bucket(&client, "dest").await;
    let headers = [("x-amz-meta-who", "me"), ("x-amz-tagging", "a=1"), ("content-type", "text/plain")];
    let etag = client.s3(Method::PUT, "/from/a%20b", &headers, b"hello").await.ok().header("etag").to_owned();
    let copy = |headers: Vec<(&'static str, &'static str)>| {
        let client = client.clone();
        async move {
            let mut all = vec![("x-amz-copy-source", "/from/a%20b")];
            all.extend(headers);
            client.s3(Method::PUT, "/dest/c", &all, b"").await
        }
    };
    assert_eq!(copy(vec![]).await.ok().one("ETag"), etag);
    let copied = get(&client, "/dest/c").await.ok();
    assert_eq!((copied.text.as_str(), copied.header("x-amz-meta-who")), ("hello", "me"));
    assert_eq!((copied.header("content-type"), copied.header("x-amz-tagging-count")), ("text/plain", "1"));
    copy(vec![("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-who", "you")]).await.ok();
    assert_eq!(get(&client, "/dest/c").await.ok().header("x-amz-meta-who"), "you");
    copy(vec![("x-amz-metadata-directive", "KEEP")]).await.refused(400, "InvalidArgument");
    copy(vec![("x-amz-copy-source-if-match", "\"other\"")]).await.refused(412, "PreconditionFailed");
    let itself = [("x-amz-copy-source", "/from/a%20b")];
    client.s3(Method::PUT, "/from/a%20b", &itself, b"").await.refused(400, "InvalidRequest");
    let plus = [("x-amz-copy-source", "from%2Fa+b")];
    client.s3(Method::PUT, "/dest/c", &plus, b"").await.ok();
    let none = [("x-amz-copy-source", "from/none")];
    client.s3(Method::PUT, "/dest/c", &none, b"").await.refused(404, "NoSuchKey");
    let writer = json!({"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::dest/*"});
    let writer = client.user("writer", writer).await;
    writer.s3(Method::PUT, "/dest/c", &itself, b"").await.refused(403, "AccessDenied");

    let begun = client.s3(Method::POST, "/dest/parts?uploads", &[], b"").await.ok().one("UploadId");
    let path = format!("/dest/parts?partNumber=1&uploadId={begun}");
    let range = |range: &'static str| [("x-amz-copy-source", "from/a%20b"), ("x-amz-copy-source-range", range)];
    client.s3(Method::PUT, &path, &range("bytes=1-9"), b"").await.refused(400, "InvalidArgument");
    let part = client.s3(Method::PUT, &path, &range("bytes=1-3"), b"").await.ok().one("ETag");
    let done = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{part}</ETag></Part></CompleteMultipartUpload>"
    );
    client.s3(Method::POST, &format!("/dest/parts?uploadId={begun}"), &[], done.as_bytes()).await.ok();
    assert_eq!(get(&client, "/dest/parts").await.ok().text, "ell");
}
