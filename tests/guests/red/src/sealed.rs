//! What is done to sealed handles, and to what an object looks like.

use std::cell::Cell;

use maps_sdk::bindings::maps::platform::types::{Problem, Resource};
use maps_sdk::log::{Level, write};
use serde_json::{Value, json};

use crate::act::{Act, Call, Orders};
use crate::allocator::FATAL_TO_FREE;
use crate::calls::{name, own_url, send};
use crate::{Subject, not_refused, problem};

thread_local! {
    /// What is to be done to the objects of this call.
    static TWIST: Cell<Option<Act>> = const { Cell::new(None) };
}

/// Sends a handle where it does not belong, or takes down what to do to the answer.
pub(crate) fn act<R: Subject>(orders: &Orders, requests: &[R]) -> Result<(), Problem> {
    TWIST.set(Some(orders.act));
    let Some(first) = requests.first() else { return Ok(()) };
    let inputs: Value = serde_json::from_str(first.inputs()).unwrap_or_default();
    let handle = inputs["secret"]["$sealed"].as_str().unwrap_or_default();
    let put = |more: Value| {
        let mut body = json!({"name": name(first), "size": 1});
        body.as_object_mut().into_iter().for_each(|body| body.extend(more.as_object().cloned().unwrap_or_default()));
        Call { write: true, method: "PUT".to_owned(), body: Some(body), ..Call::default() }
    };
    let call = match orders.act {
        Act::ReplayedHandle => put(json!({"secret": {"$sealed": orders.text}})),
        Act::HandleAtNoSink => put(json!({"note": {"$sealed": handle}})),
        Act::HandleInString => put(json!({"secret": format!("Bearer {{\"$sealed\": \"{handle}\"}} {handle}")})),
        Act::HandleInBase64 => put(json!({"secret": {"$sealed": base64(handle.as_bytes())}})),
        Act::HandleInUrl => Call {
            write: true,
            method: "PUT".to_owned(),
            url: format!("{}?s={handle}", own_url(first)),
            ..put(json!({}))
        },
        Act::HandleInHeader => Call { headers: vec![("x-note".to_owned(), handle.to_owned())], ..put(json!({})) },
        Act::Panic => panic!("{} {}", orders.text, first.inputs()),
        Act::Escapes => {
            let line = "\u{1b}[2J\u{1b}]0;owned\u{7}all is well\r\u{202e}lives ti\u{2066}\n\u{0}INFO forged line";
            write(Level::Info, line);
            return Err(problem("escapes", line));
        }
        _ => return Ok(()),
    };
    let answer = send(&call, &own_url(first))?;
    Err(not_refused(&format!("{:?} was answered with {}", orders.act, answer.status)))
}

/// Changes what an object looks like, as ordered. `body` is what the server said.
pub(crate) fn twist(mut object: Resource, body: &[u8]) -> Resource {
    match TWIST.get() {
        Some(Act::EmptyId) => object.id.clear(),
        Some(Act::BadJson) => object.outputs = "{\"token\": ".to_owned(),
        Some(Act::StaysUnknown) => object.outputs = json!({"token": {"$unknown": true}}).to_string(),
        Some(Act::DeepJson) => object.outputs = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000)),
        Some(Act::LoopInFree) => {
            let mut outputs = String::with_capacity(FATAL_TO_FREE);
            outputs.push_str("{}");
            outputs.extend(std::iter::repeat_n(' ', FATAL_TO_FREE - 2));
            object.outputs = outputs;
        }
        Some(Act::ForgedHandle) => {
            object.outputs = json!({"token": {"$sealed": "0123456789abcdef0123456789abcdef"}}).to_string();
        }
        Some(Act::Echo) => {
            let said = String::from_utf8_lossy(body);
            write(Level::Info, &said);
            object.outputs = json!({"said": said}).to_string();
        }
        _ => {}
    }
    object
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}
