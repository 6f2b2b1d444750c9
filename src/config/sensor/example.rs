//! The commented example: what `tapmap explain config` prints, made from the table.

use super::{Applies, Entry, Given, OPTIONS, Sensor};

/// Columns of a comment.
const WIDTH: usize = 100;

const HEAD: &str = "\
# The configuration of `tapmap sensor`. Everything may be left out.
#
# A line that begins with `#name` shows an option with its default, or with an example where it has
# none. The same name is a flag (`data_dir`: --data-dir) and a variable (TAPMAP_DATA_DIR). A flag
# goes before a variable, and that before this file. `tapmap sensor -T` checks all of them.
#
# [reload] takes effect at `systemctl reload tapmap` (SIGHUP) without interrupting anything,
# [restart] when the sensor starts again. A reload with a mistake changes nothing and says why.
";

/// A file that shows everything a configuration can say, and says nothing: all is commented out.
pub fn example() -> String {
    let mut text = HEAD.to_owned();
    let mut section = "";
    for entry in OPTIONS {
        if entry.section != section {
            section = entry.section;
            text.push_str(&format!("\n\n## {section}\n"));
        }
        text.push('\n');
        for line in wrapped(&comment(entry)) {
            text.push_str(&format!("# {line}\n"));
        }
        text.push_str(&format!("#{} = {}\n", entry.name, shown(entry)));
    }
    text
}

/// The default, or the example where there is none; as TOML.
fn shown(entry: &Entry) -> String {
    let mut sensor = Sensor::default();
    if entry.default.is_empty() {
        // What an example says is read by a test.
        let _ = (entry.set)(&mut sensor, &Given::One(entry.example.to_owned()));
    }
    (entry.write)(&sensor).unwrap_or_else(|| "\"\"".to_owned())
}

fn comment(entry: &Entry) -> String {
    let allowed = match entry.within {
        "" => String::new(),
        within => format!(" From {within}."),
    };
    let words = match entry.allowed {
        words if words.contains(" or ") && entry.within.is_empty() && !words.starts_with('a') => {
            format!(" Write {words}.")
        }
        _ => String::new(),
    };
    let applies = match entry.applies {
        Applies::Reload => "[reload]",
        Applies::Restart => "[restart]",
    };
    format!("{}{allowed}{words} {applies}", entry.about)
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() + 2 <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
