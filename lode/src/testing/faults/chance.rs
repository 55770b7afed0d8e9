//! Failures by chance.

use std::time::Duration;

use super::answer::Status;
use super::call::{Class, Op};
use super::rule::Fault;
use crate::testing::Random;

/// Failures by chance, repeatable from a seed: which share of the calls fails in which way.
///
/// Every share counts the calls that it can happen to, and is between 0 and 1; those that can happen to one
/// call are added up. [`Faults::none`] has none, [`Faults::storm`] every kind there is.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use lode::testing::faults::{Faults, FaultStore};
/// use lode::{Blob, Dataset, Error, metadata};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> lode::Result<()> {
/// let faulty = FaultStore::new(Arc::new(object_store::memory::InMemory::new()));
/// faulty.faults(7, Faults::none().before(0.1).after(0.1).slow(0.2, Duration::from_secs(5)));
///
/// let reports = Dataset::<Blob>::new(&faulty.store(), "reports")?;
/// for n in 0..20_u8 {
///     // A key makes it safe to try again, whatever became of the last attempt.
///     let report = [n];
///     while let Err(error) = reports.write(&report, metadata! {}).idempotency_key(n.to_string()).await {
///         assert!(error.is_retryable() || matches!(error, Error::CommitUnknown { .. }), "{error}");
///     }
/// }
/// faulty.heal();
/// assert_eq!(reports.snapshots().await?.len(), 20);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    before: f64,
    after: f64,
    partway: f64,
    late: f64,
    refused: f64,
    resent: f64,
    short: f64,
    altered: f64,
    slow: f64,
    longest: Duration,
}

impl Faults {
    /// Nothing fails.
    #[must_use]
    pub fn none() -> Self {
        Self {
            before: 0.0,
            after: 0.0,
            partway: 0.0,
            late: 0.0,
            refused: 0.0,
            resent: 0.0,
            short: 0.0,
            altered: 0.0,
            slow: 0.0,
            longest: Duration::ZERO,
        }
    }

    /// About this share of the calls fails, in every way there is, and as many are slow.
    #[must_use]
    pub fn storm(share: f64) -> Self {
        Self {
            before: share * 0.3,
            after: share * 0.25,
            partway: share * 0.1,
            late: share * 0.2,
            refused: share * 0.15,
            resent: share * 0.1,
            short: share * 0.1,
            altered: share * 0.1,
            slow: share,
            longest: Duration::from_secs(40),
        }
    }

    /// Calls that fail without any effect.
    #[must_use]
    pub fn before(self, share: f64) -> Self {
        Self { before: share, ..self }
    }

    /// Calls that take effect, and whose reply is lost.
    #[must_use]
    pub fn after(self, share: f64) -> Self {
        Self { after: share, ..self }
    }

    /// Calls that take half of their effect: see [`Fault::Partway`]. Not the puts of tombstones over manifests:
    /// there lode relies on what every store does, which is to replace an object as one.
    #[must_use]
    pub fn partway(self, share: f64) -> Self {
        Self { partway: share, ..self }
    }

    /// Puts that fail and take effect later, within the next 40 calls.
    #[must_use]
    pub fn late(self, share: f64) -> Self {
        Self { late: share, ..self }
    }

    /// Calls that are refused with 429 or 503, create-only puts also with 409 or 412.
    #[must_use]
    pub fn refused(self, share: f64) -> Self {
        Self { refused: share, ..self }
    }

    /// Create-only puts that take effect, and are answered with 409, since the client sent them twice.
    #[must_use]
    pub fn resent(self, share: f64) -> Self {
        Self { resent: share, ..self }
    }

    /// Reads that break off without an error.
    #[must_use]
    pub fn short_reads(self, share: f64) -> Self {
        Self { short: share, ..self }
    }

    /// Reads of data with one bit changed. Manifests are left alone: they have no checksum, and rely on
    /// the transport's.
    #[must_use]
    pub fn altered_reads(self, share: f64) -> Self {
        Self { altered: share, ..self }
    }

    /// Calls that wait for up to `longest`, by tokio's clock, before they do anything.
    #[must_use]
    pub fn slow(self, share: f64, longest: Duration) -> Self {
        Self { slow: share, longest, ..self }
    }

    /// What becomes of a call.
    pub(super) fn draw(&self, random: &mut Random, op: Op, class: Class) -> Option<Fault> {
        let is_put = matches!(op, Op::Put | Op::Create);
        let only = |can: bool, share: f64| if can { share } else { 0.0 };
        let shares = [
            self.before,
            self.after,
            only(!(op == Op::Put && class == Class::Manifest), self.partway),
            only(is_put, self.late),
            self.refused,
            only(op == Op::Create, self.resent),
            only(op == Op::Get, self.short),
            only(op == Op::Get && class == Class::Data, self.altered),
            self.slow,
        ];
        let (mut share, detail) = (random.share(), random.number());
        let kind = shares.iter().position(|&of| {
            share -= of;
            share < 0.0
        })?;
        Some(match kind {
            0 => Fault::Before,
            1 => Fault::After,
            2 => Fault::Partway,
            3 => Fault::Late((detail % 40) as usize),
            4 => Fault::Refused(match (op, detail % 4) {
                (Op::Create, 0) => Status::Conflict,
                (Op::Create, 1) => Status::PreconditionFailed,
                (_, 0 | 2) => Status::TooManyRequests,
                _ => Status::Unavailable,
            }),
            5 => Fault::Landed(Status::Conflict),
            6 => Fault::Short,
            7 => Fault::Altered,
            _ => Fault::Delay(self.longest.mul_f64((detail % 1000) as f64 / 1000.0)),
        })
    }
}
