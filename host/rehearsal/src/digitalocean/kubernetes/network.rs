//! Addresses: CIDR blocks, and the default VPC of each region.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::super::Context;
use super::super::answer::Refusal;
use crate::entropy;

/// The collection of default VPCs, by region.
const VPCS: &str = "digitalocean/vpcs";
/// The ranges of a cluster whose user gave none.
pub(super) const CLUSTER_SUBNET: &str = "10.244.0.0/16";
pub(super) const SERVICE_SUBNET: &str = "10.245.0.0/16";

/// A region's VPC with its subnet for workers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Vpc {
    pub(super) id: String,
    pub(super) subnet: String,
}

/// The default VPC of a region, made when first used.
pub(super) fn default_vpc(context: &mut Context<'_, '_>, region: &str) -> Result<Vpc, Refusal> {
    if let Some(vpc) = context.transaction.get(VPCS, region)? {
        return Ok(vpc);
    }
    let vpc = Vpc { id: entropy::uuid()?, subnet: entropy::uuid()? };
    context.transaction.put(VPCS, region, &vpc)?;
    Ok(vpc)
}

/// An IP range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cidr {
    address: IpAddr,
    length: u8,
}

impl Cidr {
    /// Parses `address/length`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let length = length.parse().ok().filter(|length| *length <= width)?;
        Some(Self { address, length })
    }

    /// Whether the two have an address in common.
    pub(super) fn overlaps(self, other: Self) -> bool {
        let shared = u32::from(self.length.min(other.length));
        match (self.address, other.address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                let differing = a.to_bits() ^ b.to_bits();
                differing.leading_zeros() >= shared
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                let differing = a.to_bits() ^ b.to_bits();
                differing.leading_zeros() >= shared
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_range_needs_an_address_and_a_length_that_fits() {
        assert!(Cidr::parse("10.0.0.0/8").is_some());
        assert!(Cidr::parse("fd00::/48").is_some());
        for bad in ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "x/8", "10.0.0.0/", "/8"] {
            assert!(Cidr::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn ranges_overlap_when_the_shorter_prefix_is_shared() {
        let overlap = |a, b| Cidr::parse(a).unwrap().overlaps(Cidr::parse(b).unwrap());
        assert!(overlap("10.0.0.0/8", "10.244.0.0/16"));
        assert!(!overlap("10.244.0.0/16", "10.245.0.0/16"));
        assert!(overlap("0.0.0.0/0", "10.0.0.1/32"));
        assert!(!overlap("10.0.0.0/8", "fd00::/8"));
    }
}
