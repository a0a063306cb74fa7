//! What hears devices beside the server, in the same process, as far as health and metrics show it.

/// What hears devices beside the server.
pub trait Beside: Send + Sync {
    /// Its parts by name, and what is wrong with each. They say nothing of whether requests can be served.
    fn health(&self) -> Vec<(&'static str, Option<String>)>;

    /// What it has counted, by protocol.
    fn counts(&self) -> Vec<DeviceCounts>;
}

/// What was counted of one protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCounts {
    /// The protocol's name.
    pub protocol: &'static str,
    /// Connections that are open now.
    pub connections: u64,
    /// Messages by what became of them.
    pub messages: Vec<(&'static str, u64)>,
    /// Connections by why they ended.
    pub endings: Vec<(&'static str, u64)>,
}
