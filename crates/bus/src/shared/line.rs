//! The connection that calls share. A call that fails gives it up for all; it is made anew in the background, so that no call ever waits
//! for a server that does not answer.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How long the server may take to let us in, and to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);
/// For how long it is left alone after a failure.
const PAUSE: Duration = Duration::from_secs(2);
/// How often it is asked whether it is there.
const BEAT: Duration = Duration::from_secs(1);
/// So many calls may wait to be written.
const WRITTEN_AHEAD: usize = 1_024;

/// The connection, or why there is none.
#[derive(Clone)]
enum State {
    /// How many there were before, and the connection.
    Up(u64, MultiplexedConnection),
    Away(String),
}

/// A connection that is kept.
pub struct Line {
    state: watch::Receiver<State>,
    /// The last connection that was given up, and why.
    given_up: watch::Sender<(u64, String)>,
    keeper: JoinHandle<()>,
}

/// A connection to make one call on.
pub struct Lent {
    pub connection: MultiplexedConnection,
    number: u64,
}

impl Line {
    /// Connects, and waits for that for a moment.
    pub async fn open(client: Client) -> Self {
        let (sender, mut state) = watch::channel(State::Away("not yet connected".to_owned()));
        let (given_up, failures) = watch::channel((0, String::new()));
        let keeper = tokio::spawn(keep(client, sender, failures));
        let _ = timeout(PATIENCE, state.changed()).await;
        Self { state, given_up, keeper }
    }

    /// The connection.
    ///
    /// # Errors
    /// Why there is none.
    pub fn lend(&self) -> Result<Lent, String> {
        match &*self.state.borrow() {
            State::Up(number, connection) => Ok(Lent { connection: connection.clone(), number: *number }),
            State::Away(why) => Err(why.clone()),
        }
    }

    /// A call on this connection failed: nobody is to wait for it any more.
    pub fn give_up(&self, number: u64, why: &str) {
        self.given_up.send_if_modified(|(last, reason)| {
            let newer = *last < number;
            if newer {
                (*last, *reason) = (number, why.to_owned());
            }
            newer
        });
    }
}

impl Lent {
    /// Which connection it is.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

async fn keep(client: Client, state: watch::Sender<State>, mut failures: watch::Receiver<(u64, String)>) {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE))
        .set_pipeline_buffer_size(WRITTEN_AHEAD);
    let mut told = false;
    for number in 1.. {
        let why = match timeout(PATIENCE, client.get_multiplexed_async_connection_with_config(&config)).await {
            Ok(Ok(connection)) => {
                state.send_replace(State::Up(number, connection.clone()));
                tracing::info!("shared memory answers");
                told = false;
                ends(number, connection, &mut failures).await
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not answer".to_owned(),
        };
        if !std::mem::replace(&mut told, true) {
            tracing::warn!(why, "shared memory is away: this process does without until it answers again");
        }
        state.send_replace(State::Away(why));
        sleep(PAUSE).await;
    }
}

/// Waits until a connection is given up; answers why.
async fn ends(
    number: u64,
    mut connection: MultiplexedConnection,
    failures: &mut watch::Receiver<(u64, String)>,
) -> String {
    loop {
        tokio::select! {
            failure = failures.wait_for(|(last, _)| *last >= number) => {
                return failure.map_or_else(|_| String::new(), |failure| failure.1.clone());
            }
            () = sleep(BEAT) => {}
        }
        let ping = redis::cmd("PING");
        match timeout(PATIENCE, ping.exec_async(&mut connection)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error.to_string(),
            Err(_) => return "it does not answer".to_owned(),
        }
    }
}
