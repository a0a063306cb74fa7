//! Running the binary, and a server made of it.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

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
}

impl Server {
    /// Starts a server on the data in `folder` and waits until it answers. Nothing is limited.
    pub async fn start(folder: &Path) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], tracklane_testkit::free_port()));
        let listen = address.to_string();
        let child = tracklane(folder, &["serve", "--data", "data", "--listen", &listen])
            .env("TRACKLANE__LIMITS__POSITIONS_PER_SECOND", "0")
            .env("TRACKLANE__LIMITS__REQUESTS_PER_MINUTE", "0")
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the server runs");
        let server = Self { child, address };
        let since = Instant::now();
        while tokio::net::TcpStream::connect(address).await.is_err() {
            assert!(since.elapsed() < Duration::from_secs(30), "the server does not come up");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().expect("the server can be killed");
        self.child.wait().expect("the server ends");
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
