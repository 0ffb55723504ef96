//! The kind against a service small enough for unit tests; `maps plugin test` holds it to all laws.

use maps_sdk::testing::{self, Half};
use maps_sdk::{Context, Kind, Lookup, Progress, Resource};
use serde_json::json;

use crate::{Inputs, Note};

fn inputs() -> Inputs {
    Inputs {
        title: "Groceries".to_owned(),
        text: "Milk".to_owned(),
    }
}

/// Makes the note at a service that answers every call with it.
fn made() -> Resource<Note> {
    testing::http(|call| {
        let note = json!({"id": "n-1", "title": "Groceries", "text": "Milk", "created_at": "2026-01-01T00:00:00Z"});
        let list = call.method == "GET" && call.url.contains('?');
        Ok(testing::json(
            200,
            if list { json!({"notes": [note]}) } else { note },
        ))
    });
    let made = Note.create(&Context::default(), &testing::create(inputs()));
    match made {
        Ok(Progress::Done(note)) => note,
        Ok(Progress::Pending(_)) => panic!("a note is made at once"),
        Err(problem) => panic!("{problem}"),
    }
}

#[test]
fn a_note_is_made_with_a_reference_to_find_it_by() {
    let note = made();
    assert_eq!(
        (note.id.as_str(), note.inputs.text.as_str()),
        ("n-1", "Milk")
    );
    let call = &testing::calls()[0];
    assert_eq!(
        (call.half, call.url.as_str()),
        (Half::Write, "https://api.notes.example/v1/notes")
    );
    assert_eq!(call.body["reference"], testing::TOKEN);
    assert_eq!(call.credential.as_deref(), Some("api"));
}

#[test]
fn a_note_is_found_again() {
    made();
    let found = Note.find(&Context::default(), &testing::find(inputs()));
    assert!(matches!(found, Ok(Lookup::Found(note)) if note.id == "n-1"));
}

#[test]
fn a_note_that_is_gone_is_absent_and_deleted() {
    let note = made();
    testing::http(|_| Ok(testing::json(404, json!({"message": "no such note"}))));
    assert!(matches!(
        Note.read(&Context::default(), &testing::read(&note.id)),
        Ok(None)
    ));
    assert!(matches!(
        Note.delete(&Context::default(), &testing::delete(note)),
        Ok(Progress::Done(()))
    ));
}

#[test]
fn a_title_cannot_be_empty() {
    let problems = testing::check::<Note>(&Inputs {
        title: " ".to_owned(),
        ..inputs()
    });
    assert_eq!(problems[0].code, "empty-title");
}
