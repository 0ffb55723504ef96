//! What a guest may read of the stack's folder: what the rules' patterns name, wherever links lead.

use std::fs;
use std::os::unix::fs::symlink;

use maps_engine::Class;
use serde_json::json;

use crate::world::World;

/// A world whose folder has notes, something private beside them, and links in both directions.
fn world() -> World {
    let world = World::new();
    let folder = world.dir.path().join("folder");
    for dir in ["notes/deep", "links", "private", ".maps"] {
        fs::create_dir_all(folder.join(dir)).unwrap();
    }
    for (path, text) in [
        ("notes/a.txt", "a"),
        ("notes/deep/b.txt", "b"),
        ("private/key", "private"),
        (".maps/key", "the key of the state"),
        ("../outside", "outside"),
    ] {
        fs::write(folder.join(path), text).unwrap();
    }
    for (link, to) in [
        ("notes/deep/up", "../a.txt"),
        ("notes/secret", "../private/key"),
        ("notes/state", "../.maps/key"),
        ("notes/out", "../../outside"),
        ("notes/etc", "/etc/passwd"),
        ("notes/round", "round"),
        ("notes/deep/above", ".."),
        ("notes/folder", "../private"),
    ] {
        symlink(to, folder.join(link)).unwrap();
    }
    fs::hard_link(folder.join("../outside"), folder.join("notes/hard")).unwrap();
    world
}

#[tokio::test]
async fn rt36_a_path_that_leads_elsewhere_is_refused() {
    let world = world();
    for path in [
        "notes/../private/key",
        "../outside",
        "/etc/passwd",
        "notes/a.txt/",
        "notes//a.txt",
        "./notes/a.txt",
        "notes\\a.txt",
        "",
    ] {
        let problem =
            world.refused("read", &json!({"act": "read-file", "text": path}), &["one"], "files-path", None).await;
        assert!(problem.message.contains("no path below the stack's folder"), "{problem:?}");
    }
    for (path, code, rule) in [
        ("private/key", "files-no-rule", None),
        (".maps/key", "files-never", None),
        ("notes/.MAPS/key", "files-never", None),
    ] {
        world.refused("create", &json!({"act": "read-file", "text": path}), &["one"], code, rule).await;
    }
    for pattern in ["**", "private/*", ".maps/**", "../**"] {
        let code = match pattern {
            "../**" => "files-path",
            ".maps/**" => "files-never",
            _ => "files-no-rule",
        };
        world.refused("read", &json!({"act": "list-files", "text": pattern}), &["one"], code, None).await;
    }
}

#[tokio::test]
async fn rt36_a_link_is_followed_only_to_what_the_rules_allow() {
    let world = world();
    for (path, code) in [
        ("notes/secret", "files-link"),
        ("notes/state", "files-link"),
        ("notes/folder/key", "files-link"),
        ("notes/out", "files-outside"),
        ("notes/etc", "files-outside"),
        ("notes/round", "files-loop"),
        ("notes/hard", "files-hard-link"),
    ] {
        let answers = world.call("read", &json!({"act": "read-file", "text": path}), &["one"]).await.unwrap();
        let problem = answers.into_iter().next().unwrap().unwrap_err();
        assert_eq!((problem.class, problem.code.as_str()), (Class::Denied, code), "{path}: {problem:?}");
        let log = world.log().await;
        let line = log.iter().rfind(|line| line["interface"] == "files-read").unwrap();
        assert_eq!([&line["outcome"], &line["code"], &line["rule"]], ["denied", code, "read-notes"], "{line}");
        assert!(line["summary"].as_str().unwrap().contains(path), "{line}");
    }
    world.serves_the_next_call().await;
}

#[tokio::test]
async fn rt36_what_the_rules_name_is_read_and_recorded() {
    let world = world();
    for (act, text, said) in [
        ("read-file", "notes/a.txt", "a"),
        ("read-file", "notes/deep/up", "a"),
        ("list-files", "notes/**", "notes/a.txt notes/deep/b.txt notes/deep/up notes/hard"),
        ("list-files", "notes/*", "notes/a.txt notes/hard"),
        ("list-files", "notes/nothing/**", ""),
    ] {
        let answers = world.call("preview", &json!({"act": act, "text": text}), &["one"]).await.unwrap();
        let problem = answers.into_iter().next().unwrap().unwrap_err();
        assert_eq!((problem.code.as_str(), problem.message.as_str()), ("not-refused", said), "{text}");
        let log = world.log().await;
        let line = log.last().unwrap();
        let facts = [&line["interface"], &line["outcome"], &line["rule"], &line["phase"]];
        assert_eq!(facts, ["files-read", "answered", "read-notes", "read"], "{line}");
        assert!(line["summary"].as_str().unwrap().contains(text), "{line}");
    }
    let absent = world.call("read", &json!({"act": "read-file", "text": "notes/none"}), &["one"]).await.unwrap();
    assert_eq!(absent[0].as_ref().unwrap_err().class, Class::NotFound);
    let pure = json!({"act": "read-file", "text": "notes/a.txt"});
    world.refused("check", &pure, &["one"], "access-in-pure-call", None).await;
}

#[tokio::test]
async fn rt36_a_grant_narrows_what_may_be_read() {
    let narrow = json!({"log": {}, "random": {}, "files": [{"id": "read-notes", "patterns": ["notes/a.*"]}], "http": [{"id": "create-thing"}]});
    let world = World::granting(Some(&narrow));
    let folder = world.dir.path().join("folder/notes");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a.txt"), "a").unwrap();
    fs::write(folder.join("b.txt"), "b").unwrap();
    let read = |path: &str| json!({"act": "read-file", "text": path});
    let answers = world.call("read", &read("notes/a.txt"), &["one"]).await.unwrap();
    assert_eq!(answers[0].as_ref().unwrap_err().code, "not-refused");
    world.refused("read", &read("notes/b.txt"), &["one"], "files-not-granted", Some("read-notes")).await;
}
