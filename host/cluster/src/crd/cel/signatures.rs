//! Which functions and operators there are, and for which types.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::types::{Type, UNBOUNDED};

/// A line a signature: `name target(arguments) result`; without a target there is none. `A` and `B` are any types.
const SIGNATURES: &str = "
!_ (bool) bool
-_ (int) int
-_ (double) double
_+_ (int,int) int
_+_ (uint,uint) uint
_+_ (double,double) double
_+_ (string,string) string
_+_ (bytes,bytes) bytes
_+_ (list<A>,list<A>) list<A>
_+_ (timestamp,duration) timestamp
_+_ (duration,timestamp) timestamp
_+_ (duration,duration) duration
_-_ (int,int) int
_-_ (uint,uint) uint
_-_ (double,double) double
_-_ (timestamp,timestamp) duration
_-_ (timestamp,duration) timestamp
_-_ (duration,duration) duration
_*_ (int,int) int
_*_ (uint,uint) uint
_*_ (double,double) double
_/_ (int,int) int
_/_ (uint,uint) uint
_/_ (double,double) double
_%_ (int,int) int
_%_ (uint,uint) uint
_==_ (A,A) bool
_!=_ (A,A) bool
@in (A,list<A>) bool
@in (A,map<A,B>) bool
_[_] (list<A>,int) A
_[_] (map<A,B>,A) B
_[_] (optional<list<A>>,int) optional<A>
_[_] (optional<map<A,B>>,A) optional<B>
_[?_] (list<A>,int) optional<A>
_[?_] (optional<list<A>>,int) optional<A>
_[?_] (map<A,B>,A) optional<B>
_[?_] (optional<map<A,B>>,A) optional<B>
@not_strictly_false (bool) bool
size (string) int
size (bytes) int
size (list<A>) int
size (map<A,B>) int
size string() int
size bytes() int
size list<A>() int
size map<A,B>() int
contains string(string) bool
endsWith string(string) bool
startsWith string(string) bool
matches string(string) bool
matches (string,string) bool
int (int) int
int (uint) int
int (double) int
int (string) int
int (timestamp) int
int (duration) int
uint (uint) uint
uint (int) uint
uint (double) uint
uint (string) uint
double (double) double
double (int) double
double (uint) double
double (string) double
bool (bool) bool
bool (string) bool
string (string) string
string (bool) string
string (int) string
string (uint) string
string (double) string
string (bytes) string
string (timestamp) string
string (duration) string
string (ip) string
string (cidr) string
bytes (bytes) bytes
bytes (string) bytes
duration (duration) duration
duration (string) duration
duration (int) duration
timestamp (timestamp) timestamp
timestamp (string) timestamp
timestamp (int) timestamp
type (A) type
dyn (A) dyn
getFullYear timestamp() int
getFullYear timestamp(string) int
getMonth timestamp() int
getMonth timestamp(string) int
getDate timestamp() int
getDate timestamp(string) int
getDayOfMonth timestamp() int
getDayOfMonth timestamp(string) int
getDayOfWeek timestamp() int
getDayOfWeek timestamp(string) int
getDayOfYear timestamp() int
getDayOfYear timestamp(string) int
getHours timestamp() int
getHours timestamp(string) int
getHours duration() int
getMinutes timestamp() int
getMinutes timestamp(string) int
getMinutes duration() int
getSeconds timestamp() int
getSeconds timestamp(string) int
getSeconds duration() int
getMilliseconds timestamp() int
getMilliseconds timestamp(string) int
getMilliseconds duration() int
charAt string(int) string
indexOf string(string) int
indexOf string(string,int) int
lastIndexOf string(string) int
lastIndexOf string(string,int) int
join list<string>() string
join list<string>(string) string
lowerAscii string() string
upperAscii string() string
replace string(string,string) string
replace string(string,string,int) string
split string(string) list<string>
split string(string,int) list<string>
substring string(int) string
substring string(int,int) string
trim string() string
reverse string() string
format string(list<dyn>) string
strings.quote (string) string
isSorted list<int>() bool
isSorted list<uint>() bool
isSorted list<double>() bool
isSorted list<bool>() bool
isSorted list<string>() bool
isSorted list<bytes>() bool
isSorted list<duration>() bool
isSorted list<timestamp>() bool
sum list<int>() int
sum list<uint>() uint
sum list<double>() double
sum list<duration>() duration
min list<int>() int
min list<uint>() uint
min list<double>() double
min list<bool>() bool
min list<string>() string
min list<bytes>() bytes
min list<duration>() duration
min list<timestamp>() timestamp
max list<int>() int
max list<uint>() uint
max list<double>() double
max list<bool>() bool
max list<string>() string
max list<bytes>() bytes
max list<duration>() duration
max list<timestamp>() timestamp
indexOf list<A>(A) int
lastIndexOf list<A>(A) int
slice list<A>(int,int) list<A>
flatten list<A>() list<dyn>
flatten list<A>(int) list<dyn>
sort list<A>() list<A>
distinct list<A>() list<A>
reverse list<A>() list<A>
first list<A>() optional<A>
last list<A>() optional<A>
lists.range (int) list<int>
find string(string) string
findAll string(string) list<string>
findAll string(string,int) list<string>
url (string) url
isURL (string) bool
getScheme url() string
getHost url() string
getHostname url() string
getPort url() string
getEscapedPath url() string
getQuery url() map<string,list<string>>
quantity (string) quantity
isQuantity (string) bool
isInteger quantity() bool
asInteger quantity() int
asApproximateFloat quantity() double
sign quantity() int
add quantity(quantity) quantity
add quantity(int) quantity
sub quantity(quantity) quantity
sub quantity(int) quantity
isLessThan quantity(quantity) bool
isGreaterThan quantity(quantity) bool
compareTo quantity(quantity) int
ip (string) ip
ip cidr() ip
isIP (string) bool
ip.isCanonical (string) bool
family ip() int
isUnspecified ip() bool
isLoopback ip() bool
isLinkLocalMulticast ip() bool
isLinkLocalUnicast ip() bool
isGlobalUnicast ip() bool
cidr (string) cidr
isCIDR (string) bool
containsIP cidr(string) bool
containsIP cidr(ip) bool
containsCIDR cidr(string) bool
containsCIDR cidr(cidr) bool
masked cidr() cidr
prefixLength cidr() int
format.named (string) optional<format>
format.dns1123Label () format
format.dns1123Subdomain () format
format.dns1035Label () format
format.qualifiedName () format
format.dns1123LabelPrefix () format
format.dns1123SubdomainPrefix () format
format.dns1035LabelPrefix () format
format.labelValue () format
format.uri () format
format.uuid () format
format.byte () format
format.date () format
format.datetime () format
validate format(string) optional<list<string>>
semver (string) semver
semver (string,bool) semver
isSemver (string) bool
isSemver (string,bool) bool
major semver() int
minor semver() int
patch semver() int
isLessThan semver(semver) bool
isGreaterThan semver(semver) bool
compareTo semver(semver) int
sets.contains (list<A>,list<A>) bool
sets.equivalent (list<A>,list<A>) bool
sets.intersects (list<A>,list<A>) bool
optional.of (A) optional<A>
optional.ofNonZeroValue (A) optional<A>
optional.none () optional<dyn>
hasValue optional<A>() bool
value optional<A>() A
or optional<A>(optional<A>) optional<A>
orValue optional<A>(A) A
";

/// A type in a signature.
#[derive(Debug)]
enum Sig {
    Is(Type),
    Any(usize),
    List(Box<Sig>),
    Map(Box<Sig>, Box<Sig>),
    Optional(Box<Sig>),
}

#[derive(Debug)]
struct Signature {
    target: Option<Sig>,
    args: Vec<Sig>,
    result: Sig,
}

type Table = BTreeMap<&'static str, Vec<Signature>>;

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: Table = BTreeMap::new();
        for line in SIGNATURES.lines().filter(|line| !line.is_empty()) {
            let mut words = line.splitn(3, ' ');
            let (Some(name), Some(call), Some(result)) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            let (target, args) = call.split_once('(').unwrap_or(("", call));
            let signature = Signature {
                target: (!target.is_empty()).then(|| sig(target)),
                args: parts(args.trim_end_matches(')')).into_iter().map(sig).collect(),
                result: sig(result),
            };
            table.entry(name).or_default().push(signature);
        }
        for operator in ["_<_", "_<=_", "_>_", "_>=_"] {
            let same =
                ["bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration"].map(|kind| (kind, kind));
            let numbers = [
                ("int", "uint"),
                ("int", "double"),
                ("uint", "int"),
                ("uint", "double"),
                ("double", "int"),
                ("double", "uint"),
            ];
            for (one, two) in same.into_iter().chain(numbers) {
                let signature = Signature { target: None, args: vec![sig(one), sig(two)], result: Sig::Is(Type::Bool) };
                table.entry(operator).or_default().push(signature);
            }
        }
        table
    })
}

/// Arguments apart, commas inside `<>` kept.
fn parts(text: &'static str) -> Vec<&'static str> {
    let (mut found, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, char) in text.char_indices() {
        match char {
            '<' => depth += 1,
            '>' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if start < text.len() {
        found.push(&text[start..]);
    }
    found
}

fn sig(text: &'static str) -> Sig {
    let inner = |head: &str| text.strip_prefix(head).and_then(|rest| rest.strip_suffix('>'));
    if let Some(inner) = inner("list<") {
        return Sig::List(Box::new(sig(inner)));
    }
    if let Some(inner) = inner("optional<") {
        return Sig::Optional(Box::new(sig(inner)));
    }
    if let Some([key, value]) = inner("map<").map(parts).as_deref() {
        return Sig::Map(Box::new(sig(key)), Box::new(sig(value)));
    }
    Sig::Is(match text {
        "A" => return Sig::Any(0),
        "B" => return Sig::Any(1),
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::String(UNBOUNDED),
        "bytes" => Type::Bytes(UNBOUNDED),
        "timestamp" => Type::Timestamp,
        "duration" => Type::Duration,
        "type" => Type::Type,
        "url" => Type::Opaque("kubernetes.URL"),
        "quantity" => Type::Opaque("kubernetes.Quantity"),
        "ip" => Type::Opaque("net.IP"),
        "cidr" => Type::Opaque("net.CIDR"),
        "format" => Type::Opaque("kubernetes.NamedFormat"),
        "semver" => Type::Opaque("kubernetes.Semver"),
        _ => Type::DYN,
    })
}

/// Whether there is a function of this name that is called without a target: `sets.contains`.
pub(crate) fn is_global(name: &str) -> bool {
    table().get(name).is_some_and(|found| found.iter().any(|signature| signature.target.is_none()))
}

/// Whether there is a function of this name at all.
pub(crate) fn is_known(name: &str) -> bool {
    table().contains_key(name)
}

/// The type of a call's result; `None` where no signature fits. Where several do, because not all is known, any type
/// may come of it.
pub(crate) fn resolve(name: &str, target: Option<&Type>, args: &[Type]) -> Option<Type> {
    let mut result: Option<Type> = None;
    for signature in table().get(name).map(Vec::as_slice).unwrap_or_default() {
        if signature.target.is_some() != target.is_some() || signature.args.len() != args.len() {
            continue;
        }
        let mut bound: [Option<Type>; 2] = [None, None];
        let own = signature.target.iter().zip(target);
        let fits = own.chain(signature.args.iter().zip(args)).all(|(sig, actual)| assign(sig, actual, &mut bound));
        if !fits {
            continue;
        }
        let found = substitute(&signature.result, &bound);
        result = Some(match result {
            None => found,
            Some(before) if std::mem::discriminant(&before) == std::mem::discriminant(&found) => before.join(&found),
            Some(_) => Type::DYN,
        });
    }
    result
}

fn assign(sig: &Sig, actual: &Type, bound: &mut [Option<Type>; 2]) -> bool {
    match (sig, actual) {
        (Sig::Any(at), actual) => match &bound[*at] {
            None => {
                bound[*at] = Some(actual.clone());
                true
            }
            Some(before) => {
                let fits = before.fits(actual);
                if fits {
                    bound[*at] = Some(before.clone().or(actual).join(actual));
                }
                fits
            }
        },
        (_, Type::Dyn(_)) => true,
        (Sig::Is(wanted), actual) => wanted.fits(actual) && !matches!(actual, Type::Null),
        (Sig::List(wanted), Type::List(item, _)) => assign(wanted, item, bound),
        (Sig::Map(key, value), Type::Map(actual_key, actual, _)) => {
            assign(key, actual_key, bound) && assign(value, actual, bound)
        }
        (Sig::Optional(wanted), Type::Optional(of)) => assign(wanted, of, bound),
        _ => false,
    }
}

fn substitute(sig: &Sig, bound: &[Option<Type>; 2]) -> Type {
    match sig {
        Sig::Is(is) => is.clone(),
        Sig::Any(at) => bound[*at].clone().unwrap_or(Type::DYN),
        Sig::List(of) => Type::List(Arc::new(substitute(of, bound)), UNBOUNDED),
        Sig::Map(key, value) => {
            Type::Map(Arc::new(substitute(key, bound)), Arc::new(substitute(value, bound)), UNBOUNDED)
        }
        Sig::Optional(of) => Type::Optional(Arc::new(substitute(of, bound))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn calls_are_resolved() {
        let text = Type::String(1);
        let list = Type::List(Arc::new(Type::Int), 3);
        let shown = |name: &str, target: Option<&Type>, args: &[Type]| {
            resolve(name, target, args).map(|found| found.to_string())
        };
        assert_eq!(shown("_+_", None, &[Type::Int, Type::Int]).as_deref(), Some("int"));
        assert_eq!(shown("_+_", None, &[Type::Int, text.clone()]), None);
        assert_eq!(shown("_[_]", None, &[list, Type::Int]).as_deref(), Some("int"));
        assert_eq!(shown("_==_", None, &[Type::Int, Type::Double]), None);
        assert_eq!(shown("_<_", None, &[Type::Int, Type::Double]).as_deref(), Some("bool"));
        assert_eq!(shown("contains", Some(&text), std::slice::from_ref(&text)).as_deref(), Some("bool"));
        assert_eq!(shown("_+_", None, &[Type::DYN, Type::Int]).as_deref(), Some("int"));
        assert_eq!(shown("optional.of", None, &[text]).as_deref(), Some("optional_type(string)"));
        assert!(is_global("sets.contains") && is_known("trim") && !is_global("trim"));
        let lines = SIGNATURES.lines().filter(|line| !line.is_empty()).count();
        assert_eq!(table().values().map(Vec::len).sum::<usize>(), lines + 4 * 14);
    }
}
