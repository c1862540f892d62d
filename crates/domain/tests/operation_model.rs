//! A model of one operation and its workers: every order of attempts, crashes, expired leases, lost answers, late lookups, a clock
//! that jumps, and decisions of a person. The workers do what `domain::operation::decide` says. All reachable states are visited.
//!
//! Assumptions of the model, which the service ensures:
//!
//! * only the lease owner changes the row, and a worker that has lost its lease takes no further step: all that remains of a suspended or
//!   crashed worker is a request that is under way,
//! * a request that was sent is carried out within `UNDER_WAY_DURATION` or never,
//! * a person who allows resending has made sure that the write did not arrive.

use domain::operation::{Decision, Failure, Observation, Operation, ParkCause, Phase, Repetition, Step, decide};
use jiff::{SignedDuration, Timestamp};
use stateright::{Checker, Model, Property};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

/// Workers at the same time: the lease owner, and those that are suspended or crashed with a request under way.
const MAX_WORKERS: u8 = 3;

/// The time since the last request: it may be under way, it is looked up, or the lookups have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd)]
enum Age {
    UnderWay,
    LookedUp,
    Old,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Lease {
    Released,
    Held,
    Expired,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum End {
    Written,
    Refused,
    Parked(ParkCause),
}

/// The row of the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Row {
    is_sending: bool,
    age: Age,
    lease: Lease,
    may_resend: bool,
    end: Option<End>,
}

/// The lease owner, which makes an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Worker {
    phase: Phase,
    may_resend: bool,
    lookups: u8,
    sends: u8,
    next: Next,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Next {
    Do(Decision),
    /// The request is sent.
    Await,
}

/// The provider, and the way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Provider {
    /// Writes that were carried out.
    writes: u8,
    /// Whether lookups find them.
    is_visible: bool,
    /// Requests that are under way, whose workers have ended, or have lost the lease.
    orphans: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct State {
    row: Row,
    worker: Option<Worker>,
    provider: Provider,
}

impl State {
    /// Whether a request may still be carried out.
    fn is_under_way(&self) -> bool {
        self.provider.orphans > 0 || self.worker.is_some_and(|worker| worker.next == Next::Await)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Action {
    Claim,
    /// The worker carries out the decision.
    Work,
    /// A step before the request fails.
    Fail(Failure),
    /// The request arrives, and its answer too.
    Answer,
    /// The request arrives, and its answer is lost.
    LoseAnswer,
    /// The connection ends while the request is under way.
    Cut,
    /// The provider refuses the request, or it was not sent.
    Reject(Failure),
    /// The worker crashes, or is suspended until its lease has ended. Its request stays under way.
    Crash,
    ArriveLate,
    Vanish,
    BecomeVisible,
    TimePasses,
    /// The clock jumps ahead: requests seem to be older than they are.
    ClockJumps,
    /// A person lets the parked operation continue; with the confirmation that nothing arrived.
    Retry {
        resend: bool,
    },
}

/// The kind of the operation, and what its provider does.
#[derive(Debug, Clone, Copy)]
struct Kind {
    repetition: Repetition,
    /// Whether the provider carries out requests with the same id once.
    recognises_repeats: bool,
    /// Whether a lookup may find a write late.
    is_late: bool,
}

impl Kind {
    fn observe(&self, state: &State, worker: &Worker, observed: Observation) -> Next {
        let seconds = match state.row.age {
            Age::UnderWay => 5,
            Age::LookedUp => 20,
            Age::Old => 50,
        };
        let operation = Operation {
            phase: worker.phase,
            repetition: self.repetition,
            created_at: Timestamp::UNIX_EPOCH,
            sent_at: state.row.is_sending.then_some(Timestamp::UNIX_EPOCH),
            attempts: 3,
            was_refused: false,
            may_resend: worker.may_resend,
            give_up_minutes: 720,
            jitter: 0,
        };
        Next::Do(decide(&operation, observed, Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)))
    }

    /// A request arrives. Whether it was carried out, now or before.
    fn arrive(&self, provider: &mut Provider) -> bool {
        match self.repetition {
            _ if self.recognises_repeats && provider.writes > 0 => true,
            Repetition::Refused if provider.writes > 0 => false,
            _ => {
                provider.writes += 1;
                provider.is_visible |= !self.is_late;
                true
            }
        }
    }

    /// The worker carries out its decision. `None` if it waits for a timer.
    fn work(&self, mut state: State) -> Option<State> {
        let mut worker = state.worker?;
        let Next::Do(decision) = worker.next else { return None };
        match decision {
            Decision::LookUp(pause) => {
                if pause > Duration::ZERO && state.is_under_way() {
                    return None;
                }
                let is_found = state.provider.writes > 0 && state.provider.is_visible;
                worker.lookups += 1;
                let observed = if is_found { Observation::Found } else { Observation::Missing(worker.lookups) };
                worker.next = self.observe(&state, &worker, observed);
                state.worker = Some(worker);
                if is_found {
                    state = end(state, End::Written);
                }
            }
            Decision::TestRepeats => {
                worker.next = self.observe(&state, &worker, Observation::Tested(self.recognises_repeats));
                state.worker = Some(worker);
            }
            Decision::Send => {
                state.row.is_sending = true;
                state.row.age = Age::UnderWay;
                state.row.may_resend = false;
                worker.sends += 1;
                worker.next = Next::Await;
                state.worker = Some(worker);
            }
            Decision::Wait { is_unsent, .. } => {
                state.row.is_sending &= !is_unsent;
                state.row.lease = Lease::Released;
                state.worker = None;
            }
            Decision::Park(cause) => state = end(state, End::Parked(cause)),
            Decision::Finish => state = end(state, End::Refused),
        }
        Some(state)
    }

    /// The worker learns that its request failed.
    fn fail(&self, mut state: State, step: Step, failure: Failure) -> Option<State> {
        let worker = state.worker?;
        let next = self.observe(&state, &worker, Observation::Failed(step, failure, worker.sends));
        state.worker = Some(Worker { next, ..worker });
        Some(state)
    }
}

/// The worker records the end of the operation.
fn end(mut state: State, end: End) -> State {
    state.row.end = Some(end);
    state.row.lease = Lease::Released;
    state.worker = None;
    state
}

impl Model for Kind {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let row = Row { is_sending: false, age: Age::UnderWay, lease: Lease::Released, may_resend: false, end: None };
        let provider = Provider { writes: 0, is_visible: false, orphans: 0 };
        vec![State { row, worker: None, provider }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let State { row, worker, provider } = state;
        match worker.map(|worker| worker.next) {
            None if row.end.is_none() && provider.orphans < MAX_WORKERS => actions.push(Action::Claim),
            None => {}
            Some(Next::Await) => actions.extend([
                Action::Crash,
                Action::Answer,
                Action::LoseAnswer,
                Action::Cut,
                Action::Reject(Failure::Refused),
                Action::Reject(Failure::RefusedByGateway),
                Action::Reject(Failure::Unsent),
            ]),
            Some(Next::Do(decision)) => {
                actions.extend([Action::Crash, Action::Work]);
                if matches!(decision, Decision::LookUp(_) | Decision::TestRepeats | Decision::Send) {
                    let failures = [Failure::Refused, Failure::RefusedByGateway, Failure::Unanswered, Failure::Unsent];
                    actions.extend(failures.map(Action::Fail));
                }
            }
        }
        if provider.orphans > 0 {
            actions.extend([Action::ArriveLate, Action::Vanish]);
        }
        if provider.writes > 0 && !provider.is_visible {
            actions.push(Action::BecomeVisible);
        }
        if row.is_sending && row.end.is_none() && row.age != Age::Old {
            actions.push(if state.is_under_way() { Action::ClockJumps } else { Action::TimePasses });
        }
        if matches!(row.end, Some(End::Parked(_))) {
            actions.push(Action::Retry { resend: false });
            if provider.writes == 0 && provider.orphans == 0 && row.end == Some(End::Parked(ParkCause::Doubt)) {
                actions.push(Action::Retry { resend: true });
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = *last;
        match action {
            Action::Claim => {
                let phase = match (state.row.is_sending, state.row.lease) {
                    (false, _) => Phase::Queued,
                    (true, Lease::Released) => Phase::Sending,
                    (true, _) => Phase::Lost,
                };
                let may_resend = state.row.may_resend;
                let worker = Worker { phase, may_resend, lookups: 0, sends: 0, next: Next::Await };
                state.row.lease = Lease::Held;
                state.worker = Some(Worker { next: self.observe(&state, &worker, Observation::Begun), ..worker });
            }
            Action::Work => return self.work(state),
            Action::Fail(failure) => {
                let is_sending = state.worker?.next == Next::Do(Decision::Send);
                return self.fail(state, if is_sending { Step::Prepare } else { Step::LookUp }, failure);
            }
            Action::Answer if self.arrive(&mut state.provider) => state = end(state, End::Written),
            Action::Answer => return self.fail(state, Step::Send, Failure::Stale),
            Action::LoseAnswer => {
                self.arrive(&mut state.provider);
                return self.fail(state, Step::Send, Failure::Unanswered);
            }
            Action::Cut => {
                state.provider.orphans += 1;
                return self.fail(state, Step::Send, Failure::Unanswered);
            }
            // A provider that has carried out the write answers that, or that the version is stale.
            Action::Reject(Failure::Refused)
                if state.provider.writes > 0 && (self.recognises_repeats || self.repetition == Repetition::Refused) =>
            {
                return None;
            }
            Action::Reject(failure) => {
                // An earlier request with the same content is refused for the same reason.
                if failure == Failure::Refused {
                    state.provider.orphans = 0;
                }
                return self.fail(state, Step::Send, failure);
            }
            Action::Crash => {
                state.provider.orphans += u8::from(state.worker?.next == Next::Await);
                state.worker = None;
                state.row.lease = Lease::Expired;
            }
            Action::ArriveLate => {
                state.provider.orphans -= 1;
                self.arrive(&mut state.provider);
            }
            Action::Vanish => state.provider.orphans -= 1,
            Action::BecomeVisible => state.provider.is_visible = true,
            Action::ClockJumps => state.row.age = Age::Old,
            Action::TimePasses => {
                state.row.age = if state.row.age == Age::UnderWay { Age::LookedUp } else { Age::Old };
            }
            Action::Retry { resend } => {
                state.row.end = None;
                state.row.may_resend = resend;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("there is at most one write", |_, state: &State| state.provider.writes <= 1),
            Property::always("what is recorded as written was written", |_, state: &State| {
                state.row.end != Some(End::Written) || state.provider.writes == 1
            }),
            Property::always("what is recorded as refused was not written, and will not be", |_, state: &State| {
                state.row.end != Some(End::Refused) || (state.provider.writes == 0 && state.provider.orphans == 0)
            }),
            Property::always("only a request without an answer leaves doubt", |_, state: &State| {
                state.row.end != Some(End::Parked(ParkCause::Doubt)) || state.row.is_sending
            }),
            Property::always("an operation that was sent is not recorded as unsent", |_, state: &State| {
                state.row.is_sending || (state.provider.writes == 0 && state.provider.orphans == 0)
            }),
        ]
    }

    /// After a second write no further state is needed.
    fn within_boundary(&self, state: &State) -> bool {
        state.provider.writes <= 2
    }
}

fn invoices() -> Vec<Kind> {
    let mut kinds = Vec::new();
    for trusts_request_ids in [true, false] {
        for recognises_repeats in [true, false] {
            for is_late in [true, false] {
                let repetition = Repetition::Unproven { trusts_request_ids };
                kinds.push(Kind { repetition, recognises_repeats, is_late });
            }
        }
    }
    kinds
}

fn kinds() -> Vec<Kind> {
    let others = [Repetition::Accepted, Repetition::Refused];
    let others = others.map(|repetition| Kind { repetition, recognises_repeats: false, is_late: false });
    invoices().into_iter().chain(others).collect()
}

#[test]
fn no_order_of_events_writes_twice_or_records_what_is_not_true() {
    for kind in kinds() {
        let checker = kind.checker().threads(2).spawn_bfs().join();
        assert!(checker.unique_state_count() > 100, "{kind:?}: {} states", checker.unique_state_count());
        checker.assert_properties();
    }
}

/// From every reachable state, the operation can still end, without a person unless a request is in doubt.
#[test]
fn no_operation_is_lost() {
    for kind in kinds() {
        let mut successors: HashMap<State, Vec<State>> = HashMap::new();
        let mut pending = VecDeque::from(kind.init_states());
        while let Some(state) = pending.pop_front() {
            if successors.contains_key(&state) {
                continue;
            }
            let next: Vec<State> =
                kind.next_states(&state).into_iter().filter(|next| kind.within_boundary(next)).collect();
            pending.extend(next.iter().copied());
            successors.insert(state, next);
        }
        let mut predecessors: HashMap<State, Vec<State>> = HashMap::new();
        for (state, next) in &successors {
            for after in next {
                predecessors.entry(*after).or_default().push(*state);
            }
        }
        let ended = |state: &&State| state.row.end.is_some();
        let mut pending: Vec<State> = successors.keys().filter(ended).copied().collect();
        let mut can_end: HashSet<State> = pending.iter().copied().collect();
        while let Some(state) = pending.pop() {
            for before in predecessors.get(&state).into_iter().flatten() {
                if can_end.insert(*before) {
                    pending.push(*before);
                }
            }
        }
        let lost = successors.keys().find(|state| !can_end.contains(*state));
        assert!(lost.is_none(), "{kind:?}: {lost:?}");
        let is_written = |state: &&State| state.row.end == Some(End::Written);
        assert!(successors.keys().any(|state| is_written(&state)), "{kind:?}");
    }
}

/// The model is able to find a second write: here a lookup finds a write late, which the rules for notes exclude.
#[test]
fn the_model_finds_a_second_write_if_an_assumption_is_wrong() {
    let kind = Kind { repetition: Repetition::Accepted, recognises_repeats: false, is_late: true };
    let checker = kind.checker().spawn_bfs().join();
    assert!(checker.discovery("there is at most one write").is_some());
}
