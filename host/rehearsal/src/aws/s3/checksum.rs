//! Checksums of contents: verified where a client sends them, and told again where it asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, CRC_64_NVME, Crc};
use md5::{Digest as _, Md5};
use sha2::Sha256;

use crate::aws::chunked::Unwrapped;
use crate::aws::refusal::Refusal;
use crate::aws::sigv4::hex;
use crate::service::Call;

const CRC32: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
const CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
const CRC64: Crc<u64> = Crc::<u64>::new(&CRC_64_NVME);

/// The MD5 of content: its entity tag where it is not encrypted with a key of KMS.
pub(super) fn md5(content: &[u8]) -> Vec<u8> {
    Md5::digest(content).to_vec()
}

/// An entity tag of MD5, without its quotation marks.
pub(super) fn tag(content: &[u8]) -> String {
    hex(&md5(content))
}

/// Holds content against every checksum that came with it; the answer is the header to tell again.
pub(super) fn verify(call: &Call, unwrapped: &Unwrapped) -> Result<Option<(String, String)>, Refusal> {
    if let Some(given) = call.header("content-md5") {
        let digest = STANDARD.decode(given).ok().filter(|digest| digest.len() == 16);
        let digest =
            digest.ok_or_else(|| Refusal::bad("InvalidDigest", "The Content-MD5 you specified was invalid."))?;
        if digest != md5(&unwrapped.body) {
            return Err(Refusal::bad("BadDigest", "The Content-MD5 you specified did not match what we received."));
        }
    }
    let headers = call.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let trailer = unwrapped.trailer.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut kept = None;
    for (name, given) in headers.chain(trailer) {
        let Some(kind) = name.strip_prefix("x-amz-checksum-") else { continue };
        let computed = match kind {
            "algorithm" | "mode" | "type" => continue,
            "crc32" => CRC32.checksum(&unwrapped.body).to_be_bytes().to_vec(),
            "crc32c" => CRC32C.checksum(&unwrapped.body).to_be_bytes().to_vec(),
            "crc64nvme" => CRC64.checksum(&unwrapped.body).to_be_bytes().to_vec(),
            "sha256" => Sha256::digest(&unwrapped.body).to_vec(),
            _ => return Err(Refusal::not_played(name)),
        };
        if STANDARD.encode(computed) != given {
            let message =
                format!("The {} you specified did not match the calculated checksum.", kind.to_ascii_uppercase());
            return Err(Refusal::bad("BadDigest", message));
        }
        kept = Some((name.to_owned(), given.to_owned()));
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn the_checksums_are_the_published_ones() {
        let check = b"123456789";
        assert_eq!(CRC32.checksum(check), 0xcbf4_3926);
        assert_eq!(CRC32C.checksum(check), 0xe306_9283);
        assert_eq!(CRC64.checksum(check), 0xae8b_1486_0a79_9888);
        assert_eq!(tag(b""), "d41d8cd98f00b204e9800998ecf8427e");
    }
}
