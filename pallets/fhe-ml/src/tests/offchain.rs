use crate::{mock::*, pallet::*};
use codec::{Decode, Encode};
use fhe_ml_primitives::{
	MailboxEntry, Outcome, Sent, Step, mailbox_key, sent_key, worker_key::KEY_TYPE,
};
use frame_support::{assert_ok, traits::Hooks};
use parking_lot::RwLock;
use sp_core::offchain::{
	OffchainDbExt, OffchainWorkerExt, TransactionPoolExt,
	testing::{PoolState, TestOffchainExt, TestTransactionPoolExt},
};
use sp_keystore::{Keystore, KeystoreExt, testing::MemoryKeystore};
use sp_runtime::offchain::storage::StorageValueRef;
use std::sync::Arc;

/// Runs `test` as an offchain worker whose keystore has the genesis worker's key.
fn run_offchain(test: impl FnOnce(&Arc<RwLock<PoolState>>)) {
	let mut externalities = externalities();
	let (offchain, _) = TestOffchainExt::new();
	let (pool, pool_state) = TestTransactionPoolExt::new();
	let keystore = MemoryKeystore::new();
	let seed = format!("0x{}", "01".repeat(32));
	keystore.sr25519_generate_new(KEY_TYPE, Some(&seed)).unwrap();
	externalities.register_extension(OffchainDbExt::new(offchain.clone()));
	externalities.register_extension(OffchainWorkerExt::new(offchain));
	externalities.register_extension(TransactionPoolExt::new(pool));
	externalities.register_extension(KeystoreExt::new(keystore));
	externalities.execute_with(|| test(&pool_state));
}

fn put(job: u64, input: &[u8], outcome: Outcome) {
	let entry = MailboxEntry { input: hash(input), outcome };
	StorageValueRef::persistent(&mailbox_key(&worker(), job)).set(&entry);
}

fn hook_at(block: u64) {
	System::set_block_number(block);
	FheMl::offchain_worker(block);
}

fn sent(pool: &Arc<RwLock<PoolState>>) -> Vec<Extrinsic> {
	let bytes = std::mem::take(&mut pool.write().transactions);
	bytes.iter().map(|bytes| Extrinsic::decode(&mut bytes.as_slice()).unwrap()).collect()
}

#[test]
fn the_hook_sends_what_is_in_the_mailbox_and_the_chain_accepts_it() {
	run_offchain(|pool| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		hook_at(2);
		assert_eq!(sent(pool).len(), 0);
		put(job, &input(0), completed(&input(0), 5));
		hook_at(3);
		let transactions = sent(pool);
		assert_eq!(transactions.len(), 1);
		assert_ok!(apply(transactions[0].clone()).unwrap());
		assert!(Results::<Test>::contains_key(job));
		hook_at(4);
		assert_eq!(sent(pool).len(), 0);
	});
}

#[test]
fn the_hook_sends_again_after_a_while_and_not_before() {
	run_offchain(|pool| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		put(job, &input(0), completed(&input(0), 5));
		let counts: Vec<usize> = (2..9)
			.map(|block| {
				hook_at(block);
				sent(pool).len()
			})
			.collect();
		assert_eq!(counts, [1, 0, 0, 1, 0, 0, 1]);
	});
}

#[test]
fn what_the_worker_sent_itself_is_not_sent_at_once_again() {
	run_offchain(|pool| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		put(job, &input(0), completed(&input(0), 5));
		StorageValueRef::persistent(&sent_key(&worker(), job))
			.set(&Sent { step: Step::Post, at: 2 });
		hook_at(3);
		assert_eq!(sent(pool).len(), 0);
		hook_at(2 + RESEND_AFTER);
		assert_eq!(sent(pool).len(), 1);
	});
}

#[test]
fn entries_of_another_fork_and_impossible_results_are_not_sent() {
	run_offchain(|pool| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		put(job, &input(1), completed(&input(1), 5));
		hook_at(2);
		assert_eq!(sent(pool).len(), 0);
		put(job, &input(0), Outcome::Completed(vec![1].try_into().unwrap()));
		hook_at(3);
		assert_eq!(sent(pool).len(), 0);
		StorageValueRef::persistent(&mailbox_key(&worker(), job)).set(&b"garbage".encode());
		hook_at(4);
		assert_eq!(sent(pool).len(), 0);
	});
}

#[test]
fn the_hook_commits_first_and_reveals_when_all_have_committed() {
	run_offchain(|pool| {
		let model = register_linear_model();
		assert_ok!(join(BOB, 2));
		let job = request_of(ALICE, model, input(0), 2);
		let outcome = completed(&input(0), 5);
		put(job, &input(0), outcome.clone());
		hook_at(2);
		let committed = sent(pool);
		assert_eq!(committed.len(), 1);
		assert_ok!(apply(committed[0].clone()).unwrap());
		hook_at(3);
		assert_eq!(sent(pool).len(), 0, "the other worker has not committed");
		assert_ok!(apply(commitment_by(&other_pair(2), job, &outcome)).unwrap());
		// No waiting for ResendAfter: it is another thing that is sent.
		hook_at(4);
		let revealed = sent(pool);
		assert_eq!(revealed.len(), 1);
		assert_ok!(apply(revealed[0].clone()).unwrap());
		assert!(Results::<Test>::contains_key(job));
	});
}
