//! Errors of Redis, as an operator reads them.

use redis::{ErrorKind, RedisError};

use crate::error::BusError;

/// Returns the error that an operator reads. The client's errors do not contain passwords.
pub(super) fn failed(error: &RedisError) -> BusError {
    let reason = text(error);
    let is_old = error.kind() == ErrorKind::RESP3NotSupported || reason.contains("unknown command");
    BusError::new(match error.code() {
        _ if is_old => format!("Redis 6 or later is needed ({reason})"),
        Some("WRONGPASS") => format!("it refuses the user or the password of the URL ({reason})"),
        Some("NOPERM") => format!("its user may not do that on these channels ({reason})"),
        _ if error.kind() == ErrorKind::AuthenticationFailed => {
            format!("it refuses the user or the password of the URL ({reason})")
        }
        _ if wants_password(error) => format!("it wants a password, which the URL lacks ({reason})"),
        _ => reason,
    })
}

/// Returns whether a password is missing. While a connection is set up, the client wraps the error of the server.
pub(super) fn wants_password(error: &RedisError) -> bool {
    error.code() == Some("NOAUTH") || error.to_string().contains("NOAUTH")
}

/// Returns the error in one line, as logs and programs that end print it. A server that is no Redis may answer anything,
/// which the client's error repeats in several lines.
pub(super) fn text(error: &RedisError) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
