//! Charts that would take the plugin `helm` down, or lead it out of its chart: through the real binary, in the sandbox.
//! Each ends in a line that says where, within the limits, and the next chart is rendered.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use maps_tests::{Maps, StackDir};

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.2.3\n";
const TEMPLATE: &str = "a: {{ .Files.Get \"x\" | quote }}\n";
/// What begins the account of a failure in a template.
const IN_TEMPLATE: &str = "web/templates/web.yaml:";

/// Charts in a folder of their own.
struct Charts {
    dir: tempfile::TempDir,
}

impl Charts {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// A chart of these files, besides its `Chart.yaml`.
    fn folder(&self, files: &[(&str, &str)]) {
        let web = self.dir.path().join("web");
        let _ = fs::remove_dir_all(&web);
        for (path, content) in [("Chart.yaml", CHART)].iter().chain(files) {
            let path = web.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }

    fn render(&self, chart: &str) -> Result<String, String> {
        let done = Maps::at(self.dir.path()).run(["helm", "template", "x", chart]);
        match done.code {
            Some(0) => Ok(done.stdout),
            Some(1) if done.stdout.is_empty() => Err(done.stderr),
            _ => panic!("{done:?}"),
        }
    }

    /// A chart of these files is refused in the words of the chart's own account, and not by the host's last resort.
    fn refused(&self, files: &[(&str, &str)], says: &[&str]) {
        self.folder(files);
        self.is_refused("web", says);
    }

    fn is_refused(&self, chart: &str, says: &[&str]) {
        let told = self.render(chart).unwrap_err();
        let shown = told.get(..told.floor_char_boundary(2000)).unwrap_or_default();
        assert!(told.starts_with("Error: ") && !told.contains("was stopped"), "{says:?}\n{shown}");
        for says in says {
            assert!(told.contains(says), "{says}\n{shown}");
        }
    }

    fn template(&self, text: &str, says: &[&str]) {
        let mut says = says.to_vec();
        says.push(IN_TEMPLATE);
        self.refused(&[("templates/web.yaml", text)], &says);
    }

    fn values(&self, values: &str, says: &str) {
        self.refused(&[("values.yaml", values), ("templates/web.yaml", TEMPLATE)], &["values.yaml", says]);
    }

    fn schema(&self, schema: &str, values: &str, says: &str) {
        let files = [("values.schema.json", schema), ("values.yaml", values), ("templates/web.yaml", TEMPLATE)];
        self.refused(&files, &["in the following chart(s):\nweb:", says]);
    }

    /// What these files make.
    fn renders(&self, files: &[(&str, &str)]) -> String {
        self.folder(files);
        self.render("web").unwrap()
    }

    fn serves_the_next(&self) {
        let made = self.renders(&[("templates/web.yaml", TEMPLATE), ("x", "good")]);
        assert_eq!(made, "---\n# Source: web/templates/web.yaml\na: \"good\"\n");
    }

    /// Packs entries behind a chart's own two, and tells what rendering makes of it.
    fn packed(&self, entries: &[Vec<u8>]) -> Result<String, String> {
        fs::write(self.dir.path().join("web.tgz"), zipped(&[chart(), entries.concat(), vec![0; 1024]].concat()))
            .unwrap();
        self.render("web.tgz")
    }
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// An entry of a tar archive, which may state another size than it has.
fn stating(name: &str, kind: u8, content: &[u8], size: u64) -> Vec<u8> {
    let mut head = [0_u8; 512];
    head[..name.len()].copy_from_slice(name.as_bytes());
    head[100..108].copy_from_slice(b"0000644\0");
    if size < 1 << 33 {
        head[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    } else {
        head[124] = 0x80;
        head[128..136].copy_from_slice(&size.to_be_bytes());
    }
    head[156] = kind;
    if matches!(kind, b'1' | b'2') {
        head[157..168].copy_from_slice(b"/etc/passwd");
    }
    head[257..265].copy_from_slice(b"ustar\x0000");
    head[148..156].fill(b' ');
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut entry = head.to_vec();
    entry.extend_from_slice(content);
    entry.resize(entry.len().div_ceil(512) * 512, 0);
    entry
}

fn entry(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
    stating(name, kind, content, content.len() as u64)
}

fn chart() -> Vec<u8> {
    let template = format!("{TEMPLATE}b: {{{{ .Files.Get \"etc/passwd\" | quote }}}}\n");
    [entry("web/Chart.yaml", b'0', CHART.as_bytes()), entry("web/templates/web.yaml", b'0', template.as_bytes())]
        .concat()
}

#[test]
fn rt29_a_chart_that_loops_or_recurses_is_told_where() {
    let charts = Charts::new();
    let work = "the rendering takes more work than 500000000 bytes";
    for (text, says) in [
        ("{{ range until 1000000000 }}x{{ end }}", work),
        ("\n\n{{ range untilStep 0 2000000000 1 }}{{ end }}", "web/templates/web.yaml:3:"),
        ("{{ seq 1 1000000000 }}", work),
        ("{{ range until 30000 }}{{ range until 30000 }}{{ end }}{{ end }}", work),
        ("{{ define \"a\" }}{{ include \"a\" . }}{{ end }}\n{{ include \"a\" . }}", "a nested reference name: a"),
        ("{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}", "maximum template depth (100000)"),
        ("{{ $d := dict \"t\" \"{{ tpl .t . }}\" }}{{ tpl $d.t $d }}", "maximum template depth (100000)"),
    ] {
        charts.template(text, &[says]);
    }
    charts.refused(
        &[("values.yaml", "t: \"{{ tpl .Values.t . }}\"\n"), ("templates/web.yaml", "\n{{ tpl .Values.t . }}")],
        &["web/templates/web.yaml:2:3"],
    );
    charts.serves_the_next();
}

#[test]
fn rt29_a_chart_that_fills_memory_is_told_where() {
    let charts = Charts::new();
    let memory = "this takes more memory than the 256 MiB that there are";
    for (text, says) in [
        ("{{ repeat 2000000000 \"x\" }}", "more work than"),
        ("{{ range $i := until 20000000 }}{{ end }}", memory),
        (
            "{{ range $c := list \"a\" \"b\" \"c\" \"d\" \"e\" }}{{ $_ := set $ $c (repeat 60000000 $c) }}{{ end }}",
            memory,
        ),
        ("{{ $x := list }}{{ range until 100000 }}{{ $x = append $x (repeat 1000000 \"x\") }}{{ end }}", memory),
        (
            "{{ $x := dict }}{{ range $i := until 5000000 }}{{ $_ := set $x (print $i) (dict \"a\" $i) }}{{ end }}",
            memory,
        ),
        ("{{ $x := list }}{{ range $i := until 3000000 }}{{ $x = list $x $i }}{{ end }}", memory),
        ("{{ $x := list 1 }}{{ range until 40 }}{{ $x = concat $x $x }}{{ end }}", memory),
        ("{{ $x := \"x\" }}{{ range until 40 }}{{ $x = print $x $x }}{{ end }}", "web/templates/web.yaml:1:"),
        ("{{ $x := list }}{{ range until 100000 }}{{ $x = append $x $x }}{{ toJson $x }}{{ end }}", "too large"),
        ("{{ tpl (repeat 20000000 \"{{ 1 }}\") . }}", "web/templates/web.yaml:1:"),
        ("# {{ repeat 70000000 \"x\" }}", memory),
        ("{{ $x := dict }}{{ $_ := set $x \"a\" $x }}{{ print $x }}", "contains itself"),
    ] {
        charts.template(text, &[says]);
    }
    // Reading a template is bounded as evaluating it is.
    charts.refused(&[("templates/web.yaml", &"{{ 1 }}".repeat(700_000))], &["(web/templates/web.yaml:1)", memory]);
    charts.serves_the_next();
}

#[test]
fn rt29_what_a_chart_hands_over_is_bounded() {
    let charts = Charts::new();
    let too_large =
        "the manifests are larger than the 15 MiB that an answer may have, most of it web/templates/web.yaml";
    charts.refused(&[("templates/web.yaml", "a: 1\n# {{ repeat 17000000 \"x\" }}")], &[too_large]);
    charts.refused(&[("templates/web.yaml", "a: \"{{ repeat 6000000 \"\\\\n\" }}\"")], &[too_large]);
    charts.template("{{ fail (repeat 20000000 \"x\") }}", &["(the rest is left out)"]);
    let made = charts.renders(&[("templates/web.yaml", "a: 1\n# {{ repeat 12000000 \"x\" }}")]);
    assert!(made.len() > 12_000_000);
    charts.serves_the_next();
}

/// A level of nesting is a level of the guest's stack, which is smaller than a native one.
#[test]
fn rt29_nesting_fits_into_the_guest_s_stack_up_to_its_bound() {
    let charts = Charts::new();
    let nested = |open: &str, middle: &str, close: &str, levels: usize| {
        format!("{}{middle}{}", open.repeat(levels), close.repeat(levels))
    };
    for (open, middle, close) in [
        ("{{ if true }}", "a: 1", "{{ end }}"),
        ("{{ range list 1 }}", "a: 1", "{{ end }}"),
        ("{{ with 1 }}", "a: 1", "{{ end }}"),
    ] {
        let text = nested(open, middle, close, 200);
        assert!(charts.renders(&[("templates/web.yaml", &text)]).ends_with("a: 1\n"), "{open}");
        let text = nested(open, middle, close, 201);
        charts
            .refused(&[("templates/web.yaml", &text)], &["(web/templates/web.yaml:1): max expression depth exceeded"]);
    }
    let text = format!("a: {{{{ {} }}}}", nested("(", "1", ")", 200));
    assert!(charts.renders(&[("templates/web.yaml", &text)]).ends_with("a: 1\n"));
    let text = format!("a: {{{{ {} }}}}", nested("(", "1", ")", 5000));
    charts.refused(&[("templates/web.yaml", &text)], &["(web/templates/web.yaml:1): max expression depth exceeded"]);

    // Values, and what a template makes of them: read, written as YAML and JSON, printed, compared, copied.
    let template = "a: {{ len (toYaml .Values) }}{{ len (toJson .Values) }}{{ len (print .Values) }}{{ deepEqual .Values (deepCopy .Values) }}";
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let values = format!("a: {}\n", nested(open, "", close, 255));
        let made = charts.renders(&[("values.yaml", &values), ("templates/web.yaml", template)]);
        assert!(made.ends_with("true\n"), "{made}");
        for levels in [256, 100_000] {
            charts.values(&format!("a: {}\n", nested(open, "", close, levels)), "yaml: exceeded max depth of 256");
        }
    }
    let block = (0..256).fold(String::new(), |mut text, level| {
        writeln!(text, "{:level$}a:", "").unwrap();
        text
    });
    assert!(charts.renders(&[("values.yaml", &block), ("templates/web.yaml", template)]).ends_with("true\n"));

    // Values that only a template can make are deeper.
    for (text, levels) in [
        ("print $x", 498),
        ("printf \"%#v\" $x", 498),
        ("deepEqual $x (deepCopy $x)", 498),
        ("len (mustMergeOverwrite (dict) $x $x)", 498),
        ("toJson $x", 255),
        ("toYaml $x", 255),
        ("toToml $x", 250),
    ] {
        let text = format!(
            "{{{{ $x := dict }}}}{{{{ range until {levels} }}}}{{{{ $x = dict \"a\" $x }}}}{{{{ end }}}}a: {{{{ {text} | toString | len }}}}"
        );
        let made = charts.renders(&[("templates/web.yaml", &text)]);
        assert!(made.trim_end().rsplit(' ').next().unwrap().parse::<u32>().unwrap() > 0, "{text}: {made}");
    }
    for levels in [248, 5000] {
        let text =
            format!("a: {{{{ regexMatch (printf \"%sa%s\" (repeat {levels} \"(\") (repeat {levels} \")\")) \"a\" }}}}");
        let _ = charts.renders(&[("templates/web.yaml", &text)]);
    }

    // Charts within charts.
    let subchart = |depth: usize| "charts/web/".repeat(depth) + "Chart.yaml";
    let paths: Vec<String> = (1..=21).map(subchart).collect();
    let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), CHART)).collect();
    assert_eq!(charts.renders(&files[..19]), "\n");
    charts.refused(&files, &["error unpacking subchart web in web"]);
    charts.serves_the_next();
}

#[test]
fn rt29_a_schema_without_end_names_its_chart() {
    let charts = Charts::new();
    let doubling = (0..60).fold(String::new(), |mut text, level| {
        let next = format!("{{\"$ref\": \"#/$defs/d{}\"}}", level + 1);
        write!(text, "\"d{level}\": {{\"allOf\": [{next}, {next}]}}, ").unwrap();
        text
    });
    let doubling = format!("{{\"$ref\": \"#/$defs/d0\", \"$defs\": {{{doubling}\"d60\": {{}}}}}}");
    let nested = |levels: usize| format!("{}{{}}{}", "{\"allOf\": [".repeat(levels), "]}".repeat(levels));
    let chain = (0..250).fold(String::new(), |mut text, level| {
        writeln!(text, "{:level$}a:", "").unwrap();
        text
    });
    let list = format!("size: [{}]\n", (0..100_000).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
    for (schema, values, says) in [
        (doubling.as_str(), "", "the schema takes more than the maximum of 5000000 steps"),
        ("{\"$ref\": \"#\"}", "", "reference cycle"),
        (&nested(90), "", "schemas are entered deeper than the maximum of 200"),
        (&nested(5000), "", "the document is nested deeper than the maximum of 200"),
        (&"[".repeat(1_000_000), "", "nested deeper than"),
        ("{\"properties\": {\"a\": {\"$ref\": \"#\"}}}", &chain, "schemas are entered deeper than the maximum of 200"),
        ("{\"properties\": {\"size\": {\"uniqueItems\": true}}}", &list, "more than the maximum of 5000000 steps"),
        ("{\"properties\": {\"size\": {\"pattern\": \"((a{1000}){1000}){1000}\"}}}", "size: a\n", "pattern"),
        ("{\"properties\": {\"size\": {\"maximum\": 1e999999999}}}", "size: 1\n", "too large or too long"),
        ("{\"$ref\": \"http://169.254.169.254/schema\"}", "", "schemas outside of the chart are not fetched"),
        ("{\"$ref\": \"file:///etc/passwd\"}", "", "schemas outside of the chart are not fetched"),
    ] {
        charts.schema(schema, values, says);
    }
    // Backtracking would take for ever here.
    let values = format!("size: {}\n", "a".repeat(100_000));
    charts.schema("{\"properties\": {\"size\": {\"pattern\": \"(a*)*(a*)*(a*)*b$\"}}}", &values, "at '/size'");
    charts.serves_the_next();
}

#[test]
fn rt38_values_that_swell_or_break_name_their_file() {
    let charts = Charts::new();
    let bomb = |item: &dyn Fn(usize) -> String| {
        (1..12).fold("a0: &a0 {x: 1}\n".to_owned(), |mut text, level| {
            writeln!(text, "a{level}: &a{level} {}", item(level - 1)).unwrap();
            text
        })
    };
    let nine = |level: usize| vec![format!("*a{level}"); 9].join(", ");
    let lists = bomb(&|level| format!("[{}]", nine(level)));
    let merged = bomb(&|level| format!("{{<<: [{}]}}", nine(level)));
    let dense = (0..150_000).fold(String::new(), |mut text, key| {
        writeln!(text, "k{key}: {{a: [1,2], b: {{c: d}}}}").unwrap();
        text
    });
    for (values, says) in [
        (lists.as_str(), "document contains excessive aliasing"),
        (&merged, "document contains excessive aliasing"),
        ("a: &a [*a]\n", "anchor 'a' value contains itself"),
        ("a: \"\0\"\n", "control characters are not allowed"),
        ("a:\n\tb: 1\n", "line 2: found character that cannot start any token"),
        (&format!("a: {}\n", "x".repeat(5 << 20)), "larger than the maximum file size 5242880"),
    ] {
        charts.values(values, says);
    }
    let refused = |values: &str, says: &str| {
        charts.refused(&[("values.yaml", values), ("templates/web.yaml", TEMPLATE)], &["values", says]);
    };
    refused(&dense, "more memory than the 256 MiB that there are");
    refused(&format!("a: [{}]\n", "[],".repeat(1_500_000)), "Error: the charts' values");
    // Within a template, the document has the line.
    charts.template("{{ fromYaml (repeat 80000000 \"[\") }}{{ repeat 200000000 \"x\" }}", &["more memory than"]);
    charts.serves_the_next();
}

#[test]
fn rt36_entries_of_an_archive_stay_within_the_chart() {
    let charts = Charts::new();
    let pax = |record: &str| entry("web/pax", b'x', record.as_bytes());
    for (entries, says) in [
        (vec![entry("web//etc/passwd", b'0', b"x")], "chart illegally contains absolute paths"),
        (vec![entry("web/../x", b'0', b"x")], "chart illegally references parent directory"),
        (vec![entry("web/a/../../x", b'0', b"x")], "chart illegally references parent directory"),
        (vec![entry("web\\..\\..\\x", b'0', b"x")], "chart illegally references parent directory"),
        (vec![entry("web/c:/x", b'0', b"x")], "chart contains illegally named files"),
        (vec![entry("Chart.yaml", b'0', b"x")], "outside the base directory: \"Chart.yaml\""),
        (vec![entry("web/x", b'1', b"")], "\"x\" is a link or device, not a file"),
        (vec![entry("web/x", b'2', b"")], "\"x\" is a link or device, not a file"),
        (vec![entry("web/x", b'3', b"")], "\"x\" is a link or device, not a file"),
        (vec![entry("web/x", b'4', b"")], "\"x\" is a link or device, not a file"),
        (vec![entry("web/x", b'6', b"")], "\"x\" is a link or device, not a file"),
        (vec![entry("web/x", b'S', b"x")], "sparse files"),
        (vec![entry("web/Chart.yaml", b'0', b"name: evil")], "holds \"Chart.yaml\" twice, and not alike"),
        (vec![entry("web/\u{1b}[31m", b'0', b"x")], "holds control characters"),
        (vec![pax("17 path=web/../x\n"), entry("web/x", b'0', b"x")], "chart illegally references parent directory"),
        (vec![pax("9999 path=x\n"), entry("web/x", b'0', b"x")], "invalid tar header"),
        (vec![entry("web/long", b'L', &b"web/../x\0"[..]), entry("web/x", b'0', b"x")], "references parent directory"),
        (
            vec![entry("web/long", b'L', &b"web/a".repeat(2000)), entry("web/x", b'0', b"x")],
            "longer than the maximum of 4096",
        ),
    ] {
        let told = charts.packed(&entries).unwrap_err();
        assert!(told.starts_with("Error: unable to load chart archive: ") && told.contains(says), "{says}\n{told}");
    }
    // The first folder is whatever the packer called it, so these names are within the chart, as for Helm.
    for (name, x, passwd) in [("/etc/passwd", "", "inside"), ("../x", "inside", ""), ("web\\x", "inside", "")] {
        let made = charts.packed(&[entry(name, b'0', b"inside")]).unwrap();
        assert!(made.ends_with(&format!("a: \"{x}\"\nb: \"{passwd}\"\n")), "{name}: {made}");
    }
    charts.serves_the_next();
}

#[test]
fn rt30_archives_that_swell_are_refused() {
    let charts = Charts::new();
    let zeros = vec![0_u8; 5 << 20];
    let file = |at: usize| entry(&format!("web/f{at}"), b'0', &zeros);
    let whole: Vec<Vec<u8>> = (0..19).map(file).collect();
    let within = zipped(&[chart(), whole.concat()].concat());
    let nested = (0..25)
        .fold(zipped(&chart()), |inner, _| zipped(&[chart(), entry("web/charts/web.tgz", b'0', &inner)].concat()));
    for (entries, says) in [
        (vec![stating("web/x", b'0', b"x", 1 << 40)], "chart file \"x\" is larger than the maximum file size 5242880"),
        (vec![stating("web/x", b'0', b"x", 5 << 20)], "unexpected EOF"),
        (vec![stating("web/x", b'0', b"x", u64::MAX)], "invalid tar header"),
        (vec![stating("web/x", b'L', b"x", 1 << 32)], "invalid tar header"),
        ((0..21).map(file).collect(), "decompressed chart is larger than the maximum size 104857600"),
        (vec![entry("web/long", b'K', &vec![b'a'; 1 << 20]); 150], "decompressed chart is larger than"),
        (
            (0..20_000).map(|at| entry(&format!("web/{at}"), b'0', b"")).collect(),
            "more than the maximum of 20000 files",
        ),
        (
            (0..3).map(|at| entry(&format!("web/charts/{at}.tgz"), b'0', &within)).collect(),
            "larger than the maximum size",
        ),
        (vec![entry("web/charts/web.tgz", b'0', &nested)], "error unpacking subchart web.tgz in web"),
    ] {
        let told = charts.packed(&entries).unwrap_err();
        assert!(told.contains(says) && !told.contains("was stopped"), "{says}\n{told}");
    }
    // A chart as large as Helm takes is rendered.
    assert!(charts.packed(&whole).is_ok());
    let bomb = charts.dir.path().join("bomb.tgz");
    for (bytes, says) in [
        (zipped(&vec![0; 300 << 20]), "no files in chart archive"),
        (zipped(&[]).repeat(50_000), "no files in chart archive"),
        (zipped(&chart())[..100].to_vec(), "Error: unable to load chart archive: "),
        (b"PK\x03\x04".to_vec(), "does not appear to be a gzipped archive"),
        (Vec::new(), "does not appear to be a gzipped archive"),
    ] {
        fs::write(&bomb, bytes).unwrap();
        charts.is_refused("bomb.tgz", &[says]);
    }
    charts.serves_the_next();
}

/// Answers every request with this beginning and then one line for ever, and tells where.
fn endless(head: &'static str, line: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let lines = line.repeat(1000);
            let mut sent = stream.write_all(head.as_bytes());
            while sent.is_ok() {
                sent = stream.write_all(lines.as_bytes());
            }
        }
    });
    url
}

#[test]
fn rt30_an_index_without_end_is_not_read_to_its_end() {
    let charts = Charts::new();
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\napiVersion: v1\nentries:\n  web:\n";
    let url = endless(head, "  - {name: web, version: 1.0.0, urls: [web.tgz]}\n");
    let done = Maps::at(charts.dir.path()).run(["helm", "template", "x", "web", "--repo", &url]).expect(1);
    assert!(done.stdout.is_empty() && done.stderr.contains(&url), "{}", done.stderr);
    let headers = endless("HTTP/1.1 200 OK\r\n", "x: y\r\n");
    let done = Maps::at(charts.dir.path()).run(["helm", "template", "x", "web", "--repo", &headers]).expect(1);
    assert!(done.stdout.is_empty() && done.stderr.contains(&headers), "{}", done.stderr);
    charts.serves_the_next();
}

#[test]
fn rt32_a_hostile_chart_in_a_stack_is_told_of_and_recorded_and_the_next_run_is_served() {
    let stack = StackDir::with(
        "maps: v1\nstack: charts\nplugins: {helm: {source: helm, grant: {log: {}, clock: {}, random: {}, files: [{id: read-charts, patterns: [\"web/**\"]}]}}}\nresources:\n  web:\n    type: helm/template\n    with: {chart: web, name: one}\n",
    );
    let template = |text: &str| {
        let folder: &Path = &stack.path().join("web/templates");
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("../Chart.yaml"), CHART).unwrap();
        fs::write(folder.join("web.yaml"), text).unwrap();
    };
    let run = || stack.maps().run(["run", "--rehearse", "--yes", "--output", "json"]);
    for (text, says) in [
        ("\n{{ range until 1000000000 }}x{{ end }}", "web: template: web/templates/web.yaml:2:9: "),
        ("{{ $x := list }}{{ range $i := until 3000000 }}{{ $x = list $x $i }}{{ end }}", "the 256 MiB that there are"),
        ("\n\n{{ if }}", "parse error at (web/templates/web.yaml:3)"),
    ] {
        template(text);
        let done = run().expect(1);
        assert!(done.stdout.contains(says) && done.stdout.contains("\"line\":5"), "{says}\n{}", done.stdout);
        let log = fs::read_to_string(stack.path().join(".maps/rehearsal/charts/state/audit.jsonl")).unwrap();
        let last = log.lines().last().unwrap();
        assert!(last.contains("read web/Chart.yaml, web/templates/web.yaml") && last.contains("read-charts"), "{last}");
    }
    template(TEMPLATE);
    assert_eq!(run().expect(0).changes(), [1, 0, 0, 0]);
}
