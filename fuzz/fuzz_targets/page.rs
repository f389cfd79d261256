#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| onepool_tests::fuzz::page(data));
