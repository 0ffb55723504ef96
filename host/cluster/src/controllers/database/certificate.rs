//! Certificates of a Cluster, from an authority of its own.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

/// How long certificates last; the operator renews them seven days before.
const LIFE: Duration = Duration::days(90);

/// A certificate and its key, as PEM.
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

/// What a Cluster has.
pub(super) struct Issued {
    pub(super) authority: Pair,
    pub(super) server: Pair,
    pub(super) replication: Pair,
}

/// Makes an authority, and what it issues to servers of these hosts and to standbys.
pub(super) fn issue(cluster: &str, place: &str, hosts: &[String], unix: i64) -> Result<Issued, String> {
    let wrong = |error: rcgen::Error| format!("cannot make a certificate: {error}");
    let now = OffsetDateTime::from_unix_timestamp(unix).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let lasting = |mut parameters: CertificateParams, title: &str| {
        parameters.distinguished_name.push(DnType::CommonName, title);
        parameters.not_before = now - Duration::hours(1);
        parameters.not_after = now + LIFE;
        parameters
    };
    let mut parameters = lasting(CertificateParams::default(), cluster);
    parameters.distinguished_name.push(DnType::OrganizationalUnitName, place);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().map_err(wrong)?;
    let certificate = parameters.self_signed(&key).map_err(wrong)?;
    let authority = Pair { certificate: certificate.pem(), key: key.serialize_pem() };
    let issuer = Issuer::new(parameters, key);
    let leaf = |names: &[String], title: &str, usage: ExtendedKeyUsagePurpose| {
        let mut parameters = lasting(CertificateParams::new(names.to_vec()).map_err(wrong)?, title);
        parameters.extended_key_usages = vec![usage];
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        let key = KeyPair::generate().map_err(wrong)?;
        let certificate = parameters.signed_by(&key, &issuer).map_err(wrong)?;
        Ok::<Pair, String>(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
    };
    let server = leaf(hosts, &format!("{cluster}-rw"), ExtendedKeyUsagePurpose::ServerAuth)?;
    let replication = leaf(&[], "streaming_replica", ExtendedKeyUsagePurpose::ClientAuth)?;
    Ok(Issued { authority, server, replication })
}
