//! The Admin UI of a program, as the environment asks for it.

use std::env;

use sio::Builder;
use sio::options::{Admin, AdminMode};

/// Of the password `secret`, at the lowest cost.
const HASH: &str = "$2b$04$EGnsCBF/TrcS4pFS7kODQ.Gab3ozXCZUNdACp9ooZIiPt2EeV34bi";

/// Adds the Admin UI if `ADMIN` says how: `development` or `production`, and `read-only` after a comma. The page in the
/// folder `ADMIN_UI` is served at `/ui/`, and the server has the name `NODE`.
pub(super) fn administered(builder: Builder) -> Builder {
    let Ok(asked) = env::var("ADMIN") else { return builder };
    let has = |word| asked.split(',').any(|one| one == word);
    let mode = if has("development") { AdminMode::Development } else { AdminMode::Production };
    let mut admin = Admin::basic("ops", HASH).mode(mode).read_only(has("read-only"));
    if let Ok(name) = env::var("NODE") {
        admin = admin.server_id(name);
    }
    let builder = builder.admin(admin);
    match env::var("ADMIN_UI") {
        Ok(folder) => builder.static_files("/ui", folder),
        Err(_) => builder,
    }
}
