//! Processes that share a Redis: limits count for all of them together, what one tells or ends the others know at once. Without it each
//! counts for itself, and nothing else is lost.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tracklane_client::Client;
use tracklane_client::requests::NewDevice;
use tracklane_core::Timestamp;
use tracklane_core::id::DeviceId;
use tracklane_testkit::Wire;

use crate::cluster::Nats;
use crate::kill::fix;
use crate::moving::database;
use crate::support::{Server, api_key, out, run};

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

/// Hears what is published, as a stranger to the processes would.
struct Ear(TcpStream);

impl Ear {
    fn on(redis: &Redis, channel: &str) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", redis.port)).unwrap();
        stream.write_all(format!("SUBSCRIBE {channel}\r\n").as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self(stream)
    }

    /// Waits for a word.
    fn hears(&mut self, word: &str) {
        let (mut heard, mut some) = (Vec::new(), [0; 4_096]);
        while !String::from_utf8_lossy(&heard).contains(word) {
            let count = self.0.read(&mut some).expect("somebody tells something");
            assert!(count > 0, "the server has ended");
            heard.extend_from_slice(&some[..count]);
        }
    }
}

/// A device that sends one position after the other.
struct Van {
    id: DeviceId,
    start: Timestamp,
    number: i64,
}

impl Van {
    /// Sends a position, and waits until these processes know it.
    async fn moves(&mut self, by: &Client, known_to: &[&Client]) {
        self.sends(by).await;
        for client in known_to {
            assert!(self.is_known(client, 600).await, "position {} is not known", self.number);
        }
    }

    /// Sends until these processes know where it is: a word may be lost when the way is cut, and the next one says it, too.
    async fn gets_through(&mut self, by: &Client, known_to: &[&Client]) {
        for _ in 0..60 {
            self.sends(by).await;
            let mut known = true;
            for client in known_to {
                known = known && self.is_known(client, 10).await;
            }
            if known {
                return;
            }
        }
        panic!("positions up to {} are not known", self.number);
    }

    async fn sends(&mut self, by: &Client) {
        self.number += 1;
        let answer = by.send_position(&fix(self.id, self.start, self.number)).await.unwrap();
        assert_eq!(answer.accepted, 1, "{answer:?}");
    }

    async fn is_known(&self, client: &Client, tries: usize) -> bool {
        let last = json!(fix(self.id, self.start, self.number).fix_time);
        for _ in 0..tries {
            let latest: Value = client.get("v1/positions/latest", &[]).await.unwrap();
            if latest["items"][0]["fix_time"] == last {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_processes_tell_each_other_goes_through_redis_and_around_it() {
    let (Some(redis), Some(nats), Some(url)) = (Redis::start(), Nats::start(), database("shared")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let stream = format!("nats://127.0.0.1:{}/positions?partitions=4", nats.port);
    // Nothing is saved, and no session looked up again, as long as the test lasts.
    let settings = format!(
        "[store]\nurl = \"{url}\"\n[history]\nurl = \"{url}\"\n[stream]\nurl = \"{stream}\"\n\
         [tracking]\ncheckpoint_seconds = 3600\n[access]\ncache_seconds = 3600\n{}",
        redis.settings()
    );
    std::fs::write(folder.path().join("tracklane.toml"), settings).unwrap();
    let wire = Wire::to(redis.port).await;
    let through = [("TRACKLANE__REDIS__URL", format!("redis://127.0.0.1:{}/0", wire.port))];
    let front = Server::start_in(folder.path(), &["--roles", "api,ingest,work,notify"], &through);
    let key = api_key(folder.path());
    let tracker = Server::start_with(folder.path(), &["--roles", "track"]);
    let admin = front.client(&key);
    let device = NewDevice { identifier: "van".to_owned(), ..NewDevice::default() };
    let id = admin.create_device(&device).await.unwrap().id;
    let mut van = Van { id, start: "2026-01-05T08:00:00Z".parse().unwrap(), number: 0 };

    let mut ear = Ear::on(&redis, "tracklane:0:topic:positions");
    van.moves(&admin, &[&admin]).await;
    ear.hears(&id.to_string());

    // Whoever starts later finds the newest position: it is not in the records.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let later = Server::start_with(folder.path(), &["--roles", "api"]);
    let reader = later.client(&key);
    assert!(van.is_known(&reader, 600).await, "what lies in Redis is not found");

    let (email, password) = ("ana@example.com", "correct horse battery staple");
    let user = json!({ "email": email, "name": "Ana", "role": "operator", "password": password });
    let user: Value = admin.post("v1/users", &user).await.unwrap();
    let token = admin.login(email, password).await.unwrap().token;
    let (here, there) = (front.client(&token), later.client(&token));
    for client in [&here, &there] {
        client.me().await.unwrap();
    }
    let mut ear = Ear::on(&redis, "tracklane:0:topic:access");
    ear.hears("subscribe");
    let logout = format!("http://{}/v1/logout", front.address);
    let answer = tracklane_testkit::http_client().post(logout).bearer_auth(&token).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    ear.hears("session");
    for _ in 0..600 {
        if there.me().await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(there.me().await.is_err() && here.me().await.is_err(), "the session goes on");

    admin.delete(&format!("v1/users/{}", user["id"].as_str().unwrap())).await.unwrap();
    ear.hears("\"user\"");
    let made: Value = admin.post("v1/api-keys", &json!({ "name": "Old", "role": "viewer" })).await.unwrap();
    admin.delete(&format!("v1/api-keys/{}", made["api_key"]["id"].as_str().unwrap())).await.unwrap();
    ear.hears("\"api_key\"");

    // One of them alone cannot hear it any more: all are told through the stream.
    wire.cut();
    says(&front, false).await;
    says(&later, true).await;
    van.gets_through(&admin, &[&admin, &reader]).await;
    redis.forget();
    van.moves(&admin, &[&admin, &reader]).await;
    wire.mend();
    says(&front, true).await;
    van.moves(&admin, &[&admin, &reader]).await;

    // Without it all goes on.
    let (_folder, _) = redis.end();
    for server in [&front, &later, &tracker] {
        says(server, false).await;
    }
    van.gets_through(&admin, &[&admin, &reader]).await;
    van.moves(&admin, &[&admin, &reader]).await;
    let last = Server::start_with(folder.path(), &["--roles", "api"]);
    says(&last, false).await;
    van.gets_through(&admin, &[&admin, &reader, &last.client(&key)]).await;
}
