//! How far a long run has come: a bar on a terminal, a line now and then elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Progress on standard error.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    total: Option<u64>,
    began: Instant,
    last_line: Instant,
}

impl Progress {
    /// Starts at 0 of `total`, where that is known; `unit` is what is counted.
    pub(super) fn start(total: Option<u64>, unit: &str) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let (bar, shape) = match total {
                Some(total) => (
                    ProgressBar::new(total),
                    format!(
                        "{{bar:30}} {{human_pos}} of {{human_len}} {unit}, {{per_sec}}, {{eta}} left {{msg}}"
                    ),
                ),
                None => (
                    ProgressBar::new_spinner(),
                    format!("{{spinner}} {{human_pos}} {unit}, {{per_sec}}, {{elapsed}} {{msg}}"),
                ),
            };
            // The shapes above are constant and valid; a bar without one still counts.
            if let Ok(style) = ProgressStyle::with_template(&shape) {
                bar.set_style(style);
            }
            bar
        });
        let now = Instant::now();
        Self { bar, total, began: now, last_line: now }
    }

    /// Moves to `done`; `note` says what else is to be known.
    pub(super) fn reach(&mut self, done: u64, note: &str) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            bar.set_message(note.to_owned());
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let rate = done as f64 / self.began.elapsed().as_secs_f64().max(1e-9);
            let left = self.total.map_or_else(String::new, |total| {
                let seconds = total.saturating_sub(done) as f64 / rate;
                // Of what has not begun, nobody knows.
                if done == 0 { format!(" of {total}") } else { format!(" of {total}, {seconds:.0} s left") }
            });
            self.say(&format!("{done}{left}, {rate:.0} a second {note}"));
        }
    }

    /// A line that stays.
    pub(super) fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            // Without standard error there is nobody to tell.
            None => drop(writeln!(io::stderr(), "{line}")),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
