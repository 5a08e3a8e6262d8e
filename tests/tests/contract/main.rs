//! The contract of a program with clients, as it comes out of consumers and of the types of their payloads.

mod app;
mod changes;
mod matrix;
mod random;
mod samples;
mod shapes;

use sio::contract::Contract;

/// The folder in which both TypeScript compilers and the parser of AsyncAPI read what is generated here.
const GENERATED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/contract/generated");

/// `SIO_CONTRACT=write` renews the files.
#[test]
fn the_module_is_the_one_that_the_compilers_read() {
    Contract::collect().check(format!("{GENERATED}/contract.ts"));
    Contract::collect().check(format!("{GENERATED}/contract.json"));
}

#[test]
fn the_document_is_the_one_that_the_parser_reads() {
    let document = Contract::collect().asyncapi("Test", "1.0.0");
    file("asyncapi.json", &format!("{document:#}\n"));
}

/// Compares or, with `SIO_CONTRACT=write`, writes a file that is no contract.
fn file(name: &str, text: &str) {
    let path = format!("{GENERATED}/{name}");
    if std::env::var_os("SIO_CONTRACT").is_some_and(|value| value == "write") {
        return std::fs::write(path, text).expect("the file can be written");
    }
    let found = std::fs::read_to_string(&path).expect("the file can be read; SIO_CONTRACT=write makes it");
    assert!(found == text, "{path} is not up to date; SIO_CONTRACT=write renews it");
}
