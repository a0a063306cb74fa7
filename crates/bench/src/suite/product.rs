//! `tracklane bench`, as a process of its own.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use crate::Outcome;

/// The program that is measured.
#[derive(Debug, Clone)]
pub struct Product {
    program: PathBuf,
    folder: PathBuf,
}

impl Product {
    /// The program; what it leaves behind is below `folder`.
    pub fn new(program: &Path, folder: &Path) -> Self {
        Self { program: program.to_owned(), folder: folder.to_owned() }
    }

    /// What `tracklane bench ARGUMENTS -o json` prints.
    ///
    /// # Errors
    /// When it fails, takes longer than `most`, or prints something else.
    pub fn bench<T: DeserializeOwned>(&self, arguments: &[&str], most: Duration) -> Outcome<T> {
        let mut child = self.spawn(arguments, Stdio::inherit())?;
        let mut output = child.0.stdout.take().ok_or("it has no output")?;
        let reading = std::thread::spawn(move || {
            let mut text = String::new();
            output.read_to_string(&mut text).map(|_| text)
        });
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.0.try_wait()? {
                break status;
            }
            if started.elapsed() > most {
                return Err(format!("it took longer than {} seconds", most.as_secs()).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let text = reading.join().map_err(|_| "its output could not be read")??;
        if !status.success() {
            return Err(format!("it failed: {status}").into());
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// The process itself, ended when it is dropped.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(&self, arguments: &[&str], said: Stdio) -> Outcome<Running> {
        let mut command = Command::new(&self.program);
        command.arg("bench").args(arguments).args(["-o", "json"]).env("TMPDIR", &self.folder);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(said).spawn();
        Ok(Running(child.map_err(|error| format!("{} cannot be started: {error}", self.program.display()))?))
    }
}

/// A process that does not outlive its owner.
#[derive(Debug)]
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
