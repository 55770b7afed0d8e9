//! The wrapper: its log, its rules, and what comes before and after each call.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{Error, ObjectStore, PutOptions, PutPayload, Result};
use tokio::time::Instant;

use super::answer::lost;
use super::call::{Call, Class, Counts, Op};
use super::chance::Faults;
use super::rule::{Fault, Rule};
use crate::testing::Random;

/// Wraps a store: keeps a log of the calls, and lets them fail as it is told by [`Rule`]s and [`Faults`].
/// Clones share all of it. Without either, it fails nothing.
///
/// Every call yields to other tasks before and after, so that a future can be dropped there. lode takes it
/// for a store whose requests may arrive late, as those of a network do.
///
/// ```
/// use std::sync::Arc;
///
/// use lode::testing::faults::{Class, FaultStore, Op};
/// use lode::{Blob, Dataset, metadata};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
/// let counting = FaultStore::new(Arc::new(object_store::memory::InMemory::new()));
/// let reports = Dataset::<Blob>::new(&counting.store(), "reports")?;
/// reports.write(b"first", metadata! {}).await?;
///
/// counting.clear();
/// reports.write(b"second", metadata! {}).await?;
/// assert_eq!(counting.counts().puts(), 3); // the data, the manifest, the hint
/// assert_eq!(counting.counts().on(Op::Create, Class::Manifest), 1);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct FaultStore {
    pub(super) inner: Arc<dyn ObjectStore>,
    shared: Arc<Shared>,
    own: Arc<Own>,
    turn: Option<Turn>,
}

/// Waits until it is a call's turn; the text says which call, the same in every run.
pub(in crate::testing) type Turn = Arc<dyn Fn(String) -> BoxFuture<'static, ()> + Send + Sync>;

/// What all processes share.
struct Shared {
    origin: Instant,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    calls: Vec<Call>,
    /// How many calls were made before the first of them.
    cleared: usize,
    fired: usize,
    /// Puts that were answered with an error, and land later.
    late: Vec<LatePut>,
}

struct LatePut {
    /// It lands before the call with this index.
    due: usize,
    path: Path,
    payload: PutPayload,
    options: PutOptions,
}

/// What one process has.
struct Own {
    process: Arc<str>,
    killed: AtomicBool,
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    rules: Vec<Rule>,
    chances: Option<(Random, Faults)>,
}

/// A call that was noted.
pub(super) struct Begun {
    /// From 0, of all calls there ever were.
    pub(super) index: usize,
    pub(super) fault: Option<Fault>,
    key: String,
}

impl FaultStore {
    /// Wraps `inner`. Nothing fails yet.
    #[must_use]
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        let shared = Shared { origin: Instant::now(), log: Mutex::default() };
        Self { inner, shared: Arc::new(shared), own: Arc::new(Own::named("")), turn: None }
    }

    /// The same objects and the same log, as another process sees them: with that name in the log, and
    /// with rules and chances of its own (none yet).
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use lode::testing::faults::{Fault, FaultStore, Rule};
    /// # use lode::{Blob, Dataset, metadata};
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> lode::Result<()> {
    /// let faulty = FaultStore::new(Arc::new(object_store::memory::InMemory::new()));
    /// let (writer, reader) = (faulty.process("writer"), faulty.process("reader"));
    ///
    /// reader.rule(Rule::nth(1, Fault::Before).for_ever()); // its network is down
    /// Dataset::<Blob>::new(&writer.store(), "reports")?.write(b"r", metadata! {}).await?;
    /// assert!(Dataset::<Blob>::new(&reader.store(), "reports")?.latest().await.is_err());
    /// assert!(faulty.calls().iter().any(|call| &*call.process == "reader"));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn process(&self, name: &str) -> Self {
        Self { own: Arc::new(Own::named(name)), ..self.clone() }
    }

    /// Each call waits for its turn instead of yielding.
    pub(in crate::testing) fn by_turns(self, turn: Turn) -> Self {
        Self { turn: Some(turn), ..self }
    }

    /// As the store of a handle.
    #[must_use]
    pub fn store(&self) -> crate::Store {
        crate::Store::from(Arc::new(self.clone()) as Arc<dyn ObjectStore>)
    }

    /// The store inside, which does not fail.
    #[must_use]
    pub fn inner(&self) -> &Arc<dyn ObjectStore> {
        &self.inner
    }

    /// Adds a rule for this process's calls from now on. Rules come before chances.
    pub fn rule(&self, rule: Rule) -> &Self {
        self.plan().rules.push(rule);
        self
    }

    /// From now on this process's calls fail by chance, as `seed` has it. Instead of earlier chances.
    pub fn faults(&self, seed: u64, faults: Faults) -> &Self {
        self.plan().chances = Some((Random::new(seed), faults));
        self
    }

    /// Forgets this process's rules and chances: from now on nothing fails. What hangs goes on hanging.
    pub fn heal(&self) {
        *self.plan() = Plan::default();
    }

    /// The process is gone, as by `SIGKILL`: from now on nothing that it asks for, or has asked for, comes back
    /// to it. What has reached the store has reached it. [`heal`](Self::heal) does not bring it back.
    pub fn kill(&self) {
        self.own.killed.store(true, Ordering::Relaxed);
    }

    /// How often a call was given a fault, of all processes.
    #[must_use]
    pub fn fired(&self) -> usize {
        self.log().fired
    }

    /// The calls since the last [`clear`](Self::clear), of all processes, in the order in which they reached the
    /// store.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.log().calls.clone()
    }

    /// How many calls of each kind there were since the last [`clear`](Self::clear).
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts::of(self.log().calls.iter())
    }

    /// Clears the log.
    pub fn clear(&self) {
        let mut log = self.log();
        log.cleared += log.calls.len();
        log.calls.clear();
    }

    /// Whether a [late](Fault::Late) put has not landed yet.
    #[must_use]
    pub fn has_late(&self) -> bool {
        !self.log().late.is_empty()
    }

    /// Lets all [late](Fault::Late) puts land, in the order in which they were made. A create-only one whose name was
    /// taken meanwhile changes nothing.
    pub async fn land(&self) {
        let late = std::mem::take(&mut self.log().late);
        self.put_all(late).await;
    }

    async fn put_all(&self, late: Vec<LatePut>) {
        for LatePut { path, payload, options, .. } in late {
            // Nobody waits for its answer any more.
            let _ = self.inner.put_opts(&path, payload, options).await;
        }
    }

    pub(super) fn put_later(
        &self,
        due: usize,
        path: Path,
        payload: PutPayload,
        options: PutOptions,
    ) {
        self.log().late.push(LatePut { due, path, payload, options });
    }

    /// Notes a call and does what comes before it. `detail` tells calls of one name apart.
    pub(super) async fn begin(&self, op: Op, path: &str, detail: &str) -> Begun {
        let key = format!("{} {op:?} {path} {detail}", self.own.process);
        if let Some(turn) = &self.turn {
            turn(key.clone()).await;
        }
        let begun = self.note(op, path, key);
        if self.turn.is_none() {
            tokio::task::yield_now().await;
        }
        if let Some(Fault::Delay(by)) = &begun.fault {
            tokio::time::sleep(*by).await;
            self.pause(&begun).await;
        }
        let due: Vec<LatePut> =
            self.log().late.extract_if(.., |late| late.due <= begun.index).collect();
        self.put_all(due).await;
        match &begun.fault {
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Run(action)) => action().await,
            _ => {}
        }
        begun
    }

    fn note(&self, op: Op, path: &str, key: String) -> Begun {
        let mut log = self.log();
        let mut call = Call {
            number: log.calls.len() + 1,
            process: Arc::clone(&self.own.process),
            at: self.shared.origin.elapsed(),
            op,
            class: Class::of(path),
            path: path.to_owned(),
            fault: None,
            answer: None,
        };
        let fault = match self.own.killed.load(Ordering::Relaxed) {
            true => Some(Fault::Hang),
            false => self.plan().decide(&call),
        };
        call.fault = fault.as_ref().map(|fault| format!("{fault:?}"));
        log.fired += usize::from(fault.is_some());
        log.calls.push(call);
        Begun { index: log.cleared + log.calls.len() - 1, fault, key }
    }

    /// What comes after a call, whatever became of it: the reply, or none.
    pub(super) async fn end<T>(&self, begun: &Begun, path: &str, result: Result<T>) -> Result<T> {
        let result = match &begun.fault {
            Some(Fault::After | Fault::Partway) => Err(lost()),
            Some(Fault::Landed(status)) => result.and_then(|_| Err(status.error(path))),
            _ => result,
        };
        self.reply(begun, result).await
    }

    /// What comes after a call with this answer.
    pub(super) async fn reply<T>(&self, begun: &Begun, result: Result<T>) -> Result<T> {
        self.pause(begun).await;
        if self.own.killed.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        let answer = match &result {
            Ok(_) => "done".to_owned(),
            Err(error) => brief(error),
        };
        let mut log = self.log();
        let at = begun.index.checked_sub(log.cleared);
        if let Some(call) = at.and_then(|at| log.calls.get_mut(at)) {
            call.answer = Some(answer);
        }
        result
    }

    async fn pause(&self, begun: &Begun) {
        match &self.turn {
            Some(turn) => turn(begun.key.clone()).await,
            None => tokio::task::yield_now().await,
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.own.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Own {
    fn named(process: &str) -> Self {
        Self { process: process.into(), killed: AtomicBool::new(false), plan: Mutex::default() }
    }
}

impl Plan {
    fn decide(&mut self, call: &Call) -> Option<Fault> {
        let mut fault = None;
        self.rules.retain_mut(|rule| {
            let mut spent = false;
            if fault.is_none() {
                fault = rule.apply(call, &mut spent);
            }
            !spent
        });
        let Some((random, faults)) = &mut self.chances else { return fault };
        let drawn = faults.draw(random, call.op, call.class);
        fault.or(drawn)
    }
}

impl Begun {
    /// Why the store does nothing, if it does not.
    pub(super) fn refusal(&self, path: &str) -> Option<Error> {
        match &self.fault {
            Some(Fault::Before | Fault::Late(_)) => Some(lost()),
            Some(Fault::Refused(status)) => Some(status.error(path)),
            _ => None,
        }
    }
}

/// What went wrong, without the path.
fn brief(error: &Error) -> String {
    match error {
        Error::NotFound { .. } => "not found".to_owned(),
        Error::AlreadyExists { .. } => "exists already".to_owned(),
        Error::Precondition { .. } => "precondition failed".to_owned(),
        Error::Generic { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

impl fmt::Debug for FaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let process = &self.own.process;
        f.debug_struct("FaultStore").field("process", process).finish_non_exhaustive()
    }
}

impl fmt::Display for FaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultStore({})", self.inner)
    }
}
