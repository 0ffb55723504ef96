//! `.Capabilities`: what templates are told of the cluster and of Helm.

use std::any::Any;
use std::rc::Rc;

use crate::context::Context;
use crate::function::{Answer, Failure, Method, Parameter};
use crate::value::{List, Member, Object, Str, Structure, Type, Value};

/// The API versions that Helm 4.1.4 knows without a cluster, in its order.
pub const API_VERSIONS: [&str; 57] = [
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "autoscaling/v2beta1",
    "autoscaling/v2beta2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha1",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
];

/// `.Capabilities.HelmVersion` of the Helm that is reproduced: field, name in JSON, value.
const HELM_VERSION: [(&str, &str, &str); 5] = [
    ("Version", "version", "v4.1.4"),
    ("GitCommit", "git_commit", "05fa37973dc9e42b76e1d2883494c87174b6074f"),
    ("GitTreeState", "git_tree_state", "clean"),
    ("GoVersion", "go_version", "go1.25.9"),
    ("KubeClientVersion", "kube_client_version", "v1.35"),
];

/// A version of Kubernetes, as `--kube-version` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeVersion {
    version: String,
    normalized: String,
    major: String,
    minor: String,
}

impl Default for KubeVersion {
    /// What Helm 4.1.4 assumes without a cluster.
    fn default() -> Self {
        Self {
            version: "v1.35.0".to_owned(),
            normalized: "v1.35.0".to_owned(),
            major: "1".to_owned(),
            minor: "35".to_owned(),
        }
    }
}

impl KubeVersion {
    /// Reads `1.34`, `v1.34.1`, `1.34.0-gke.1`: two or more numbers, and anything behind them.
    ///
    /// # Errors
    /// What Helm says of `--kube-version`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let invalid = |why: String| format!("invalid kube version '{text}': {why}");
        let unreadable = || invalid(format!("could not parse {} as version", quoted(text)));
        let trimmed = text.trim_start_matches(['\t', '\n', '\x0c', '\r', ' ']);
        let trimmed = trimmed.strip_prefix('v').unwrap_or(trimmed);
        let digits = |from: usize| trimmed.bytes().skip(from).take_while(u8::is_ascii_digit).count();
        // A dot belongs to the numbers only when another number follows.
        let mut end = digits(0);
        while end > 0 && trimmed.as_bytes().get(end) == Some(&b'.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        let numbers = trimmed.get(..end).unwrap_or_default();
        let extra = trimmed.get(numbers.len()..).unwrap_or_default();
        if numbers.is_empty() || extra.contains('\n') {
            return Err(unreadable());
        }
        let components: Vec<&str> = numbers.split('.').collect();
        let [major, _, ..] = components[..] else {
            return Err(invalid(format!("illegal version string {}", quoted(text))));
        };
        if major.starts_with('0') && major != "0" {
            let (part, text) = (quoted(major), quoted(text));
            return Err(invalid(format!("illegal zero-prefixed version component {part} in {text}")));
        }
        let mut normalized = Vec::new();
        for component in &components {
            let number: u64 = component.parse().map_err(|_| {
                let (part, text) = (quoted(component), quoted(text));
                invalid(format!(
                    "illegal non-numeric version component {part} in {text}: \
                     strconv.ParseUint: parsing {part}: value out of range"
                ))
            })?;
            normalized.push(number.to_string());
        }
        let number = |index: usize| normalized.get(index).cloned().unwrap_or_default();
        let version = if text.starts_with('v') { text.to_owned() } else { format!("v{text}") };
        Ok(Self { version, major: number(0), minor: number(1), normalized: format!("v{}", normalized.join(".")) })
    }

    /// What a server says of itself; `minor` may have a `+` behind it, which templates see.
    ///
    /// # Errors
    /// A version that is none.
    pub fn of_server(git_version: &str, major: &str, minor: &str) -> Result<Self, String> {
        let mut version = Self::parse(git_version)?;
        for (there, said) in [(&mut version.major, major), (&mut version.minor, minor)] {
            if !said.is_empty() {
                said.clone_into(there);
            }
        }
        Ok(version)
    }

    /// The version that constraints are checked against: numbers alone.
    pub fn normalized(&self) -> &str {
        &self.normalized
    }
}

/// Go's `%q` of what a command line can hold.
pub(super) fn quoted(text: &str) -> String {
    String::from_utf8_lossy(&crate::format::quote::quote(text.as_bytes())).into_owned()
}

impl Object for KubeVersion {
    fn go_type(&self) -> Type {
        Type::Named { name: "common.KubeVersion", kind: "struct" }
    }

    fn member(&self, name: &str) -> Option<Member> {
        static METHODS: [Method; 2] = [
            method("String", &[], |object, _, _| Ok(this::<KubeVersion>(object)?.normalized.as_str().into())),
            method("GitVersion", &[], |object, _, _| Ok(this::<KubeVersion>(object)?.version.as_str().into())),
        ];
        match name {
            "Version" => Some(Member::Field(self.version.as_str().into())),
            "Major" => Some(Member::Field(self.major.as_str().into())),
            "Minor" => Some(Member::Field(self.minor.as_str().into())),
            _ => METHODS.iter().find(|method| method.name == name).map(Member::Method),
        }
    }

    fn print(&self) -> Str {
        format!("{{{} {} {} {}}}", self.version, self.normalized, self.major, self.minor).into()
    }

    fn show(&self) -> Str {
        self.normalized.as_str().into()
    }

    fn structure(&self) -> Option<Structure> {
        let mut fields = self.fields()?;
        fields.insert(1, ("normalizedVersion", self.normalized.as_str().into()));
        Some(Structure { fields, has_text: false })
    }

    fn fields(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(vec![
            ("Version", self.version.as_str().into()),
            ("Major", self.major.as_str().into()),
            ("Minor", self.minor.as_str().into()),
        ])
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `.Capabilities.APIVersions`: a list with a method `Has`.
#[derive(Clone, Debug)]
struct VersionSet(List);

const VERSION_SET: Type = Type::Named { name: "common.VersionSet", kind: "slice" };

impl Object for VersionSet {
    fn go_type(&self) -> Type {
        VERSION_SET
    }

    fn member(&self, name: &str) -> Option<Member> {
        static HAS: Method = method("Has", &[Parameter::Str], |object, context, arguments| {
            let set = this::<VersionSet>(object)?;
            context.spend(set.0.len())?;
            let [Value::Str(wanted)] = arguments else {
                return Err("a string is needed".into());
            };
            let has = set.0.borrow().iter().any(|item| matches!(item, Value::Str(item) if item == wanted));
            Ok(has.into())
        });
        (name == HAS.name).then_some(Member::Method(&HAS))
    }

    fn print(&self) -> Str {
        let mut text = b"[".to_vec();
        for (index, item) in self.0.borrow().iter().enumerate() {
            if index > 0 {
                text.push(b' ');
            }
            if let Value::Str(item) = item {
                text.extend_from_slice(item);
            }
        }
        text.push(b']');
        text.into()
    }

    fn underlying(&self) -> Option<Value> {
        Some(self.0.clone().into())
    }

    fn truth(&self) -> bool {
        !self.0.is_empty()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `.Capabilities.HelmVersion`.
#[derive(Clone, Copy, Debug)]
struct HelmVersion;

impl Object for HelmVersion {
    fn go_type(&self) -> Type {
        Type::Named { name: "version.BuildInfo", kind: "struct" }
    }

    fn member(&self, name: &str) -> Option<Member> {
        let (.., value) = HELM_VERSION.iter().find(|(field, ..)| *field == name)?;
        Some(Member::Field((*value).into()))
    }

    fn print(&self) -> Str {
        format!("{{{}}}", HELM_VERSION.map(|(.., value)| value).join(" ")).into()
    }

    fn structure(&self) -> Option<Structure> {
        Some(Structure { fields: self.named_fields()?, has_text: false })
    }

    fn fields(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(HELM_VERSION.iter().map(|(_, name, value)| (*name, (*value).into())).collect())
    }

    fn named_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(HELM_VERSION.iter().map(|(field, _, value)| (*field, (*value).into())).collect())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `.Capabilities`.
#[derive(Clone, Debug)]
pub struct Capabilities {
    kube_version: Rc<KubeVersion>,
    api_versions: Rc<VersionSet>,
}

impl Capabilities {
    /// Of a cluster of `kube_version` that has `api_versions`.
    pub fn new(kube_version: KubeVersion, api_versions: impl IntoIterator<Item = Str>) -> Self {
        Self { kube_version: Rc::new(kube_version), api_versions: Rc::new(VersionSet(List::strings(api_versions))) }
    }
}

impl Object for Capabilities {
    fn go_type(&self) -> Type {
        Type::Named { name: "*common.Capabilities", kind: "ptr" }
    }

    fn member(&self, name: &str) -> Option<Member> {
        static COPY: Method =
            method("Copy", &[], |object, _, _| Ok(Value::Object(Rc::new(this::<Capabilities>(object)?.clone()))));
        Some(match name {
            "KubeVersion" => Member::Field(Value::Object(self.kube_version.clone())),
            "APIVersions" => Member::Field(Value::Object(self.api_versions.clone())),
            "HelmVersion" => Member::Field(Value::Object(Rc::new(HelmVersion))),
            "Copy" => Member::Method(&COPY),
            _ => return None,
        })
    }

    fn print(&self) -> Str {
        format!("&{}", self.show()).into()
    }

    /// A template prints what a pointer points to.
    fn show(&self) -> Str {
        format!("{{{} {} {}}}", self.kube_version.print(), self.api_versions.print(), HelmVersion.print()).into()
    }

    fn structure(&self) -> Option<Structure> {
        Some(Structure { fields: self.fields()?, has_text: false })
    }

    fn fields(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(vec![
            ("KubeVersion", Value::Object(self.kube_version.clone())),
            ("APIVersions", Value::Object(self.api_versions.clone())),
            ("HelmVersion", Value::Object(Rc::new(HelmVersion))),
        ])
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The object a method was called on; the evaluator found the method there.
fn this<T: 'static>(object: &dyn Object) -> Result<&T, Failure> {
    object.as_any().downcast_ref().ok_or_else(|| Failure::from("a method on something else"))
}

const fn method(
    name: &'static str,
    parameters: &'static [Parameter],
    call: fn(&dyn Object, &mut dyn Context, &[Value]) -> Answer,
) -> Method {
    Method { name, parameters, variadic: None, call }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn versions_of_kubernetes_are_read_as_helm_reads_them() {
        for (text, version, normalized) in [
            ("1.34", "v1.34", "v1.34"),
            ("v1.34.1", "v1.34.1", "v1.34.1"),
            ("1.34.0-gke.1", "v1.34.0-gke.1", "v1.34.0"),
            ("v1.30+", "v1.30+", "v1.30"),
            ("1.2.3.4", "v1.2.3.4", "v1.2.3.4"),
            (" 1.2", "v 1.2", "v1.2"),
            ("1.2 ", "v1.2 ", "v1.2"),
            ("1.2.", "v1.2.", "v1.2"),
            ("1.02", "v1.02", "v1.2"),
            ("1.2.x", "v1.2.x", "v1.2"),
        ] {
            let read = KubeVersion::parse(text).unwrap();
            assert_eq!((read.version.as_str(), read.normalized()), (version, normalized), "{text}");
        }
    }

    #[test]
    fn what_is_no_version_of_kubernetes_is_refused_in_helms_words() {
        for (text, why) in [
            ("1", r#"illegal version string "1""#),
            ("1.", r#"illegal version string "1.""#),
            ("01.2", r#"illegal zero-prefixed version component "01" in "01.2""#),
            ("abc", r#"could not parse "abc" as version"#),
            ("V1.2", r#"could not parse "V1.2" as version"#),
            ("1.2\n", r#"could not parse "1.2\n" as version"#),
        ] {
            assert_eq!(KubeVersion::parse(text), Err(format!("invalid kube version '{text}': {why}")));
        }
    }
}
