//! What a path asks for: a resource, or something that is none (`/version`).

/// A resource request, taken from its path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Target {
    /// The API group, empty for the core.
    pub(crate) group: String,
    /// The version.
    pub(crate) version: String,
    /// The namespace, empty where the path has none.
    pub(crate) namespace: String,
    /// The plural resource.
    pub(crate) resource: String,
    /// The object, empty for a collection.
    pub(crate) name: String,
    /// What lies below the object, without the parts behind it.
    pub(crate) subresource: String,
    /// The deprecated prefix `/watch/`.
    pub(crate) watch: bool,
}

/// What lies below a namespace object, rather than in the namespace.
const OF_NAMESPACES: [&str; 2] = ["status", "finalize"];

impl Target {
    /// The resource that a path means; `None` for everything else, group and version listings among it.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let decoded: Vec<String> = path
            .split('/')
            .filter(|part| !part.is_empty())
            .map(|part| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned())
            .collect();
        let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (watch, rest) = match rest {
            ["watch", rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let (namespace, rest) = match rest {
            [] => return None,
            ["namespaces", _, sub] if group.is_empty() && OF_NAMESPACES.contains(sub) => ("", rest),
            ["namespaces", namespace, inner @ ..] if !inner.is_empty() => (*namespace, inner),
            rest => ("", rest),
        };
        let at = |index: usize| rest.get(index).copied().unwrap_or_default().to_owned();
        Some(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            namespace: namespace.to_owned(),
            resource: at(0),
            name: at(1),
            subresource: at(2),
            watch,
        })
    }

    /// `apps/v1`, or `v1` in the core.
    pub(crate) fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// The namespace that access is about: that of a namespace object is itself.
    pub(crate) fn access_namespace(&self) -> &str {
        match (self.group.as_str(), self.resource.as_str()) {
            ("", "namespaces") => &self.name,
            _ => &self.namespace,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn paths_are_read_as_the_server_reads_them() {
        let check = |path: &str, expect: [&str; 6]| {
            let target = Target::parse(path).unwrap();
            let Target { group, version, namespace, resource, name, subresource, .. } = &target;
            assert_eq!(
                [group, version, namespace, resource, name, subresource],
                expect.map(str::to_owned).each_ref(),
                "{path}"
            );
        };
        check("/api/v1/namespaces", ["", "v1", "", "namespaces", "", ""]);
        check("/api/v1/namespaces/a", ["", "v1", "", "namespaces", "a", ""]);
        check("/api/v1/namespaces/a/finalize", ["", "v1", "", "namespaces", "a", "finalize"]);
        check("/api/v1/namespaces/a/pods/p/log", ["", "v1", "a", "pods", "p", "log"]);
        check("/api/v1/namespaces/a/configmaps/system%3Ab", ["", "v1", "a", "configmaps", "system:b", ""]);
        check("/apis/apps/v1/deployments", ["apps", "v1", "", "deployments", "", ""]);
        assert!(Target::parse("/api/v1/watch/pods").unwrap().watch);
        for path in ["/", "/api", "/api/v1", "/apis/apps", "/apis/apps/v1", "/version"] {
            assert_eq!(Target::parse(path), None, "{path}");
        }
    }
}
