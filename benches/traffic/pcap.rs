//! Writing a classic pcap file, one frame at a time.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// The first packet's second: 2026-03-02 08:00:00 UTC, a Monday morning.
pub const EPOCH_SECONDS: u64 = 1_772_438_400;

/// A capture file being written (draft-ietf-opsawg-pcap §4), microsecond times, Ethernet.
#[derive(Debug)]
pub struct Pcap {
    file: BufWriter<File>,
    /// Frames written so far.
    pub packets: u64,
    /// Bytes of frames written so far.
    pub bytes: u64,
}

impl Pcap {
    /// Creates the file and writes its header.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        let header: [u32; 6] = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 262_144, 1];
        for word in header {
            file.write_all(&word.to_le_bytes())?;
        }
        Ok(Pcap { file, packets: 0, bytes: 0 })
    }

    /// Writes one frame, `nanoseconds` after the epoch of the file.
    pub fn write(&mut self, nanoseconds: u64, frame: &[u8]) -> io::Result<()> {
        let microseconds = nanoseconds / 1000;
        let seconds = EPOCH_SECONDS + microseconds / 1_000_000;
        let len = frame.len() as u32;
        for word in [seconds as u32, (microseconds % 1_000_000) as u32, len, len] {
            self.file.write_all(&word.to_le_bytes())?;
        }
        self.packets += 1;
        self.bytes += u64::from(len);
        self.file.write_all(frame)
    }

    /// Writes what is still buffered.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()
    }
}
