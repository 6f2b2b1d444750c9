//! Reading protocols that are made of lines.

use super::Step;

/// Bytes of one line. Commands have 512 (RFC 5321 §4.5.3.1.4) to 12 288 bytes when they carry
/// credentials (RFC 4954 §4); of a longer line only the end is of use (a length of IMAP).
const LINE_BYTES_MAX: usize = 16 * 1024;

/// Bytes at the end of a line that are always given in one piece: room for `{4294967295+}`.
const TAIL_BYTES: usize = 32;

/// One line without its end (CR LF, or a bare LF).
pub(super) struct Line<'a> {
    pub(super) text: &'a [u8],
    /// How many bytes it takes, with its end.
    pub(super) used: usize,
    /// False if its beginning is missing.
    pub(super) whole: bool,
}

/// One direction's lines.
#[derive(Default)]
pub(super) struct Lines {
    /// The bytes begin in the middle of a line.
    inside: bool,
}

impl Lines {
    /// The next line, or what to wait for or pass over before it.
    pub(super) fn next<'a>(&mut self, bytes: &'a [u8]) -> Result<Line<'a>, Step> {
        let near = bytes.get(..LINE_BYTES_MAX).unwrap_or(bytes);
        if let Some(end) = near.iter().position(|&byte| byte == b'\n') {
            let text = near.get(..end).unwrap_or_default();
            let whole = !std::mem::take(&mut self.inside);
            return Ok(Line { text: text.strip_suffix(b"\r").unwrap_or(text), used: end + 1, whole });
        }
        if near.len() < LINE_BYTES_MAX {
            return Err(Step::Need(bytes.len() + 1));
        }
        self.inside = true;
        Err(Step::Consumed(LINE_BYTES_MAX - TAIL_BYTES))
    }

    /// Bytes are missing: the next ones may begin anywhere.
    pub(super) fn on_gap(&mut self) {
        self.inside = true;
    }
}

/// The lines of a probe's bytes whose end has come, without their ends.
pub(super) fn whole_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|&byte| byte == b'\n').filter_map(|line| {
        let line = line.strip_suffix(b"\n")?;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    })
}

/// Could this be the beginning of lines of text? Tabs, and letters of any language, are text.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n' | 0x80..))
}

/// Could the last line, whose end has not come, still begin with one of these words?
pub(super) fn may_become(bytes: &[u8], words: &[&str]) -> bool {
    let last = bytes.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
    let (first, _) = word(last);
    let bare = first.strip_suffix(b"\r").unwrap_or(first);
    let ended = bare.len() < last.len();
    words.iter().map(|known| known.as_bytes()).any(|known| {
        let beginning = if ended { known } else { known.get(..bare.len()).unwrap_or(known) };
        bare.eq_ignore_ascii_case(beginning)
    })
}

/// The first word, and what follows it.
pub(super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|&byte| byte == b' ').unwrap_or(text.len());
    let (first, rest) = text.split_at(end);
    (first, rest.trim_ascii_start())
}

/// Is it one of these words, however they are capitalised?
pub(super) fn is_any(word: &[u8], words: &[&str]) -> bool {
    words.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

/// Is this somewhere in the text, however it is capitalised?
pub(super) fn contains(text: &[u8], what: &str) -> bool {
    text.windows(what.len()).any(|window| window.eq_ignore_ascii_case(what.as_bytes()))
}

/// One line of a numbered reply (RFC 5321 §4.2, RFC 959 §4.2).
pub(super) struct ReplyLine<'a> {
    pub(super) code: u16,
    pub(super) text: &'a [u8],
    /// It begins the reply.
    pub(super) first: bool,
    /// It ends the reply.
    pub(super) last: bool,
}

/// Numbered replies of one or more lines.
#[derive(Default)]
pub(super) struct Replies {
    /// The code of a reply that has not ended.
    open: Option<u16>,
}

impl Replies {
    /// Reads a line. `None` for what stands between the first and the last line of an FTP reply
    /// without a number.
    pub(super) fn read<'a>(&mut self, line: &'a [u8]) -> Option<ReplyLine<'a>> {
        let (code, last, text) = reply_line(line)?;
        let first = self.open.is_none();
        if self.open.is_some_and(|open| open != code) {
            return None;
        }
        self.open = (!last).then_some(code);
        Some(ReplyLine { code, text, first, last })
    }

    /// Bytes are missing.
    pub(super) fn on_gap(&mut self) {
        self.open = None;
    }
}

/// A number from 100 to 599, then a space, a hyphen if more lines follow, or nothing.
pub(super) fn reply_line(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_first_chunk::<3>()?;
    let [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'] = digits else { return None };
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match rest {
        [] => Some((code, true, rest)),
        [b' ', text @ ..] => Some((code, true, text)),
        [b'-', text @ ..] => Some((code, false, text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_or_without_cr() {
        let line = Lines::default().next(b"EHLO x\r\nMAIL").ok().unwrap();
        assert_eq!((line.text, line.used, line.whole), (&b"EHLO x"[..], 8, true));
        let line = Lines::default().next(b"EHLO x\nMAIL").ok().unwrap();
        assert_eq!((line.text, line.used), (&b"EHLO x"[..], 7));
        assert!(matches!(Lines::default().next(b"EHLO x\r"), Err(Step::Need(8))));
    }

    #[test]
    fn of_a_long_line_the_end_remains() {
        let long = [&[b'a'; 40_000][..], b" {12}\r\nnext\r\n"].concat();
        for piece in [long.len(), 1000, 37] {
            let mut lines = Lines::default();
            let (mut start, mut end) = (0, 0);
            let line = loop {
                end = (end + piece).min(long.len());
                match lines.next(&long[start..end]) {
                    Ok(line) => break line,
                    Err(Step::Consumed(used)) => start += used,
                    Err(Step::Need(more)) => assert!(more > end - start),
                    Err(other) => panic!("{other:?}"),
                }
            };
            assert!(line.text.ends_with(b" {12}") && !line.whole, "pieces of {piece}");
            assert!(lines.next(b"next\r\n").is_ok_and(|line| line.whole));
        }
    }

    #[test]
    fn a_word_may_still_come() {
        for possible in [&b""[..], b"E", b"ehl", b"EHLO", b"EHLO\r", b"EHLO x", b"NOOP\r\nEH"] {
            assert!(may_become(possible, &["HELO", "EHLO"]), "{possible:?}");
        }
        for other in [&b"EHLOX"[..], b"EH x", b"X", b"EHLO x\r\nX"] {
            assert!(!may_become(other, &["HELO", "EHLO"]), "{other:?}");
        }
    }

    #[test]
    fn a_reply_ends_with_its_own_number() {
        let mut replies = Replies::default();
        let mut read =
            |line: &'static [u8]| replies.read(line).map(|reply| (reply.code, reply.first, reply.last));
        assert_eq!(read(b"230-"), Some((230, true, false)));
        assert_eq!(read(b"    Welcome to 220 things"), None);
        assert_eq!(read(b"220 of them"), None);
        assert_eq!(read(b"230 Login ok"), Some((230, false, true)));
        assert_eq!(read(b"220"), Some((220, true, true)));
        assert_eq!(read(b"2200 x"), None);
        assert_eq!(read(b"620 x"), None);
    }
}
