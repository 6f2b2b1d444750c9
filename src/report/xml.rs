//! Text inside XML documents, with which names from the wire are written into drawings and graphs.

use super::text::clean;

/// A text that no reader of XML takes for anything else. Two characters are in no XML document at all.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_becomes_markup() {
        assert_eq!(xml("a<b>&\"'\x1b\u{ffff}"), "a&lt;b&gt;&amp;&quot;&apos;\u{fffd}\u{fffd}");
    }
}
