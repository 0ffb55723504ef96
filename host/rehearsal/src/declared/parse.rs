//! Reads a declaration.

use std::collections::BTreeMap;
use std::net::IpAddr;

use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value};

use super::model::{
    By, Collection, Computed, Creation, Credential, Declaration, Id, Like, Paging, Recorded, ServiceModel, Shown,
    States, Statuses, is_first_party,
};
use super::path::Template;
use super::pointer::Pointer;
use super::read::{DeclarationFaults, Reader, under};
use super::{COLLECTIONS, DECLARATION_BYTES, POINTERS, RECORDED, SERVICES};

/// The longest that a state may last: a day of virtual time.
const AFTER_MS: u64 = 24 * 3_600_000;
/// The most that a page may hold.
const PAGE: u64 = 1_000;

type Fields = Map<String, Value>;

impl Declaration {
    /// Reads what a plugin declares. `named` says whether the plugin's own rules name a host: no
    /// other may be played.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its path.
    pub fn parse(plugin: &str, json: &Value, named: &dyn Fn(&str) -> bool) -> Result<Self, DeclarationFaults> {
        let mut reader = Reader::default();
        let services = read(&mut reader, json, named);
        let services = reader.finish(services)?;
        Ok(Self { plugin: plugin.to_owned(), services })
    }
}

fn read(reader: &mut Reader, json: &Value, named: &dyn Fn(&str) -> bool) -> Option<Vec<ServiceModel>> {
    let bytes = json.to_string().len();
    if bytes > DECLARATION_BYTES {
        reader.fault("", format!("it has {bytes} bytes as JSON, more than the limit of {DECLARATION_BYTES}"));
        return None;
    }
    let fields = reader.object("", json, &["maps", "services"])?;
    match reader.required("", fields, "maps").as_deref() {
        Some("v1") | None => {}
        Some(other) => reader.fault_with_help("maps", format!("version `{other}` is not known"), "maps: v1"),
    }
    if fields.get("services").is_none_or(|services| services.as_array().is_some_and(Vec::is_empty)) {
        reader.fault("services", "it plays no service; leave the file out, or declare one");
    }
    let mut services: Vec<ServiceModel> = Vec::new();
    for (path, json) in reader.list("", fields, "services", SERVICES) {
        let Some(service) = read_service(reader, &path, json, named) else { continue };
        if services.iter().any(|earlier| earlier.host == service.host) {
            reader.fault(&under(&path, "host"), format!("{} is played by an earlier service", service.host));
        }
        services.push(service);
    }
    Some(services)
}

const SERVICE: [&str; 5] = ["host", "credential", "error", "collections", "recorded"];

fn read_service(reader: &mut Reader, path: &str, json: &Value, named: &dyn Fn(&str) -> bool) -> Option<ServiceModel> {
    let fields = reader.object(path, json, &SERVICE)?;
    let host = reader.required(path, fields, "host");
    if let Some(why) = host.as_deref().and_then(|host| refused(host, named)) {
        reader.fault(&under(path, "host"), why);
    }
    let credential =
        fields.get("credential").and_then(|json| read_credential(reader, &under(path, "credential"), json));
    let (error_code, error_message) = read_error(reader, path, fields);
    let mut collections: Vec<Collection> = Vec::new();
    for (path, json) in reader.list(path, fields, "collections", COLLECTIONS) {
        let Some(collection) = read_collection(reader, &path, json) else { continue };
        if collections.iter().any(|earlier| earlier.path.same_as(&collection.path)) {
            reader.fault(&under(&path, "path"), "an earlier collection has this path");
        }
        if let Some(missing) =
            collection.path.parents().find(|parent| !collections.iter().any(|earlier| earlier.path.same_as(parent)))
        {
            let help = "a placeholder names an object of a collection that is declared before this one";
            reader.fault_with_help(&under(&path, "path"), format!("there is no collection {missing}"), help);
        }
        collections.push(collection);
    }
    let recorded = reader.list(path, fields, "recorded", RECORDED);
    let recorded = recorded.into_iter().filter_map(|(path, json)| read_recorded(reader, &path, json)).collect();
    // The most exact first: a literal segment before a placeholder in its place.
    collections.sort_by_key(|collection| collection.path.placeholders());
    Some(ServiceModel { host: host?, credential, error_code, error_message, collections, recorded })
}

/// Why a host is not one that a plugin may play.
fn refused(host: &str, named: &dyn Fn(&str) -> bool) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(plain) && !label.starts_with('-');
    let labels: Vec<&str> = host.split('.').collect();
    let last_is_number = labels.last().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    if host.parse::<IpAddr>().is_ok() || last_is_number || host.contains(':') {
        return Some(format!("{host} is an address, and a service is known by its name"));
    }
    if labels.last() == Some(&"localhost") {
        return Some(format!("{host} is this machine itself"));
    }
    if labels.len() < 2 || !labels.into_iter().all(label) {
        return Some(format!("{host} is no host name in lower case, without port and wildcard"));
    }
    if is_first_party(host) {
        return Some(format!("{host} is played by maps itself"));
    }
    (!named(host)).then(|| format!("no http rule of plugin.yaml names {host}"))
}

fn read_credential(reader: &mut Reader, path: &str, json: &Value) -> Option<Credential> {
    let fields = reader.object(path, json, &["type", "header"])?;
    let word = reader.required(path, fields, "type")?;
    let words = ["bearer", "basic", "header"].map(|word| (word, word));
    let word = reader.choice(&under(path, "type"), &word, &words)?;
    let header = reader.optional(path, fields, "header");
    match (word, header) {
        ("header", Some(header)) => {
            let known = HeaderName::try_from(header.to_ascii_lowercase());
            if known.is_err() {
                reader.fault(&under(path, "header"), "it is no header's name");
            }
            known.ok().map(|name| Credential::Header(name.as_str().to_owned()))
        }
        ("header", None) => {
            reader.fault(path, "`header` is missing: the name of the header that carries it");
            None
        }
        (_, Some(_)) => {
            reader.fault(&under(path, "header"), "only a credential of type `header` has one");
            None
        }
        ("basic", None) => Some(Credential::Basic),
        (_, None) => Some(Credential::Bearer),
    }
}

fn read_error(reader: &mut Reader, path: &str, fields: &Fields) -> (Pointer, Pointer) {
    let (mut code, mut message) = (Pointer::member("code"), Pointer::member("message"));
    let path = under(path, "error");
    if let Some(fields) = fields.get("error").and_then(|json| reader.object(&path, json, &["code", "message"])) {
        for (key, place) in [("code", &mut code), ("message", &mut message)] {
            if let Some(pointer) = optional_pointer(reader, &path, fields, key) {
                *place = pointer;
            }
        }
    }
    (code, message)
}

const COLLECTION: [&str; 15] = [
    "path", "id", "create", "unique", "required", "fixed", "hidden", "defaults", "computed", "secret", "filters",
    "wrap", "paging", "states", "status",
];

fn read_collection(reader: &mut Reader, path: &str, json: &Value) -> Option<Collection> {
    let fields = reader.object(path, json, &COLLECTION)?;
    let template = read_path(reader, path, fields);
    let creation = match reader.optional(path, fields, "create") {
        Some(word) => reader
            .choice(&under(path, "create"), &word, &[("post", Creation::Post), ("put", Creation::Put)])
            .unwrap_or(Creation::Post),
        None => Creation::Post,
    };
    let id = read_id(reader, path, fields, creation);
    let computed = [("created", Computed::Created), ("updated", Computed::Updated), ("path", Computed::Path)];
    let shown = [("once", Shown::Once), ("always", Shown::Always)];
    let defaults_path = under(path, "defaults");
    let defaults = fields.get("defaults").and_then(|json| {
        reader.any_object(&defaults_path, json)?;
        reader.any(&defaults_path, json)?.as_object().cloned()
    });
    let wrap = fields.get("wrap").and_then(|json| {
        let path = under(path, "wrap");
        let fields = reader.object(&path, json, &["one", "many"])?;
        Some((reader.optional(&path, fields, "one"), reader.optional(&path, fields, "many")))
    });
    let (wrap_one, wrap_many) = wrap.unwrap_or_default();
    let paging = fields.get("paging").and_then(|json| read_paging(reader, &under(path, "paging"), json));
    let tells = |paging: &Paging| paging.total.is_some() || matches!(paging.by, By::Cursor { .. });
    if wrap_many.is_none() && paging.as_ref().is_some_and(tells) {
        let help = "wrap: {many: notes}";
        reader.fault_with_help(&under(path, "paging"), "a list that is no object has no place for it", help);
    }
    Some(Collection {
        path: template?,
        id: id?,
        creation,
        unique: reader.pointers(path, fields, "unique"),
        required: reader.pointers(path, fields, "required"),
        fixed: reader.pointers(path, fields, "fixed"),
        hidden: reader.pointers(path, fields, "hidden"),
        defaults: defaults.unwrap_or_default(),
        computed: read_words(reader, path, fields, "computed", &computed),
        secrets: read_words(reader, path, fields, "secret", &shown),
        filters: read_filters(reader, path, fields),
        wrap_one,
        wrap_many,
        paging,
        states: fields.get("states").and_then(|json| read_states(reader, &under(path, "states"), json)),
        statuses: read_statuses(reader, path, fields),
    })
}

fn read_path(reader: &mut Reader, path: &str, fields: &Fields) -> Option<Template> {
    let Some(json) = fields.get("path") else {
        reader.fault(path, "`path` is missing");
        return None;
    };
    let path = under(path, "path");
    let Some(text) = json.as_str() else {
        reader.fault(&path, "it must be text: /v1/notes");
        return None;
    };
    Template::parse(text).map_err(|why| reader.fault(&path, why)).ok()
}

fn read_id(reader: &mut Reader, path: &str, fields: &Fields, creation: Creation) -> Option<Id> {
    let empty = Fields::new();
    let path = under(path, "id");
    let fields = match fields.get("id") {
        Some(json) => reader.object(&path, json, &["field", "like", "from"])?,
        None => &empty,
    };
    let field = reader.optional(&path, fields, "field").map(|name| Pointer::member(&name));
    let from = optional_pointer(reader, &path, fields, "from");
    let like = reader.optional(&path, fields, "like").and_then(|word| {
        let words = [("uuid", Like::Uuid), ("number", Like::Number), ("hex", Like::Hex)];
        reader.choice(&under(&path, "like"), &word, &words)
    });
    if creation == Creation::Put {
        for key in ["like", "from"].into_iter().filter(|key| fields.contains_key(*key)) {
            reader.fault(&under(&path, key), "with `create: put` the id is what the path says");
        }
        return Some(Id::Path(field));
    }
    match from {
        Some(from) => {
            for key in ["like", "field"].into_iter().filter(|key| fields.contains_key(*key)) {
                reader.fault(&under(&path, key), "an id that comes `from` a field is told there already");
            }
            Some(Id::From(from))
        }
        None => {
            Some(Id::Made { field: field.unwrap_or_else(|| Pointer::member("id")), like: like.unwrap_or(Like::Uuid) })
        }
    }
}

/// Fields, each with one of a few words.
fn read_words<T: Copy>(
    reader: &mut Reader,
    path: &str,
    fields: &Fields,
    key: &str,
    words: &[(&str, T)],
) -> Vec<(Pointer, T)> {
    let members = reader.members(path, fields, key, POINTERS);
    let read = |(path, name, json): (String, &str, &Value)| {
        let pointer = reader.pointer(&path, name);
        let word = reader.text(&path, json)?;
        Some((pointer?, reader.choice(&path, word, words)?))
    };
    members.into_iter().filter_map(read).collect()
}

fn read_filters(reader: &mut Reader, path: &str, fields: &Fields) -> BTreeMap<String, Pointer> {
    let members = reader.members(path, fields, "filters", POINTERS);
    let read = |(path, name, json): (String, &str, &Value)| {
        let text = reader.text(&path, json)?;
        Some((name.to_owned(), reader.pointer(&path, text)?))
    };
    members.into_iter().filter_map(read).collect()
}

fn read_paging(reader: &mut Reader, path: &str, json: &Value) -> Option<Paging> {
    let fields = reader.object(path, json, &["page", "cursor", "next", "size", "default", "most", "total"])?;
    let next = optional_pointer(reader, path, fields, "next");
    let page = reader.optional(path, fields, "page");
    let by = match (reader.optional(path, fields, "cursor"), next, page) {
        (Some(_), _, Some(_)) => {
            reader.fault(path, "a page is asked for by its number, `page`, or by a `cursor`, not by both");
            return None;
        }
        (Some(parameter), Some(next), None) => By::Cursor { parameter, next },
        (Some(_), None, None) => {
            reader.fault_with_help(path, "`next` is missing: where a page tells the next cursor", "next: /meta/next");
            return None;
        }
        (None, Some(_), _) => {
            reader.fault(&under(path, "next"), "only pages that are asked for by a `cursor` tell the next one");
            return None;
        }
        (None, None, page) => By::Page(page.unwrap_or_else(|| "page".to_owned())),
    };
    let most = reader.number(path, fields, "most", 1..=PAGE, 100);
    let default = reader.number(path, fields, "default", 1..=PAGE, 20.min(most));
    if default > most {
        reader.fault(&under(path, "default"), "it is more than `most`");
    }
    Some(Paging {
        by,
        size: reader.optional(path, fields, "size").unwrap_or_else(|| "per_page".to_owned()),
        default: usize::try_from(default).unwrap_or(usize::MAX),
        most: usize::try_from(most).unwrap_or(usize::MAX),
        total: optional_pointer(reader, path, fields, "total"),
    })
}

fn read_states(reader: &mut Reader, path: &str, json: &Value) -> Option<States> {
    let known = ["field", "ready", "creating", "updating", "deleting", "after"];
    let fields = reader.object(path, json, &known)?;
    let field = reader.required(path, fields, "field");
    let ready = reader.required(path, fields, "ready");
    let after_ms = reader.required(path, fields, "after").and_then(|text| {
        let ms = milliseconds(&text);
        if ms.is_none() {
            reader.fault(&under(path, "after"), "it must be a time of at most a day: 500ms, 30s, 5m, 1h");
        }
        ms
    });
    let [creating, updating, deleting] =
        ["creating", "updating", "deleting"].map(|key| reader.optional(path, fields, key));
    if creating.is_none() && updating.is_none() && deleting.is_none() {
        reader.fault(path, "nothing takes time: name the state `creating`, `updating` or `deleting`");
    }
    let field = Pointer::member(&field?);
    Some(States { field, ready: ready?, creating, updating, deleting, after_ms: after_ms? })
}

fn milliseconds(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit).filter(|ms| *ms <= AFTER_MS)
}

fn read_statuses(reader: &mut Reader, path: &str, fields: &Fields) -> Statuses {
    let mut statuses = Statuses {
        created: StatusCode::CREATED,
        updated: StatusCode::OK,
        deleted: StatusCode::NO_CONTENT,
        invalid: StatusCode::UNPROCESSABLE_ENTITY,
        taken: StatusCode::CONFLICT,
    };
    let path = under(path, "status");
    let known = ["created", "updated", "deleted", "invalid", "taken"];
    let Some(fields) = fields.get("status").and_then(|json| reader.object(&path, json, &known)) else {
        return statuses;
    };
    let Statuses { created, updated, deleted, invalid, taken } = &mut statuses;
    let places =
        [(created, 200..=299), (updated, 200..=299), (deleted, 200..=299), (invalid, 400..=499), (taken, 400..=499)];
    for (key, (place, range)) in known.into_iter().zip(places) {
        *place = status(reader, &path, fields, key, range, *place);
    }
    statuses
}

fn status(
    reader: &mut Reader,
    path: &str,
    fields: &Fields,
    key: &str,
    range: std::ops::RangeInclusive<u64>,
    otherwise: StatusCode,
) -> StatusCode {
    let number = reader.number(path, fields, key, range, u64::from(otherwise.as_u16()));
    u16::try_from(number).ok().and_then(|number| StatusCode::from_u16(number).ok()).unwrap_or(otherwise)
}

const METHODS: [(&str, Method); 5] = [
    ("GET", Method::GET),
    ("POST", Method::POST),
    ("PUT", Method::PUT),
    ("PATCH", Method::PATCH),
    ("DELETE", Method::DELETE),
];

fn read_recorded(reader: &mut Reader, path: &str, json: &Value) -> Option<Recorded> {
    let fields = reader.object(path, json, &["method", "path", "query", "status", "headers", "body"])?;
    let template = read_path(reader, path, fields);
    let method = reader.optional(path, fields, "method").unwrap_or_else(|| "GET".to_owned());
    let known = METHODS.iter().find(|(name, _)| *name == method).map(|(_, method)| method.clone());
    if known.is_none() {
        let all = METHODS.map(|(name, _)| name).join(", ");
        reader.fault(&under(path, "method"), format!("`{method}` is none of {all}"));
    }
    let query = reader
        .members(path, fields, "query", POINTERS)
        .into_iter()
        .filter_map(|(path, name, json)| reader.text(&path, json).map(|value| (name.to_owned(), value.to_owned())));
    let query = query.collect();
    let body = fields.get("body").map(|json| reader.any(&under(path, "body"), json));
    Some(Recorded {
        method: known?,
        path: template?,
        query,
        status: status(reader, path, fields, "status", 200..=599, StatusCode::OK),
        headers: read_headers(reader, path, fields),
        body: match body {
            Some(body) => Some(body?),
            None => None,
        },
    })
}

/// Headers that belong to the connection, and not to what is answered.
const FRAMING: [&str; 6] = ["connection", "content-length", "keep-alive", "te", "transfer-encoding", "upgrade"];

fn read_headers(reader: &mut Reader, path: &str, fields: &Fields) -> Vec<(HeaderName, HeaderValue)> {
    let members = reader.members(path, fields, "headers", POINTERS);
    let read = |(path, name, json): (String, &str, &Value)| {
        let text = reader.text(&path, json)?;
        match (HeaderName::try_from(name.to_ascii_lowercase()), HeaderValue::try_from(text)) {
            (Ok(name), Ok(value)) if !FRAMING.contains(&name.as_str()) => Some((name, value)),
            _ => {
                reader.fault(&path, "it is no header that an answer can have");
                None
            }
        }
    };
    members.into_iter().filter_map(read).collect()
}

fn optional_pointer(reader: &mut Reader, path: &str, fields: &Fields, key: &str) -> Option<Pointer> {
    let text = reader.optional(path, fields, key)?;
    reader.pointer(&under(path, key), &text)
}
