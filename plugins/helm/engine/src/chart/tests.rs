//! Facts of Helm 4.1.4's `helm template`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const CHART: &str = "apiVersion: v2\nname: x\nversion: 1.0.0\n";

/// A header and content of a tar, with the flag of its kind.
fn entry(name: &str, flag: u8, content: &[u8]) -> Vec<u8> {
    let mut header = vec![0_u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..107].copy_from_slice(b"0000644");
    header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    header[156] = flag;
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header.extend_from_slice(content);
    header.resize(header.len().next_multiple_of(512), 0);
    header
}

fn tar(entries: &[(&str, u8, &[u8])]) -> Vec<u8> {
    let mut tar: Vec<u8> = entries.iter().flat_map(|(name, flag, content)| entry(name, *flag, content)).collect();
    tar.resize(tar.len() + 1024, 0);
    tar
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn archive(entries: &[(&str, u8, &[u8])]) -> Vec<u8> {
    gzip(&tar(entries))
}

fn load(archive: &[u8]) -> Result<Chart, String> {
    load_archive(archive, &mut Vec::new()).map_err(|error| error.to_string())
}

fn folder(files: &[(&str, &str)]) -> Result<Chart, String> {
    let files = files.iter().map(|(name, content)| ((*name).to_owned(), content.as_bytes().to_vec()));
    load_folder(files, &mut Vec::new()).map_err(|error| error.to_string())
}

fn names(files: &[File]) -> Vec<&str> {
    files.iter().map(|file| file.name.as_str()).collect()
}

#[test]
fn an_archive_is_unpacked() {
    let long = format!("x/files/{}/{}", "a".repeat(120), "b".repeat(120));
    let record = format!("x/pax/{}", "c".repeat(150));
    let pax = format!("{} path={record}\n", record.len() + 10);
    let chart = load(&archive(&[
        ("x/", b'5', b""),
        ("x/templates/a.yaml", b'0', b"\xef\xbb\xbfa: 1"),
        ("pax_global_header", b'g', b"30 comment=0123456789abcdef01\n"),
        ("x/Chart.yaml", b'0', CHART.as_bytes()),
        ("x\\templates\\b.yaml", 0, b"b"),
        ("././@LongLink", b'L', long.as_bytes()),
        ("x/files/cut", b'0', b"long"),
        ("PaxHeaders/x", b'x', pax.as_bytes()),
        ("x/pax/cut", b'0', b"pax"),
        ("x/a//b/./../c", b'0', b"clean"),
        ("x/crds/a.YAML", b'0', b"crd"),
    ]))
    .unwrap();
    assert_eq!(names(&chart.templates), ["templates/a.yaml", "templates/b.yaml"]);
    assert_eq!(&**chart.templates[0].data, b"a: 1");
    assert_eq!(names(&chart.files), [&long[2..], &record[2..], "a/c", "crds/a.YAML"]);
    let found: Vec<_> = chart.custom_resources().into_iter().map(|found| found.path).collect();
    assert_eq!(found, ["x/crds/a.YAML"]);
}

#[test]
fn what_no_chart_should_hold_is_refused() {
    let chart = ("x/Chart.yaml", b'0', CHART.as_bytes());
    let big = vec![0; 5 * 1024 * 1024 + 1];
    for (entry, message) in [
        (("x//etc/passwd", b'0', &b"x"[..]), "chart illegally contains absolute paths"),
        (("x/../../passwd", b'0', b"x"), "chart illegally references parent directory"),
        (("x/..foo", b'0', b"x"), "chart illegally references parent directory"),
        (("foo", b'0', b"x"), "chart illegally contains content outside the base directory: \"foo\""),
        (("x/c:/b.yaml", b'0', b"x"), "chart contains illegally named files"),
        (("Chart.yaml/x", b'0', b"x"), "chart yaml not in base directory"),
        (("x/link", b'2', b""), "\"link\" is a link or device, not a file"),
        (("x/hard", b'1', b""), "\"hard\" is a link or device, not a file"),
        (("x/device", b'3', b""), "\"device\" is a link or device, not a file"),
        (("x/sparse", b'S', b""), "the archive holds sparse files, which charts have no use for"),
        (("x/a\nb", b'0', b""), "\"x/a\\nb\" holds control characters"),
        (("x/Chart.yaml", b'0', b"name: y"), "the archive holds \"Chart.yaml\" twice, and not alike"),
        (("x/big", b'0', &big), "chart file \"big\" is larger than the maximum file size 5242880"),
    ] {
        let told = load(&archive(&[chart, entry])).unwrap_err();
        assert_eq!(told, format!("unable to load chart archive: {message}"));
    }
    // Twice the same is no choice.
    assert!(load(&archive(&[chart, chart])).is_ok());
    let file = vec![0; 5 * 1024 * 1024];
    let entries: Vec<_> = (0..21).map(|_| ("x/file", b'0', file.as_slice())).collect();
    let told = load(&archive(&entries)).unwrap_err();
    assert_eq!(told, "unable to load chart archive: decompressed chart is larger than the maximum size 104857600");
}

#[test]
fn what_is_no_archive_is_refused() {
    let whole = tar(&[("x/Chart.yaml", b'0', CHART.as_bytes())]);
    let mut wrong = whole.clone();
    wrong[5] ^= 1;
    for (archive, message) in [
        (b"hello".to_vec(), "the chart does not appear to be a gzipped archive"),
        (gzip(b"hello"), "unexpected EOF"),
        (gzip(&[7; 1024]), "archive/tar: invalid tar header"),
        (gzip(&wrong), "archive/tar: invalid tar header"),
        (gzip(&whole[..520]), "unexpected EOF"),
        (gzip(&[0; 1024]), "no files in chart archive"),
    ] {
        assert_eq!(load(&archive).unwrap_err(), format!("unable to load chart archive: {message}"));
    }
    // Many packers leave out the end.
    assert!(load(&gzip(&whole[..600])).is_ok());
    assert!(load(&gzip(&whole[..1024])).is_ok());
}

#[test]
fn hostile_archives_do_not_end_in_a_panic() {
    let whole = tar(&[
        ("x/Chart.yaml", b'0', CHART.as_bytes()),
        ("PaxHeaders/x", b'x', b"20 path=x/some/file\n"),
        ("x/cut", b'0', b"pax"),
    ]);
    for at in (0..whole.len()).filter(|at| whole[*at] != 0 || at % 7 == 0) {
        for byte in [0, b'7', 0xff] {
            let mut changed = whole.clone();
            changed[at] = byte;
            let sum = |header: &[u8]| header.iter().map(|byte| u32::from(*byte)).sum::<u32>();
            // Only what has a right sum gets beyond it.
            let start = at / 512 * 512;
            if at % 512 < 148 || at % 512 > 155 {
                let header = &mut changed[start..start + 512];
                header[148..156].fill(b' ');
                let text = format!("{:06o}\0", sum(header));
                header[148..155].copy_from_slice(text.as_bytes());
            }
            drop(load(&gzip(&changed)));
        }
    }
}

#[test]
fn charts_within_are_loaded() {
    let sub = CHART.replace("name: x", "name: sub");
    let packed = archive(&[
        ("p/Chart.yaml", b'0', CHART.replace("name: x", "name: packed").as_bytes()),
        ("p/values.yaml", b'0', b"a: 1"),
    ]);
    let chart = load(&archive(&[
        ("x/Chart.yaml", b'0', CHART.as_bytes()),
        ("x/charts/sub/Chart.yaml", b'0', sub.as_bytes()),
        ("x/charts/sub/charts/deep/Chart.yaml", b'0', sub.as_bytes()),
        ("x/charts/packed-1.tgz", b'0', &packed),
        ("x/charts/packed-1.tgz.prov", b'0', b"provenance"),
        ("x/charts/_ignored/Chart.yaml", b'0', b"nonsense"),
        ("x/charts/.ignored", b'0', b"nonsense"),
    ]))
    .unwrap();
    let within: Vec<_> = chart.dependencies.iter().map(Chart::name).collect();
    assert_eq!(within, ["packed", "sub"]);
    assert_eq!(chart.dependencies[1].dependencies.len(), 1);
    assert_eq!(chart.dependencies[0].values.len(), 1);
    assert_eq!(names(&chart.files), ["charts/packed-1.tgz.prov"]);

    for (file, content, message) in [
        ("x/charts/README.md", &b""[..], "error unpacking subchart README.md in x: Chart.yaml file is missing"),
        ("x/charts/sub/values.yaml", b"", "error unpacking subchart sub in x: Chart.yaml file is missing"),
        ("x/charts/a.tgz/b", b"", "error unpacking subchart a.tgz in x: expected a.tgz, got a.tgz/b"),
        (
            "x/charts/a.tgz",
            b"hello",
            "error unpacking subchart a.tgz in x: unable to load chart archive: the chart does not appear to be a gzipped \
             archive",
        ),
    ] {
        let told = load(&archive(&[("x/Chart.yaml", b'0', CHART.as_bytes()), (file, b'0', content)])).unwrap_err();
        assert_eq!(told, message);
    }
    let deep = format!("x/{}", "charts/a/".repeat(25));
    let told = folder(&[("Chart.yaml", CHART), (&deep[2..deep.len() - 1], "")]).unwrap_err();
    assert!(told.ends_with("Chart.yaml file is missing"), "{told}");
}

#[test]
fn nesting_without_end_is_refused() {
    let mut packed = archive(&[("x/Chart.yaml", b'0', CHART.as_bytes())]);
    for _ in 0..=MAX_DEPTH {
        packed = archive(&[("x/Chart.yaml", b'0', CHART.as_bytes()), ("x/charts/a.tgz", b'0', &packed)]);
    }
    let told = load(&packed).unwrap_err();
    assert!(told.ends_with("charts are nested deeper than the maximum of 20"), "{told}");
}

#[test]
fn descriptions_are_judged_as_helm_does() {
    let json = "cannot load Chart.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal";
    for (text, message) in [
        ("", "validation: chart.metadata.name is required"),
        ("apiVersion: v4", "unsupported chart version"),
        ("apiVersion: 2", "unsupported chart version"),
        ("apiVersion: v3", "invalid chart apiVersion"),
        ("apiVersion: [1]", &format!("{json} array into Go struct field chartBase.apiVersion of type string")),
        ("[1]", &format!("{json} array into Go value of type loader.chartBase")),
        ("foo", &format!("{json} string into Go value of type loader.chartBase")),
        ("version: 1", "validation: chart.metadata.name is required"),
        ("name: x", "validation: chart.metadata.version is required"),
        ("name: x\nversion: bad", "validation: chart.metadata.version \"bad\" is invalid"),
        ("name: a/b\nversion: 1", "validation: chart.metadata.name \"a/b\" is invalid"),
        ("name: ..\nversion: 1", "validation: chart.metadata.name \"..\" is not allowed"),
        ("name: x\nversion: 1\ntype: foo", "validation: chart.metadata.type must be application or library"),
        ("name: [x]", &format!("{json} array into Go struct field Metadata.name of type string")),
        (
            "maintainers: a",
            &format!("{json} string into Go struct field Metadata.maintainers of type []*v2.Maintainer"),
        ),
        ("maintainers: [5]", &format!("{json} number into Go struct field Metadata.maintainers of type v2.Maintainer")),
        (
            "maintainers: [{name: [1]}]",
            &format!("{json} array into Go struct field Maintainer.maintainers.name of type string"),
        ),
        ("name: x\nversion: 1\nmaintainers: [null]", "validation: maintainers must not contain empty or null nodes"),
        ("name: x\nversion: 1\ndependencies: [null]", "validation: dependencies must not contain empty or null nodes"),
        (
            "dependencies: [{tags: a}]",
            &format!("{json} string into Go struct field Dependency.dependencies.tags of type []string"),
        ),
        (
            "dependencies: [5]",
            &format!("{json} number into Go struct field Metadata.dependencies of type v2.Dependency"),
        ),
        ("deprecated: 'yes'", &format!("{json} string into Go struct field Metadata.deprecated of type bool")),
        (
            "annotations: [1]",
            &format!("{json} array into Go struct field Metadata.annotations of type map[string]string"),
        ),
        ("annotations: {a: [1]}", &format!("{json} array into Go struct field Metadata.annotations of type string")),
        (
            "name: x\nversion: 1\ndependencies: [{name: a}, {name: b, alias: a}]",
            "validation: more than one dependency with name or alias \"a\"",
        ),
        (
            "name: x\nversion: 1\ndependencies: [{name: sub, alias: a b}]",
            "validation: dependency \"sub\" has disallowed characters in the alias",
        ),
    ] {
        assert_eq!(folder(&[("Chart.yaml", text)]).unwrap_err(), message, "{text}");
    }
    assert_eq!(folder(&[("values.yaml", "")]).unwrap_err(), "Chart.yaml file is missing");
    let told = load(&archive(&[("x/values.yaml", b'0', b"")])).unwrap_err();
    assert_eq!(told, "unable to detect chart version, no Chart.yaml found");
}

#[test]
fn scalars_become_the_strings_that_go_makes_of_them() {
    let chart = folder(&[(
        "Chart.yaml",
        "Name: ignored\nname: 5\nversion: 1.10\nappVersion: 20240101\ndescription: \"a\\tb\\u0001\\u200bc\\u00a0d\"\n\
         annotations: {a: 1000000, b: 1e6, c: true, d: null, 1: 0x10}\nsources: [1.0, null]\nkeywords: []\n",
    )])
    .unwrap();
    let metadata = chart.metadata;
    assert_eq!((metadata.name.as_str(), metadata.version.as_str()), ("5", "1.1"));
    assert_eq!((metadata.app_version.as_str(), metadata.description.as_str()), ("20240101", "a bc d"));
    assert_eq!(metadata.api_version, "v1");
    let annotations: Vec<_> =
        metadata.annotations.iter().flatten().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(annotations, ["1=16", "a=1000000", "b=1e+06", "c=true", "d="]);
    assert_eq!(metadata.sources, Some(vec!["1".to_owned(), String::new()]));
    assert_eq!(metadata.keywords, Some(Vec::new()));
    assert_eq!(metadata.maintainers, None);
}

#[test]
fn requirements_of_the_first_format_are_read() {
    let requirements = "dependencies:\n- name: a\n  version: 0.1\n  alias: b\n";
    let files = [
        ("Chart.yaml", "name: x\nversion: 1"),
        ("requirements.yaml", requirements),
        ("requirements.lock", "digest: d"),
    ];
    let chart = folder(&files).unwrap();
    assert_eq!(names(&chart.files), ["requirements.lock", "requirements.yaml"]);
    let dependencies = chart.metadata.dependencies.clone().unwrap();
    assert_eq!((dependencies[0].name.as_str(), dependencies[0].version.as_str()), ("a", "0.1"));
    assert_eq!(chart.lock.clone().unwrap().digest, "d");
    let told = chart.check_installable(&mut Vec::new()).unwrap_err().to_string();
    assert!(told.ends_with("found in Chart.yaml, but missing in charts/ directory: a"), "{told}");

    let mut warnings = Vec::new();
    let files = [("Chart.yaml", CHART), files[1], files[2]];
    let files = files.map(|(name, content)| (name.to_owned(), content.as_bytes().to_vec()));
    let chart = load_folder(files, &mut warnings).unwrap();
    assert_eq!((chart.files.len(), warnings.len()), (0, 2));
}

#[test]
fn locks_are_judged_as_helm_does() {
    for (text, message) in [
        ("generated: \"2020-01-01T00:00:00.123456+02:00\"\ndigest: 5\ndependencies: [null]", None),
        ("generated: null", None),
        ("", None),
        ("generated: 5", Some("Time.UnmarshalJSON: input is not a JSON string")),
        (
            "generated: 2020-01-01",
            Some("parsing time \"2020-01-01\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"T\""),
        ),
        ("generated: 2020-13-01T00:00:00Z", Some("parsing time \"2020-13-01T00:00:00Z\": month out of range")),
        ("foo", Some("json: cannot unmarshal string into Go value of type v2.Lock")),
        ("digest: [1]", Some("json: cannot unmarshal array into Go struct field Lock.digest of type string")),
    ] {
        let told = folder(&[("Chart.yaml", CHART), ("Chart.lock", text)]).err();
        let head = "cannot load Chart.lock: error unmarshaling JSON: while decoding JSON: ";
        assert_eq!(told, message.map(|message| format!("{head}{message}")), "{text}");
    }
}

#[test]
fn what_cannot_be_installed_is_told() {
    let with = |line: &str| folder(&[("Chart.yaml", &format!("{CHART}{line}\n"))]).unwrap();
    let mut warnings = Vec::new();
    let told = with("type: library").check_installable(&mut warnings).unwrap_err().to_string();
    assert_eq!(told, "library charts are not installable");
    with("deprecated: true").check_installable(&mut warnings).unwrap();
    assert_eq!(warnings, [Warning::new("this chart is deprecated")]);
    for (constraint, fits) in [("''", true), ("'>=1.20-0'", true), ("'>=1.99'", false), ("foo", false)] {
        let told = with(&format!("kubeVersion: {constraint}")).check_kube_version("v1.35.0");
        assert_eq!(told.is_ok(), fits, "{constraint}");
    }
    let told = with("kubeVersion: foo").check_kube_version("v1.35.0").unwrap_err().to_string();
    assert_eq!(told, "chart requires kubeVersion: foo which is incompatible with Kubernetes v1.35.0");
}

#[test]
fn values_of_many_documents_are_merged() {
    let separator = "cannot load values.yaml: error reading yaml document: invalid Yaml document separator";
    let unmarshal = "cannot load values.yaml: cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: \
                     json: cannot unmarshal";
    for (text, values) in [
        ("a: 1\n--- \t# c\nb: 2\n", Ok("map[a:1 b:2]")),
        ("a: 1\n---\n---\n\n---\nb: {c: 1}\n---  \nb: {d: 2}", Ok("map[a:1 b:map[c:1 d:2]]")),
        ("a: 1\r\n---\r\nb: 2\r\n", Ok("map[a:1 b:2]")),
        ("# c\n---\na: 1", Ok("map[a:1]")),
        ("a: |\n  ---\n  x", Ok("map[a:---\nx\n]")),
        ("null", Ok("map[]")),
        ("---", Ok("map[]")),
        ("a: 1\n--- x\nb: 2\n", Err(format!("{separator}: x"))),
        ("----\na: 1", Err(format!("{separator}: -"))),
        ("foo", Err(format!("{unmarshal} string into Go value of type map[string]interface {{}}"))),
        ("a: 1\n---\n- b", Err(format!("{unmarshal} array into Go value of type map[string]interface {{}}"))),
    ] {
        let chart = folder(&[("Chart.yaml", CHART), ("values.yaml", text)]);
        let printed = chart.map(|chart| {
            let printed = crate::format::print(&chart.values.into()).unwrap();
            String::from_utf8(printed).unwrap()
        });
        assert_eq!(printed, values.map(str::to_owned), "{text:?}");
    }
}

#[test]
fn helmignore_leaves_files_out() {
    let paths = ["a.txt", "b.txt", ".hid", "d/a.txt", "d/e/b.txt", "d/e/c.md", "z.md", "d/x.yaml", "d/[q"];
    let all = [".hid", "a.txt", "b.txt", "d/[q", "d/a.txt", "d/e/b.txt", "d/e/c.md", "d/x.yaml", "z.md"];
    let without = |gone: &[&'static str]| all.into_iter().filter(|path| !gone.contains(path)).collect::<Vec<_>>();
    for (rules, kept) in [
        ("", Ok(without(&[]))),
        ("*.txt", Ok(without(&["a.txt", "b.txt", "d/a.txt", "d/e/b.txt"]))),
        ("d/", Ok(without(&["d/[q", "d/a.txt", "d/e/b.txt", "d/e/c.md", "d/x.yaml"]))),
        ("d", Ok(without(&["d/[q", "d/a.txt", "d/e/b.txt", "d/e/c.md", "d/x.yaml"]))),
        ("/a.txt", Ok(without(&["a.txt"]))),
        ("d/a.txt", Ok(without(&["d/a.txt"]))),
        ("/d/a.txt", Ok(without(&["d/a.txt"]))),
        ("e/\n# c\n  b.txt ", Ok(without(&["b.txt", "d/e/b.txt", "d/e/c.md"]))),
        ("d/*", Ok(without(&["d/[q", "d/a.txt", "d/e/b.txt", "d/e/c.md", "d/x.yaml"]))),
        ("[a-b].txt", Ok(without(&["a.txt", "b.txt", "d/a.txt", "d/e/b.txt"]))),
        ("[^a].???", Ok(without(&["b.txt", "d/e/b.txt"]))),
        ("\\[q", Ok(without(&["d/[q"]))),
        ("a.txt/\n/", Ok(without(&[]))),
        ("!*.txt", Err("Chart.yaml file is missing")),
        ("Chart.yaml", Err("Chart.yaml file is missing")),
        ("**", Err("double-star (**) syntax is not supported")),
        ("a[", Err("syntax error in pattern")),
    ] {
        let mut files: Vec<_> = paths.iter().map(|path| (*path, "")).collect();
        files.extend([
            ("Chart.yaml", CHART),
            (".helmignore", rules),
            ("templates/.hidden", ""),
            ("templates/sub/.kept", ""),
        ]);
        let loaded = folder(&files);
        let kept = kept.map_err(str::to_owned);
        let names = loaded.as_ref().map(|chart| {
            assert_eq!(names(&chart.templates), ["templates/sub/.kept"]);
            names(&chart.files).into_iter().filter(|name| *name != ".helmignore").collect::<Vec<_>>()
        });
        assert_eq!(names.map_err(Clone::clone), kept, "{rules:?}");
    }
}
