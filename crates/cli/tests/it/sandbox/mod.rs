//! The sandbox carrier: the binary is started and asked over HTTP with the requests that the carrier `sandbox` makes, and
//! what comes back is read by it.

mod access;
mod faults;
mod paths;
mod told;

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tracklane_carriers::carriers::{Carrier, Registry};
use tracklane_carriers::report::Report;
use tracklane_carriers::{Answer, Ask, Auth, CarrierError, Credentials, Method, Number, Parsed, TokenRequest};

use crate::support::{err, out, run, tracklane};

/// A running sandbox, ended when it is dropped.
pub struct Sandbox {
    child: Child,
    base: String,
    _folder: TempDir,
}

impl Sandbox {
    pub fn start(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = tracklane(folder.path(), &["sandbox", "--listen", "127.0.0.1:0"]);
        let mut child = command.args(more).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.next().expect("the sandbox says where it listens").unwrap();
        let base = line.split(' ').find(|word| word.starts_with("http://")).unwrap_or_else(|| panic!("{line}"));
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base: base.to_owned(), _folder: folder }
    }

    pub fn account(&self, client: &str) -> Account {
        let pairs = [("client_id", client), ("client_secret", "sandbox")];
        Account {
            base: self.base.clone(),
            http: tracklane_testkit::http_client(),
            carrier: Registry::built_in().find("sandbox").unwrap().clone(),
            credentials: Credentials::new(pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))),
            token: None,
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_ends_when_it_is_told_to() {
    let mut sandbox = Sandbox::start(&[]);
    let told = std::process::Command::new("kill").arg(sandbox.child.id().to_string()).status();
    assert!(told.unwrap().success());
    assert_eq!(sandbox.child.wait().unwrap().code(), Some(0));
}

/// Somebody who asks the sandbox as a carrier is asked: first for a token, then for numbers.
pub struct Account {
    pub base: String,
    pub http: reqwest::Client,
    pub carrier: Carrier,
    pub credentials: Credentials,
    pub token: Option<String>,
}

impl Account {
    /// What the sandbox says of these numbers, as the carrier reads it.
    pub async fn ask(&mut self, numbers: &[&str]) -> Result<Parsed, CarrierError> {
        let numbers: Vec<Number> = numbers.iter().map(|number| Number::new(*number)).collect();
        let (credentials, base) = (&self.credentials, Some(self.base.as_str()));
        let ask = Ask { numbers: &numbers, credentials, language: "en", base, request_id: "1" };
        let request = self.carrier.request(&ask).unwrap();
        let Auth::ClientCredentials(how) = &request.auth else { panic!("{request:?}") };
        if self.token.is_none() {
            let (status, body) = self.ask_token(how).await;
            assert_eq!(status, 200, "{body}");
            self.token = body["access_token"].as_str().map(str::to_owned);
        }
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut call = self.http.request(method, &request.url).header(&*how.header, self.bearer());
        for (name, value) in &request.headers {
            call = call.header(&**name, value);
        }
        if let Some(body) = request.body {
            call = call.header("content-type", body.content_type).body(body.text);
        }
        self.read(call.send().await.unwrap()).await
    }

    /// The report on one number.
    pub async fn one(&mut self, number: &str) -> Report {
        let mut parsed = self.ask(&[number]).await.unwrap();
        assert_eq!((parsed.reports.len(), parsed.problems.len()), (1, 0), "{parsed:?}");
        parsed.reports.remove(0)
    }

    pub async fn read(&self, response: reqwest::Response) -> Result<Parsed, CarrierError> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let body = response.bytes().await.unwrap();
        let (content_type, retry_after) = (header("content-type"), header("retry-after"));
        self.carrier.parse(&Answer { status, content_type, retry_after, body: &body })
    }

    pub async fn ask_token(&self, how: &TokenRequest) -> (u16, Value) {
        let mut form: Vec<(&str, &str)> = how.fields.iter().map(|(name, value)| (&**name, value.as_str())).collect();
        form.extend([("client_id", how.client_id.as_str()), ("client_secret", &how.client_secret)]);
        let answer = self.http.post(&how.url).form(&form).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Calls something else than tracking, with the token; status and JSON, null for none.
    pub async fn call(&self, method: reqwest::Method, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}{path}", self.base);
        let call = self.http.request(method, url).header("authorization", self.bearer()).body(body.to_string());
        let answer = call.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.token.as_deref().unwrap_or_default())
    }
}

/// A number with this path, pace and fault, made by the binary.
pub fn number(path: &str, pace: &str, fault: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let made = run(folder.path(), &["sandbox", "numbers", "--path", path, "--pace", pace, "--fault", fault]);
    assert!(made.status.success(), "{}", err(&made));
    out(&made).trim().to_owned()
}

/// The names of all paths (`path`) or faults (`fault`) that the binary lists.
pub fn names(part: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let listed: Value = serde_json::from_str(&out(&run(folder.path(), &["sandbox", "numbers", "-o", "json"]))).unwrap();
    let rows = listed.as_array().unwrap().iter().filter(|row| row["part"] == part);
    rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

/// The statuses of the events, oldest first.
pub fn statuses(report: &Report) -> Vec<&'static str> {
    let of = |event: &tracklane_carriers::report::ReportedEvent| event.status.map_or("-", |status| status.as_str());
    report.events.iter().map(of).collect()
}
