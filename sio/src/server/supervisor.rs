//! systemd's notifications: a supervisor learns when the server is ready and that it stops.
//!
//! The protocol is a datagram of lines `NAME=value` to the socket that the environment names (`sd_notify(3)`).

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The variable that names the supervisor's socket.
const VARIABLE: &str = "NOTIFY_SOCKET";

/// The supervisor of this process.
#[derive(Debug)]
pub(crate) struct Supervisor {
    socket: UnixDatagram,
    address: SocketAddr,
}

impl Supervisor {
    /// Returns the supervisor that the environment names.
    pub(super) fn from_env() -> Option<Self> {
        let name = env::var_os(VARIABLE)?;
        match Self::at(&name) {
            Ok(supervisor) => Some(supervisor),
            Err(error) => {
                tracing::warn!(target: "sio::server", %error, "cannot tell the supervisor: `{VARIABLE}` is set");
                None
            }
        }
    }

    fn at(name: &OsStr) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        // A supervisor that does not read keeps nobody waiting.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, address: address(name)? })
    }

    /// The server accepts connections.
    pub(super) fn ready(&self) {
        self.tell("READY=1");
    }

    /// The server stops, and takes no longer than this.
    pub(super) fn stopping(&self, longest: Duration) {
        self.tell(&format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={}", longest.as_micros()));
    }

    pub(super) fn tell(&self, state: &str) {
        if let Err(error) = self.socket.send_to_addr(state.as_bytes(), &self.address) {
            tracing::debug!(target: "sio::server", %error, state, "the supervisor cannot be told");
        }
    }
}

/// The address of a socket: a path, or with an `@` in front a name that is in no directory, where there are such.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes().strip_prefix(b"@") {
        #[cfg(target_os = "linux")]
        Some(hidden) => {
            use std::os::linux::net::SocketAddrExt as _;
            SocketAddr::from_abstract_name(hidden)
        }
        _ => SocketAddr::from_pathname(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(receiver: &UnixDatagram) -> String {
        let mut bytes = [0; 256];
        let length = receiver.recv(&mut bytes).expect("it was told");
        String::from_utf8(bytes[..length].to_vec()).expect("it is a text")
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_supervisor_is_told_by_a_name_in_no_directory() {
        use std::os::linux::net::SocketAddrExt as _;

        let name = format!("sio-supervisor-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let receiver = UnixDatagram::bind_addr(&address).expect("the name is free");
        let supervisor = Supervisor::at(OsStr::new(&format!("@{name}"))).expect("it can be reached");
        supervisor.ready();
        assert_eq!(told(&receiver), "READY=1");
        supervisor.stopping(Duration::from_secs(20));
        assert_eq!(told(&receiver), "STOPPING=1\nEXTEND_TIMEOUT_USEC=20000000");
    }

    #[test]
    fn a_supervisor_that_is_not_there_is_no_error() {
        let supervisor = Supervisor::at(OsStr::new("/nowhere/notify")).expect("the name is a path");
        supervisor.ready();
    }
}
