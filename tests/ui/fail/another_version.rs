use sio::prelude::*;

// As `#[consumer]` of another version would write it: with names that this one does not have.
sio::__private::generated! {
    "0.0.1"
    const _: () = sio::__private::gone();
}

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {}

fn main() {}
