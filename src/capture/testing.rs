//! A small writer of captures, to test the reader with what others write.

use std::path::{Path, PathBuf};

use super::order::Order;

/// Bytes being written in one byte order.
pub(super) struct Writer {
    pub(super) order: Order,
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn new(order: Order) -> Self {
        Writer { order, bytes: Vec::new() }
    }

    pub(super) fn u16(&mut self, number: u16) -> &mut Self {
        let bytes = number.to_le_bytes();
        self.ordered(&bytes)
    }

    pub(super) fn u32(&mut self, number: u32) -> &mut Self {
        let bytes = number.to_le_bytes();
        self.ordered(&bytes)
    }

    pub(super) fn u64(&mut self, number: u64) -> &mut Self {
        let bytes = number.to_le_bytes();
        self.ordered(&bytes)
    }

    fn ordered(&mut self, little: &[u8]) -> &mut Self {
        match self.order {
            Order::Little => self.bytes.extend_from_slice(little),
            Order::Big => self.bytes.extend(little.iter().rev()),
        }
        self
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// A pcap header with any magic, version and link type field.
    pub(super) fn pcap_header(&mut self, magic: u32, version: (u16, u16), link: u32) -> &mut Self {
        self.u32(magic).u16(version.0).u16(version.1).u32(0).u32(0).u32(65_535).u32(link)
    }

    /// A pcap record whose two lengths are as given.
    pub(super) fn record(
        &mut self,
        seconds: u32,
        fraction: u32,
        lengths: (u32, u32),
        bytes: &[u8],
    ) -> &mut Self {
        self.u32(seconds).u32(fraction).u32(lengths.0).u32(lengths.1).raw(bytes)
    }

    /// A block of a pcapng, padded.
    pub(super) fn block(&mut self, kind: u32, body: impl FnOnce(&mut Writer)) -> &mut Self {
        let mut inner = Writer::new(self.order);
        body(&mut inner);
        inner.bytes.resize(inner.bytes.len().next_multiple_of(4), 0);
        let length = inner.bytes.len() as u32 + 12;
        self.u32(kind).u32(length).raw(&inner.bytes).u32(length)
    }

    pub(super) fn section(&mut self) -> &mut Self {
        self.block(0x0a0d_0d0a, |block| {
            block.u32(0x1a2b_3c4d).u16(1).u16(0).u64(u64::MAX);
        })
    }

    /// An interface with options (code, value).
    pub(super) fn interface(&mut self, link: u16, snap: u32, options: &[(u16, &[u8])]) -> &mut Self {
        self.block(1, |block| {
            block.u16(link).u16(0).u32(snap);
            for (code, value) in options {
                block.u16(*code).u16(value.len() as u16).raw(value);
                block.bytes.resize(block.bytes.len().next_multiple_of(4), 0);
            }
        })
    }

    pub(super) fn enhanced(&mut self, interface: u32, ticks: u64, original: u32, bytes: &[u8]) -> &mut Self {
        self.block(6, |block| {
            block.u32(interface).u32((ticks >> 32) as u32).u32(ticks as u32);
            block.u32(bytes.len() as u32).u32(original).raw(bytes);
        })
    }

    pub(super) fn simple(&mut self, original: u32, bytes: &[u8]) -> &mut Self {
        self.block(3, |block| {
            block.u32(original).raw(bytes);
        })
    }

    pub(super) fn obsolete(&mut self, interface: u16, ticks: u64, bytes: &[u8]) -> &mut Self {
        self.block(2, |block| {
            block.u16(interface).u16(0).u32((ticks >> 32) as u32).u32(ticks as u32);
            block.u32(bytes.len() as u32).u32(bytes.len() as u32).raw(bytes);
        })
    }
}

/// A pcap of today with packets at these seconds, each 60 bytes that name the second.
pub(super) fn pcap_at(seconds: &[u32]) -> Vec<u8> {
    let mut writer = Writer::new(Order::Little);
    writer.pcap_header(0xa1b2_c3d4, (2, 4), 1);
    for &second in seconds {
        writer.record(second, 0, (60, 60), &[second as u8; 60]);
    }
    writer.bytes
}

/// A directory of files that goes away with the test.
pub(super) struct Files(tempfile::TempDir);

impl Files {
    pub(super) fn new(files: &[(&str, &[u8])]) -> Self {
        let files_in = Files(tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            let path = files_in.path(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        files_in
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn root(&self) -> &Path {
        self.0.path()
    }
}
