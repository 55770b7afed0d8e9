//! stub
use std::fmt;
/// stub
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// stub
    pub name: &'static str,
}
/// stub
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RecordSchema {}
/// stub
#[derive(Debug, Clone)]
pub struct SchemaDiff;
impl fmt::Display for SchemaDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "")
    }
}
