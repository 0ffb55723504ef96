//! Pagination: `page` and `per_page` in, `links.pages` and `meta.total` out.

use serde_json::{Map, Value, json};

use super::answer::Refusal;
use crate::service::Call;

/// What is answered when `per_page` is left out.
const DEFAULT_PER_PAGE: usize = 20;
/// The most that one page holds.
const MAX_PER_PAGE: usize = 200;

/// Cuts the page that a request asks for out of everything, under `key`.
pub(super) fn cut(call: &Call, key: &str, items: Vec<Value>) -> Result<Value, Refusal> {
    let page = number(call, "page")?.unwrap_or(1);
    let per_page = number(call, "per_page")?.unwrap_or(DEFAULT_PER_PAGE).min(MAX_PER_PAGE);
    let total = items.len();
    let last = total.div_ceil(per_page).max(1);
    let slice: Vec<Value> = items.into_iter().skip((page - 1).saturating_mul(per_page)).take(per_page).collect();

    // What the list was narrowed and sorted by goes on to its other pages.
    let mut kept = url::form_urlencoded::Serializer::new(String::new());
    kept.extend_pairs(call.query.iter().filter(|(name, _)| !["page", "per_page"].contains(&name.as_str())));
    let kept = kept.finish();
    let and = if kept.is_empty() { "" } else { "&" };
    let link = |page: usize| {
        Value::from(format!("https://api.digitalocean.com{}?page={page}&per_page={per_page}{and}{kept}", call.path))
    };
    let mut pages = Map::new();
    if page > 1 {
        pages.insert("first".to_owned(), link(1));
        pages.insert("prev".to_owned(), link((page - 1).min(last)));
    }
    if page < last {
        pages.insert("next".to_owned(), link(page + 1));
        pages.insert("last".to_owned(), link(last));
    }
    let links = if pages.is_empty() { json!({}) } else { json!({ "pages": pages }) };
    Ok(json!({ key: slice, "links": links, "meta": { "total": total } }))
}

fn number(call: &Call, name: &str) -> Result<Option<usize>, Refusal> {
    match call.query(name) {
        None => Ok(None),
        Some(text) => match text.parse() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err(Refusal::bad_request(format!("{name} must be a positive whole number"))),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    fn call(query: &[(&str, &str)]) -> Call {
        Call {
            method: Method::GET,
            host: String::new(),
            raw_query: String::new(),
            path: "/v2/things".to_owned(),
            query: query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    fn things(count: usize) -> Vec<Value> {
        (0..count).map(Value::from).collect()
    }

    #[test]
    fn a_page_in_the_middle_links_all_four_ways() {
        let page = cut(&call(&[("page", "2"), ("per_page", "2")]), "things", things(5)).unwrap();
        assert_eq!(page["things"], json!([2, 3]));
        assert_eq!(page["meta"]["total"], 5);
        let pages = &page["links"]["pages"];
        let base = "https://api.digitalocean.com/v2/things?page=";
        for (name, number) in [("first", 1), ("prev", 1), ("next", 3), ("last", 3)] {
            assert_eq!(pages[name], format!("{base}{number}&per_page=2"));
        }
    }

    #[test]
    fn links_keep_what_else_was_asked() {
        let page = cut(&call(&[("name", "a b"), ("per_page", "1"), ("sort", "name")]), "things", things(2)).unwrap();
        let next = "https://api.digitalocean.com/v2/things?page=2&per_page=1&name=a+b&sort=name";
        assert_eq!(page["links"]["pages"]["next"], next);
    }

    #[test]
    fn one_page_has_no_links_and_one_past_the_end_is_empty() {
        assert_eq!(cut(&call(&[]), "things", things(3)).unwrap()["links"], json!({}));
        let past = cut(&call(&[("page", "9")]), "things", things(3)).unwrap();
        assert_eq!(past["things"], json!([]));
        assert_eq!(past["links"]["pages"]["prev"], "https://api.digitalocean.com/v2/things?page=1&per_page=20");
    }

    #[test]
    fn a_page_holds_at_most_200_and_nonsense_is_refused() {
        let page = cut(&call(&[("per_page", "1000")]), "things", things(300)).unwrap();
        assert_eq!(page["things"].as_array().unwrap().len(), 200);
        for bad in ["0", "-1", "x", ""] {
            assert!(cut(&call(&[("page", bad)]), "things", things(1)).is_err());
        }
        assert!(cut(&call(&[("page", "18446744073709551615")]), "things", things(1)).is_ok());
    }
}
