//! Long lists, a page at a time.

use std::collections::VecDeque;

use futures::Stream;
use futures::stream::try_unfold;
use serde::de::DeserializeOwned;
use tracklane_api_types::Page;

use crate::error::Error;
use crate::transport::Client;

/// The largest page that the server gives.
pub(crate) const PAGE_SIZE: usize = 200;

impl Client {
    /// Every record of the list at `path`, such as `v1/shipments`, that the query asks for; pages are fetched as they
    /// are needed.
    pub fn list<T: DeserializeOwned + Send>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
        let mut query: Vec<(String, String)> =
            query.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
        if !query.iter().any(|(name, _)| name == "limit") {
            query.push(("limit".into(), PAGE_SIZE.to_string()));
        }
        let state =
            State { client: self.clone(), path: path.to_owned(), query, ready: VecDeque::new(), next: Next::First };
        try_unfold(state, |mut state| async move {
            while state.ready.is_empty() && !matches!(state.next, Next::None) {
                state.fetch().await?;
            }
            Ok(state.ready.pop_front().map(|item| (item, state)))
        })
    }
}

enum Next {
    First,
    After(String),
    None,
}

struct State<T> {
    client: Client,
    path: String,
    query: Vec<(String, String)>,
    ready: VecDeque<T>,
    next: Next,
}

impl<T: DeserializeOwned> State<T> {
    async fn fetch(&mut self) -> Result<(), Error> {
        let mut query: Vec<(&str, String)> =
            self.query.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        if let Next::After(cursor) = &self.next {
            query.push(("cursor", cursor.clone()));
        }
        let page: Page<T> = self.client.get(&self.path, &query).await?;
        self.ready.extend(page.items);
        self.next = page.next_cursor.filter(|_| page.has_more).map_or(Next::None, Next::After);
        Ok(())
    }
}
