//! What is measured of one environment, and the rounds in which all programs take turns.

use std::time::Instant;

use crate::Result;
use crate::environment::{Environment, Program, Store};
use crate::events;
use crate::statistics::{Rounds, percentile};

/// Requests before those that count: Node compiles what is used often.
const WARMING: usize = 200;

/// The figures of one program; times in seconds, memory in bytes.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    pub init: Rounds,
    pub init_cpu: Rounds,
    /// With TLS: from the event to the answer, in an environment that has answered none before.
    pub first: Rounds,
    /// The same, when the call that warms was denied.
    pub denied: Rounds,
    /// The memory of a program that was started but has not been asked for more than that.
    pub first_resident: Rounds,
    pub plain_init: Rounds,
    pub plain_init_cpu: Rounds,
    pub p50: Rounds,
    pub p99: Rounds,
    pub cpu: Rounds,
    pub rate: Rounds,
    pub resident: Rounds,
}

/// One cold start with TLS and its first request.
pub fn cold(program: &Program, store: &Store, figures: &mut Figures) -> Result<()> {
    let environment = Environment::start(program, store)?;
    let (wall, cpu) = environment.init()?;
    let first = environment.lambda.invoke([events::first()])?;
    figures.init.add(wall.as_secs_f64());
    figures.init_cpu.add(cpu.as_secs_f64());
    figures.first.add(percentile(&first, 1.0));
    figures.first_resident.add(resident(&environment));
    Ok(())
}

/// One cold start with TLS at a store that denies the call that warms, and its first request.
pub fn denied(program: &Program, store: &Store, figures: &mut Figures) -> Result<()> {
    let environment = Environment::start(program, store)?;
    environment.init()?;
    figures.denied.add(percentile(&environment.lambda.invoke([events::first()])?, 1.0));
    Ok(())
}

/// One environment over plain HTTP, under requests that follow each other at once.
pub fn warm(
    program: &Program,
    store: &Store,
    requests: usize,
    figures: &mut Figures,
) -> Result<()> {
    let environment = Environment::start(program, store)?;
    let (wall, cpu) = environment.init()?;
    figures.plain_init.add(wall.as_secs_f64());
    figures.plain_init_cpu.add(cpu.as_secs_f64());
    environment.lambda.invoke(events::mixed(WARMING))?;
    let (since, before) = (Instant::now(), environment.cpu());
    let latencies = environment.lambda.invoke(events::mixed(requests))?;
    let (took, cpu) = (since.elapsed(), environment.cpu().saturating_sub(before));
    #[expect(clippy::cast_precision_loss, reason = "there are some thousands of requests")]
    let count = requests as f64;
    figures.p50.add(percentile(&latencies, 0.5));
    figures.p99.add(percentile(&latencies, 0.99));
    figures.cpu.add(cpu.as_secs_f64() / count);
    figures.rate.add(count / took.as_secs_f64());
    figures.resident.add(resident(&environment));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "memory is far below 2^53 bytes")]
fn resident(environment: &Environment) -> f64 {
    environment.resident() as f64
}
