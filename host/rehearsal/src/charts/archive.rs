//! Packs a chart as `helm package` does: a tar of its folder in gzip, the same bytes at every start.

use crc::{CRC_32_ISO_HDLC, Crc};

use super::chart::Chart;

/// A tar's unit.
const BLOCK: usize = 512;
/// The most that one stored block of deflate holds.
const STORED: usize = 0xffff;

/// The archive of a chart.
pub(super) fn pack(chart: &Chart) -> Vec<u8> {
    let mut tar = Vec::new();
    for file in chart.files {
        let header = header(&format!("{}/{}", chart.name, file.path), file.text.len());
        tar.extend_from_slice(&header);
        tar.extend_from_slice(file.text.as_bytes());
        tar.resize(tar.len().next_multiple_of(BLOCK), 0);
    }
    // Two empty blocks are a tar's end.
    tar.resize(tar.len() + 2 * BLOCK, 0);
    gzip(&tar)
}

/// A header of POSIX's ustar format. Paths of the charts here are far below the 100 bytes it has for them.
fn header(path: &str, size: usize) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, text: &str| {
        for (place, byte) in header.iter_mut().skip(at).zip(text.bytes()) {
            *place = byte;
        }
    };
    put(0, path);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{size:011o}\0"));
    put(136, "00000000000\0");
    // A sum is taken with spaces where it will stand.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\0");
    put(263, "00");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    for (place, byte) in header.iter_mut().skip(148).zip(format!("{sum:06o}\0 ").bytes()) {
        *place = byte;
    }
    header
}

/// Wraps bytes in gzip without making them smaller: some tens of kilobytes on loopback are not worth a dependency.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    // Deflate, no flags, no time, no system.
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut chunks = bytes.chunks(STORED).peekable();
    while let Some(chunk) = chunks.next() {
        out.push(u8::from(chunks.peek().is_none()));
        // A chunk is no longer than a `u16` can tell.
        let length = u16::try_from(chunk.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(chunk);
    }
    out.extend_from_slice(&Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(bytes).to_le_bytes());
    // Its size modulo 2^32, as the format has it.
    let size = u32::try_from(bytes.len() & 0xffff_ffff).unwrap_or_default();
    out.extend_from_slice(&size.to_le_bytes());
    out
}
