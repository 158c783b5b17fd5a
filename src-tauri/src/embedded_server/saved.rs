//! What the app remembers of its built-in server.

use engine::api::{ApiError, ErrorCode};
use serde::{Deserialize, Serialize};

use crate::paths::{self, Paths};

/// Whether a server has written something here.
pub(super) fn has_data(paths: &Paths) -> bool {
    server_lite::holds_a_server(&paths.server())
}

/// The file `server.json` beside the server's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedServer {
    /// Name of the team.
    pub team_name: String,
    /// The HTTPS port.
    pub port: u16,
    /// Whether it runs while the app runs.
    pub running: bool,
    /// The account of the person who started it.
    #[serde(default)]
    pub account: Option<String>,
}

impl SavedServer {
    /// Reads the file; `None` if no server was set up, or its data are gone.
    pub(crate) fn load(paths: &Paths) -> Option<Self> {
        paths::read_json::<Option<Self>>(&paths.server_settings()).filter(|_| has_data(paths))
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`ErrorCode::ServerStartFailed`] if that fails.
    pub(crate) fn store(&self, paths: &Paths) -> Result<(), ApiError> {
        let path = &paths.server_settings();
        let failed = |error: &dyn std::fmt::Display| {
            ApiError::new(ErrorCode::ServerStartFailed)
                .value("path", path.display())
                .detail(error)
        };
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| failed(&error))?;
        paths::write_atomically(path, &bytes).map_err(|error| failed(&error))
    }
}
