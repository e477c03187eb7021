//! What was called, in which order, and what had to wait for what.

use std::collections::HashMap;
use std::time::Instant;

use crate::operation::Operation;
use crate::wire::Request;

/// A logical call: one of the program's, however often it was sent.
#[derive(Debug, Clone)]
pub struct Call {
    pub operation: Operation,
    pub attempts: u32,
    /// The same question was answered before and nothing was written since: somebody waits until the answer changes.
    pub is_poll: bool,
    /// The status of the last answer; none when there was none.
    pub status: Option<u16>,
    start: Instant,
    end: Option<Instant>,
}

impl Call {
    pub fn is_write(&self) -> bool {
        self.operation.is_write()
    }
}

/// The calls since the last [`Ledger::clear`]; the first one is number 1.
#[derive(Debug, Default, Clone)]
pub struct Ledger {
    calls: Vec<Call>,
    numbers: HashMap<String, usize>,
    /// The last call with each question.
    asked: HashMap<Vec<u8>, usize>,
}

impl Ledger {
    /// Notes that a request has come, and says which call it belongs to and which attempt of it this is.
    pub fn begin(&mut self, request: &Request, operation: &Operation) -> (usize, u32) {
        let next = self.calls.len() + 1;
        let number = match request.header("amz-sdk-invocation-id") {
            // Not from an SDK: each request is a call.
            "" => next,
            id => *self.numbers.entry(id.to_owned()).or_insert(next),
        };
        if number > self.calls.len() {
            let question = [request.target.as_bytes(), &request.body].concat();
            let before = self.asked.insert(question, self.calls.len());
            let is_poll =
                !operation.is_write() && before.is_some_and(|before| self.is_settled(before));
            self.calls.push(Call {
                operation: operation.clone(),
                attempts: 0,
                is_poll,
                status: None,
                start: Instant::now(),
                end: None,
            });
        }
        let call = &mut self.calls[number - 1];
        call.attempts += 1;
        (number, call.attempts)
    }

    /// Whether the call was answered and nothing was written to its service since.
    fn is_settled(&self, index: usize) -> bool {
        let (call, later) = (&self.calls[index], &self.calls[index..]);
        let service = &call.operation.service;
        call.end.is_some()
            && !later.iter().any(|other| other.is_write() && other.operation.service == *service)
    }

    pub fn end(&mut self, number: usize, status: Option<u16>) {
        if let Some(call) = self.calls.get_mut(number.wrapping_sub(1)) {
            (call.end, call.status) = (Some(Instant::now()), status);
        }
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    pub fn writes(&self) -> usize {
        self.calls.iter().filter(|call| call.is_write()).count()
    }

    /// The calls, polls apart, of the longest chain in which each begins after the one before it has ended.
    /// Only with calls that take long is that a chain of needs, and not of chance.
    pub fn longest_chain(&self) -> Vec<&Operation> {
        let mut calls: Vec<&Call> = self.calls.iter().filter(|call| !call.is_poll).collect();
        calls.sort_by_key(|call| call.start);
        let mut chains: Vec<Vec<usize>> = Vec::new();
        for (index, call) in calls.iter().enumerate() {
            let before =
                (0..index).filter(|&other| calls[other].end.is_some_and(|end| end <= call.start));
            let longest = before.max_by_key(|&other| chains[other].len());
            let mut chain = longest.map(|other| chains[other].clone()).unwrap_or_default();
            chain.push(index);
            chains.push(chain);
        }
        let longest = chains.into_iter().max_by_key(Vec::len).unwrap_or_default();
        longest.into_iter().map(|index| &calls[index].operation).collect()
    }
}
