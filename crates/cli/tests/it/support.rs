//! Running the binary, and a server made of it.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use tracklane_client::Client;

/// The binary, in `folder`, with no setting of whoever runs the tests.
pub fn tracklane(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tracklane"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TRACKLANE_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).args(args).stdin(Stdio::null());
    command
}

/// What the binary says, with this on standard input.
pub fn run_with(folder: &Path, args: &[&str], input: &str) -> Output {
    let mut command = tracklane(folder, args);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    stdin.write_all(input.as_bytes()).expect("the binary reads");
    drop(stdin);
    child.wait_with_output().expect("the binary ends")
}

/// What the binary says.
pub fn run(folder: &Path, args: &[&str]) -> Output {
    tracklane(folder, args).output().expect("the binary runs")
}

/// Standard output as text.
pub fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("the output is text")
}

/// Standard error as text.
pub fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("the messages are text")
}

/// A server in a folder, killed when it is dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it said until it listened.
    pub said: Vec<String>,
}

impl Server {
    /// Starts a server on the data in `folder`, on a port that it chooses, and waits until it says that it listens.
    /// Nothing is limited.
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    /// The same, with more arguments.
    pub fn start_with(folder: &Path, more: &[&str]) -> Self {
        Self::start_in(folder, more, &[])
    }

    /// The same, with settings of its own.
    pub fn start_in(folder: &Path, more: &[&str], settings: &[(&str, String)]) -> Self {
        let mut child = tracklane(folder, &["serve", "--data", "data", "--listen", "127.0.0.1:0"])
            .args(more)
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .env("TRACKLANE__LIMITS__POSITIONS_PER_SECOND", "0")
            .env("TRACKLANE__LIMITS__REQUESTS_PER_MINUTE", "0")
            .env("TRACKLANE__LOG__FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server runs");
        let mut lines = BufReader::new(child.stderr.take().expect("standard error is a pipe")).lines();
        let mut said = Vec::new();
        let address = loop {
            let Some(Ok(line)) = lines.next() else {
                panic!("the server ended: {said:#?}");
            };
            if let Some(address) = listening(&line) {
                break address;
            }
            said.push(line);
        };
        // A pipe that nobody reads would stop the server in the end.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, said }
    }

    /// Gives it a signal by name.
    pub fn signal(&self, name: &str) {
        let told = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(told.expect("kill runs").success());
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().expect("the server can be killed");
        self.child.wait().expect("the server ends");
    }

    /// Tells it to end, and answers its exit code.
    pub fn terminate(mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().expect("the server ends").code()
    }

    /// A client with this key.
    pub fn client(&self, key: &str) -> Client {
        // Each client its own seed: the same keys would make different requests one and the same.
        static SEED: AtomicU64 = AtomicU64::new(1);
        let (env, _) = tracklane_testkit::env(SEED.fetch_add(1, Ordering::Relaxed));
        let client = Client::new(tracklane_testkit::http_client(), env, &format!("http://{}", self.address));
        client.and_then(|client| client.with_token(key)).expect("the address and the key can be used")
    }
}

/// The address in the line of the log that says that the server listens.
fn listening(line: &str) -> Option<SocketAddr> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let fields = &line["fields"];
    if fields["message"] != "listening" {
        return None;
    }
    fields["address"].as_str()?.parse().ok()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes an API key from the command line, beside the running server.
pub fn api_key(folder: &Path) -> String {
    let output = run(folder, &["admin", "create-key", "--data", "data", "--name", "Test", "--role", "admin"]);
    assert!(output.status.success(), "{}", err(&output));
    out(&output).trim().to_owned()
}
