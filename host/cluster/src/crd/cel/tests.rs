//! Rules that hold, rules that do not, and rules that are wrong, in upstream's words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value)]

use serde_json::{Value, json};

use super::*;

fn rule(text: &str) -> Rule {
    Rule { rule: text.to_owned(), ..Rule::default() }
}

/// A schema with a value of each type.
fn schema() -> Props {
    Props::read(&json!({"type": "object", "properties": {
        "i": {"type": "integer"}, "n": {"type": "number"}, "s": {"type": "string"}, "b": {"type": "boolean"}, "ios": {"x-kubernetes-int-or-string": true},
        "l": {"type": "array", "items": {"type": "integer"}}, "ls": {"type": "array", "items": {"type": "string"}}, "m": {"type": "object", "additionalProperties": {"type": "string"}},
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "lm": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": {"type": "object", "properties": {"k": {"type": "string"}, "v": {"type": "integer"}}}},
        "o": {"type": "object", "properties": {"x": {"type": "string"}}}, "t": {"type": "string", "format": "date-time"}, "d": {"type": "string", "format": "duration"},
        "namespace": {"type": "string"}, "a-b": {"type": "string"}, "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        "nul": {"type": "string", "nullable": true}, "open": {"type": "array", "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}))
}

fn value() -> Value {
    json!({"i": 5, "n": 2, "s": "hello", "b": true, "ios": "80%", "l": [3, 1, 2], "ls": ["a", "b"], "m": {"k": "v", "z": "y"}, "set": ["x", "y"],
        "lm": [{"k": "a", "v": 1}, {"k": "b", "v": 2}], "o": {}, "t": "2024-02-03T04:05:06Z", "d": "1h30m", "namespace": "ns", "a-b": "dash", "nul": null, "open": [{"x": 1}, {"x": 2}, {"x": 2}]})
}

/// What a rule says of the value: nothing when it holds.
fn run(text: &str) -> String {
    let mut schema = schema();
    schema.rules = vec![rule(text)];
    let rules = Rules::compile(&schema, false).unwrap();
    let errors = rules.validate("v", &value(), &schema, (None, None), false);
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn what_holds() {
    let rules = [
        "self.i == 5 && self.n == 2.0 && self.b",
        "self.i > 4.5 && self.i + 1 == 6 && self.i % 2 == 1 && -self.i == -5",
        "self.s.startsWith('he') && self.s.endsWith('lo') && self.s.contains('ell') && self.s.matches('^h.*o$') && size(self.s) == 5",
        "self.l.all(x, x > 0) && self.l.exists(x, x == 3) && self.l.exists_one(x, x == 2) && !self.l.exists(x, x > 9)",
        "self.l.map(x, x * 2) == [6, 2, 4] && self.l.filter(x, x > 1) == [3, 2] && self.l.map(x, x > 1, x) == [3, 2]",
        "self.l.sum() == 6 && self.l.min() == 1 && self.l.max() == 3 && !self.l.isSorted() && self.l.indexOf(2) == 2",
        "'k' in self.m && self.m['k'] == 'v' && self.m.all(k, self.m[k] != '') && self.m.size() == 2 && has(self.m.k)",
        "has(self.o) && !has(self.o.x) && 2 in self.l && !(9 in self.l)",
        "self.set == ['y', 'x'] && self.set + ['x', 'z'] == ['x', 'y', 'z']",
        "self.lm.exists(e, e.k == 'b' && e.v == 2) && self.lm.map(e, e.k) == ['a', 'b']",
        "self.t > timestamp('2024-01-01T00:00:00Z') && self.t.getFullYear() == 2024 && self.t.getMonth() == 1 && self.t.getHours('+02:00') == 6",
        "self.d == duration('90m') && self.d.getMinutes() == 90 && self.t + self.d > self.t",
        "self.__namespace__ == 'ns' && self.a__dash__b == 'dash'",
        "self.ios == '80%' && type(self.ios) == string && int('7') == 7 && string(self.i) == '5' && double('1.5') == 1.5",
        "'a,b,c'.split(',') == ['a', 'b', 'c'] && ['a', 'b'].join('-') == 'a-b' && ' x '.trim() == 'x' && 'abc'.substring(1) == 'bc'",
        "'AbC'.lowerAscii() == 'abc' && 'abc'.replace('b', 'x') == 'axc' && 'hello'.indexOf('l') == 2 && 'hello'.lastIndexOf('l') == 3",
        "'%s is %d of %.2f and %x'.format(['a', 3, 2.5, 255]) == 'a is 3 of 2.50 and ff'",
        "'abc 123'.find('[0-9]+') == '123' && 'a1b22'.findAll('[0-9]+') == ['1', '22']",
        "quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('50k').add(20000).compareTo(quantity('70k')) == 0 && !isQuantity('x')",
        "url('https://example.com:80/p?q=1').getHost() == 'example.com:80' && url('https://x/p').getEscapedPath() == '/p' && isURL('/x') && !isURL('x y')",
        "ip('192.168.0.1').family() == 4 && cidr('10.0.0.0/8').containsIP('10.1.2.3') && isIP('::1') && !isCIDR('10.0.0.0') && ip('127.0.0.1').isLoopback()",
        "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')",
        "format.dns1123Label().validate('A').hasValue() && !format.named('uuid').value().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()",
        "semver('1.2.3').isLessThan(semver('1.10.0')) && isSemver('1.0.0') && semver('v1.2', true).minor() == 2",
        "sets.contains([1, 2], [1]) && sets.intersects([1], [1, 2]) && sets.equivalent([1, 1], [1])",
        "self.?o.?x.orValue('none') == 'none' && self.?s.hasValue() && optional.of(1).optMap(x, x + 1).value() == 2",
        "self.l[?9].orValue(0) == 0 && self.m[?'k'].value() == 'v' && optional.none().or(optional.of(3)).value() == 3",
        "self.m.all(k, v, k != v) && self.l.exists(i, v, i == 0 && v == 3) && self.m.transformList(k, v, k + v) == ['kv', 'zy']",
        "self.l.sort() == [1, 2, 3] && [1, 1].distinct() == [1] && [[1], [2]].flatten() == [1, 2] && self.l.first().value() == 3",
        "!has(self.nul) && type(self.d) == google.protobuf.Duration && type(ip('::1')) == net.IP && self.namespace == 'ns'",
        "'%e and %.1f'.format([3.14, 12345.67]) == '3.140000 × 10⁰⁰ and 12,345.7' && self.open[0] != self.open[1] && self.open[1] == self.open[2]",
        "url('https://u:p@h.io:80/with space/?k1=a&k2=b&k2=c#x').getEscapedPath() == '/with%20space/' && url('https://h/?k=a&k=b#x').getQuery() == {'k': ['a', 'b']}",
        "{?'k': optional.none(), 'j': 'v'} == {'j': 'v'} && ['a', ?optional.none(), ?optional.of('c')] == ['a', 'c']",
        "optional.ofNonZeroValue(0) == optional.none() && optional.ofNonZeroValue('a').hasValue() && dyn([1, 2]).sum() == 3",
        "self.t.getDate('01:00') == 3 && self.d.getMilliseconds() == 5400000 && string(self.d) == '5400s'",
        "self.l[7] == 1 || true",
        "true || self.l[7] == 1",
        "!(false && self.l[7] == 1)",
        "self.b ? self.i == 5 : self.i / 0 == 1",
        "[1, 2, 3].exists(x, 6 / (x - 1) == 6)",
        "self.lm.map(e, {'k': e.k, 'n': 'x'}).size() == 2 && 'a' + 'b' == 'ab' && [1] + [2] == [1, 2] && [1, 2][0] == 1",
        "{'a': 1}['a'] == 1 && b'x' == bytes('x') && 1u < 2u && self.s != null.orValue('') || true",
    ];
    let (last, rules) = rules.split_last().unwrap();
    for text in rules {
        assert_eq!(run(text), "", "{text}");
    }
    assert!(run(last).contains("found no matching overload for 'orValue'"), "{}", run(last));
}

#[test]
fn what_does_not_hold() {
    assert_eq!(run("self.i < 5"), "v: Invalid value: failed rule: self.i < 5");
    assert_eq!(
        run("self.l[7] == 1"),
        "v: Invalid value: \"object\": index out of bounds: 7 evaluating rule: self.l[7] == 1"
    );
    assert_eq!(run("self.o.x == ''"), "v: Invalid value: \"object\": no such key: x evaluating rule: self.o.x == ''");
    assert_eq!(
        run("self.i / 0 == 1"),
        "v: Invalid value: \"object\": division by zero evaluating rule: self.i / 0 == 1"
    );
    let many = "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'";
    let grown = (0..6).fold(many.to_owned(), |text, _| format!("{text}.replace('a', {many})"));
    assert!(run(&format!("size({grown}) > 0")).contains("too large"));
    assert_eq!(
        run("self.ios > 1"),
        "v: Invalid value: \"object\": 'no such overload': call arguments did not match a supported operator, function or macro signature for rule: self.ios > 1"
    );
}

#[test]
fn what_is_wrong_with_a_rule() {
    let own = declare(&schema(), false).unwrap();
    let check = |text: &str, expected: &str| {
        let error = compile(&rule(text), &own).error.unwrap_or_default();
        assert!(error.contains(expected), "{text}: {error}");
    };
    assert_eq!(
        compile(&rule("self.q == 1"), &own).error.unwrap(),
        "compilation failed: ERROR: <input>:1:5: undefined field 'q'\n | self.q == 1\n | ....^"
    );
    check("self.i == 'x'", "found no matching overload for '_==_' applied to '(int, string)'");
    check("self.i", "cel expression must evaluate to a bool");
    check("other == 1", "undeclared reference to 'other' (in container '')");
    check("nothing(self.i)", "undeclared reference to 'nothing' (in container '')");
    check("self.i.x == 1", "type 'int' does not support field selection");
    check(
        "self.i.all(x, true)",
        "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
    );
    check("self.i ==", "Syntax error");
    check("self.any == 1", "found no matching overload for '_==_' applied to '(object, int)'");
    check("[1, 'a'] == []", "expected type 'int' but found 'string'");
    check("self.l.map(x, x + 'a') == []", "found no matching overload for '_+_' applied to '(int, string)'");
    check("self.s.find(')') == ''", "program instantiation failed: error parsing regexp: unexpected ): `)`");
    check("self.s.matches('x++')", "ERROR: <input>:1:16: invalid matches argument");
    check("timestamp(-62135596801) == self.t", "invalid timestamp argument");
    check("['a'].sum() == 'a'", "found no matching overload for 'sum' applied to 'list(string).()'");
    check("[[1]].min() == [1]", "found no matching overload for 'min' applied to 'list(list(int)).()'");
    check("self.s == null", "found no matching overload for '_==_' applied to '(string, null)'");
    check("self.o == {'x': 'a'}", "found no matching overload for '_==_'");
    check("self.o['x'] == 'a'", "found no matching overload for '_[_]'");
    check("authorizer.path('/x').check('get').allowed()", "undeclared reference to 'authorizer'");
    check("self.s.matches('[')", "invalid matches argument");
    check("self.d > duration('x')", "invalid duration argument");
    check("self.i > 1 && self.s", "found no matching overload for '_&&_' applied to '(bool, string)'");
    let message = Rule { message_expression: "self.i".to_owned(), ..rule("true") };
    assert_eq!(compile(&message, &own).message_error.unwrap(), "messageExpression must evaluate to a string");
}

#[test]
fn changes() {
    let schema = Props::read(&json!({"type": "object", "properties": {
        "id": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "id is immutable"}]},
        "once": {"type": "string", "x-kubernetes-validations": [{"rule": "!oldSelf.hasValue()", "optionalOldSelf": true, "reason": "FieldValueForbidden", "message": "only at first"}]},
        "low": {"type": "integer", "x-kubernetes-validations": [{"rule": "self < 5", "messageExpression": "'%d is not low'.format([self])"}]},
        "o": {"type": "object", "x-kubernetes-validations": [{"rule": "self.a <= self.b", "fieldPath": ".a", "reason": "FieldValueRequired"}], "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}},
        "lm": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": {"type": "object", "properties": {"k": {"type": "string"}, "v": {"type": "integer", "x-kubernetes-validations": [{"rule": "self >= oldSelf"}]}}}}}}));
    let rules = Rules::compile(&schema, true).unwrap();
    let said = |new: Value, old: Option<Value>| {
        let errors = rules.validate("", &new, &schema, (old.as_ref(), old.as_ref()), true);
        errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let none = Vec::<String>::new();
    assert_eq!(said(json!({"id": "a", "once": "x"}), None), none);
    assert_eq!(
        said(json!({"id": "b", "once": "x"}), Some(json!({"id": "a", "once": "x"}))),
        ["id: Invalid value: \"b\": id is immutable", "once: Forbidden: only at first",]
    );
    assert_eq!(said(json!({"low": 9}), None), ["low: Invalid value: 9: 9 is not low"]);
    assert_eq!(said(json!({"low": 9}), Some(json!({"low": 9}))), none);
    assert_eq!(said(json!({"low": 8}), Some(json!({"low": 9}))), ["low: Invalid value: 8: 8 is not low"]);
    assert_eq!(said(json!({"o": {"a": 2, "b": 1}}), None), ["o.a: Required value: failed rule: self.a <= self.b"]);
    let old = json!({"lm": [{"k": "x", "v": 5}, {"k": "y", "v": 1}]});
    assert_eq!(
        said(json!({"lm": [{"k": "y", "v": 2}, {"k": "x", "v": 4}]}), Some(old)),
        ["lm[1].v: Invalid value: 4: failed rule: self >= oldSelf"]
    );
}

#[test]
fn what_costs_too_much_is_stopped() {
    let schema = Props::read(
        &json!({"type": "object", "x-kubernetes-validations": [{"rule": "self.l.all(a, self.l.all(b, self.l.all(c, a + b + c >= 0)))"}],
        "properties": {"l": {"type": "array", "items": {"type": "integer"}}}}),
    );
    let rules = Rules::compile(&schema, false).unwrap();
    let many = json!({"l": (0..1000).collect::<Vec<i32>>()});
    let errors = rules.validate("v", &many, &schema, (None, None), false);
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().contains("actual cost limit exceeded"), "{}", errors[0]);
    let own = declare(&schema, false).unwrap();
    assert!(compile(&schema.rules[0], &own).cost > 1_000_000_000);
}

/// A schema of the size that routes have: bounded lists of rules, matches and filters.
fn routes() -> Props {
    let filter = json!({"type": "object", "properties": {"type": {"type": "string", "enum": ["Redirect", "Rewrite"]},
        "redirect": {"type": "object", "properties": {"path": {"type": "object", "properties": {"type": {"type": "string"}, "prefix": {"type": "string", "maxLength": 1024}}}}}}});
    let matches = json!({"type": "object", "properties": {"path": {"type": "object", "properties": {"type": {"type": "string", "enum": ["Exact", "PathPrefix"]}, "value": {"type": "string", "maxLength": 1024}}}}});
    let timeout = json!({"type": "string", "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"});
    Props::read(&json!({"type": "object", "properties": {
        "listeners": {"type": "array", "maxItems": 64, "items": {"type": "object", "required": ["port"], "properties": {"name": {"type": "string", "maxLength": 253}, "port": {"type": "integer"}, "protocol": {"type": "string", "maxLength": 255}, "hostname": {"type": "string", "maxLength": 253}}}},
        "rules": {"type": "array", "maxItems": 16, "items": {"type": "object", "properties": {
            "filters": {"type": "array", "maxItems": 16, "items": filter}, "matches": {"type": "array", "maxItems": 64, "items": matches},
            "backends": {"type": "array", "maxItems": 16, "items": {"type": "object", "properties": {"name": {"type": "string"}}}}}}},
        "path": {"type": "string", "maxLength": 1024}, "request": timeout, "backend": timeout,
        "hosts": {"type": "array", "maxItems": 16, "items": {"type": "string", "maxLength": 253}}}}))
}

#[test]
fn rules_of_the_size_of_real_ones_pass() {
    let own = declare(&routes(), false).unwrap();
    let rules = [
        "self.listeners.all(a, self.listeners.exists_one(b, a.port == b.port && a.protocol == b.protocol && (has(a.hostname) && has(b.hostname) ? a.hostname == b.hostname : !has(a.hostname) && !has(b.hostname))))",
        "self.listeners.all(l, l.protocol in ['HTTP', 'TCP', 'UDP'] ? !has(l.name) || l.name != '' : true)",
        "self.rules.all(r, (has(r.backends) && r.backends.size() > 0) ? (!has(r.filters) || r.filters.all(f, !has(f.redirect))) : true)",
        "self.rules.all(r, (has(r.filters) && r.filters.exists_one(f, has(f.redirect) && has(f.redirect.path) && f.redirect.path.type == 'Prefix' && has(f.redirect.path.prefix))) ? ((size(r.matches) != 1 || !has(r.matches[0].path) || r.matches[0].path.type != 'PathPrefix') ? false : true) : true)",
        "self.rules.size() > 0 ? self.rules.map(r, has(r.matches) ? r.matches.size() : 0).sum() <= 128 : true",
        "!(has(self.request) && has(self.backend) && duration(self.request) != duration('0s') && duration(self.backend) > duration(self.request))",
        "self.path.startsWith('/') && !self.path.contains('//') && !self.path.contains('%2f') && !self.path.endsWith('/..')",
        "self.path.matches(r\"\"\"^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$\"\"\")",
        "self.hosts.all(h, !h.startsWith('*') || h.split('.').size() > 2)",
        "self.hosts.filter(h, h == 'x').size() <= 1 && (self.hosts.size() == 0 || self.hosts[0] != '')",
    ];
    for text in rules {
        let compiled = compile(&rule(text), &own);
        assert_eq!(compiled.error, None, "{text}");
        assert!(compiled.cost < 10_000_000, "{text}: {}", compiled.cost);
    }
    let dear = [
        "self.listeners.all(a, self.listeners.all(b, self.listeners.all(c, self.listeners.all(d, a == b && c == d))))",
    ];
    for text in dear {
        assert!(compile(&rule(text), &own).cost > 10_000_000, "{text}");
    }
}
