//! A zstd file as a stream: frame after frame (RFC 8878), as `zstd` and parallel writers leave them.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The largest window accepted, in bytes: what the `zstd` tool itself takes without being told to.
const WINDOW_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// What ends a frame: a last block, raw and empty, and room for a checksum (RFC 8878 §3.1.1.2).
const END_OF_FRAME: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

/// Undoes zstd. Holds one window and one block of at most 128 KiB, whatever they unfold to.
pub(super) struct Zstd<R> {
    from: R,
    decoder: Box<FrameDecoder>,
    in_frame: bool,
    /// Why the frame breaks off; said once what was undone before the break is handed out.
    broken: Option<io::Error>,
}

impl<R: BufRead> Zstd<R> {
    pub(super) fn new(from: R) -> Self {
        let mut decoder = Box::new(FrameDecoder::new());
        decoder.set_max_window_size(WINDOW_BYTES_MAX);
        Zstd { from, decoder, in_frame: false, broken: None }
    }

    pub(super) fn get_ref(&self) -> &R {
        &self.from
    }

    pub(super) fn get_mut(&mut self) -> &mut R {
        &mut self.from
    }

    /// Begins the next frame; false at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.from.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.from) {
                Ok(()) => {
                    self.in_frame = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut (&mut self.from).take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(broken(error)),
            }
        }
        Ok(false)
    }

    /// Undoes one more block. The decoder keeps a window of megabytes back until the frame ends, and
    /// forgets it where the file is cut; so a frame that breaks off is given an end.
    fn decode_block(&mut self) -> io::Result<()> {
        let one = BlockDecodingStrategy::UptoBlocks(1);
        if let Err(error) = self.decoder.decode_blocks(&mut self.from, one) {
            self.broken = Some(broken(error));
            self.decoder
                .decode_blocks(END_OF_FRAME.as_slice(), BlockDecodingStrategy::UptoBlocks(1))
                .map_err(broken)?;
        }
        Ok(())
    }

    /// Compares the frame's checksum, if it has one.
    fn end(&mut self) -> io::Result<()> {
        self.in_frame = false;
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
            (Some(told), Some(found)) if told != found => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "bad zstd data: the checksum does not fit"))
            }
            _ => Ok(()),
        }
    }
}

/// The decoder's errors as those of a file: one whose bytes end too early is told apart.
fn broken(error: FrameDecoderError) -> io::Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        match error.downcast_ref::<io::Error>() {
            Some(error) if error.kind() == io::ErrorKind::UnexpectedEof => return error.kind().into(),
            _ => cause = error.source(),
        }
    }
    io::Error::new(io::ErrorKind::InvalidData, format!("bad zstd data: {error}"))
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame && !self.begin()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decode_block()?;
            }
            let length = self.decoder.read(buffer)?;
            if length > 0 {
                return Ok(length);
            }
            self.end()?;
        }
    }
}
