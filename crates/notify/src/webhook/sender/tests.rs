//! Against receivers on the loopback interface that speak just enough HTTP.

use std::net::IpAddr;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::guard::LookupFuture;
use super::super::signature::verify;
use super::*;

/// Answers every request with `answer` and hands out what it got.
async fn receiver(answer: &'static str) -> (u16, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                let mut request = String::new();
                let mut buffer = [0; 4096];
                while !request.ends_with("}") {
                    match socket.read(&mut buffer).await {
                        Ok(0) | Err(_) => return,
                        Ok(count) => request.push_str(&String::from_utf8_lossy(&buffer[..count])),
                    }
                }
                tell.send(request).unwrap();
                if answer.is_empty() {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
                socket.write_all(answer.as_bytes()).await.unwrap();
            });
        }
    });
    (port, told)
}

fn settings(guard: Guard) -> SenderSettings {
    SenderSettings { timeout: Duration::from_millis(400), guard, ..SenderSettings::default() }
}

fn secret() -> Secret {
    Secret::from_bytes(&[9; 32]).unwrap()
}

fn request(url: String) -> Request {
    Request {
        url,
        id: "msg_1".to_owned(),
        timestamp: 1_700_000_000,
        body: r#"{"a":1}"#.to_owned(),
        secrets: vec![secret()],
    }
}

async fn send(answer: &'static str) -> AttemptResult {
    let (port, _told) = receiver(answer).await;
    let sender = Sender::new(settings(Guard::open())).unwrap();
    sender.send(request(format!("http://127.0.0.1:{port}/hook"))).await
}

fn header<'a>(request: &'a str, name: &str) -> &'a str {
    let line = request.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
    line.unwrap().split_once(':').unwrap().1.trim()
}

#[tokio::test]
async fn what_arrives_verifies() {
    let (port, mut told) = receiver("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine").await;
    let sender = Sender::new(settings(Guard::open())).unwrap();
    let result = sender.send(request(format!("http://127.0.0.1:{port}/hook?x=1"))).await;
    assert_eq!((result.outcome, result.http_status), (AttemptOutcome::Success, Some(200)));
    assert_eq!(result.detail.as_deref(), Some("fine"));
    let got = told.recv().await.unwrap();
    assert!(got.starts_with("POST /hook?x=1 HTTP/1.1\r\n"), "{got}");
    assert_eq!(header(&got, "content-type"), "application/json");
    assert!(header(&got, "user-agent").starts_with("Tracklane/"));
    let body = got.split_once("\r\n\r\n").unwrap().1;
    let (at, signature) = (header(&got, TIMESTAMP_HEADER), header(&got, SIGNATURE_HEADER));
    assert_eq!(verify(header(&got, ID_HEADER), at, body.as_bytes(), signature, &[secret()], 1_700_000_100), Ok(()));
}

#[tokio::test]
async fn redirects_are_failures_and_not_followed() {
    let result = send("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!((result.outcome, result.http_status), (AttemptOutcome::Refused, Some(302)));
    assert_eq!(result.detail, None);
}

#[tokio::test]
async fn refusals_keep_the_beginning_of_the_answer() {
    const LONG: &str = "HTTP/1.1 503 Busy\r\nretry-after: 120\r\nconnection: close\r\n\r\n";
    let answer: &'static str = Box::leak(format!("{LONG}{}", "é\0".repeat(50_000)).into_boxed_str());
    let result = send(answer).await;
    assert_eq!((result.outcome, result.http_status), (AttemptOutcome::Refused, Some(503)));
    assert_eq!(result.retry_after, Some(RetryAfter::Seconds(120)));
    assert_eq!(result.detail.map(|text| text.chars().filter(|c| *c == 'é').count()), Some(1_000));
}

#[tokio::test]
async fn silence_is_a_timeout_and_a_closed_port_unreachable() {
    let silent = send("").await;
    assert_eq!((silent.outcome, silent.http_status), (AttemptOutcome::Timeout, None));
    assert!(silent.duration_ms >= 300);
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let sender = Sender::new(settings(Guard::open())).unwrap();
    let result = sender.send(request(format!("http://127.0.0.1:{closed}/?token=hidden"))).await;
    assert_eq!(result.outcome, AttemptOutcome::Unreachable);
    assert!(!result.detail.unwrap().contains("hidden"));
    let garbage = send("nonsense\r\n\r\n").await;
    assert_eq!(garbage.outcome, AttemptOutcome::Unreachable);
}

/// Answers the first look-up with the first list, the second with the second, and the last one for ever.
struct Changing(Mutex<Vec<Vec<IpAddr>>>);

impl Lookup for Changing {
    fn lookup(&self, _name: String) -> LookupFuture {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Box::pin(async move { Ok(answer) })
    }
}

fn names(answers: &[&[&str]]) -> Arc<Changing> {
    let read = |list: &&[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
    Arc::new(Changing(Mutex::new(answers.iter().map(read).collect())))
}

#[tokio::test]
async fn inner_addresses_are_blocked_written_or_looked_up() {
    let (port, mut told) = receiver("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let sender = Sender::with_lookup(settings(Guard::default()), names(&[&["127.0.0.1"]])).unwrap();
    for host in ["127.0.0.1", "[::1]", "0x7f.1", "hooks.example.com"] {
        let result = sender.send(request(format!("http://{host}:{port}/"))).await;
        assert_eq!(result.outcome, AttemptOutcome::Blocked, "{host}");
        assert_eq!(result.detail.as_deref(), Some("must not be an address that is loopback"), "{host}");
    }
    assert!(told.try_recv().is_err(), "nothing was connected to");
}

#[tokio::test]
async fn a_name_that_changes_its_mind_gains_nothing() {
    let (port, mut told) = receiver("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    let one: Cidr = "127.0.0.1/32".parse().unwrap();
    let guard = Guard { allow_private: false, allowed: vec![one] };
    let lookup = names(&[&["10.0.0.1", "127.0.0.1"], &["127.0.0.2"]]);
    let sender = Sender::with_lookup(settings(guard), lookup).unwrap();
    let first = sender.send(request(format!("http://hooks.example.com:{port}/"))).await;
    assert_eq!(first.outcome, AttemptOutcome::Success, "the one allowed address of two is used");
    assert!(told.recv().await.is_some());
    let second = sender.send(request(format!("http://hooks.example.com:{port}/"))).await;
    assert_eq!(second.outcome, AttemptOutcome::Blocked);
}

use super::super::guard::Cidr;
