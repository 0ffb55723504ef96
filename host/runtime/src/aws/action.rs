//! Which operation a request asks for, where AWS reads it from elsewhere than the path: a header, a
//! query parameter or a form. Rules judge paths, so this is judged here.

use std::collections::BTreeSet;

use maps_engine::{Class, Problem};
use reqwest::header::HeaderMap;

/// May a request be signed, by the operation that it asks for? One that asks for none is judged by
/// its path alone.
///
/// # Errors
/// When the operation is not among `allowed`, or two places could each name one.
pub(crate) fn check_action(
    allowed: &BTreeSet<String>,
    headers: &HeaderMap,
    query: &[(String, String)],
    body: &[u8],
) -> Result<(), Problem> {
    let denied = |message: String, help: String| Err(Problem::new(Class::Denied, "aws-action", message).help(help));
    let target = headers.get("x-amz-target").map(|value| value.to_str().unwrap_or_default().to_owned());
    // `AmazonSQS.SendMessage`, and `DynamoDB_20120810.PutItem`.
    let target = target.map(|target| target.rsplit('.').next().unwrap_or_default().to_owned());
    let in_query = query.iter().filter(|(name, _)| is_action(name)).map(|(_, value)| value.clone());
    // Whatever the content type says: some services read a form in any body.
    let in_form = url::form_urlencoded::parse(body).filter(|(name, _)| is_action(name)).map(|(_, value)| value);
    let asked: Vec<String> = target.into_iter().chain(in_query).chain(in_form.map(String::from)).collect();
    match asked.as_slice() {
        [] => Ok(()),
        [action] if allowed.contains(action) => Ok(()),
        [action] => {
            let action = crate::printable::printable(action, 64);
            denied(
                format!("the credential signs no `{action}`"),
                format!("add `actions: [{action}]` to the credential in plugin.yaml, if the plugin needs it"),
            )
        }
        _ => denied(
            "the request names more than one action of AWS".to_owned(),
            "name it once: in the header `x-amz-target`, the query or the form".to_owned(),
        ),
    }
}

/// Services differ in whether they mind the case.
fn is_action(name: &str) -> bool {
    name.eq_ignore_ascii_case("action")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use reqwest::header::HeaderValue;

    use super::*;

    fn check(target: Option<&'static str>, query: &[(&str, &str)], body: &str) -> Result<(), Problem> {
        let mut headers = HeaderMap::new();
        if let Some(target) = target {
            headers.insert("x-amz-target", HeaderValue::from_static(target));
        }
        let query: Vec<_> = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        check_action(&["SendMessage".to_owned()].into(), &headers, &query, body.as_bytes())
    }

    #[test]
    fn an_action_is_allowed_wherever_it_stands_and_only_by_its_name() {
        for allowed in [
            check(None, &[], ""),
            check(None, &[("page", "2")], "<ChangeResourceRecordSetsRequest/>"),
            check(Some("AmazonSQS.SendMessage"), &[], r#"{"Action": "text"}"#),
            check(None, &[("Action", "SendMessage")], ""),
            check(None, &[], "Version=2012-11-05&Action=SendMessage"),
        ] {
            assert_eq!(allowed, Ok(()));
        }
        for (refused, says) in [
            (check(Some("AmazonSQS.DeleteQueue"), &[], ""), "DeleteQueue"),
            (check(Some("SendMessage.DeleteQueue"), &[], ""), "DeleteQueue"),
            (check(None, &[("action", "DeleteQueue")], ""), "DeleteQueue"),
            (check(None, &[], "A%63tion=DeleteQueue"), "DeleteQueue"),
            (check(Some("AmazonSQS.SendMessage"), &[("Action", "DeleteQueue")], ""), "more than one"),
            (check(None, &[("Action", "SendMessage")], "Action=DeleteQueue"), "more than one"),
            (check(None, &[("Action", "SendMessage"), ("Action", "SendMessage")], ""), "more than one"),
        ] {
            let problem = refused.unwrap_err();
            assert_eq!((problem.class, problem.code.as_str()), (Class::Denied, "aws-action"));
            assert!(problem.message.contains(says), "{}", problem.message);
        }
    }
}
