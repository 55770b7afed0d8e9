//! Keys of data objects and attachments, read back.

use super::Paths;
use crate::id::{DatasetId, WriteId};
use crate::partition::Partition;

impl Paths {
    /// The folders in which data objects and attachments lie; they end in `/`.
    pub(crate) fn data_folders(self, dataset: &DatasetId) -> [String; 2] {
        let data = match self {
            Self::Default | Self::Flat => "data/",
            Self::Hive => "partitions/",
        };
        [data, "attachments/"].map(|folder| self.prefix(dataset) + folder)
    }

    /// The attempt that wrote the data object or attachment with this key: of a key that is exactly
    /// what this layout gives. `None` for any other key, such as a manifest's or one of Go Lode's.
    pub(crate) fn write_of(self, dataset: &DatasetId, key: &str) -> Option<WriteId> {
        let [data, attachments] = self.data_folders(dataset);
        if let Some(rest) = key.strip_prefix(&attachments) {
            let (write, name) = rest.split_once('/')?;
            let is_one = is_part(name.strip_suffix(".bin")?);
            return if is_one { WriteId::parse(write) } else { None };
        }
        let rest = key.strip_prefix(&data)?;
        let (write, name) = match self {
            Self::Default | Self::Flat => rest.split_once('/')?,
            Self::Hive => {
                let name = match rest.rsplit_once('/') {
                    Some((folders, name)) => {
                        let partition = Partition::from_folders(folders.split('/'))?;
                        if partition.to_string() != folders {
                            return None;
                        }
                        name
                    }
                    None => rest,
                };
                let (write, name) = name.split_at_checked(32)?;
                (write, name.strip_prefix('-')?)
            }
        };
        let dot = name.find('.').unwrap_or(name.len());
        let (part, extension) = name.split_at(dot);
        if is_part(part) && is_extension(extension) { WriteId::parse(write) } else { None }
    }
}

/// At least five digits; zeros before the number only as far as these five need them.
fn is_part(text: &str) -> bool {
    let padded = text.len() == 5 || (text.len() > 5 && !text.starts_with('0'));
    padded && text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u32>().is_ok()
}

/// Nothing, or a dot and something, again and again. Codecs and compressors of users' own say what it
/// is: `object_store`'s left-over files (`name#1`) are none.
fn is_extension(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'/' | b'#'))
    };
    text.is_empty() || text.strip_prefix('.').is_some_and(|rest| rest.split('.').all(plain))
}
