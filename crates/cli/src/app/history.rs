//! Where positions are kept: files in the data folder, or PostgreSQL when `history.url` says so.

use std::sync::Arc;

use anyhow::Context as _;
use tracklane_core::ports::{PositionHistory, StreamedHistory};
use tracklane_history::History;
use tracklane_store::{PgHistory, PgStreamedHistory};

use crate::config::Settings;

/// A position history that is open.
pub enum OpenHistory {
    /// In the data folder.
    Files(Arc<History>),
    /// On PostgreSQL.
    Postgres(Arc<PgHistory>),
    /// On PostgreSQL, where several processes write what a position stream brings them.
    Streamed(Arc<PgStreamedHistory>),
}

impl OpenHistory {
    /// Opens the one that `settings` say; files behave as said.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(settings: &Settings, files: tracklane_history::Settings) -> anyhow::Result<Self> {
        const FAILED: &str = "failed to open the position history";
        if !settings.stream.url.is_empty() {
            let history = PgStreamedHistory::open(&settings.history.url).await.context(FAILED)?;
            return Ok(Self::Streamed(Arc::new(history)));
        }
        if !settings.history.url.is_empty() {
            return Ok(Self::Postgres(Arc::new(PgHistory::open(&settings.history.url).await.context(FAILED)?)));
        }
        let folder = settings.history_folder();
        let history = tokio::task::spawn_blocking(move || History::open(folder, files)).await?;
        Ok(Self::Files(Arc::new(history.context(FAILED)?)))
    }

    /// As the engine knows it.
    pub fn port(&self) -> Arc<dyn PositionHistory> {
        match self {
            Self::Files(history) => history.clone(),
            Self::Postgres(history) => history.clone(),
            Self::Streamed(history) => history.clone(),
        }
    }

    /// As the engine knows one that a position stream fills.
    pub fn streamed(&self) -> Option<Arc<dyn StreamedHistory>> {
        match self {
            Self::Files(_) | Self::Postgres(_) => None,
            Self::Streamed(history) => Some(history.clone()),
        }
    }

    /// Makes durable what waits, and lets it go.
    ///
    /// # Errors
    /// When that did not go well; what was acknowledged is durable nevertheless.
    pub async fn close(&self) -> anyhow::Result<()> {
        match self {
            Self::Files(history) => {
                let history = history.clone();
                let closed = tokio::task::spawn_blocking(move || history.close()).await?;
                closed.context("failed to close the position history")
            }
            Self::Postgres(history) => {
                history.close().await;
                Ok(())
            }
            Self::Streamed(history) => {
                history.close().await;
                Ok(())
            }
        }
    }
}
