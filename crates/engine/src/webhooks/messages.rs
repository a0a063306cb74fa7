//! What was sent, and sending it again.

use serde::{Deserialize, Serialize};
use serde_json::json;
use tracklane_core::event::{EventKind, LogPosition};
use tracklane_core::id::{EndpointId, MessageId};
use tracklane_core::model::{Attempt, Caller, Endpoint, EndpointState, Message};
use tracklane_core::position::Attributes;
use tracklane_core::{Invalid, Timestamp};
use tracklane_store::attempts::{self, AttemptFilter};
use tracklane_store::events::{self, EventFilter};
use tracklane_store::messages::{self, MessageFilter};
use tracklane_store::{Db, Listing, Page, endpoints};

use super::body;
use super::endpoints::check_types;
use super::service::Webhooks;
use crate::base::{must_operate, must_see_all};
use crate::error::{Error, Result};

/// How many messages one replay makes at most.
const MOST_REPLAYED: usize = 10_000;

/// How many events or messages are read or written in one go.
const TURN: u32 = 500;

/// Which events an endpoint is to get once more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// Written from this instant on.
    pub from: Timestamp,
    /// Written before this instant.
    pub to: Timestamp,
    /// Of these types only, written like an endpoint's `event_types`; empty means all that the endpoint wants.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub types: Vec<String>,
}

/// What a replay did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Replayed {
    /// How many messages are on their way.
    pub messages: u64,
}

impl Webhooks {
    /// Sends an endpoint a message of type `endpoint.test`.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the endpoint is disabled.
    pub async fn test(&self, caller: &Caller, id: EndpointId) -> Result<Message> {
        must_operate(caller)?;
        let mut tx = self.0.base.begin(caller).await?;
        let endpoint = enabled(&mut tx, id).await?;
        let message = body::test_message(&self.0, &endpoint);
        messages::insert_many(&mut tx, std::slice::from_ref(&message)).await?;
        self.0.base.audit(&mut tx, caller, "endpoint.tested", id.to_string()).await?;
        tx.commit().await?;
        self.0.wake.notify_one();
        Ok(message)
    }

    /// The messages of the tenant, newest first.
    ///
    /// # Errors
    /// `NotFound` when the filter names an endpoint that is not there.
    pub async fn messages(&self, caller: &Caller, filter: &MessageFilter, page: Page) -> Result<Listing<Message>> {
        must_see_all(caller)?;
        let mut db = self.0.base.read_behind(caller).await?;
        must_be_there(&mut db, filter.endpoint_id).await?;
        Ok(messages::list(&mut db, filter, page).await?)
    }

    /// The message with this id.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn message(&self, caller: &Caller, id: MessageId) -> Result<Message> {
        must_see_all(caller)?;
        let mut db = self.0.base.read(caller).await?;
        messages::get(&mut db, id).await?.ok_or(Error::NotFound)
    }

    /// The attempts of the tenant, newest first.
    ///
    /// # Errors
    /// `NotFound` when the filter names an endpoint or a message that is not there.
    pub async fn attempts(&self, caller: &Caller, filter: &AttemptFilter, page: Page) -> Result<Listing<Attempt>> {
        must_see_all(caller)?;
        let mut db = self.0.base.read_behind(caller).await?;
        must_be_there(&mut db, filter.endpoint_id).await?;
        if let Some(id) = filter.message_id {
            messages::get(&mut db, id).await?.ok_or(Error::NotFound)?;
        }
        Ok(attempts::list(&mut db, filter, page).await?)
    }

    /// Sends a message again, with the same id and body and a new row of attempts.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the endpoint is disabled.
    pub async fn resend(&self, caller: &Caller, id: MessageId) -> Result<Message> {
        must_operate(caller)?;
        let base = &self.0.base;
        let mut tx = base.begin(caller).await?;
        let message = messages::get(&mut tx, id).await?.ok_or(Error::NotFound)?;
        enabled(&mut tx, message.endpoint_id).await?;
        if !messages::resend(&mut tx, id, base.env.now()).await? {
            return Err(Error::NotFound);
        }
        base.audit(&mut tx, caller, "message.resent", id.to_string()).await?;
        let message = messages::get(&mut tx, id).await?.ok_or(Error::NotFound)?;
        tx.commit().await?;
        self.0.wake.notify_one();
        Ok(message)
    }

    /// Makes new messages for the events of a time range, oldest first.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the endpoint is disabled; `Invalid` for a range that is empty or upside down, unknown
    /// types, or more than 10,000 messages.
    pub async fn replay(&self, caller: &Caller, id: EndpointId, replay: &Replay) -> Result<Replayed> {
        must_operate(caller)?;
        replay.check()?;
        let base = &self.0.base;
        let mut db = base.read(caller).await?;
        let endpoint = enabled(&mut db, id).await?;
        let made = self.remake(&mut db, &endpoint, replay).await?;
        drop(db);
        for some in made.chunks(TURN as usize) {
            let mut tx = base.begin(caller).await?;
            messages::insert_many(&mut tx, some).await?;
            tx.commit().await?;
            self.0.wake.notify_one();
        }
        let mut data = Attributes::new();
        data.insert("from".to_owned(), json!(replay.from));
        data.insert("to".to_owned(), json!(replay.to));
        data.insert("messages".to_owned(), json!(made.len()));
        let mut tx = base.begin(caller).await?;
        base.audit_with(&mut tx, caller, "endpoint.replayed", id.to_string(), data).await?;
        tx.commit().await?;
        Ok(Replayed { messages: made.len() as u64 })
    }

    async fn remake(&self, db: &mut Db, endpoint: &Endpoint, replay: &Replay) -> Result<Vec<Message>> {
        let wanted = |kind: &EventKind| body::names(&endpoint.event_types, *kind) && body::names(&replay.types, *kind);
        let kinds: Vec<EventKind> = EventKind::ALL.iter().copied().filter(wanted).collect();
        // An empty list would mean every type.
        if kinds.is_empty() {
            return Ok(Vec::new());
        }
        let (recorded_from, recorded_to) = (Some(replay.from), Some(replay.to));
        let filter = EventFilter { kinds, recorded_from, recorded_to, ..EventFilter::default() };
        let mut made = Vec::new();
        let mut place = LogPosition::default();
        loop {
            let found = events::list(db, &filter, place, TURN).await?;
            let Some((last, _)) = found.last() else { return Ok(made) };
            place = *last;
            made.extend(found.iter().map(|(_, event)| body::message(&self.0, endpoint, event)));
            if made.len() > MOST_REPLAYED {
                let rule = format!("must reach over at most {MOST_REPLAYED} events: choose a shorter range");
                return Err(Invalid::one("/to", rule).into());
            }
        }
    }
}

impl Replay {
    fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        invalid.require(self.from < self.to, "/to", "must lie after from");
        check_types(&mut invalid, "/types", &self.types);
        invalid.into_result()
    }
}

/// The endpoint with this id, if messages to it make sense.
async fn enabled(db: &mut Db, id: EndpointId) -> Result<Endpoint> {
    let endpoint = endpoints::get(db, id).await?.ok_or(Error::NotFound)?;
    if endpoint.state == EndpointState::Disabled {
        return Err(Error::Conflict("the endpoint is disabled; switch it on first".to_owned()));
    }
    Ok(endpoint)
}

async fn must_be_there(db: &mut Db, id: Option<EndpointId>) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    endpoints::get(db, id).await?.map(drop).ok_or(Error::NotFound)
}
