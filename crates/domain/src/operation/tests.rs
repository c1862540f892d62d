//! Tests of single decisions. The test `operation_model` checks whole courses of events.

use super::*;
use proptest::prelude::*;

const CREATED: Timestamp = Timestamp::UNIX_EPOCH;

fn at(seconds: i64) -> Timestamp {
    CREATED + SignedDuration::from_secs(seconds)
}

/// An invoice at its first attempt.
fn invoice() -> Operation {
    Operation {
        phase: Phase::Queued,
        repetition: Repetition::Unproven { trusts_request_ids: true },
        created_at: CREATED,
        sent_at: None,
        attempts: 1,
        was_refused: false,
        may_resend: false,
        give_up_minutes: 720,
        jitter: 0,
    }
}

fn sent(seconds: i64) -> Operation {
    Operation { phase: Phase::Sending, sent_at: Some(at(seconds)), attempts: 2, ..invoice() }
}

fn note(phase: Phase) -> Operation {
    Operation { phase, repetition: Repetition::Accepted, ..sent(0) }
}

fn later(seconds: u64) -> Decision {
    wait(Duration::from_secs(seconds))
}

const LOOK_UP_NOW: Decision = Decision::LookUp(Duration::ZERO);

#[test]
fn a_new_operation_is_sent_without_a_lookup() {
    for repetition in [Repetition::Refused, Repetition::Accepted, invoice().repetition] {
        let operation = Operation { repetition, ..invoice() };
        assert_eq!(decide(&operation, Observation::Begun, at(60)), Decision::Send, "{repetition:?}");
    }
}

#[test]
fn what_may_have_been_sent_is_looked_up_first() {
    for repetition in [Repetition::Refused, Repetition::Accepted, invoice().repetition] {
        for phase in [Phase::Sending, Phase::Lost] {
            let operation = Operation { phase, repetition, ..sent(0) };
            assert_eq!(decide(&operation, Observation::Begun, at(50)), LOOK_UP_NOW, "{repetition:?} {phase:?}");
        }
    }
    let refused_before = Operation { was_refused: true, ..invoice() };
    assert_eq!(decide(&refused_before, Observation::Begun, at(0)), LOOK_UP_NOW);
}

#[test]
fn an_old_operation_is_looked_up_because_the_database_may_be_a_restored_backup() {
    assert_eq!(decide(&invoice(), Observation::Begun, at(61)), LOOK_UP_NOW);
    assert_eq!(decide(&invoice(), Observation::Missing(1), at(61)), Decision::Send);
    let note = Operation { phase: Phase::Queued, ..note(Phase::Queued) };
    assert_eq!(decide(&note, Observation::Begun, at(61)), LOOK_UP_NOW);
    let void = Operation { repetition: Repetition::Refused, ..invoice() };
    assert_eq!(decide(&void, Observation::Begun, at(61)), Decision::Send, "a second one is refused");
}

#[test]
fn an_invoice_that_is_not_found_is_resent_only_if_repeated_requests_are_recognised() {
    let operation = sent(0);
    assert_eq!(decide(&operation, Observation::Missing(1), at(9)), later(3), "it may still be under way");
    assert_eq!(decide(&operation, Observation::Missing(1), at(10)), Decision::TestRepeats);
    assert_eq!(decide(&operation, Observation::Tested(true), at(10)), Decision::Send);
    assert_eq!(decide(&operation, Observation::Tested(false), at(31)), later(3));
    assert_eq!(decide(&operation, Observation::Tested(false), at(32)), Decision::Park(ParkCause::Doubt));
    let untrusted = Operation { repetition: Repetition::Unproven { trusts_request_ids: false }, ..operation };
    assert_eq!(decide(&untrusted, Observation::Missing(1), at(31)), later(3));
    assert_eq!(decide(&untrusted, Observation::Missing(1), at(32)), Decision::Park(ParkCause::Doubt));
    let confirmed = Operation { may_resend: true, ..untrusted };
    assert_eq!(decide(&confirmed, Observation::Missing(1), at(9)), later(3));
    assert_eq!(decide(&confirmed, Observation::Missing(1), at(10)), Decision::Send);
}

#[test]
fn a_note_that_may_have_been_sent_is_looked_up_again_after_a_timer() {
    for phase in [Phase::Sending, Phase::Lost] {
        let again = Decision::LookUp(Duration::from_secs(10));
        assert_eq!(decide(&note(phase), Observation::Missing(1), at(50)), again, "{phase:?}");
        assert_eq!(decide(&note(phase), Observation::Missing(2), at(60)), Decision::Send, "{phase:?}");
    }
}

#[test]
fn a_refusal_ends_an_operation_unless_an_earlier_request_is_in_doubt() {
    let failed =
        |operation: &Operation, step, failure| decide(operation, Observation::Failed(step, failure, 1), at(20));
    for failure in [Failure::Refused, Failure::RefusedByGateway] {
        for step in [Step::LookUp, Step::Prepare, Step::Send] {
            assert_eq!(failed(&invoice(), step, failure), Decision::Finish, "{step:?} {failure:?}");
        }
        for step in [Step::LookUp, Step::Prepare] {
            assert_eq!(failed(&sent(0), step, failure), later(3), "{step:?} {failure:?}");
        }
    }
    assert_eq!(failed(&sent(0), Step::Send, Failure::RefusedByGateway), later(3));
    assert_eq!(failed(&sent(0), Step::Send, Failure::Refused), Decision::Finish, "the invoice itself is refused");
    let parked = decide(&sent(0), Observation::Failed(Step::Prepare, Failure::Refused, 0), at(32));
    assert_eq!(parked, Decision::Park(ParkCause::Doubt));
    let confirmed = Operation { may_resend: true, ..sent(0) };
    assert_eq!(failed(&confirmed, Step::LookUp, Failure::Refused), Decision::Send, "the person has looked");
}

#[test]
fn a_stale_version_is_read_once_and_sent_again() {
    let void = Operation { repetition: Repetition::Refused, ..invoice() };
    let stale = |sends| decide(&void, Observation::Failed(Step::Send, Failure::Stale, sends), at(1));
    assert_eq!(stale(1), LOOK_UP_NOW);
    assert_eq!(decide(&void, Observation::Missing(1), at(1)), Decision::Send);
    assert_eq!(stale(2), later(1));
}

#[test]
fn a_request_that_was_not_sent_leaves_no_doubt() {
    let ten = Duration::from_secs(10);
    let failures = [Failure::Throttled(ten), Failure::NoAccess, Failure::Disconnected, Failure::Unsent];
    for failure in failures {
        let is_unsent = |operation: &Operation, step, sends| match decide(
            operation,
            Observation::Failed(step, failure, sends),
            at(20),
        ) {
            Decision::Wait { is_unsent, .. } => is_unsent,
            other => panic!("{other:?}"),
        };
        assert!(is_unsent(&invoice(), Step::Send, 1), "{failure:?}");
        assert!(!is_unsent(&sent(0), Step::Send, 1), "an earlier attempt stays in doubt: {failure:?}");
        assert!(!is_unsent(&invoice(), Step::Send, 2), "so does an earlier request: {failure:?}");
        assert!(!is_unsent(&invoice(), Step::Prepare, 0), "{failure:?}");
    }
    let unanswered = decide(&invoice(), Observation::Failed(Step::Send, Failure::Unanswered, 1), at(20));
    assert_eq!(unanswered, later(1));
}

#[test]
fn parking_depends_on_the_clock_and_on_the_attempts() {
    let is_parked = |give_up_minutes, attempts, hours: i64| {
        let operation = Operation { attempts, give_up_minutes, ..invoice() };
        let failed = Observation::Failed(Step::Prepare, Failure::Unanswered, 0);
        decide(&operation, failed, at(hours * 3600)) == Decision::Park(ParkCause::Failed)
    };
    assert!(!is_parked(720, 6, 26), "the clock has jumped");
    assert!(!is_parked(720, 719, 26));
    assert!(is_parked(720, 720, 12));
    assert!(!is_parked(720, 720, 11));
    assert!(!is_parked(1, 4, 1), "too few attempts");
    assert!(is_parked(1, 5, 1));
}

#[test]
fn the_operations_of_a_disconnected_company_are_parked_after_an_hour() {
    let after = |attempts, minutes: i64| {
        let operation = Operation { attempts, ..invoice() };
        decide(&operation, Observation::Failed(Step::LookUp, Failure::Disconnected, 0), at(minutes * 60))
    };
    assert_eq!(after(60, 59), later(15));
    assert_eq!(after(59, 60), later(15));
    assert_eq!(after(60, 60), Decision::Park(ParkCause::Disconnected));
    let waiting = Operation { attempts: 5000, ..invoice() };
    let refused = Observation::Failed(Step::LookUp, Failure::NoAccess, 0);
    assert_eq!(decide(&waiting, refused, at(1_000_000)), later(15), "it waits for an administrator");
}

#[test]
fn pauses_grow_to_eight_seconds_before_jitter() {
    let pause = |attempts, jitter| {
        let operation = Operation { attempts, jitter, ..invoice() };
        match decide(&operation, Observation::Failed(Step::Prepare, Failure::Unanswered, 0), at(0)) {
            Decision::Wait { pause, .. } => pause.as_millis(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!([1, 2, 3, 4, 5, 700].map(|attempts| pause(attempts, 0)), [1000, 2000, 4000, 8000, 8000, 8000]);
    assert_eq!(pause(4, 50), 12_000);
    let note = Operation { attempts: 9, ..note(Phase::Queued) };
    let unanswered = |step| decide(&note, Observation::Failed(step, Failure::Unanswered, 1), at(0));
    assert_eq!(unanswered(Step::Prepare), later(8));
    assert_eq!(unanswered(Step::Send), later(2), "the next attempt waits between its lookups");
    let throttled = Observation::Failed(Step::Send, Failure::Throttled(Duration::from_secs(60)), 1);
    assert_eq!(
        decide(&invoice(), throttled, at(0)),
        Decision::Wait { pause: Duration::from_secs(60), is_unsent: true }
    );
}

fn operations() -> impl Strategy<Value = Operation> {
    let phases = prop_oneof![Just(Phase::Queued), Just(Phase::Sending), Just(Phase::Lost)];
    let repetitions = prop_oneof![
        Just(Repetition::Refused),
        Just(Repetition::Accepted),
        any::<bool>().prop_map(|trusts_request_ids| Repetition::Unproven { trusts_request_ids }),
    ];
    let sent_at = prop::option::of(-100_000..100_000_i64);
    (phases, repetitions, sent_at, any::<u32>(), any::<bool>(), any::<bool>(), any::<u32>(), 0..=50_u32).prop_map(
        |(phase, repetition, sent_at, attempts, was_refused, may_resend, give_up_minutes, jitter)| Operation {
            phase,
            repetition,
            created_at: CREATED,
            sent_at: sent_at.map(at),
            attempts,
            was_refused,
            may_resend,
            give_up_minutes,
            jitter,
        },
    )
}

fn observations() -> impl Strategy<Value = Observation> {
    let steps = prop_oneof![Just(Step::LookUp), Just(Step::Prepare), Just(Step::Send)];
    let pause = any::<u32>().prop_map(|seconds| Duration::from_secs(seconds.into()));
    let failures = prop_oneof![
        Just(Failure::Refused),
        Just(Failure::RefusedByGateway),
        Just(Failure::Stale),
        pause.clone().prop_map(Failure::Throttled),
        pause.prop_map(Failure::NotYet),
        Just(Failure::NoAccess),
        Just(Failure::Disconnected),
        Just(Failure::Unsent),
        Just(Failure::Unanswered),
    ];
    prop_oneof![
        Just(Observation::Begun),
        Just(Observation::Found),
        any::<u8>().prop_map(Observation::Missing),
        any::<bool>().prop_map(Observation::Tested),
        Just(Observation::Sent),
        (steps, failures, any::<u8>()).prop_map(|(step, failure, sends)| Observation::Failed(step, failure, sends)),
    ]
}

proptest! {
    #[test]
    fn decisions_hold_for_all_operations(operation in operations(), observed in observations(), seconds in -1_000_000..1_000_000_i64) {
        let decision = decide(&operation, observed, at(seconds));
        if operation.phase != Phase::Queued && matches!(operation.repetition, Repetition::Unproven { .. }) && decision == Decision::Send {
            prop_assert!(
                observed == Observation::Tested(true) || operation.may_resend,
                "an invoice in doubt is sent again only if that is safe"
            );
        }
        if operation.phase != Phase::Queued {
            prop_assert!(observed != Observation::Begun || decision != Decision::Send, "it is looked up first");
            prop_assert!(!matches!(decision, Decision::Wait { is_unsent: true, .. }), "the doubt stays");
        }
        if decision == Decision::Finish {
            let is_settled = matches!(
                observed,
                Observation::Found | Observation::Sent | Observation::Failed(_, Failure::Refused | Failure::RefusedByGateway, _)
            );
            prop_assert!(is_settled, "{observed:?}");
        }
        if decision == Decision::Park(ParkCause::Doubt) {
            prop_assert!(operation.phase != Phase::Queued);
        }
    }
}
