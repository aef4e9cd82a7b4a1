//! Tasks that wait for a reader, in a lane for each host and one for this machine's disks.
//!
//! Lanes take turns, and no more than its share of readers works for one lane, so a host that answers slowly keeps
//! nobody waiting but itself. That holds as far as the queue reaches: the planner looks [`AHEAD`] images ahead and then
//! waits, so that memory does not grow with the catalog. What is asked of a host is bounded in `fetch` as well, where
//! redirects are known.

use super::plan::Task;
use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Images that are planned and not yet taken up, at most.
const AHEAD: usize = 2048;

/// A host, or this machine.
type Lane = Option<String>;

/// The queue between the planner and the readers.
#[derive(Debug)]
pub(super) struct Queue {
    per_host: usize,
    on_disk: usize,
    state: Mutex<State>,
    more: Condvar,
    room: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lanes: HashMap<Lane, Waiting>,
    /// The lanes that have a task and a reader to spare, each once.
    turns: VecDeque<Lane>,
    waiting: usize,
    readers: usize,
    is_closed: bool,
}

#[derive(Debug, Default)]
struct Waiting {
    tasks: VecDeque<Task>,
    under_way: usize,
    is_in_turns: bool,
}

/// The planner's end; dropped, no more tasks come.
pub(super) struct Planning<'a>(&'a Queue);

/// A reader's end.
pub(super) struct Reading<'a>(&'a Queue);

/// A reader is at work for a lane until this is dropped.
pub(super) struct Turn<'a> {
    queue: &'a Queue,
    lane: Lane,
}

/// There is no reader any more.
pub(super) struct Abandoned;

impl Queue {
    /// A queue whose lanes have so many readers each, at most: a host's, and this machine's.
    pub(super) fn new(per_host: usize, on_disk: usize) -> Self {
        let (per_host, on_disk) = (per_host.max(1), on_disk.max(1));
        Self { per_host, on_disk, state: Mutex::default(), more: Condvar::new(), room: Condvar::new() }
    }

    /// The end for the one planner there is.
    pub(super) fn planning(&self) -> Planning<'_> {
        Planning(self)
    }

    /// An end for one reader; all are made before the planner begins.
    pub(super) fn reading(&self) -> Reading<'_> {
        self.state().readers += 1;
        Reading(self)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn share(&self, lane: &Lane) -> usize {
        if lane.is_some() { self.per_host } else { self.on_disk }
    }

    /// Puts a lane in line if it has a task and a reader to spare.
    fn line_up(&self, state: &mut State, lane: Lane) {
        let share = self.share(&lane);
        let Some(waiting) = state.lanes.get_mut(&lane) else { return };
        if waiting.tasks.is_empty() && waiting.under_way == 0 {
            state.lanes.remove(&lane);
        } else if !waiting.is_in_turns && !waiting.tasks.is_empty() && waiting.under_way < share {
            waiting.is_in_turns = true;
            state.turns.push_back(lane);
            self.more.notify_one();
        }
    }
}

impl Planning<'_> {
    /// Adds a task, when there is room for it.
    pub(super) fn push(&self, lane: Lane, task: Task) -> Result<(), Abandoned> {
        let Self(queue) = self;
        let mut state = queue.state();
        while state.waiting >= AHEAD && state.readers > 0 {
            state = queue.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.readers == 0 {
            return Err(Abandoned);
        }
        state.waiting += 1;
        state.lanes.entry(lane.clone()).or_default().tasks.push_back(task);
        queue.line_up(&mut state, lane);
        Ok(())
    }
}

impl Drop for Planning<'_> {
    fn drop(&mut self) {
        self.0.state().is_closed = true;
        self.0.more.notify_all();
    }
}

impl<'a> Reading<'a> {
    /// The next task and the turn it is worked on in; `None` when there is none and none will come.
    pub(super) fn take(&self) -> Option<(Task, Turn<'a>)> {
        let Self(queue) = self;
        let mut state = queue.state();
        loop {
            if let Some(lane) = state.turns.pop_front() {
                let Some(waiting) = state.lanes.get_mut(&lane) else { continue };
                waiting.is_in_turns = false;
                let Some(task) = waiting.tasks.pop_front() else { continue };
                waiting.under_way += 1;
                state.waiting -= 1;
                queue.line_up(&mut state, lane.clone());
                queue.room.notify_one();
                if state.is_closed && state.waiting == 0 {
                    queue.more.notify_all();
                }
                return Some((task, Turn { queue, lane }));
            }
            if state.is_closed && state.waiting == 0 {
                return None;
            }
            state = queue.more.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.state().readers -= 1;
        self.0.room.notify_all();
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        if let Some(waiting) = state.lanes.get_mut(&self.lane) {
            waiting.under_way -= 1;
        }
        self.queue.line_up(&mut state, self.lane.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{ImageId, ImageRef, Location};
    use std::thread;

    fn task(number: u64) -> Task {
        let image = ImageRef { id: ImageId::new("a").unwrap(), location: Location::Url("u".into()) };
        Task { product: number, slot: 0, image, before: None, moved: false, validators: None, bytes: None }
    }

    fn host(name: &str) -> Lane {
        Some(name.to_owned())
    }

    #[test]
    fn a_host_that_is_slow_holds_no_more_than_its_share() {
        let queue = Queue::new(2, 4);
        let reader = queue.reading();
        let planner = queue.planning();
        for number in 0..100 {
            planner.push(host("slow"), task(number)).ok().unwrap();
        }
        planner.push(host("quick"), task(1000)).ok().unwrap();
        planner.push(None, task(2000)).ok().unwrap();
        // Given two turns of the slow host that do not end,
        let taken: Vec<_> = (0..4).map(|_| reader.take().unwrap()).collect();
        let numbers: Vec<_> = taken.iter().map(|(task, _)| task.product).collect();
        // then the others had theirs, and the slow host gets another when one of its ends.
        assert_eq!(numbers, [0, 1000, 2000, 1]);
        drop(taken);
        let next: Vec<_> = (0..2).map(|_| reader.take().unwrap()).collect();
        assert_eq!(next.iter().map(|(task, _)| task.product).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(queue.state().lanes.len(), 1, "a lane without tasks is forgotten");
    }

    #[test]
    fn many_readers_get_every_task_once_and_the_planner_waits_for_room() {
        let queue = Queue::new(3, 2);
        let readers: Vec<_> = (0..8).map(|_| queue.reading()).collect();
        let total = 3 * AHEAD as u64;
        let lanes = Mutex::new(HashMap::<Lane, u32>::new());
        let mut seen: Vec<u64> = thread::scope(|scope| {
            let working: Vec<_> = readers
                .into_iter()
                .map(|reader| {
                    let (queue, lanes) = (&queue, &lanes);
                    scope.spawn(move || {
                        let mut seen = Vec::new();
                        while let Some((task, turn)) = reader.take() {
                            let under_way = queue.state().lanes[&turn.lane].under_way;
                            assert!(under_way <= queue.share(&turn.lane));
                            *lanes.lock().unwrap().entry(turn.lane.clone()).or_default() += 1;
                            seen.push(task.product);
                        }
                        seen
                    })
                })
                .collect();
            let planner = queue.planning();
            for number in 0..total {
                let lane = (number % 5 > 0).then(|| format!("host {}", number % 5));
                planner.push(lane, task(number)).ok().unwrap();
                assert!(queue.state().waiting <= AHEAD);
            }
            drop(planner);
            working.into_iter().flat_map(|reader| reader.join().unwrap()).collect()
        });
        seen.sort_unstable();
        assert_eq!(seen, (0..total).collect::<Vec<_>>());
        assert_eq!(lanes.lock().unwrap().len(), 5);
    }

    #[test]
    fn without_readers_nothing_is_waited_for() {
        let queue = Queue::new(1, 1);
        let planner = queue.planning();
        drop(queue.reading());
        assert!(planner.push(None, task(0)).is_err());
    }
}
