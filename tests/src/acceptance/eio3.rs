//! The profile `eio3`: the acceptance application for clients of Engine.IO 3 and 4.

use sio::{BuildError, Server};

use super::main::application;

/// The server of the profile.
///
/// # Errors
///
/// When a consumer needs what is not there.
pub fn server(origins: &[String]) -> Result<Server, BuildError> {
    application(origins, &["eio3"]).allow_eio3(true).build()
}
