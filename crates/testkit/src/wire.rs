//! A wire that can be cut.

use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes on what comes to it, until it is cut.
pub struct Wire {
    /// Where it listens, on this machine.
    pub port: u16,
    whole: Arc<watch::Sender<bool>>,
}

impl Wire {
    /// One to a port of this machine.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let ours = listener.local_addr().expect("a bound listener has an address").port();
        let (whole, state) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut state = state.clone();
                if !*state.borrow() {
                    continue;
                }
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = state.wait_for(|whole| !whole) => {}
                    }
                });
            }
        });
        Self { port: ours, whole: Arc::new(whole) }
    }

    /// Ends every connection, and lets in no other.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Lets connections in again.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}
