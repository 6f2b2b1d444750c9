//! A bar on standard error, for people who wait.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::capture::Progress;

/// Below this many bytes reading is over before a bar can be read: a tenth of a second or so.
const BYTES_MIN: u64 = 20_000_000;

/// Redraws in a second.
const REDRAWS: u8 = 10;

/// The bar; it shows itself on a terminal only.
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// A bar for what is about to be read.
    pub fn new(start: Progress, quiet: bool) -> Bar {
        let small = start.total.is_some_and(|total| total < BYTES_MIN);
        let target = if quiet || small {
            ProgressDrawTarget::hidden()
        } else {
            // Draws nothing where standard error is no terminal.
            ProgressDrawTarget::stderr_with_hz(REDRAWS)
        };
        let bar = match start.total {
            Some(total) => ProgressBar::with_draw_target(Some(total), target),
            None => ProgressBar::with_draw_target(None, target),
        };
        let template = match start.total {
            Some(_) => "{decimal_bytes} of {decimal_total_bytes} [{bar:30}] {msg}, {eta} left",
            None => "{decimal_bytes} {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Bar { bar }
    }

    /// Shows how far reading has come.
    pub fn show(&self, progress: Progress) {
        if self.bar.is_hidden() {
            return;
        }
        let millis = self.bar.elapsed().as_millis().max(1);
        let rate = u128::from(progress.packets) * 1_000 / millis;
        self.bar.set_message(format!("{} k packets/s", rate / 1_000));
        self.bar.set_position(progress.bytes);
    }

    /// Takes it away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
