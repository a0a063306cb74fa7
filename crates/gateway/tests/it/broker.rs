//! A real Mosquitto, to be killed and started again.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rumqttc::{AsyncClient, Event, MqttOptions, Outgoing, Packet, QoS};
use tempfile::TempDir;

/// A broker with its data in a folder of its own, on a port that stays the same.
pub struct Broker {
    program: PathBuf,
    pub port: u16,
    folder: TempDir,
    child: Option<Child>,
}

/// The program; none, said in one line, where it is not installed.
fn program() -> Option<PathBuf> {
    let named = std::env::var_os("TRACKLANE_TEST_MOSQUITTO").map(PathBuf::from);
    let usual = [PathBuf::from("/usr/sbin/mosquitto"), PathBuf::from("/usr/local/sbin/mosquitto")];
    let found = named.or_else(|| usual.into_iter().find(|path| path.exists()));
    if found.is_none() {
        eprintln!("left out: there is no mosquitto; TRACKLANE_TEST_MOSQUITTO can name it");
    }
    found
}

impl Broker {
    /// A running one that lets everybody in.
    pub async fn start() -> Option<Self> {
        Self::in_folder(tempfile::tempdir().unwrap(), "allow_anonymous true\n").await
    }

    /// A running one that also speaks TLS, as `localhost`, on the port that comes with it. The certificates are of a
    /// test authority whose key nobody has any more.
    pub async fn with_tls() -> Option<(Self, u16)> {
        let port = tracklane_testkit::free_port();
        let files = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls");
        let more = format!(
            "allow_anonymous true\nlistener {port} 127.0.0.1\ncertfile {files}/server.pem\nkeyfile {files}/server.key\n"
        );
        Some((Self::in_folder(tempfile::tempdir().unwrap(), &more).await?, port))
    }

    /// A running one that lets in this user alone.
    pub async fn for_user(user: &str, password: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passwords");
        let made = Command::new("mosquitto_passwd").args(["-b", "-c"]).arg(&file).args([user, password]).status();
        if made.is_err() {
            eprintln!("left out: there is no mosquitto_passwd");
            return None;
        }
        Self::in_folder(folder, &format!("allow_anonymous false\npassword_file {}\n", file.display())).await
    }

    async fn in_folder(folder: TempDir, more: &str) -> Option<Self> {
        let program = program()?;
        let port = tracklane_testkit::free_port();
        let place = folder.path().display().to_string();
        // Started by root, Mosquitto becomes another user, who could not write here.
        let config = format!(
            "listener {port} 127.0.0.1\nset_tcp_nodelay true\npersistence true\npersistence_location {place}/\n\
             autosave_interval 1\nautosave_on_changes true\nmax_inflight_messages 1000\nmax_queued_messages 0\n\
             user root\nlog_dest file {place}/log\n{more}"
        );
        std::fs::write(folder.path().join("mosquitto.conf"), config).unwrap();
        let mut broker = Self { program, port, folder, child: None };
        broker.run().await;
        Some(broker)
    }

    /// Runs it again.
    pub async fn run(&mut self) {
        let mut command = Command::new(&self.program);
        command.arg("-c").arg(self.folder.path().join("mosquitto.conf"));
        self.child = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        for _ in 0..600 {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("mosquitto does not listen: {:?}", std::fs::read_to_string(self.folder.path().join("log")));
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Ends it in order: it writes down what it has.
    pub fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        assert!(Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap().success());
        child.wait().unwrap();
    }

    pub fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Publishes messages, each with QoS 1, and waits until the broker has all of them.
    pub async fn publish(&self, messages: &[(String, Vec<u8>)]) {
        self.publish_as(None, messages).await;
    }

    pub async fn publish_as(&self, user: Option<(&str, &str)>, messages: &[(String, Vec<u8>)]) {
        let mut options = MqttOptions::new("publisher", "127.0.0.1", self.port);
        options.set_max_packet_size(20_000_000, 20_000_000);
        if let Some((user, password)) = user {
            options.set_credentials(user, password);
        }
        let (client, mut events) = AsyncClient::new(options, messages.len().max(1) + 1);
        for (topic, payload) in messages {
            client.publish(topic, QoS::AtLeastOnce, false, payload.clone()).await.unwrap();
        }
        let mut left = messages.len();
        while left > 0 {
            let event = tokio::time::timeout(Duration::from_secs(60), events.poll()).await.expect("the broker answers");
            if let Event::Incoming(Packet::PubAck(_)) = event.unwrap() {
                left -= 1;
            }
        }
        client.disconnect().await.unwrap();
        while !matches!(events.poll().await, Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(_)) {}
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
