//! The bytes of a source: read, counted and hashed as they are on disk, compression undone on the way.

use std::fmt::Write as _;
use std::io::{self, BufReader, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};
use sha2::{Digest, Sha256};

use super::zstd::Zstd;

/// How many first bytes tell the compression: the longest magic number, that of xz.
const MAGIC_BYTES: usize = 6;
/// Compressed bytes read at once.
const COMPRESSED_READ_BYTES: usize = 64 * 1024;
/// What xz may hold in memory, in bytes: `xz -9`, the most that its presets write, needs 65 MiB.
const XZ_MEMORY_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// A source as it is on disk.
pub(super) struct Raw {
    from: Box<dyn Read + Send>,
    first: [u8; MAGIC_BYTES],
    /// How many of `first` there are, and how many of them have been handed out.
    first_length: usize,
    first_given: usize,
    bytes: u64,
    hash: Option<Box<Sha256>>,
}

impl Raw {
    /// Reads the first bytes.
    fn new(mut from: Box<dyn Read + Send>, hash: bool) -> io::Result<Self> {
        let mut first = [0; MAGIC_BYTES];
        let mut length = 0;
        while let Some(free) = first.get_mut(length..).filter(|free| !free.is_empty()) {
            match from.read(free) {
                Ok(0) => break,
                Ok(more) => length += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Raw {
            from,
            first,
            first_length: length,
            first_given: 0,
            bytes: 0,
            hash: hash.then(|| Box::new(Sha256::new())),
        })
    }

    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = match self.first.get(self.first_given..self.first_length) {
            Some(mut first) if !first.is_empty() => {
                let length = first.read(buffer)?;
                self.first_given += length;
                length
            }
            _ => self.from.read(buffer)?,
        };
        self.bytes += length as u64;
        if let Some(hash) = &mut self.hash {
            hash.update(buffer.get(..length).unwrap_or_default());
        }
        Ok(length)
    }
}

/// A source with its compression undone. Nothing is held but one buffer and the window that the
/// compression format itself refers back to.
pub(super) enum Input {
    Plain(Raw),
    Gzip(Box<MultiGzDecoder<BufReader<Raw>>>),
    Zstd(Box<Zstd<BufReader<Raw>>>),
    Xz(Box<XzDecoder<BufReader<Raw>>>),
}

impl Input {
    /// Tells the compression by the first bytes.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(super) fn open(from: Box<dyn Read + Send>, hash: bool) -> io::Result<Self> {
        let raw = Raw::new(from, hash)?;
        let buffered = |raw| BufReader::with_capacity(COMPRESSED_READ_BYTES, raw);
        Ok(match raw.first {
            [0x1f, 0x8b, ..] => Input::Gzip(Box::new(MultiGzDecoder::new(buffered(raw)))),
            // A frame, or a skippable one, with which parallel writers begin.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                Input::Zstd(Box::new(Zstd::new(buffered(raw))))
            }
            [0xfd, b'7', b'z', b'X', b'Z', 0] => {
                let stream = Stream::new_stream_decoder(XZ_MEMORY_BYTES_MAX, CONCATENATED)?;
                Input::Xz(Box::new(XzDecoder::new_stream(buffered(raw), stream)))
            }
            _ => Input::Plain(raw),
        })
    }

    /// Whether offsets count undone bytes rather than those on disk.
    pub(super) fn is_compressed(&self) -> bool {
        !matches!(self, Input::Plain(_))
    }

    pub(super) fn raw(&self) -> &Raw {
        match self {
            Input::Plain(raw) => raw,
            Input::Gzip(gzip) => gzip.get_ref().get_ref(),
            Input::Zstd(zstd) => zstd.get_ref().get_ref(),
            Input::Xz(xz) => xz.get_ref().get_ref(),
        }
    }

    fn raw_mut(&mut self) -> &mut Raw {
        match self {
            Input::Plain(raw) => raw,
            Input::Gzip(gzip) => gzip.get_mut().get_mut(),
            Input::Zstd(zstd) => zstd.get_mut().get_mut(),
            Input::Xz(xz) => xz.get_mut().get_mut(),
        }
    }

    /// The SHA-256 of the whole source in hex, if it was asked for: reads on to the end where a
    /// corrupt tail had stopped the packets.
    pub(super) fn finish_hash(&mut self) -> io::Result<Option<String>> {
        let raw = self.raw_mut();
        if raw.hash.is_none() {
            return Ok(None);
        }
        io::copy(raw, &mut io::sink())?;
        Ok(raw.hash.take().map(|hash| {
            hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
        }))
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Input::Plain(raw) => raw.read(buffer),
            Input::Gzip(gzip) => gzip.read(buffer),
            Input::Zstd(zstd) => zstd.read(buffer),
            Input::Xz(xz) => xz.read(buffer),
        }
    }
}
