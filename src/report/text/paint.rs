//! Colour by meaning.

use anstyle::{AnsiColor, Style};

/// What a piece of text means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// Act: critical and high findings, expired certificates, broken captures.
    Alarm,
    /// Look: medium findings, certificates that expire, guesses.
    Warning,
    /// Little happened: attempts, low findings.
    Faint,
    /// Headings.
    Heading,
}

/// Whether tones become colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paint {
    /// They do.
    pub colours: bool,
}

impl Paint {
    /// The text in its tone.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        let style = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Alarm => AnsiColor::Red.on_default().bold(),
            Tone::Warning => AnsiColor::Yellow.on_default(),
            Tone::Faint => Style::new().dimmed(),
            Tone::Heading => Style::new().bold(),
        };
        if self.colours && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// The tone of a band.
pub fn of_band(band: &str) -> Tone {
    match band {
        "critical" | "high" => Tone::Alarm,
        "medium" => Tone::Warning,
        _ => Tone::Faint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_only_when_asked_for() {
        assert_eq!(Paint { colours: false }.paint(Tone::Alarm, "x"), "x");
        assert_eq!(Paint { colours: true }.paint(Tone::Plain, "x"), "x");
        let red = Paint { colours: true }.paint(Tone::Alarm, "x");
        assert!(red.starts_with("\x1b[") && red.ends_with("\x1b[0m"), "{red:?}");
    }
}
