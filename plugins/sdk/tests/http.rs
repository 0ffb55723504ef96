//! What becomes of answers, and how lists of pages are gone through.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use maps_sdk::Class;
use maps_sdk::http::{Api, Response, all_pages};
use maps_sdk::testing;
use serde_json::{Value, json};

const API: Api = Api::new("https://api.example.com/v1/");

#[test]
fn a_status_has_a_class() {
    let cases = [
        (400, Class::Invalid),
        (401, Class::Denied),
        (403, Class::Denied),
        (404, Class::NotFound),
        (408, Class::Timeout),
        (409, Class::Conflict),
        (412, Class::Conflict),
        (422, Class::Invalid),
        (429, Class::Throttled),
        (500, Class::Unavailable),
        (503, Class::Unavailable),
        (504, Class::Timeout),
        (302, Class::Internal),
    ];
    for (status, class) in cases {
        let problem = testing::json(status, json!({"message": "because"})).accepted().unwrap_err();
        assert_eq!((problem.class, problem.code), (class, format!("http-{status}")));
        assert!(problem.message.ends_with("because"));
    }
    assert_eq!(testing::json(204, Value::Null).accepted().unwrap().status, 204);
    assert!(testing::json(410, Value::Null).accepted_or_absent().unwrap().is_none());
    assert!(testing::json(500, Value::Null).accepted_or_absent().is_err());
}

#[test]
fn retry_after_is_passed_on_if_it_is_a_number() {
    let told = |value: &str| {
        let headers = vec![("retry-after".to_owned(), value.to_owned())];
        Response { status: 503, headers, body: Vec::new() }.problem().retry_after_ms
    };
    assert_eq!(told("3"), Some(3_000));
    assert_eq!(told(" 0 "), Some(0));
    assert_eq!(told("Wed, 21 Oct 2015 07:28:00 GMT"), None);
    assert_eq!(told("99999999999999999999"), None);
}

#[test]
fn an_answer_of_another_shape_is_told_without_its_content() {
    let problem = testing::json(200, json!({"token": "hush"})).json::<Vec<u32>>().unwrap_err();
    assert_eq!(problem.class, Class::Internal);
    assert!(!problem.message.contains("hush"), "{problem}");
}

#[test]
fn values_cannot_leave_their_place_in_a_url() {
    testing::http(|_| Ok(testing::json(200, Value::Null)));
    API.get(&["a/b", "..", "é?#"]).query("q", "x&y=z").query("r", "").read().unwrap();
    let url = &testing::calls()[0].url;
    assert_eq!(url, "https://api.example.com/v1/a%2Fb/%2E%2E/%C3%A9%3F%23?q=x%26y%3Dz&r=");
}

#[test]
fn all_pages_are_asked_for_the_first_alone() {
    testing::http(|call| {
        let page: u32 = call.url.rsplit('=').next().unwrap().parse().unwrap();
        Ok(testing::json(200, json!({"items": [page * 10, page * 10 + 1], "pages": 3})))
    });
    let read = |answer: &Response| {
        let body: Value = answer.json()?;
        let items = body["items"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
        Ok((items, 3))
    };
    let items: Vec<u64> = all_pages(|page| API.get(&["list"]).query("page", &page.to_string()), read).unwrap();
    assert_eq!(items, [10, 11, 20, 21, 30, 31]);
    let endless = all_pages(|_| API.get(&["list"]).query("page", "1"), |_| Ok((vec![()], u32::MAX)));
    assert_eq!(endless.unwrap_err().code, "endless-list");
}
