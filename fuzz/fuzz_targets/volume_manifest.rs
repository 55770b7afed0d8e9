#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lode_fuzz::volume_manifest::run(data));
