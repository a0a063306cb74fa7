//! Who changed what, when: append-only.

use tracklane_core::Timestamp;
use tracklane_core::lifecycle::Actor;
use tracklane_core::model::AuditEntry;

use crate::db::{Db, Row, args, corrupt};
use crate::error::Result;
use crate::page::{Listing, Page};
use crate::table::{Table, like_prefix};
use crate::words::{actor, actor_values};

const TABLE: Table = Table { name: "audit_log", fixed: "actor_type, actor_id, action, target, data, at", changing: "" };

fn read(row: &Row) -> Result<AuditEntry> {
    Ok(AuditEntry {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        actor: actor(row)?.ok_or_else(|| corrupt("actor_type", "is null"))?,
        action: row.get("action")?,
        target: row.opt("target")?,
        data: row.get("data")?,
        at: row.get("at")?,
    })
}

/// Which entries are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// With exactly this action, or a group of actions given as `thing.*`.
    pub action: Option<String>,
    /// About the thing with this id in its text form.
    pub target: Option<String>,
    /// By this actor.
    pub actor: Option<Actor>,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
}

/// Appends an entry.
pub async fn append(db: &mut Db, entry: &AuditEntry) -> Result<()> {
    let mut fixed = actor_values(Some(entry.actor)).to_vec();
    fixed.extend(args![&entry.action, &entry.target, &entry.data, entry.at]);
    TABLE.insert(db, entry.id, entry.tenant_id, fixed, Vec::new()).await
}

/// The entries of the tenant.
pub async fn list(db: &mut Db, filter: &AuditFilter, page: Page) -> Result<Listing<AuditEntry>> {
    let group = filter.action.as_deref().and_then(|action| action.strip_suffix('*'));
    let exact = filter.action.as_deref().filter(|_| group.is_none());
    let mut select = TABLE
        .select(db)?
        .and_if("action LIKE ? ESCAPE '\\'", group.map(like_prefix))
        .is("action", exact)
        .is("target", filter.target.as_ref())
        .since("at", filter.from)
        .before("at", filter.to);
    if let Some(actor) = filter.actor {
        let [word, id] = actor_values(Some(actor));
        select = select.is("actor_type", Some(word));
        if actor != Actor::System {
            select = select.is("actor_id", Some(id));
        }
    }
    select.page(db, page, read).await
}
