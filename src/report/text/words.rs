//! Numbers, times and lists as people read them.

use crate::model::{Nanos, Timestamp};

/// 1234567 as `1,234,567`.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number and its noun: `1 host`, `2,000 hosts`.
pub fn count(many: usize, one: &str, several: &str) -> String {
    format!("{} {}", number(many as u64), if many == 1 { one } else { several })
}

/// The verb that suits a number: `is` or `are`.
pub fn verb<'a>(many: usize, one: &'a str, several: &'a str) -> &'a str {
    if many == 1 { one } else { several }
}

/// Bytes in powers of a thousand, three digits: `0 B`, `1.25 kB`, `38.1 MB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    // Whole numbers only, so that the text is the same on every machine. A hundredth of the unit
    // is the finest step that is shown.
    let mut size = u128::from(bytes);
    let mut unit = 0;
    let mut divisor: u128 = 1_000;
    while size >= divisor * 1_000 && unit + 1 < UNITS.len() {
        divisor *= 1_000;
        unit += 1;
    }
    size = size * 100 / divisor;
    let name = UNITS.get(unit).copied().unwrap_or_default();
    let (whole, part) = (size / 100, size % 100);
    match whole {
        100.. => format!("{whole} {name}"),
        10.. => format!("{whole}.{} {name}", part / 10),
        _ => format!("{whole}.{part:02} {name}"),
    }
}

/// A length of time in its two largest units: `0.35 s`, `2 min 3 s`, `6 d 22 h`.
pub fn length(nanos: Nanos) -> String {
    let nanos = nanos.max(0);
    let seconds = nanos / 1_000_000_000;
    if seconds < 10 {
        return format!("{seconds}.{:02} s", nanos % 1_000_000_000 / 10_000_000);
    }
    let two = |large: i64, name: &str, small: i64, part: &str| match small {
        0 => format!("{large} {name}"),
        _ => format!("{large} {name} {small} {part}"),
    };
    match seconds {
        ..=59 => format!("{seconds} s"),
        60..=3_599 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..=86_399 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// A moment to the second: `2026-03-14 10:04:07Z`.
pub fn moment(time: Timestamp) -> String {
    let text = time.to_string();
    match text.split_once('T') {
        Some((day, clock)) => format!("{day} {}Z", clock.get(..8).unwrap_or(clock)),
        None => text,
    }
}

/// The clock of a moment: `10:04:07Z`.
pub fn clock(time: Timestamp) -> String {
    moment(time).split_once(' ').map_or_else(String::new, |(_, clock)| clock.to_owned())
}

/// The day of a moment: `2026-03-14`.
pub fn day(time: Timestamp) -> String {
    moment(time).split_once(' ').map_or_else(String::new, |(day, _)| day.to_owned())
}

/// A share in whole percent that never rounds something to nothing, or nearly all to all.
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0 %".to_owned();
    }
    let percent = (u128::from(part) * 100 + u128::from(whole) / 2) / u128::from(whole);
    match percent {
        0 if part > 0 => "under 1 %".to_owned(),
        100 if part < whole => "over 99 %".to_owned(),
        _ => format!("{percent} %"),
    }
}

/// The first few of a list: `a, b and 3 more`.
pub fn some(mut items: Vec<String>, max: usize) -> String {
    let more = items.len().saturating_sub(max);
    // One left out would take as much room as saying so.
    if more > 1 {
        items.truncate(max);
        return format!("{} and {more} more", items.join(", "));
    }
    match items.pop() {
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} and {last}", items.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            (count(1, "host", "hosts"), count(0, "host", "hosts")),
            ("1 host".into(), "0 hosts".into())
        );
    }

    #[test]
    fn bytes_have_three_digits() {
        let told = [0, 999, 1_000, 12_345, 999_999, 1_000_000, 1_230_000_000].map(bytes);
        assert_eq!(told, ["0 B", "999 B", "1.00 kB", "12.3 kB", "999 kB", "1.00 MB", "1.23 GB"]);
        assert_eq!(bytes(u64::MAX), "18.4 EB");
    }

    #[test]
    fn lengths_have_two_units() {
        let second = 1_000_000_000;
        let told = [0, second / 2, 12 * second, 60 * second, 123 * second, 5_400 * second, 600_000 * second];
        assert_eq!(
            told.map(length),
            ["0.00 s", "0.50 s", "12 s", "1 min", "2 min 3 s", "1 h 30 min", "6 d 22 h"]
        );
    }

    #[test]
    fn shares_never_lie_about_nothing_and_all() {
        assert_eq!((share(1, 1_000), share(999, 1_000)), ("under 1 %".into(), "over 99 %".into()));
        assert_eq!((share(0, 10), share(10, 10), share(1, 8)), ("0 %".into(), "100 %".into(), "13 %".into()));
    }

    #[test]
    fn lists_are_cut_where_it_saves_room() {
        let items = |many: usize| (0..many).map(|item| item.to_string()).collect::<Vec<_>>();
        assert_eq!(some(items(2), 3), "0 and 1");
        assert_eq!(some(items(4), 3), "0, 1, 2 and 3");
        assert_eq!(some(items(5), 3), "0, 1, 2 and 2 more");
    }

    #[test]
    fn moments_are_told_to_the_second() {
        let time = Timestamp::from_seconds(1_773_482_640, 5);
        assert_eq!(moment(time), "2026-03-14 10:04:00Z");
        assert_eq!((day(time), clock(time)), ("2026-03-14".into(), "10:04:00Z".into()));
    }
}
