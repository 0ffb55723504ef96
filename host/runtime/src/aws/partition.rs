//! The parts of AWS that share nothing: the public one, China's, and the one of the US government.

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Partition {
    Public,
    China,
    UsGov,
}

impl Partition {
    /// The one that a region is in.
    pub(crate) fn of(region: &str) -> Self {
        match region.split('-').next() {
            Some("cn") => Self::China,
            Some("us") if region.starts_with("us-gov-") => Self::UsGov,
            _ => Self::Public,
        }
    }

    /// What the names of its hosts end with.
    pub(crate) fn domain(self) -> &'static str {
        match self {
            Self::China => "amazonaws.com.cn",
            Self::Public | Self::UsGov => "amazonaws.com",
        }
    }

    /// The host of a service that has one for all regions: `iam`, `route53`.
    pub(crate) fn global(self, service: &str) -> String {
        match (self, service) {
            (Self::UsGov, _) => format!("{service}.us-gov.{}", self.domain()),
            (Self::China, "iam") => format!("iam.cn-north-1.{}", self.domain()),
            _ => format!("{service}.{}", self.domain()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_leads_to_its_own_part() {
        for (region, iam, route53) in [
            ("eu-central-1", "iam.amazonaws.com", "route53.amazonaws.com"),
            ("us-gov-west-1", "iam.us-gov.amazonaws.com", "route53.us-gov.amazonaws.com"),
            ("cn-north-1", "iam.cn-north-1.amazonaws.com.cn", "route53.amazonaws.com.cn"),
        ] {
            let part = Partition::of(region);
            assert_eq!((part.global("iam").as_str(), part.global("route53").as_str()), (iam, route53), "{region}");
        }
    }
}
