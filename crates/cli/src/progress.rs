//! Progress on standard error: a bar on a terminal, now and then a line elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

/// How far something is.
pub struct Progress {
    bar: ProgressBar,
    total: u64,
    /// The last tenth of which a line was written.
    tenth: Option<u64>,
}

impl Progress {
    /// Of so many pieces; 0 when nobody knows how many there will be.
    pub fn new(total: u64) -> Self {
        // Hidden by itself when standard error is no terminal.
        let bar = if total == 0 { ProgressBar::no_length() } else { ProgressBar::new(total) };
        let style = if total == 0 { "{spinner} {msg}" } else { "[{bar:40}] {percent:>3} %, {eta} left, {msg}" };
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, total, tenth: None }
    }

    /// Shows that so many pieces are done, and what else there is to say.
    pub fn show(&mut self, done: u64, message: &str) {
        if !self.bar.is_hidden() {
            self.bar.set_position(done);
            self.bar.set_message(message.to_owned());
            return;
        }
        let tenth = done * 10 / self.total.max(1);
        if self.total > 0 && self.tenth != Some(tenth) {
            self.tenth = Some(tenth);
            eprintln!("{} %, {message}", tenth * 10);
        }
    }

    /// Leaves the line.
    pub fn end(self) {
        self.bar.finish_and_clear();
    }
}
