//~ error: unused `StoreBuilder` that must be used

#![deny(unused_must_use)]

use lode::Store;

fn main() {
    Store::builder("s3://bucket/prefix").endpoint("http://127.0.0.1:8333");
}
