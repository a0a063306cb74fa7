//! The peers' servers: started when the first one asks for them, by `scripts/services` and in a folder of this run.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Outcome;
use crate::peers::postgres;

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Every write on the disk before its answer.
    Redis,
    /// With fsync.
    Postgres,
    /// The same one, with PostGIS and zones in it.
    Postgis,
    /// An MQTT broker.
    Mosquitto,
    /// Without JetStream.
    Nats,
    /// A WebSocket server of the `ws` package, on node.
    NodeWs,
}

/// Those that were started, or why they could not be.
pub struct Servers {
    repository: PathBuf,
    folder: PathBuf,
    known: HashMap<Service, Result<SocketAddr, String>>,
    node: Option<Child>,
}

impl Servers {
    /// None yet. Their data goes below `folder`, which another user must be able to enter.
    pub fn new(repository: &Path, folder: &Path) -> Self {
        Self { repository: repository.to_owned(), folder: folder.to_owned(), known: HashMap::new(), node: None }
    }

    /// Where a server listens.
    ///
    /// # Errors
    /// When it is not installed or does not start, the same each time: it is tried once.
    pub fn address(&mut self, service: Service) -> Outcome<SocketAddr> {
        if !self.known.contains_key(&service) {
            let started = self.start(service).map_err(|error| error.to_string());
            self.known.insert(service, started);
        }
        Ok(self.known[&service].clone()?)
    }

    fn start(&mut self, service: Service) -> Outcome<SocketAddr> {
        match service {
            Service::Redis => self.service(&["redis", "start"]),
            Service::Mosquitto => self.service(&["mosquitto", "start"]),
            Service::Nats => self.service(&["nats", "start"]),
            Service::Postgres => {
                let address = self.service(&["postgres", "start", "--durable"])?;
                postgres::prepare(address)?;
                Ok(address)
            }
            Service::Postgis => {
                self.address(Service::Postgres)?;
                let address = self.service(&["postgres", "start", "--durable", "--postgis"])?;
                postgres::prepare_zones(address)?;
                Ok(address)
            }
            Service::NodeWs => self.node_ws(),
        }
    }

    /// The address in the URL that the script prints.
    fn service(&self, arguments: &[&str]) -> Outcome<SocketAddr> {
        let url = self.run(&self.repository.join("scripts/services"), arguments)?;
        let host = url.rsplit("://").next().unwrap_or_default().split('/').next().unwrap_or_default();
        Ok(host.rsplit('@').next().unwrap_or_default().parse()?)
    }

    fn run(&self, program: &Path, arguments: &[&str]) -> Outcome<String> {
        let output = Command::new(program)
            .args(arguments)
            .env("TRACKLANE_SERVICES_DIR", self.folder.join("services"))
            .env("TRACKLANE_SERVICES_INSTALL", "no")
            .output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if !output.status.success() {
            let said = text(&output.stderr);
            return Err(said.lines().last().unwrap_or("it did not start").trim_start_matches("services: ").into());
        }
        Ok(text(&output.stdout).lines().last().unwrap_or_default().to_owned())
    }

    fn node_ws(&mut self) -> Outcome<SocketAddr> {
        let modules = self.node_modules()?;
        let mut child = Command::new("node")
            .arg(self.repository.join("crates/bench/peers/ws.mjs"))
            .arg(modules)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("node is missing: {error}"))?;
        let output = child.stdout.take().ok_or("node has no output")?;
        self.node = Some(child);
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let port: u16 = line.trim().parse().map_err(|_| "node did not start the server")?;
        Ok(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    /// A folder with the package `ws`: that of the web pages, or one that npm fills.
    fn node_modules(&self) -> Outcome<PathBuf> {
        let web = self.repository.join("web");
        if web.join("node_modules/ws").is_dir() {
            return Ok(web);
        }
        let folder = self.folder.join("node");
        std::fs::create_dir_all(&folder)?;
        let prefix = folder.to_string_lossy().into_owned();
        let install = ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", &prefix, "ws@8.23.0"];
        self.run(Path::new("npm"), &install).map_err(|error| format!("the package ws is missing: {error}"))?;
        Ok(folder)
    }

    /// Name and version of those that run.
    pub fn versions(&self) -> Vec<String> {
        const PROGRAMS: [(Service, &str, &str, &str); 5] = [
            (Service::Redis, "Redis", "redis-server", "--version"),
            (Service::Postgres, "PostgreSQL", "psql", "--version"),
            (Service::Mosquitto, "Mosquitto", "/usr/sbin/mosquitto", "-h"),
            (Service::Nats, "NATS", "nats-server", "--version"),
            (Service::NodeWs, "ws on node", "node", "--version"),
        ];
        let runs = |service| self.known.get(&service).is_some_and(Result::is_ok);
        let mut versions = Vec::new();
        for (_, name, program, argument) in PROGRAMS.into_iter().filter(|(service, ..)| runs(*service)) {
            let said = Command::new(program).arg(argument).output();
            let found =
                said.ok().and_then(|said| version(&String::from_utf8_lossy(&[said.stdout, said.stderr].concat())));
            versions.push(format!("{name} {}", found.unwrap_or_else(|| "(version unknown)".to_owned())));
        }
        if runs(Service::Postgis) {
            versions.push("PostGIS".to_owned());
        }
        versions
    }
}

/// The first word of a text that looks like a version.
fn version(text: &str) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || c == '=' || c == ',');
    let plain = words.map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).trim_start_matches('v'));
    plain
        .into_iter()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))
        .map(str::to_owned)
}

impl Drop for Servers {
    fn drop(&mut self) {
        if let Some(mut node) = self.node.take() {
            let _ = node.kill();
            let _ = node.wait();
        }
        if self.known.is_empty() {
            return;
        }
        if let Err(error) = self.run(&self.repository.join("scripts/services"), &["stop"]) {
            eprintln!("bench: the peers did not stop: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        let said = [
            ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0", "7.0.15"),
            ("psql (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", "15.20"),
            ("mosquitto version 2.0.11\n\nmosquitto is an MQTT broker", "2.0.11"),
            ("nats-server: v2.9.10", "2.9.10"),
            ("v20.20.2", "20.20.2"),
        ];
        for (text, expected) in said {
            assert_eq!(version(text).as_deref(), Some(expected));
        }
    }
}
