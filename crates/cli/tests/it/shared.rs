//! Processes that share a Redis: limits count for all of them together; without it each counts for itself.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Server, out, run};

/// So many pages a minute, each ten seconds one.
const PAGES: usize = 6;

/// A Redis.
pub struct Redis {
    child: Child,
    pub port: u16,
    folder: TempDir,
}

impl Redis {
    pub fn start() -> Option<Self> {
        Self::on(tempfile::tempdir().unwrap(), tracklane_testkit::free_port())
    }

    fn on(folder: TempDir, port: u16) -> Option<Self> {
        let started = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--dir"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = started else {
            eprintln!("left out: there is no redis-server");
            return None;
        };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(Self { child, port, folder })
    }

    /// Ends it, and answers what a new one in its place needs.
    fn end(mut self) -> (TempDir, u16) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        (std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap()), self.port)
    }

    /// What a process must be told to use it. A machine that does much else answers late, too.
    pub fn settings(&self) -> String {
        format!("[redis]\nurl = \"redis://127.0.0.1:{}/0\"\ntimeout_ms = 30000\n", self.port)
    }

    /// Makes it forget everything.
    pub fn forget(&self) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(b"FLUSHALL\r\n").unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"+OK\r\n");
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn server(folder: &Path, redis: &Redis) -> Server {
    let settings = format!("[limits]\npublic_requests_per_minute = {PAGES}\n{}", redis.settings());
    std::fs::write(folder.join("tracklane.toml"), settings).unwrap();
    Server::start(folder)
}

async fn get(server: &Server, path: &str) -> (u16, String) {
    let answer = tracklane_testkit::http_client().get(format!("http://{}{path}", server.address)).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Whether a page was shown, rather than refused.
async fn shown(server: &Server) -> bool {
    match get(server, "/t/nothing").await.0 {
        404 => true,
        429 => false,
        other => panic!("{other}"),
    }
}

/// Waits until the server says so of its shared memory. It is ready all the while.
async fn says(server: &Server, well: bool) {
    for _ in 0..600 {
        let (status, text) = get(server, "/readyz").await;
        let health: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, &health["ready"]), (200, &Value::Bool(true)), "{health}");
        let parts = health["parts"].as_array().unwrap();
        let part = parts.iter().find(|part| part["name"] == "shared memory").expect("the part is named");
        if part["ready"] == well {
            let away = format!("\ntracklane_shared_memory_away {}\n", u8::from(!well));
            let (_, metrics) = get(server, "/metrics").await;
            assert!(metrics.contains(&away), "{metrics}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_count_for_all_processes_and_for_each_without_redis() {
    let Some(redis) = Redis::start() else { return };
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let servers = [server(folders[0].path(), &redis), server(folders[1].path(), &redis)];
    let checks = out(&run(folders[0].path(), &["doctor", "--data", "data"]));
    assert!(checks.contains("ok    redis"), "{checks}");
    for server in &servers {
        says(server, true).await;
    }
    let began = Instant::now();
    let mut pages = 0;
    for turn in 0..4 * PAGES {
        pages += usize::from(shown(&servers[turn % 2]).await);
    }
    let later = began.elapsed().as_secs() as usize * PAGES / 60 + 1;
    assert!((PAGES..=PAGES + later).contains(&pages), "{pages} pages where {PAGES} are allowed");

    redis.forget();
    for server in &servers {
        shown(server).await;
        says(server, true).await;
    }

    let (folder, port) = redis.end();
    for server in &servers {
        says(server, false).await;
    }
    let checks = run(folders[0].path(), &["doctor", "--data", "data"]);
    assert!(out(&checks).contains("warn  redis"), "{}", out(&checks));
    // Each has its own allowance now.
    let began = Instant::now();
    let mut alone = [0; 2];
    for turn in 0..8 * PAGES {
        alone[turn % 2] += usize::from(shown(&servers[turn % 2]).await);
    }
    let later = began.elapsed().as_secs() as usize * PAGES / 60 + 1;
    for pages in alone {
        assert!((1..=PAGES + later).contains(&pages), "{alone:?}");
    }

    let redis = Redis::on(folder, port).unwrap();
    for server in &servers {
        says(server, true).await;
    }
    drop(redis);
}
