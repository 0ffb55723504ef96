//! Facts of Helm 4.1.4's `helm template`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::chart::{Chart, load_folder};
use crate::format;

fn printed(values: &Map) -> String {
    String::from_utf8(format::print(&values.clone().into()).unwrap()).unwrap()
}

fn merged(overrides: Vec<Override>) -> Result<String, String> {
    let read = |path: &str| match path {
        "f.txt" => Ok(b"content\n".to_vec()),
        path => Err(format!("open {path}: no such file or directory")),
    };
    Overrides(overrides).merge(&read).map(|values| printed(&values)).map_err(|error| error.to_string())
}

#[test]
fn expressions_set_values() {
    let conversion = "unable to parse key: interface conversion: interface {} is";
    let index = "error parsing index: strconv.Atoi: parsing";
    let dots = "a.".repeat(31);
    for (text, values) in [
        ("a=TRUE,b=False,c=NULL,d=0,e=00,f=-0,g=+5", Ok("map[a:true b:false c:<nil> d:0 e:00 f:0 g:5]".to_owned())),
        (
            "h=0x1,i=1e3,j=9223372036854775808,k=1_000,l=1.50",
            Ok("map[h:0x1 i:1e3 j:9223372036854775808 k:1_000 l:1.50]".to_owned()),
        ),
        ("a=falſe", Ok("map[a:false]".to_owned())),
        ("a.b.c=1,a.b.d=2", Ok("map[a:map[b:map[c:1 d:2]]]".to_owned())),
        ("l[2].x=1,l[0]=a,l[2].y=3", Ok("map[l:[a <nil> map[x:1 y:3]]]".to_owned())),
        ("l[1]=9", Ok("map[l:[<nil> 9]]".to_owned())),
        ("a[0][1]=1", Ok("map[a:[[<nil> 1]]]".to_owned())),
        ("a[1]=x,a[0].b=1", Ok("map[a:[map[b:1] x]]".to_owned())),
        ("a[0]={1,2},b={1,true,x},c={}", Ok("map[a:[[1 2]] b:[1 true x] c:[]]".to_owned())),
        ("a={1}x=2", Ok("map[a:[1] x:2]".to_owned())),
        ("a\\.b=1\\,2", Ok("map[a.b:1,2]".to_owned())),
        ("a=b=c,d=[1],e=", Ok("map[a:b=c d:[1] e:]".to_owned())),
        ("a=b\\", Ok("map[a:b]".to_owned())),
        ("=1", Ok("map[]".to_owned())),
        (".a=1", Ok("map[]".to_owned())),
        ("a[1", Ok("map[]".to_owned())),
        ("a[1]", Ok("map[a:[]]".to_owned())),
        ("a[0].", Ok("map[a:[]]".to_owned())),
        ("a[0][0", Ok("map[a:[]]".to_owned())),
        ("a[+1]=1", Ok("map[a:[<nil> 1]]".to_owned())),
        ("a", Err("key \"a\" has no value".to_owned())),
        ("a\\", Err("key \"a\" has no value".to_owned())),
        ("a.b", Err("key \"b\" has no value".to_owned())),
        ("a,b=1", Err("key \"a\" has no value (cannot end with ,)".to_owned())),
        ("a=1,,b=2", Err("key \"\" has no value (cannot end with ,)".to_owned())),
        ("a.=1", Err("key map \"a\" has no value".to_owned())),
        ("a={1,2", Err("list must terminate with '}'".to_owned())),
        ("a={a,{b}}", Err("key \"}\" has no value".to_owned())),
        ("a[x]=1", Err(format!("{index} \"x\": invalid syntax"))),
        ("a[]=1", Err(format!("{index} \"\": invalid syntax"))),
        ("a[99999999999999999999]=1", Err(format!("{index} \"99999999999999999999\": value out of range"))),
        ("a[-1]=1", Err("negative -1 index not allowed".to_owned())),
        ("a[65537]=1", Err("index of 65537 is greater than maximum supported index of 65536".to_owned())),
        ("a[0]b=1", Err("unexpected data at end of array index: ['b']".to_owned())),
        ("a=1,a[0]=2", Err(format!("{conversion} int64, not []interface {{}}"))),
        ("a=null,a.b=2", Err(format!("{conversion} nil, not map[string]interface {{}}"))),
        ("a[0].b=1,a[0][0]=1", Err(format!("{conversion} map[string]interface {{}}, not []interface {{}}"))),
        (&dots, Err("value name nested level is greater than maximum supported nested level of 30".to_owned())),
    ] {
        let values = values.map_err(|error| format!("failed parsing --set data: {error}"));
        assert_eq!(merged(vec![Override::Set(text.to_owned())]), values, "{text}");
    }
}

#[test]
fn expressions_without_end_are_refused() {
    let lists = format!("a{}=1", "[0]".repeat(100_000));
    let wide: String = (0..200).map(|name| format!("k{name}[65536]=1,")).collect();
    for text in [lists, wide] {
        assert!(merged(vec![Override::Set(text)]).is_err());
    }
}

#[test]
fn json_sets_values() {
    for (text, values) in [
        ("a=1,b=\"x,y\",c={\"d\":[1,2]},e=true", Ok("map[a:1 b:x,y c:map[d:[1 2]] e:true]")),
        ("a=1b=2", Ok("map[a:1 b:2]")),
        ("a=1-2=3", Ok("map[-2:3 a:1]")),
        ("a= ,b=1", Ok("map[a:<nil> b:1]")),
        ("a[1]={\"x\":1},a[0]=2", Ok("map[a:[2 map[x:1]]]")),
        ("a[1]=,b=1", Ok("map[a:[<nil> <nil>] b:1]")),
        ("a={\"b\":1} , c=2", Ok("map[ c:2 a:map[b:1]]")),
        ("a=1.5e3,b=12345678901234567890", Ok("map[a:1500 b:1.2345678901234567e+19]")),
        (" {\"a\":1.50}", Ok("map[a:1.5]")),
        ("{\"a\":null}", Ok("map[a:<nil>]")),
        ("[1]", Ok("map[]")),
        ("", Ok("map[]")),
        ("a=1 2", Err("failed parsing --set-json data a=1 2")),
        ("a=nul", Err("failed parsing --set-json data a=nul")),
        ("a=[1", Err("failed parsing --set-json data a=[1")),
        ("a", Err("failed parsing --set-json data a")),
        ("{\"a\":1} x", Err("failed parsing --set-json data JSON: {\"a\":1} x")),
        (" {\"a\":} ", Err("failed parsing --set-json data JSON:  {\"a\":} ")),
    ] {
        let set = vec![Override::SetJson(text.to_owned())];
        assert_eq!(merged(set), values.map(str::to_owned).map_err(str::to_owned), "{text}");
    }
}

#[test]
fn texts_and_files_set_values() {
    let text = |text: &str| merged(vec![Override::SetString(text.to_owned())]).unwrap();
    assert_eq!(text("a=1,b={1,true},c=null,d[0]=2"), "map[a:1 b:[1 true] c:null d:[2]]");
    let literal = |text: &str| merged(vec![Override::SetLiteral(text.to_owned())]);
    assert_eq!(literal("a=1,b={1}").unwrap(), "map[a:1,b={1}]");
    assert_eq!(literal("a.b[0]=x\\,y").unwrap(), "map[a:map[b:[x\\,y]]]");
    assert_eq!(literal("a=").unwrap(), "map[a:]");
    assert_eq!(literal("a").unwrap_err(), "failed parsing --set-literal data: key \"a\" has no value");
    let file = |text: &str| merged(vec![Override::SetFile(text.to_owned())]);
    assert_eq!(file("a={f.txt,f.txt},b=f.txt,c=").unwrap(), "map[a:[content\n content\n] b:content\n c:]");
    assert_eq!(file("a=no").unwrap_err(), "failed parsing --set-file data: open no: no such file or directory");
}

#[test]
fn kinds_of_overrides_have_an_order() {
    let file = |content: &str| Override::File("v.yaml".to_owned(), content.as_bytes().to_vec());
    let values = merged(vec![
        Override::SetLiteral("e=5".to_owned()),
        Override::SetFile("d=f.txt,e=f.txt".to_owned()),
        Override::SetString("c=3,d=3".to_owned()),
        Override::Set("b=2,c=2".to_owned()),
        Override::SetJson("{\"a\":{\"j\":1},\"b\":1}".to_owned()),
        file("a: {x: 1}\n---\na: {y: 2}\n"),
        file("a: {z: null}\nb: 0"),
    ]);
    assert_eq!(values.unwrap(), "map[a:map[j:1 true:2 x:1 z:<nil>] b:2 c:3 d:content\n e:5]");
    let told = merged(vec![file("[1]")]).unwrap_err();
    assert!(told.starts_with("failed to parse v.yaml: cannot unmarshal yaml document: "), "{told}");
}

/// A chart with charts within: paths of their folders, values.
fn chart(description: &str, values: &str, within: &[(&str, &str, &str)]) -> Chart {
    let mut files = vec![
        ("Chart.yaml".to_owned(), format!("apiVersion: v2\nname: x\nversion: 1.0.0\n{description}").into_bytes()),
        ("values.yaml".to_owned(), values.as_bytes().to_vec()),
    ];
    for (path, description, values) in within {
        let name = path.rsplit('/').next().unwrap();
        let description = format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n{description}");
        files.push((format!("{path}/Chart.yaml"), description.into_bytes()));
        files.push((format!("{path}/values.yaml"), values.as_bytes().to_vec()));
    }
    load_folder(files, &mut Vec::new()).unwrap()
}

/// What templates see, and what is told.
fn rendered(mut chart: Chart, set: &str) -> Result<(String, Vec<String>), String> {
    let values = Overrides(vec![Override::Set(set.to_owned())]).merge(&|_| Err(String::new())).unwrap();
    let mut warnings = Vec::new();
    let values = process_dependencies(&mut chart, &values, &mut warnings)
        .and_then(|()| to_render(&chart, &values, false, &mut warnings))
        .map_err(|error| error.to_string())?;
    Ok((printed(&values), warnings.iter().map(ToString::to_string).collect()))
}

#[test]
fn nulls_delete_and_stay_as_in_helm() {
    let values = "a: 1\nfoo: 3\ne: null\nnested: {x: null, z: 1}\n\
                  sub: {p: null, q: {r: null}, t: null, u: {z: 1}}\n";
    let within = [("charts/sub", "", "p: 1\nq: {r: 5, s: null}\nt: {x: 1}\nk: null\nm: {e: null, o: 1}\nu: 5\n")];
    let told = "warning: skipped value for x.sub.u: Not a table.";

    let (printed, warnings) = rendered(chart("", values, &within), "nested.z=null").unwrap();
    assert_eq!(
        printed,
        "map[a:1 e:<nil> foo:3 nested:map[x:<nil>] \
         sub:map[global:map[] k:<nil> m:map[e:<nil> o:1] q:map[s:<nil>] u:map[z:1]]]"
    );
    assert_eq!(warnings, [told]);

    let dependency = "dependencies: [{name: sub, version: 0.1.0, condition: 'sub.on,foo'}]\n";
    let (printed, warnings) = rendered(chart(dependency, values, &within), "a=null").unwrap();
    assert_eq!(
        printed,
        "map[e:<nil> foo:3 nested:map[x:<nil> z:1] sub:map[global:map[] m:map[e:<nil> o:1] q:map[s:<nil>] u:map[z:1]]]"
    );
    assert_eq!(warnings, [told, "returned non-bool value path=foo chart=sub", told, told]);
}
