//! Keys: made once, with their secret, or not at all.

use std::cell::RefCell;
use std::rc::Rc;

use super::*;

const IT: Of = Of("spaces/key");

fn inputs() -> Value {
    IT.checked(&json!({"name": "backups", "grants": [{"bucket": "gst-backups", "permission": "readwrite"}]}))
}

fn live(id: &str) -> Value {
    json!({"name": "backups", "access_key": id, "grants": inputs()["grants"], "created_at": "2026-01-02T03:04:05Z"})
}

/// DigitalOcean with these keys; one that is made is `DO2`. The bodies that were written are kept.
fn keys(there: &[Value]) -> Rc<RefCell<Vec<Value>>> {
    let written = Rc::<RefCell<Vec<Value>>>::default();
    let (kept, there) = (Rc::clone(&written), there.to_vec());
    testing::http(move |call| {
        if call.half == Half::Write {
            kept.borrow_mut().push(json!([call.method, call.body]));
        }
        let mut key = json!({"name": call.body["name"], "grants": call.body["grants"], "access_key": "DO2"});
        Ok(match call.method.as_str() {
            "GET" => testing::json(200, json!({"keys": there, "links": {}, "meta": {"total": there.len()}})),
            "POST" => {
                key["secret_key"] = json!({"$sealed": "told once"});
                testing::json(201, json!({ "key": key }))
            }
            "PUT" => testing::json(200, json!({ "key": key })),
            _ => testing::json(204, json!(null)),
        })
    });
    written
}

fn made() -> types::Resource {
    let _ = keys(&[]);
    let begun = pending(IT.create(&inputs(), None));
    done(IT.create(&inputs(), Some(&begun.checkpoint)))
}

#[test]
fn the_keys_of_its_name_are_written_down_before_one_is_made() {
    let mut other = live("DO9");
    other["name"] = json!("another");
    let written = keys(&[live("DO1"), other]);
    let begun = pending(IT.create(&inputs(), None));
    assert_eq!(parsed(&begun.checkpoint), json!({"before": ["DO1"]}));
    assert!(written.borrow().is_empty());
    let made = done(IT.create(&inputs(), Some(&begun.checkpoint)));
    assert_eq!(*written.borrow(), [json!(["POST", {"name": "backups", "grants": inputs()["grants"]}])]);
    assert_eq!((made.id.as_str(), parsed(&made.inputs)), ("DO2", inputs()));
    assert_eq!(parsed(&made.outputs), json!({"access_key_id": "DO2", "secret_access_key": {"$sealed": "told once"}}));
}

#[test]
fn a_key_whose_secret_was_lost_is_of_no_use_and_goes() {
    let begun = json!({"before": ["DO1"]}).to_string();
    let _ = keys(&[live("DO1")]);
    assert!(matches!(IT.find(&inputs(), Some(&begun)), wire::FindOutcome::Absent));
    let written = keys(&[live("DO1"), live("DO2")]);
    let wire::FindOutcome::Unusable(lost) = IT.find(&inputs(), Some(&begun)) else { panic!("its secret is lost") };
    assert!(matches!(IT.delete(&lost.resource, None), wire::DeleteOutcome::Done));
    assert_eq!(*written.borrow(), [json!(["DELETE", null])]);
    assert!(testing::calls().last().unwrap().url.ends_with("/v2/spaces/keys/DO2"));
    let _ = keys(&[live("DO1"), live("DO2"), live("DO3")]);
    let wire::FindOutcome::Failed(problem) = IT.find(&inputs(), Some(&begun)) else { panic!("which is ours?") };
    assert!(problem.message.ends_with("DO2, DO3"), "{}", problem.message);
    let _ = keys(&[]);
    assert!(matches!(IT.find(&inputs(), None), wire::FindOutcome::Absent));
    assert!(testing::calls().is_empty(), "before anything was written down, nothing was made");
}

#[test]
fn a_key_is_read_with_the_secret_that_is_known_and_changed_in_its_place() {
    let made = made();
    let mut two = live("DO2");
    two["grants"] = json!([{"bucket": "other", "permission": "read"}, inputs()["grants"][0]]);
    let _ = keys(&[two]);
    let read = found(IT.read(&made));
    let buckets: Vec<Value> =
        parsed(&read.inputs)["grants"].as_array().unwrap().iter().map(|grant| grant["bucket"].clone()).collect();
    assert_eq!(buckets, ["gst-backups", "other"], "those that are known stay in their order");
    assert_eq!(parsed(&read.outputs), parsed(&made.outputs));
    let wanted = IT.checked(&json!({"name": "b", "grants": [{"bucket": "other", "permission": "read"}]}));
    let changed = done(IT.update(&made, &wanted));
    assert_eq!((parsed(&changed.inputs), parsed(&changed.outputs)), (wanted, parsed(&made.outputs)));
    let _ = keys(&[]);
    assert!(matches!(IT.read(&made), wire::ReadOutcome::Absent));
}

#[test]
fn a_key_that_would_open_something_else_is_refused() {
    let made = made();
    let full = IT.checked(&json!({"name": "b", "grants": [{"permission": "fullaccess"}]}));
    let written = keys(&[]);
    assert_eq!(failed(IT.update(&made, &full)).code, "key-not-convertible");
    assert!(written.borrow().is_empty());
    testing::http(|call| {
        let key = json!({"name": call.body["name"], "grants": [], "access_key": "DO2"});
        Ok(testing::json(200, json!({ "key": key })))
    });
    assert_eq!(failed(IT.update(&made, &inputs())).code, "grants-not-taken");
    testing::http(|_| Ok(testing::json(400, json!({"id": "bad_request", "message": "bucket does not exist"}))));
    let problem = failed(IT.create(&inputs(), Some(r#"{"before":[]}"#)));
    assert_eq!(problem.path.as_deref(), Some("grants"));
    assert!(problem.help.unwrap().contains("gst-backups"));
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    let grant = |bucket: &str, permission: &str| json!({"bucket": bucket, "permission": permission});
    for (grants, code, path) in [
        (json!([]), "no-grants", "grants"),
        (json!([{"permission": "read"}]), "no-bucket", "grants[0].bucket"),
        (json!([grant("abc", "fullaccess")]), "full-access-to-one", "grants[0].bucket"),
        (json!([grant("No", "read")]), "bad-bucket", "grants[0].bucket"),
        (json!([grant("abc", "read"), grant("abc", "readwrite")]), "duplicate-grant", "grants[1].bucket"),
        (json!([grant("abc", "read"), {"permission": "fullaccess"}]), "mixed-grants", "grants"),
    ] {
        let checked = IT.check(&json!({"name": "k", "grants": grants}));
        assert_eq!(checked, Err(vec![(code.to_owned(), path.to_owned())]), "{grants}");
    }
    assert_eq!(IT.check(&json!({"name": " ", "grants": [grant("abc", "read")]})).unwrap_err()[0].0, "bad-name");
}
