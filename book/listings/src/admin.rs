//! Guide: the Admin UI.

// ANCHOR: admin
use sio::options::{Admin, AdminMode};

/// `hash` comes from `htpasswd -nbB -C 10 ops PASSWORD`, without the name in front of it.
fn with_admin(builder: sio::Builder, hash: &str) -> sio::Builder {
    builder
        .admin(Admin::basic("ops", hash))
        .static_files("/ui", "node_modules/@socket.io/admin-ui/ui/dist")
}
// ANCHOR_END: admin

// ANCHOR: development
/// For the machine on which one develops: each socket and each event, and nobody can
/// change anything.
fn while_developing(builder: sio::Builder) -> sio::Builder {
    builder.admin(Admin::open().mode(AdminMode::Development).read_only(true))
}
// ANCHOR_END: development

#[cfg(test)]
mod tests {
    use sio::prelude::*;

    use super::*;

    #[test]
    fn a_password_is_no_hash() {
        let build =
            |hash: &str| with_admin(Server::builder().collect(false), hash).build();
        let refused = build("secret").expect_err("it is no hash").to_string();
        assert!(refused.contains("`admin` must have a bcrypt hash"), "{refused}");
        assert!(while_developing(Server::builder().collect(false)).build().is_ok());
    }
}
