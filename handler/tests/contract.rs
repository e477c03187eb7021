//! The contract holds on the store in memory. The same replay runs against `DynamoDB`'s code where an emulator is at hand.

use handler::{
    contract::{cases, replay},
    memory::Memory,
    routes::handle,
};

#[tokio::test]
async fn the_contract_holds_twice_on_one_store() {
    let store = Memory::default();
    for run in ["first", "second"] {
        let failures = replay(cases(), run, async |request| handle(&store, request).await).await;
        let failures: Vec<_> = failures.iter().map(ToString::to_string).collect();
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }
}
