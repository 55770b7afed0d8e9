//! What is to happen to which call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::answer::Status;
use super::call::{Call, Class, Op};

/// What becomes of a call.
#[derive(Clone)]
#[non_exhaustive]
pub enum Fault {
    /// It fails without any effect, as when a request is lost.
    Before,
    /// It takes effect, and its reply is lost.
    After,
    /// It takes half of its effect, then fails: half of an object is put, half of one is read, half of a
    /// folder is listed. Where there are no halves (create-only puts, deletions), this is
    /// [`After`](Self::After). Stores that put objects as one do not tear them; a program that
    /// survives this survives more than it must.
    Partway,
    /// It never comes back.
    Hang,
    /// A put fails, and takes effect when this many calls more have been made, or when
    /// [`FaultStore::land`](super::FaultStore::land) is called. Other calls fail as by [`Before`](Self::Before).
    Late(usize),
    /// The store answers with this status, and does nothing.
    Refused(Status),
    /// It takes effect, and the answer is this status. [`Status::Conflict`] for a create-only put is what
    /// a client gets that sent it twice by itself.
    Landed(Status),
    /// A read breaks off after half of its bytes, and a list after half of what it finds, without an error.
    /// Others are as without a fault.
    Short,
    /// A read has one bit changed. Others are as without a fault.
    Altered,
    /// It is made this much later, by tokio's clock.
    Delay(Duration),
    /// This runs, and then the call goes on as if nothing had happened.
    Run(Action),
}

/// What another process does meanwhile: see [`Fault::run`].
pub type Action = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

impl Fault {
    /// Runs `action`, and then lets the call go on: to do something at an exact place.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use lode::testing::faults::{Class, Fault, FaultStore, Op, Rule};
    /// # use lode::{Blob, Dataset, Store, metadata};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// let faulty = FaultStore::new(Arc::new(object_store::memory::InMemory::new()));
    /// let other = Dataset::<Blob>::new(&Store::from(faulty.inner().clone()), "reports")?;
    ///
    /// // Another writer commits just before this one does.
    /// let overtakes = Fault::run(move || {
    ///     let other = other.clone();
    ///     async move { drop(other.write(b"theirs", metadata! {}).await) }
    /// });
    /// faulty.rule(Rule::on(Op::Create, Class::Manifest, overtakes));
    ///
    /// let ours = Dataset::<Blob>::new(&faulty.store(), "reports")?;
    /// assert!(ours.write(b"ours", metadata! {}).await.unwrap_err().is_conflict());
    /// # Ok(()) }
    /// ```
    pub fn run<F>(action: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::Run(Arc::new(move || Box::pin(action())))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before => f.write_str("Before"),
            Self::After => f.write_str("After"),
            Self::Partway => f.write_str("Partway"),
            Self::Hang => f.write_str("Hang"),
            Self::Late(calls) => write!(f, "Late({calls})"),
            Self::Refused(status) => write!(f, "Refused({status:?})"),
            Self::Landed(status) => write!(f, "Landed({status:?})"),
            Self::Short => f.write_str("Short"),
            Self::Altered => f.write_str("Altered"),
            Self::Delay(by) => write!(f, "Delay({by:?})"),
            Self::Run(_) => f.write_str("Run"),
        }
    }
}

/// Which calls a fault is for. The rule that was added first is asked first, and used up by one call,
/// unless it is [`for_ever`](Self::for_ever).
///
/// ```
/// use lode::testing::faults::{Class, Fault, Op, Rule};
///
/// let third_call = Rule::nth(3, Fault::Before);
/// let second_data_file = Rule::on(Op::Put, Class::Data, Fault::After).skip(1);
/// let down = Rule::nth(1, Fault::Before).for_ever();
/// # let _ = [third_call, second_data_file, down];
/// ```
#[derive(Debug, Clone)]
pub struct Rule {
    op: Option<Op>,
    class: Option<Class>,
    skip: usize,
    for_ever: bool,
    fault: Fault,
}

impl Rule {
    /// For the `n`th call from now, of any kind, from 1.
    #[must_use]
    pub fn nth(n: usize, fault: Fault) -> Self {
        Self { op: None, class: None, skip: n.saturating_sub(1), for_ever: false, fault }
    }

    /// For the first call of this operation on this kind of object.
    #[must_use]
    pub fn on(op: Op, class: Class, fault: Fault) -> Self {
        Self { op: Some(op), class: Some(class), ..Self::nth(1, fault) }
    }

    /// For the first call of this operation, on any object.
    #[must_use]
    pub fn of(op: Op, fault: Fault) -> Self {
        Self { op: Some(op), ..Self::nth(1, fault) }
    }

    /// Lets this many of the calls it is for go by before the first.
    #[must_use]
    pub fn skip(self, calls: usize) -> Self {
        Self { skip: calls, ..self }
    }

    /// For all calls that follow as well.
    #[must_use]
    pub fn for_ever(self) -> Self {
        Self { for_ever: true, ..self }
    }

    /// Whether it is for all calls that follow.
    #[must_use]
    pub fn is_for_ever(&self) -> bool {
        self.for_ever
    }

    /// The fault for this call, if it is meant; whether the rule is used up is in `spent`.
    pub(super) fn apply(&mut self, call: &Call, spent: &mut bool) -> Option<Fault> {
        let matches = self.op.is_none_or(|op| op == call.op)
            && self.class.is_none_or(|class| class == call.class);
        if !matches {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        *spent = !self.for_ever;
        Some(self.fault.clone())
    }
}
