//! A server of a command's own, in the same process, for a demo or a simulation.

use std::net::SocketAddr;
use std::path::Path;

use crate::args::Global;
use crate::config::Settings;

/// The settings of file and environment for a server that `command` starts for itself: its own data folder, nothing limited,
/// and little in the log. `more` are sections, keys and values on top of that.
///
/// # Errors
/// When file or environment hold what is no setting.
pub fn settings(
    global: &Global,
    command: &'static str,
    (listen, data): (SocketAddr, &Path),
    more: &[(&str, &str, &str)],
) -> anyhow::Result<Settings> {
    let text = |value: &str| Some(value.to_owned());
    let mut flags = vec![
        ("--listen", "server", "listen", Some(listen.to_string())),
        ("--data", "server", "data", Some(data.display().to_string())),
        (command, "store", "url", text("")),
        (command, "history", "url", text("")),
        (command, "limits", "requests_per_minute", text("0")),
        (command, "limits", "positions_per_second", text("0")),
    ];
    flags.extend(more.iter().map(|(section, key, value)| (command, *section, *key, text(value))));
    let mut settings = super::settings(global, &flags)?;
    if settings.log == crate::config::LogSection::default() {
        settings.log.level = "warn".to_owned();
    }
    Ok(settings)
}
