//! S3: buckets and what is set on them, objects, and writes that depend on what is there.

use maps_tests::aws::{Answer, Aws, REGION};

use crate::sheet::{Case, Sheet};
use crate::world::{ALL, World};

pub(crate) const CASES: &[Case] = &[
    Case { name: "buckets", on: ALL, run: buckets },
    Case { name: "objects", on: ALL, run: objects },
    Case { name: "conditional writes", on: ALL, run: conditional },
    Case { name: "object listing", on: ALL, run: listing },
    Case { name: "object versions", on: ALL, run: versions },
    Case { name: "multipart uploads", on: ALL, run: multipart },
    Case { name: "bucket settings", on: ALL, run: settings },
];

/// Makes a bucket in the region that calls are signed for.
pub(crate) fn bucket(aws: &Aws, name: &str) -> Answer {
    let body = format!(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
    );
    aws.s3("PUT", &format!("/{name}"), &[], body)
}

fn put(aws: &Aws, path: &str, body: &str) -> Answer {
    aws.s3("PUT", path, &[], body)
}

fn get(aws: &Aws, path: &str) -> Answer {
    aws.s3("GET", path, &[], "")
}

fn text(answer: &Answer) -> String {
    format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body))
}

fn buckets(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    let made = bucket(aws, "maps-buckets");
    sheet.check("create", made.outcome(), "200");
    sheet.check("its place", made.header("location").contains("maps-buckets"), true);
    sheet.check("create again", bucket(aws, "maps-buckets").outcome(), "409 BucketAlreadyOwnedByYou");
    let head = aws.s3("HEAD", "/maps-buckets", &[], "");
    sheet.check("head", head.outcome(), "200");
    sheet.check("its region is in a header", head.header("x-amz-bucket-region"), REGION);
    sheet.check("its region", get(aws, "/maps-buckets?location").text("LocationConstraint"), REGION);
    sheet.check("head of one that never was", aws.s3("HEAD", "/maps-never", &[], "").outcome(), "404");
    sheet.check("list of one that never was", get(aws, "/maps-never?list-type=2").outcome(), "404 NoSuchBucket");
    sheet.check("put into one that never was", put(aws, "/maps-never/a", "x").outcome(), "404 NoSuchBucket");
    sheet.check("delete one that never was", aws.s3("DELETE", "/maps-never", &[], "").outcome(), "404 NoSuchBucket");
    sheet.check("a name in upper case", bucket(aws, "Maps-Upper").outcome(), "400 InvalidBucketName");
    sheet.check("a name of two characters", bucket(aws, "ab").outcome(), "400 InvalidBucketName");
    sheet.check("a name like an address", bucket(aws, "192.0.2.1").outcome(), "400 InvalidBucketName");
    sheet.check("list all", get(aws, "/").texts("Bucket/Name").contains(&"maps-buckets".to_owned()), true);
    put(aws, "/maps-buckets/a", "x");
    sheet.check(
        "delete one with an object",
        aws.s3("DELETE", "/maps-buckets", &[], "").outcome(),
        "409 BucketNotEmpty",
    );
    aws.s3("DELETE", "/maps-buckets/a", &[], "");
    sheet.check("delete", aws.s3("DELETE", "/maps-buckets", &[], "").outcome(), "204");
    sheet.check("delete again", aws.s3("DELETE", "/maps-buckets", &[], "").outcome(), "404 NoSuchBucket");
}

fn objects(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    bucket(aws, "maps-objects");
    let headers = [("content-type", "text/plain"), ("x-amz-meta-owner", "maps")];
    let made = aws.s3("PUT", "/maps-objects/a/b%20c", &headers, "hello");
    sheet.check("put", made.outcome(), "200");
    sheet.check("its tag is the MD5, in quotes", made.header("etag"), "\"5d41402abc4b2a76b9719d911017c592\"");
    let got = get(aws, "/maps-objects/a/b%20c");
    sheet.check("get", text(&got), "200 hello");
    sheet.check("type", got.header("content-type"), "text/plain");
    sheet.check("metadata", got.header("x-amz-meta-owner"), "maps");
    sheet.check("get has the tag", got.header("etag"), made.header("etag"));
    let head = aws.s3("HEAD", "/maps-objects/a/b%20c", &[], "");
    sheet.check("head has the length", head.header("content-length"), "5");
    sheet.check("head has no body", text(&head), "200 ");
    sheet.check("it is encrypted", head.header("x-amz-server-side-encryption"), "AES256");
    let part = aws.s3("GET", "/maps-objects/a/b%20c", &[("range", "bytes=1-3")], "");
    sheet.check("a range", text(&part), "206 ell");
    sheet.check("of what", part.header("content-range"), "bytes 1-3/5");
    let past = aws.s3("GET", "/maps-objects/a/b%20c", &[("range", "bytes=9-12")], "");
    sheet.check("a range past the end", past.outcome(), "416 InvalidRange");
    let unchanged = aws.s3("GET", "/maps-objects/a/b%20c", &[("if-none-match", made.header("etag"))], "");
    sheet.check("only if it changed", unchanged.outcome(), "304");
    let other = aws.s3("GET", "/maps-objects/a/b%20c", &[("if-match", "\"other\"")], "");
    sheet.check("only if it is another", other.outcome(), "412 PreconditionFailed");
    sheet.check("get one that never was", get(aws, "/maps-objects/never").outcome(), "404 NoSuchKey");
    sheet.check("head of one that never was", aws.s3("HEAD", "/maps-objects/never", &[], "").outcome(), "404");
    sheet.check("put over", put(aws, "/maps-objects/a/b%20c", "again").outcome(), "200");
    sheet.check("the new one is there", text(&get(aws, "/maps-objects/a/b%20c")), "200 again");
    let sum = [("content-md5", "XUFAKrxLKna5cZ2REBfFkg==")];
    sheet.check(
        "another body than its MD5 says",
        aws.s3("PUT", "/maps-objects/sum", &sum, "other").outcome(),
        "400 BadDigest",
    );
    sheet.check(
        "a key of 1,025 bytes",
        put(aws, &format!("/maps-objects/{}", "x".repeat(1025)), "x").outcome(),
        "400 KeyTooLongError",
    );
    sheet.check("delete", aws.s3("DELETE", "/maps-objects/a/b%20c", &[], "").outcome(), "204");
    sheet.check("delete again", aws.s3("DELETE", "/maps-objects/a/b%20c", &[], "").outcome(), "204");
}

fn conditional(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    bucket(aws, "maps-conditional");
    let when = |path: &str, name: &str, value: &str, body: &str| {
        aws.s3("PUT", &format!("/maps-conditional/{path}"), &[(name, value)], body)
    };
    let made = when("lock", "if-none-match", "*", "one");
    sheet.check("where nothing is", made.outcome(), "200");
    sheet.check("where something is", when("lock", "if-none-match", "*", "two").outcome(), "412 PreconditionFailed");
    sheet.check("then it stays", text(&get(aws, "/maps-conditional/lock")), "200 one");
    let tag = made.header("etag").to_owned();
    sheet.check("over what was read", when("lock", "if-match", &tag, "two").outcome(), "200");
    sheet.check("over what is gone", when("lock", "if-match", &tag, "three").outcome(), "412 PreconditionFailed");
    sheet.check("then that stays too", text(&get(aws, "/maps-conditional/lock")), "200 two");
    sheet.check("over what never was", when("never", "if-match", &tag, "x").outcome(), "404 NoSuchKey");
    sheet.check("and nothing is made", get(aws, "/maps-conditional/never").outcome(), "404 NoSuchKey");
    aws.s3("DELETE", "/maps-conditional/lock", &[], "");
    sheet.check("where something was", when("lock", "if-none-match", "*", "four").outcome(), "200");
    let tag = get(aws, "/maps-conditional/lock").header("etag").to_owned();
    let delete = |tag: &str| aws.s3("DELETE", "/maps-conditional/lock", &[("if-match", tag)], "").outcome();
    sheet.check("delete another", delete("\"00000000000000000000000000000000\""), "412 PreconditionFailed");
    sheet.check("delete what was read", delete(&tag), "204");
}

fn listing(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    bucket(aws, "maps-listing");
    for key in ["a/1", "a/2", "b/1", "c", "d%26e"] {
        put(aws, &format!("/maps-listing/{key}"), "x");
    }
    let list = |query: &str| get(aws, &format!("/maps-listing?list-type=2{query}"));
    let keys = |answer: &Answer| answer.texts("Contents/Key").join(" ");
    sheet.check("all, in order", keys(&list("")), "a/1 a/2 b/1 c d&e");
    sheet.check("how many", list("").text("KeyCount"), "5");
    sheet.check("below a prefix", keys(&list("&prefix=a%2F")), "a/1 a/2");
    let folders = list("&delimiter=%2F");
    sheet.check("one level", keys(&folders), "c d&e");
    sheet.check("and its folders", folders.texts("CommonPrefixes/Prefix").join(" "), "a/ b/");
    sheet.check("folders count", folders.text("KeyCount"), "4");
    let first = list("&max-keys=2");
    sheet.check("a page", format!("{} {}", keys(&first), first.text("IsTruncated")), "a/1 a/2 true");
    let token = maps_tests::aws::encoded(&first.text("NextContinuationToken"));
    let next = list(&format!("&max-keys=5&continuation-token={token}"));
    sheet.check("the next page", format!("{} {}", keys(&next), next.text("IsTruncated")), "b/1 c d&e false");
    sheet.check("after a key", keys(&list("&start-after=b%2F1")), "c d&e");
    sheet.check("percent-encoded", keys(&list("&encoding-type=url&prefix=d")), "d%26e");
    sheet.check("no keys to a page", format!("{} {}", list("&max-keys=0").status, keys(&list("&max-keys=0"))), "200 ");
    sheet.check("fewer than no keys", list("&max-keys=-1").outcome(), "400 InvalidArgument");
    let body = "<Delete><Object><Key>a/1</Key></Object><Object><Key>never</Key></Object></Delete>";
    let sum = [("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")];
    sheet.check(
        "delete several with a wrong MD5",
        aws.s3("POST", "/maps-listing?delete", &sum, body).outcome(),
        "400 BadDigest",
    );
    let deleted = aws.s3("POST", "/maps-listing?delete", &[("x-amz-checksum-crc32", CRC32)], body);
    sheet.check("delete several", deleted.texts("Deleted/Key").join(" "), "a/1 never");
    sheet.check("they are gone", keys(&list("&prefix=a%2F")), "a/2");
}

/// The CRC-32 of the body that deletes several, in base64.
const CRC32: &str = "6O1mTQ==";

fn versions(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    bucket(aws, "maps-versions");
    sheet.check("at first", get(aws, "/maps-versions?versioning").text("Status"), "");
    let set = |status: &str| {
        let body = format!(
            "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>{status}</Status>\
             </VersioningConfiguration>"
        );
        aws.s3("PUT", "/maps-versions?versioning", &[], body)
    };
    sheet.check("a status that is none", set("On").status, 400);
    sheet.check("switch on", set("Enabled").outcome(), "200");
    sheet.check("it is on", get(aws, "/maps-versions?versioning").text("Status"), "Enabled");
    let one = put(aws, "/maps-versions/a", "one").header("x-amz-version-id").to_owned();
    sheet.check("an object has a version", one.is_empty(), false);
    put(aws, "/maps-versions/a", "two");
    sheet.check("the newest", text(&get(aws, "/maps-versions/a")), "200 two");
    sheet.check("an older one", text(&get(aws, &format!("/maps-versions/a?versionId={one}"))), "200 one");
    let deleted = aws.s3("DELETE", "/maps-versions/a", &[], "");
    sheet.check(
        "delete leaves a marker",
        format!("{} {}", deleted.status, deleted.header("x-amz-delete-marker")),
        "204 true",
    );
    let gone = get(aws, "/maps-versions/a");
    sheet.check(
        "then it is gone",
        format!("{} {}", gone.outcome(), gone.header("x-amz-delete-marker")),
        "404 NoSuchKey true",
    );
    let listed = get(aws, "/maps-versions?versions");
    let (objects, markers) = (listed.texts("Version/Key").len(), listed.texts("DeleteMarker/Key").len());
    sheet.check("two versions and a marker", format!("{objects} {markers}"), "2 1");
    sheet.check("the bucket is not empty", aws.s3("DELETE", "/maps-versions", &[], "").outcome(), "409 BucketNotEmpty");
    let marker = deleted.header("x-amz-version-id");
    aws.s3("DELETE", &format!("/maps-versions/a?versionId={marker}"), &[], "");
    sheet.check("without the marker it is back", text(&get(aws, "/maps-versions/a")), "200 two");
    sheet.check("a version that never was", get(aws, "/maps-versions/a?versionId=null").outcome(), "404 NoSuchVersion");
    sheet.check("switch off", set("Suspended").outcome(), "200");
}

fn multipart(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    bucket(aws, "maps-multipart");
    let begin = |key: &str| aws.s3("POST", &format!("/maps-multipart/{key}?uploads"), &[], "").text("UploadId");
    let part = |key: &str, id: &str, number: usize, body: Vec<u8>| {
        let path = format!("/maps-multipart/{key}?partNumber={number}&uploadId={id}");
        aws.s3("PUT", &path, &[], body).header("etag").to_owned()
    };
    let end = |key: &str, id: &str, headers: &[(&str, &str)], tags: &[String]| {
        let parts: String = (1..)
            .zip(tags)
            .map(|(n, tag)| format!("<Part><PartNumber>{n}</PartNumber><ETag>{tag}</ETag></Part>"))
            .collect();
        let body = format!(
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{parts}</CompleteMultipartUpload>"
        );
        aws.s3("POST", &format!("/maps-multipart/{key}?uploadId={id}"), headers, body)
    };
    const LEAST: usize = 5 << 20;
    let id = begin("big");
    sheet.check("begin", id.is_empty(), false);
    let tags = [part("big", &id, 1, vec![b'a'; LEAST]), part("big", &id, 2, b"end".to_vec())];
    let ended = end("big", &id, &[], &tags);
    sheet.check("end", ended.outcome(), "200");
    sheet.check("the tag counts the parts", ended.text("ETag").trim_end_matches('"').ends_with("-2"), true);
    let head = aws.s3("HEAD", "/maps-multipart/big", &[], "");
    sheet.check("the length", head.header("content-length"), LEAST + 3);
    let id = begin("small");
    let tags = [part("small", &id, 1, b"a".to_vec()), part("small", &id, 2, b"b".to_vec())];
    sheet.check("a part that is too small", end("small", &id, &[], &tags).outcome(), "400 EntityTooSmall");
    let id = begin("big");
    let tags = [part("big", &id, 1, b"one".to_vec())];
    let there = end("big", &id, &[("if-none-match", "*")], &tags);
    sheet.check("end only where nothing is", there.outcome(), "412 PreconditionFailed");
    let aborted = aws.s3("DELETE", &format!("/maps-multipart/big?uploadId={id}"), &[], "");
    sheet.check("abort", aborted.outcome(), "204");
    sheet.check("end what was aborted", end("big", &id, &[], &tags).outcome(), "404 NoSuchUpload");
    let id = begin("other");
    part("other", &id, 1, b"one".to_vec());
    let wrong = ["\"00000000000000000000000000000000\"".to_owned()];
    sheet.check("a part with another tag", end("other", &id, &[], &wrong).outcome(), "400 InvalidPart");
}

fn settings(world: &World, sheet: &mut Sheet) {
    let aws = world.aws();
    bucket(aws, "maps-settings");
    let read = |name: &str| get(aws, &format!("/maps-settings?{name}"));
    let write = |name: &str, body: &str| {
        let body = body.replacen('>', " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", 1);
        aws.s3("PUT", &format!("/maps-settings?{name}"), &[], body).status
    };
    let fine = |status: u16| status == 200 || status == 204;

    sheet.check("encryption at first", read("encryption").text("SSEAlgorithm"), "AES256");
    let kms = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>\
               <SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault>\
               <BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>";
    sheet.check("encrypt with KMS", fine(write("encryption", kms)), true);
    sheet.check("it does", read("encryption").text("SSEAlgorithm"), "aws:kms");
    let bad = kms.replace("aws:kms", "rot13");
    sheet.check("an algorithm that is none", write("encryption", &bad), 400);

    sheet.check("no lifecycle at first", read("lifecycle").outcome(), "404 NoSuchLifecycleConfiguration");
    let expire = "<LifecycleConfiguration><Rule><ID>old</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>\
                  <NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays></NoncurrentVersionExpiration></Rule>\
                  </LifecycleConfiguration>";
    sheet.check("a lifecycle", fine(write("lifecycle", expire)), true);
    sheet.check("its days", read("lifecycle").text("NoncurrentDays"), "30");
    sheet.check("remove it", aws.s3("DELETE", "/maps-settings?lifecycle", &[], "").outcome(), "204");
    sheet.check("it is removed", read("lifecycle").outcome(), "404 NoSuchLifecycleConfiguration");

    sheet.check("public access is blocked at first", read("publicAccessBlock").text("BlockPublicAcls"), "true");
    let open = "<PublicAccessBlockConfiguration><BlockPublicAcls>false</BlockPublicAcls>\
                <IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy>\
                <RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    sheet.check("block less", fine(write("publicAccessBlock", open)), true);
    sheet.check("less is blocked", read("publicAccessBlock").text("BlockPublicAcls"), "false");

    sheet.check("no tags at first", read("tagging").outcome(), "404 NoSuchTagSet");
    let tags = "<Tagging><TagSet><Tag><Key>owner</Key><Value>maps</Value></Tag></TagSet></Tagging>";
    sheet.check("tags", fine(write("tagging", tags)), true);
    sheet.check("they are there", read("tagging").text("Tag/Value"), "maps");
    let twice = tags.replace("</TagSet>", "<Tag><Key>owner</Key><Value>x</Value></Tag></TagSet>");
    sheet.check("the same tag twice", write("tagging", &twice), 400);
    sheet.check("no XML", write("tagging", "<Tagging>"), 400);
    sheet.check("no policy at first", read("policy").outcome(), "404 NoSuchBucketPolicy");
}
