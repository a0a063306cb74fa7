//! Exit codes, documented in `--help`.

use std::process::ExitCode;

/// Something that is not there.
pub const NOT_FOUND: u8 = 3;

/// A wrong use of the command line that clap cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// There is no such thing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotFound(pub String);

/// The command has said what is wrong; only the code is left to give.
#[derive(Debug, thiserror::Error)]
#[error("failed")]
pub struct Said;

/// The exit code of a failure: 1 failure, 2 usage, 3 not found, 4 not allowed, 5 conflict, 6 too many requests.
pub fn code(error: &anyhow::Error) -> ExitCode {
    let code = error.chain().find_map(|cause| {
        if cause.is::<Usage>() {
            return Some(2);
        }
        if cause.is::<NotFound>() {
            return Some(NOT_FOUND);
        }
        if let Some(error) = cause.downcast_ref::<tracklane_client::Error>() {
            return error.status().and_then(of_status);
        }
        if let Some(error) = cause.downcast_ref::<tracklane_carriers::CarrierError>() {
            return of_carrier(error);
        }
        cause.downcast_ref::<tracklane_engine::Error>().and_then(of_engine)
    });
    ExitCode::from(code.unwrap_or(1))
}

fn of_status(status: u16) -> Option<u8> {
    match status {
        404 | 410 => Some(NOT_FOUND),
        401 | 403 => Some(4),
        409 | 412 => Some(5),
        429 => Some(6),
        _ => None,
    }
}

fn of_carrier(error: &tracklane_carriers::CarrierError) -> Option<u8> {
    use tracklane_carriers::CarrierError;
    match error {
        CarrierError::NotFound { .. } => Some(NOT_FOUND),
        CarrierError::Unauthorised { .. } => Some(4),
        CarrierError::RateLimited { .. } => Some(6),
        _ => None,
    }
}

fn of_engine(error: &tracklane_engine::Error) -> Option<u8> {
    use tracklane_engine::Error;
    match error {
        Error::NotFound => Some(NOT_FOUND),
        Error::Unauthenticated | Error::Forbidden => Some(4),
        Error::Conflict(_) | Error::IllegalTransition(_) | Error::VersionMismatch => Some(5),
        Error::Overloaded => Some(6),
        _ => None,
    }
}

/// True when standard output was closed by its reader.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(broken)
            || cause
                .downcast_ref::<serde_json::Error>()
                .is_some_and(|e| e.io_error_kind() == Some(std::io::ErrorKind::BrokenPipe))
    })
}
