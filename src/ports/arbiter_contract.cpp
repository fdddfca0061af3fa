#include "ports/arbiter_contract.h"

#include <algorithm>

#include <fmt/format.h>

namespace mainstay {
namespace {

constexpr const char* key = "node/contract-a";
constexpr const char* other_key = "group/contract";

// Runs one clause after the other and keeps what they find wrong.
class Checker {
 public:
  explicit Checker(ArbiterContractWorld& the_world) : world(the_world) {}

  template <class T>
  T run(Task<T> task) const {
    task.start();
    world.run_until([&] { return task.done(); });
    return task.take();
  }
  Call call() const { return call(world.call_limit); }
  Call call(Duration limit) const { return {world.clock.now() + limit, {}}; }

  void expect(bool holds, std::string_view sentence) {
    if (!holds) broken.push_back(fmt::format("{}: {}", clause, sentence));
  }
  template <class T>
  void expect_code(const Result<T>& result, std::initializer_list<Code> allowed,
                   std::string_view what) {
    if (result) return expect(false, fmt::format("{} succeeds", what));
    expect(std::ranges::find(allowed, result.error().code) != allowed.end(),
           fmt::format("{} gives {} ({})", what, to_text(result.error().code),
                       result.error().message));
    expect(!result.error().message.empty(), fmt::format("{} gives no message", what));
  }
  ArbiterRecord read(Arbiter& arbiter, std::string_view of) {
    auto record = run(arbiter.read(std::string(of), call()));
    expect(record.has_value(), "a read fails" + (record ? "" : ": " + record.error().message));
    return record ? *record : ArbiterRecord{};
  }
  // The new version; 0 and a complaint if it could not be written.
  RecordVersion write(Arbiter& arbiter, std::string_view of, RecordVersion expected, Bytes value) {
    const auto version = run(arbiter.swap(std::string(of), expected, std::move(value), call()));
    expect(version.has_value(), "a swap fails" + (version ? "" : ": " + version.error().message));
    return version ? *version : 0;
  }

  ArbiterContractWorld& world;
  std::string_view clause;
  std::vector<std::string> broken;
};

void knows_what_is_not_there(Checker& check) {
  const ArbiterRecord none = check.read(check.world.one, key);
  check.expect(none.version == 0 && none.value.empty(), "a record that nobody wrote is there");
}

void writes_and_shows(Checker& check) {
  const RecordVersion first = check.write(check.world.one, key, 0, Bytes{1, 0, 255, 10});
  check.expect(first != 0, "the version of a record is 0");
  const ArbiterRecord seen = check.read(check.world.two, key);
  check.expect(seen.version == first, "the other client reads another version");
  check.expect(seen.value == Bytes{1, 0, 255, 10}, "the other client reads another value");
  const RecordVersion second = check.write(check.world.two, key, first, Bytes{2});
  check.expect(second != first && second != 0, "a write does not change the version");
  check.expect(check.read(check.world.one, key).value == Bytes{2}, "an old value is read");
  check.expect(check.read(check.world.one, other_key).version == 0, "records are mixed up");
}

void changes_the_version_with_equal_bytes(Checker& check) {
  const ArbiterRecord before = check.read(check.world.one, key);
  const RecordVersion after = check.write(check.world.one, key, before.version, before.value);
  check.expect(after != before.version, "the same bytes keep the version");
}

void refuses_an_old_version(Checker& check) {
  const ArbiterRecord now = check.read(check.world.one, key);
  Arbiter& two = check.world.two;
  const auto swap = [&](RecordVersion expected) {
    return check.run(two.swap(key, expected, Bytes{9}, check.call()));
  };
  check.expect_code(swap(0), {Code::conflict}, "creating a record that exists");
  check.expect_code(swap(now.version + 1'000'000), {Code::conflict}, "a swap from no such version");
  const RecordVersion next = check.write(check.world.one, key, now.version, Bytes{3});
  check.expect_code(swap(now.version), {Code::conflict}, "a swap from an old version");
  check.expect_code(check.run(two.swap(other_key, 7, Bytes{9}, check.call())), {Code::conflict},
                    "a swap of a record that does not exist from a version");
  check.expect(check.read(check.world.one, key) == ArbiterRecord{next, Bytes{3}},
               "a refused swap has an effect");
  check.expect(check.read(check.world.one, other_key).version == 0,
               "a refused swap makes a record");
}

void lets_one_win(Checker& check) {
  for (std::uint8_t round = 0; round < 20; ++round) {
    const RecordVersion from = check.read(check.world.one, key).version;
    const Bytes mine{1, round};
    const Bytes theirs{2, round};
    auto first = check.world.one.swap(key, from, mine, check.call());
    auto second = check.world.two.swap(key, from, theirs, check.call());
    first.start();
    second.start();
    check.world.run_until([&] { return first.done() && second.done(); });
    const auto one = first.take();
    const auto two = second.take();
    check.expect(one.has_value() != two.has_value(), "not exactly one of two swaps wins");
    const auto& loser = one ? two : one;
    check.expect_code(loser, {Code::conflict}, "the losing swap");
    const ArbiterRecord now = check.read(check.world.two, key);
    check.expect(now.value == (one ? mine : theirs), "the loser's bytes are there");
    check.expect(!one || now.version == *one, "the winner was told another version");
  }
}

void holds_large_values(Checker& check) {
  Bytes large(arbiter_value_size_max);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::uint8_t>(i * 7);
  const RecordVersion from = check.read(check.world.one, key).version;
  const RecordVersion version = check.write(check.world.one, key, from, large);
  check.expect(check.read(check.world.two, key).value == large, "a large value comes back changed");
  const RecordVersion empty = check.write(check.world.one, key, version, {});
  const ArbiterRecord now = check.read(check.world.two, key);
  check.expect(now.version == empty && now.value.empty(), "an empty value comes back changed");
}

void keeps_clusters_apart(Checker& check) {
  if (check.world.stranger == nullptr) return;
  Arbiter& stranger = *check.world.stranger;
  const ArbiterRecord ours = check.read(check.world.one, key);
  check.expect(check.read(stranger, key).version == 0, "another cluster sees our record");
  check.write(stranger, key, 0, Bytes{77});
  check.expect(check.read(check.world.one, key) == ours, "another cluster changes our record");
}

void settles_in_time(Checker& check) {
  Arbiter& arbiter = check.world.one;
  const Call late{check.world.clock.now() - 1s, {}};
  check.expect_code(check.run(arbiter.read(key, late)), {Code::timed_out},
                    "a read whose deadline has passed");
  const Call called_off = check.call();
  called_off.cancellation.request();
  check.expect_code(check.run(arbiter.read(key, called_off)), {Code::cancelled},
                    "a read that was called off before");
}

// A swap that was never sent (for want of a token, say) may know that nothing has happened.
void is_honest_about_silence(Checker& check) {
  if (!check.world.be_silent) return;
  const ArbiterRecord before = check.read(check.world.one, key);
  check.world.be_silent();
  const Duration limit = check.world.call_limit / 10;
  const Instant began = check.world.clock.now();
  check.expect_code(check.run(check.world.one.read(key, check.call(limit))),
                    {Code::timed_out, Code::unavailable}, "a read without an answer");
  check.expect_code(
      check.run(check.world.one.swap(key, before.version, Bytes{5}, check.call(limit))),
      {Code::outcome_unknown, Code::timed_out}, "a swap without an answer");
  check.expect(check.world.clock.now() - began < check.world.call_limit,
               "calls go on after their deadline");
  check.world.heal();
}

void calls_a_lost_answer_unknown(Checker& check) {
  if (!check.world.lose_answers) return;
  const ArbiterRecord before = check.read(check.world.one, key);
  check.world.lose_answers();
  check.expect_code(check.run(check.world.one.swap(key, before.version, Bytes{6},
                                                   check.call(check.world.call_limit / 10))),
                    {Code::outcome_unknown}, "a swap that happens without an answer");
  check.world.heal();
  check.expect(check.read(check.world.two, key).value == Bytes{6},
               "what happened cannot be seen afterwards");
}

// The bytes are equal on purpose: only a nonce of each write's own can tell who wrote them.
void settles_a_lost_answer(Checker& check) {
  if (!check.world.lose_one_answer) return;
  const ArbiterRecord before = check.read(check.world.one, key);
  check.world.lose_one_answer();
  const auto settled =
      check.run(check.world.one.swap(key, before.version, before.value, check.call()));
  check.world.heal();
  check.expect(settled.has_value(), "a swap is not known to have happened, which a read tells");
  const ArbiterRecord now = check.read(check.world.two, key);
  check.expect(now.version != before.version, "the swap did not happen");
  check.expect(!settled || now.version == *settled, "the swap is told another version");
}

void tells_when_refused(Checker& check, const std::function<void()>& refuse, Code code) {
  if (!refuse) return;
  const ArbiterRecord before = check.read(check.world.one, key);
  refuse();
  const Duration limit = check.world.call_limit / 5;
  check.expect_code(check.run(check.world.one.read(key, check.call(limit))), {code},
                    "a refused read");
  check.expect_code(
      check.run(check.world.one.swap(key, before.version, Bytes{8}, check.call(limit))), {code},
      "a refused swap");
  check.world.heal();
  check.expect(check.read(check.world.one, key) == before, "a refused swap has an effect");
}

void tells_when_throttled(Checker& check) {
  tells_when_refused(check, check.world.throttle, Code::throttled);
}

void tells_what_is_denied(Checker& check) {
  tells_when_refused(check, check.world.deny, Code::denied);
}

// A store without its table knows nothing: whoever read that as "no session" would start a group
// that runs elsewhere.
void does_not_take_loss_for_absence(Checker& check) {
  if (!check.world.forget) return;
  check.world.forget();
  const Duration limit = check.world.call_limit / 5;
  check.expect_code(check.run(check.world.one.read(key, check.call(limit))),
                    {Code::unavailable, Code::not_found}, "a read where the table is gone");
  check.expect_code(check.run(check.world.one.swap(key, 0, Bytes{8}, check.call(limit))),
                    {Code::unavailable, Code::not_found}, "a swap where the table is gone");
  check.world.heal();
}

struct Clause {
  const char* sentence;
  void (*check)(Checker&);
};

constexpr Clause clauses[] = {
    {"it knows what is not there", &knows_what_is_not_there},
    {"what one writes the other reads", &writes_and_shows},
    {"every write changes the version", &changes_the_version_with_equal_bytes},
    {"a swap from an old version is refused", &refuses_an_old_version},
    {"of two swaps from one version one wins", &lets_one_win},
    {"large and empty values are kept as they are", &holds_large_values},
    {"clusters that share a store do not meet", &keeps_clusters_apart},
    {"every call settles in time", &settles_in_time},
    {"silence is a time-out, or unknown", &is_honest_about_silence},
    {"a swap whose answer is lost is unknown", &calls_a_lost_answer_unknown},
    {"a lost answer is settled by reading back", &settles_a_lost_answer},
    {"throttled is throttled, and without effect", &tells_when_throttled},
    {"denied is denied, and without effect", &tells_what_is_denied},
    {"a lost table is not an absent record", &does_not_take_loss_for_absence},
};

}  // namespace

std::vector<std::string> broken_arbiter_clauses(ArbiterContractWorld& world) {
  Checker checker(world);
  for (const auto& clause : clauses) {
    checker.clause = clause.sentence;
    clause.check(checker);
  }
  return checker.broken;
}

}  // namespace mainstay
