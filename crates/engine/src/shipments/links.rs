//! Public tracking links.

use tracklane_core::id::{LinkId, ShipmentId};
use tracklane_core::model::{Caller, Role, Tenant, TrackingLink};
use tracklane_core::{Invalid, Timestamp};
use tracklane_store::{Scope, tenants, tracking_links};

use super::seen::carrying_driver;
use super::{NewLink, PublicView, ShipmentDetail, Shipments};
use crate::base::must_operate;
use crate::error::{Error, Result};
use crate::secrets::link_token_hash;

const SECONDS_PER_DAY: i64 = 86_400;

impl Shipments {
    /// The links of a shipment, newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`] for drivers.
    pub async fn links(&self, caller: &Caller, id: ShipmentId) -> Result<Vec<TrackingLink>> {
        if caller.role == Role::Driver {
            return Err(Error::Forbidden);
        }
        let mut db = self.base.read(caller).await?;
        self.seen(&mut db, caller, id).await?;
        Ok(tracking_links::list_of_shipment(&mut db, id).await?)
    }

    /// Makes a link.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it would have expired already, [`Error::NotFound`], [`Error::Forbidden`].
    pub async fn add_link(&self, caller: &Caller, id: ShipmentId, input: NewLink) -> Result<TrackingLink> {
        if caller.role != Role::Customer {
            must_operate(caller)?;
        }
        let env = &self.base.env;
        if input.expires_at.is_some_and(|at| at <= env.now()) {
            return Err(Invalid::one("/expires_at", "must lie in the future").into());
        }
        let mut tx = self.base.begin(caller).await?;
        self.seen(&mut tx, caller, id).await?;
        let link = TrackingLink {
            id: LinkId::new(env),
            tenant_id: caller.tenant_id,
            shipment_id: id,
            expires_at: input.expires_at.map(tracklane_core::time::to_micros),
            revoked_at: None,
            created_at: env.now(),
        };
        let token = self.link_token(&link);
        tracking_links::insert(&mut tx, &link, &link_token_hash(&token)).await?;
        self.base.audit(&mut tx, caller, "tracking_link.created", link.id.to_string()).await?;
        tx.commit().await?;
        Ok(link)
    }

    /// Revokes a link: from now on it leads nowhere.
    ///
    /// # Errors
    /// [`Error::NotFound`], also when it was revoked before; [`Error::Forbidden`].
    pub async fn revoke_link(&self, caller: &Caller, id: ShipmentId, link: LinkId) -> Result<()> {
        must_operate(caller)?;
        let mut tx = self.base.begin(caller).await?;
        self.seen(&mut tx, caller, id).await?;
        let found = tracking_links::get(&mut tx, link).await?;
        found.filter(|known| known.shipment_id == id).ok_or(Error::NotFound)?;
        if !tracking_links::revoke(&mut tx, link, self.base.env.now()).await? {
            return Err(Error::NotFound);
        }
        self.base.audit(&mut tx, caller, "tracking_link.revoked", link.to_string()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The token of a link, to put behind `/t/`.
    pub fn link_token(&self, link: &TrackingLink) -> String {
        self.base.secrets.link_token(link.id)
    }

    /// What the holder of a link may be shown.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a token that is unknown, revoked or expired: which of them, nobody is told.
    pub async fn public(&self, token: &str) -> Result<PublicView> {
        let mut db = self.base.store.read(Scope::System).await?;
        let hash = link_token_hash(token);
        let link = tracking_links::find_by_token_hash_any_tenant(&mut db, &hash).await?.ok_or(Error::NotFound)?;
        let tenant = tenants::get_any_tenant(&mut db, link.tenant_id).await?.ok_or(Error::NotFound)?;
        drop(db);
        let caller = Caller::system(tenant.id);
        let detail = self.detail(&caller, link.shipment_id).await?;
        if !is_open(&link, &tenant, &detail, self.base.env.now()) {
            return Err(Error::NotFound);
        }
        let driver = carrying_driver(&detail.shipment, &detail.legs);
        let position = driver.and_then(|driver| self.base.memory.latest_of_driver(driver));
        Ok(PublicView { tenant, detail, position })
    }
}

fn is_open(link: &TrackingLink, tenant: &Tenant, detail: &ShipmentDetail, now: Timestamp) -> bool {
    if link.revoked_at.is_some() {
        return false;
    }
    if let Some(at) = link.expires_at {
        return now < at;
    }
    let shipment = &detail.shipment;
    let life = i64::from(tenant.settings.link_days) * SECONDS_PER_DAY;
    !shipment.status.is_terminal() || now.as_second() - shipment.status_since.as_second() < life
}
