//! stub
/// stub
#[derive(Debug)]
pub struct Check;
/// stub
#[derive(Debug)]
pub struct StoreReport;
