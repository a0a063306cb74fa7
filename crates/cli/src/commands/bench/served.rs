//! The server in a process of its own, as `tracklane serve` starts it: what it takes, and how soon it is ready.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::machine;
use super::requests::Talk;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often it is asked whether it is ready.
const LOOK: Duration = Duration::from_millis(2);

/// A server that runs.
pub struct Served {
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process to the first answer that it is ready.
    pub ready_after: Duration,
    child: Child,
}

impl Served {
    /// Starts it on a data folder and waits until it says that it is ready.
    ///
    /// # Errors
    /// When it ends, or is not ready in time.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        let address = free_address()?;
        let started = Instant::now();
        let child = Command::new(std::env::current_exe().context("failed to find this program")?)
            .args(["serve", "--listen", &address.to_string(), "--data"])
            .arg(folder)
            .envs([
                ("TRACKLANE__LIMITS__REQUESTS_PER_MINUTE", "0"),
                ("TRACKLANE__LIMITS__POSITIONS_PER_SECOND", "0"),
                ("TRACKLANE__STORE__URL", ""),
                ("TRACKLANE__HISTORY__URL", ""),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("failed to start the server")?;
        let mut served = Self { address, ready_after: Duration::ZERO, child };
        while !is_ready(address).await {
            ensure!(started.elapsed() < PATIENCE, "the server is not ready after {} s", PATIENCE.as_secs());
            if let Some(status) = served.child.try_wait()? {
                bail!("the server ended: {status}");
            }
            tokio::time::sleep(LOOK).await;
        }
        served.ready_after = started.elapsed();
        Ok(served)
    }

    /// Its resident memory, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        machine::resident_bytes_of(&self.child.id().to_string())
    }

    /// Kills it, as a crash would.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Has it stop in order.
    ///
    /// # Errors
    /// When it does not.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        ensure!(told.context("failed to run kill")?.success(), "the server cannot be told to stop");
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the server ended badly: {status}");
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("the server does not stop")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It has ended already, or something went wrong here: nothing must stay behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut talk) = Talk::open(address).await else { return false };
    let asked = talk.ask(|buffer| buffer.extend_from_slice(b"GET /readyz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")).await;
    matches!(asked, Ok(200))
}

/// An address that was free a moment ago.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
