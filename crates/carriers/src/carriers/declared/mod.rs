//! Carriers declared in a TOML file: what to ask, where things stand in the answer, what the codes mean. The files beside
//! this one come with Tracklane; others can be added at run time. docs/carriers.md tells every field.

mod model;
mod parse;
mod request;

use std::borrow::Cow;
use std::sync::Arc;

pub use model::DeclareError;
pub(super) use model::Declared;

use super::{Carrier, How};

/// Reads a declaration.
pub(super) fn read(text: &str) -> Result<Carrier, DeclareError> {
    let file: model::File = toml::from_str(text)
        .map_err(|error| DeclareError { at: String::new(), rule: error.to_string().trim_end().to_owned() })?;
    let declared = Declared::new(file)?;
    Ok(Carrier {
        id: Cow::Owned(declared.file.id.clone()),
        name: Cow::Owned(declared.file.name.clone()),
        source: declared.file.source,
        batch: declared.file.batch,
        can: declared.file.can,
        credentials: Cow::Owned(declared.file.credentials.clone()),
        how: How::Declared(Arc::new(declared)),
    })
}
