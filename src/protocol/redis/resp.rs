//! One value of RESP at a time.
//!
//! A value is a line, and for strings as many bytes as the line says. Arrays are a line followed by
//! their elements, so a stream is walked value by value without any depth.

/// Bytes of a line that announces a value: a type, a number of at most 20 digits, an end. Lines
/// that are a value themselves (errors, `+OK`) may be longer, up to [`TEXT_LINE_BYTES_MAX`].
const COUNT_LINE_BYTES_MAX: usize = 32;

/// Bytes of a line of text. Redis cuts its own errors long before.
pub(super) const TEXT_LINE_BYTES_MAX: usize = 4096;

/// One value of RESP, as far as its line says. Elements of arrays are values of their own.
pub(super) struct Value<'a> {
    pub(super) kind: u8,
    /// The line without its type and end.
    pub(super) text: &'a [u8],
    /// Bytes of the line with its end.
    pub(super) line: usize,
    /// Bytes behind the line that belong to it, with their end.
    pub(super) payload: u64,
}

/// What the bytes begin with.
pub(super) enum Read<'a> {
    Value(Value<'a>),
    /// The line has not ended yet.
    More,
    /// This is no RESP.
    Foreign,
}

pub(super) fn read(bytes: &[u8]) -> Read<'_> {
    let Some((&kind, _)) = bytes.split_first() else { return Read::More };
    let max = match kind {
        b'$' | b'*' | b'%' | b'~' | b'>' | b'|' | b'=' | b'!' | b':' | b',' | b'_' | b'#' => {
            COUNT_LINE_BYTES_MAX
        }
        b'+' | b'-' | b'(' => TEXT_LINE_BYTES_MAX,
        _ => return Read::Foreign,
    };
    let near = bytes.get(..max).unwrap_or(bytes);
    let Some(end) = near.iter().position(|&byte| byte == b'\n') else {
        return if near.len() < max { Read::More } else { Read::Foreign };
    };
    let Some(text) = near.get(1..end).and_then(|text| text.strip_suffix(b"\r")) else { return Read::Foreign };
    let number = || std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
    let payload = match kind {
        b'+' | b'-' | b'(' | b',' => Some(0),
        b'_' => text.is_empty().then_some(0),
        b'#' => matches!(text, b"t" | b"f").then_some(0),
        b':' => number().map(|_| 0),
        // Nothing at all is -1; strings end with a line end of their own.
        b'$' | b'=' | b'!' => {
            number().filter(|len| *len >= -1).map(|len| if len < 0 { 0 } else { len as u64 + 2 })
        }
        _ => number().filter(|len| *len >= -1).map(|_| 0),
    };
    match payload {
        Some(payload) => Read::Value(Value { kind, text, line: end + 1, payload }),
        None => Read::Foreign,
    }
}

/// The bytes of a string that has come whole, and how many bytes it takes with its line.
pub(super) fn whole_string<'a>(value: &Value<'_>, bytes: &'a [u8]) -> Option<(&'a [u8], usize)> {
    let used = value.line.checked_add(usize::try_from(value.payload).ok()?)?;
    let string = bytes.get(value.line..used)?.strip_suffix(b"\r\n")?;
    Some((string, used))
}
