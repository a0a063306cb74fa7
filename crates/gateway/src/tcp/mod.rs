//! Devices that connect.

mod connection;
mod speech;
mod tracker;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use self::connection::Connection;
pub(crate) use self::speech::{Speech, Understood, Waiting};
use self::tracker::Tracker;
use crate::door::{Door, House};
use crate::listen::Spoken;
use crate::mqtt::Publisher;
use crate::seats::Seat;
use crate::tasks::Tasks;

/// How long to wait when no connection can be taken, because the process has too many files open, say.
const PAUSE: Duration = Duration::from_millis(200);

/// Takes connections until told to stop.
pub(crate) async fn listen(listener: TcpListener, spoken: Spoken, house: Arc<House>, door: Arc<Door>, tasks: Tasks) {
    loop {
        let accepted = tokio::select! {
            () = tasks.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => match house.seats.take(peer.ip()) {
                Ok(seat) => {
                    tasks.spawn(serve(socket, peer, seat, spoken, house.clone(), door.clone(), tasks.stop.clone()));
                }
                Err(ending) => {
                    door.counters.ended(ending);
                    tracing::debug!(door = door.name, %peer, why = ending.as_str(), "a connection was not taken");
                }
            },
            Err(error) => {
                tracing::warn!(door = door.name, %error, "a connection cannot be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn serve(
    socket: TcpStream,
    peer: SocketAddr,
    seat: Seat,
    spoken: Spoken,
    house: Arc<House>,
    door: Arc<Door>,
    stop: CancellationToken,
) {
    // Small answers must not wait for more to come.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!("failed to set TCP_NODELAY: {error}");
    }
    let counters = door.counters.clone();
    let name = door.name.clone();
    counters.opened();
    let ending = match spoken {
        Spoken::Stream(stream) => {
            let tracker = Tracker::new(stream, house.clone(), door.clone());
            Connection::new(socket, tracker, house, door).run(&stop).await
        }
        Spoken::Mqtt => {
            let publisher = Publisher::new(house.clone(), door.clone(), peer.ip());
            Connection::new(socket, publisher, house, door).run(&stop).await
        }
    };
    drop(seat);
    counters.closed();
    counters.ended(ending);
    tracing::debug!(door = name, %peer, why = ending.as_str(), "a connection ended");
}
