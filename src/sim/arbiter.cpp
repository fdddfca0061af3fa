#include "sim/arbiter.h"

#include "sim/machine.h"
#include "sim/world.h"

namespace mainstay::sim {

const ArbiterStore::Stored& ArbiterStore::get(const std::string& key) const {
  static const Stored missing;
  const auto found = records_.find(key);
  return found == records_.end() ? missing : found->second;
}

Result<RecordVersion> ArbiterStore::swap(const Swap& swap) {
  const Stored& stored = get(swap.key);
  if (stored.record.version != swap.expected) {
    if (stored.nonce == swap.nonce) return stored.record.version;
    return failure(Code::conflict, swap.key + " was changed by somebody else");
  }
  const RecordVersion version = ++last_version_;
  records_[swap.key] = Stored{{version, swap.value}, swap.nonce};
  world_.add_to_digest(swap.value);
  if (watcher_) watcher_({swap.machine, swap.key, version, swap.value, swap.asked, swap.awaited});
  return version;
}

namespace {

constexpr Duration attempt_limit = 400ms;

// One read or swap on its way through tries until something is certain or the time is over. The
// adapter's own conduct: it repeats a write with the same nonce, so that its own success is told
// from another's.
struct Errand {
  Machine& machine;
  std::string key;
  WorldTime asked;
  bool write = false;
  RecordVersion expected = 0;
  Bytes value;
  std::uint64_t nonce = 0;
  bool ambiguous = false;  // an earlier try may have taken effect
  std::function<bool()> over;
  std::function<void(Result<ArbiterRecord>)> settle;
};

// What an arbiter says that can be reached and does not do what it is asked.
std::optional<Error> refusal(Machine& machine) {
  const ArbiterConditions& rates = machine.world().conditions().arbiter;
  if (rates.table_gone) return Error{Code::unavailable, "the arbiter's table does not exist"};
  if (machine.random().chance(rates.throttled))
    return Error{Code::throttled, "the arbiter is asked too often"};
  if (machine.random().chance(rates.denied))
    return Error{Code::denied, "the arbiter does not permit it"};
  return std::nullopt;
}

Result<ArbiterRecord> perform(Errand& errand) {
  if (auto refused = refusal(errand.machine)) return std::unexpected(std::move(*refused));
  ArbiterStore& store = errand.machine.world().arbiter();
  if (!errand.write) return store.get(errand.key).record;
  const auto version = store.swap({.machine = errand.machine.index(),
                                   .key = errand.key,
                                   .expected = errand.expected,
                                   .value = errand.value,
                                   .nonce = errand.nonce,
                                   .asked = errand.asked,
                                   .awaited = !errand.over()});
  if (!version) return std::unexpected(version.error());
  return ArbiterRecord{*version, {}};
}

void attempt(std::shared_ptr<Errand> errand);

void answer(const std::shared_ptr<Errand>& errand, Result<ArbiterRecord> result) {
  if (errand->over()) return;
  // Whatever it says now, an earlier try may have taken effect.
  if (!result && errand->write && errand->ambiguous) {
    errand->settle(failure(Code::outcome_unknown, errand->key + ": " + result.error().message +
                                                      "; an earlier try may have been heard"));
    return;
  }
  errand->settle(std::move(result));
}

void attempt(std::shared_ptr<Errand> errand) {
  Machine& machine = errand->machine;
  World& world = machine.world();
  const ArbiterConditions& rates = world.conditions().arbiter;
  Random& random = machine.random();
  const bool away = rates.outage || machine.conditions().arbiter_cut;
  const bool lost = away || random.chance(rates.lose_request);
  const bool mute = random.chance(rates.lose_reply);
  Duration there = rates.delay.draw(random);
  const Duration back = rates.delay.draw(random);
  if (random.chance(rates.straggle)) there += random.between(0ns, rates.straggle_max);
  if (!lost) {
    const auto result = std::make_shared<std::optional<Result<ArbiterRecord>>>();
    world.after(there, [errand, result] { *result = perform(*errand); });
    if (!mute) {
      machine.on_daemon_after(there + back,
                              [errand, result] { answer(errand, std::move(**result)); });
    }
  }
  machine.on_daemon_after(attempt_limit, [errand, lost] {
    if (errand->over()) return;
    if (!lost) errand->ambiguous = true;
    attempt(errand);
  });
}

}  // namespace

Task<Result<ArbiterRecord>> ArbiterPort::read(std::string key, Call call) {
  auto done = machine_.pending<ArbiterRecord>(call, Code::timed_out, "the arbiter");
  if (machine_.daemon_runs()) {
    attempt(std::make_shared<Errand>(
        Errand{.machine = machine_,
               .key = std::move(key),
               .asked = machine_.world().now(),
               .value = {},
               .over = [done] { return done.is_set(); },
               .settle = [done](Result<ArbiterRecord> result) { done.set(std::move(result)); }}));
  }
  co_return co_await done;
}

Task<Result<RecordVersion>> ArbiterPort::swap(std::string key, RecordVersion expected, Bytes value,
                                              Call call) {
  MAINSTAY_CHECK(value.size() <= arbiter_value_size_max);
  auto done = machine_.pending<RecordVersion>(call, Code::outcome_unknown, "the arbiter");
  if (machine_.daemon_runs()) {
    attempt(std::make_shared<Errand>(Errand{.machine = machine_,
                                            .key = std::move(key),
                                            .asked = machine_.world().now(),
                                            .write = true,
                                            .expected = expected,
                                            .value = std::move(value),
                                            .nonce = machine_.world().arbiter().new_nonce(),
                                            .over =
                                                [done, this, life = machine_.daemon_life()] {
                                                  return done.is_set() ||
                                                         machine_.daemon_life() != life;
                                                },
                                            .settle =
                                                [done](const Result<ArbiterRecord>& result) {
                                                  if (result) {
                                                    done.set(result->version);
                                                  } else {
                                                    done.set(std::unexpected(result.error()));
                                                  }
                                                }}));
  }
  co_return co_await done;
}

}  // namespace mainstay::sim
