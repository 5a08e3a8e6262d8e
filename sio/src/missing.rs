//! Methods that a program calls without the feature that they need: there, the compiler names the feature.
//!
//! Rust tells by itself which feature a missing module or type needs, but not which one a missing method needs.

/// Declares such a method, with a condition that nothing fulfils.
macro_rules! missing {
    ($feature:literal, $needs:ident, $message:literal, $owner:ty, $(fn $method:ident($($arg:ident: $ty:ident),*);)*) => {
        #[cfg(not(feature = $feature))]
        #[diagnostic::on_unimplemented(
            message = $message,
            label = "a method behind a feature that is not switched on",
            note = "features are named in Cargo.toml: `cargo add sio-server --features ..` writes them there"
        )]
        #[expect(unnameable_types, reason = "it is only there for its message")]
        pub trait $needs<'a> {}

        #[cfg(not(feature = $feature))]
        impl $owner {
            $(
                #[doc(hidden)]
                pub fn $method<$($ty),*>(&self, $(_: $ty),*) -> &Self
                where
                    for<'a> Self: $needs<'a>,
                {
                    self
                }
            )*
        }
    };
}

missing! {
    "compression", Compression, "this method needs the feature `compression` of `sio`", crate::Builder,
    fn http_compression(threshold: T);
    fn websocket_compression(threshold: T);
}

missing! {
    "static-files", StaticFiles, "this method needs the feature `static-files` of `sio`", crate::Builder,
    fn static_files(path: P, files: F);
    fn client_files(directory: D);
}

missing! {
    "contract", Contract, "this method needs the feature `contract` of `sio`", crate::Builder,
    fn docs(path: P);
}

missing! {
    "tower", Tower, "this method needs the feature `tower` of `sio` (which `axum` contains)", crate::Server,
    fn layer();
}

missing! {
    "tls", Tls, "this method needs the feature `tls` of `sio`", crate::Server,
    fn serve_tls(address: A, tls: T);
}
