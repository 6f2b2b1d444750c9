//! Text from the wire is hostile: a name may carry escape codes that rewrite the screen.

/// The text with everything invisible or commanding replaced: control characters (ESC among them),
/// marks that turn the direction of writing, zero-width characters, line and paragraph separators.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_commands_the_terminal() {
        assert_eq!(clean("db1\x1b[2J\x07.corp\r\n"), "db1\u{fffd}[2J\u{fffd}.corp\u{fffd}\u{fffd}");
        assert_eq!(clean("a\u{9b}31m\u{202e}b\u{200b}"), "a\u{fffd}31m\u{fffd}b\u{fffd}");
        assert_eq!(clean("Grüße-日本-ok"), "Grüße-日本-ok");
    }
}
