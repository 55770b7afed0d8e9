//! One call after the other, in an order that the seed decides and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::testing::Random;

/// Gives every call a millisecond of its own.
///
/// Under tokio's paused clock a millisecond ends only when no task can go on and no blocking job is left. So
/// all calls of one millisecond are known when it is over, however fast the threads were that led to them.
/// They are put in an order by what they are, and each is given a time at which nothing else happens.
pub(super) struct Turns {
    origin: Instant,
    state: Mutex<State>,
}

struct State {
    random: Random,
    tickets: u64,
    waiting: Vec<Waiting>,
    /// Times of calls that are known, and not over.
    dealt: BTreeMap<u64, u64>,
    taken: BTreeSet<u64>,
}

struct Waiting {
    /// The millisecond it came in.
    since: u64,
    key: String,
    ticket: u64,
}

impl Turns {
    pub(super) fn new(random: Random) -> Self {
        let (waiting, dealt, taken) = Default::default();
        let state = State { random, tickets: 0, waiting, dealt, taken };
        Self { origin: Instant::now(), state: Mutex::new(state) }
    }

    pub(super) async fn wait(&self, key: String) {
        let since = self.millis();
        let ticket = {
            let mut state = self.state();
            state.tickets += 1;
            let ticket = state.tickets;
            state.waiting.push(Waiting { since, key, ticket });
            ticket
        };
        self.sleep_to(since + 1).await;
        let time = self.state().deal(self.millis(), ticket);
        self.sleep_to(time).await;
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn sleep_to(&self, millis: u64) {
        sleep_until(self.origin + Duration::from_millis(millis)).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Gives all that came before `now` their times; that of `ticket`.
    fn deal(&mut self, now: u64, ticket: u64) -> u64 {
        let mut due: Vec<_> = self.waiting.extract_if(.., |one| one.since < now).collect();
        due.sort_by(|a, b| (a.since, &a.key, a.ticket).cmp(&(b.since, &b.key, b.ticket)));
        self.taken = self.taken.split_off(&now);
        for Waiting { ticket, .. } in due {
            let mut time = now + self.delay();
            while !self.taken.insert(time) {
                time += 1;
            }
            self.dealt.insert(ticket, time);
        }
        self.dealt.remove(&ticket).unwrap_or(now)
    }

    /// Mostly some milliseconds, so that many calls overlap; sometimes much more.
    fn delay(&mut self) -> u64 {
        1 + match self.random.below(64) {
            0 => self.random.below(20_000),
            1..=4 => self.random.below(1_000),
            _ => self.random.below(20),
        }
    }
}
