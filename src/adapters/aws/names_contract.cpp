#include "adapters/aws/names_contract.h"

#include <algorithm>

#include <fmt/format.h>

namespace mainstay {
namespace {

class Checker {
 public:
  explicit Checker(NamesContractWorld& world) : world_(world) {}

  void check() {
    knows_the_zone();
    writes_and_removes();
    removes_nothing_else();
    is_honest_when_refused();
  }
  std::vector<std::string> broken;

 private:
  template <class T>
  T run(Task<T> task) const {
    task.start();
    world_.run_until([&] { return task.done(); });
    return task.take();
  }
  Call call() const { return {world_.clock.now() + world_.call_limit, {}}; }
  AwsRecord record(const std::string& address) const {
    return {world_.zone.id, world_.name, RecordType::a, {address}, 5s};
  }
  Result<std::string> change(RecordChange change, const std::string& address) const {
    return run(world_.aws.change_record(change, record(address), call()));
  }
  Result<std::optional<AwsRecord>> read(RecordType type = RecordType::a) const {
    return run(world_.aws.record(world_.zone.id, world_.name, type, call()));
  }
  void expect(bool holds, std::string sentence) {
    if (!holds) broken.push_back(std::move(sentence));
  }
  template <class T>
  void expect_code(const Result<T>& result, Code code, const std::string& what) {
    if (result) return expect(false, what + " succeeds");
    expect(result.error().code == code,
           fmt::format("{} gives {} ({})", what, to_text(result.error().code),
                       result.error().message));
  }

  void knows_the_zone() {
    const auto zone = run(world_.aws.hosted_zone(world_.zone.id, call()));
    expect(zone && *zone == world_.zone,
           "the zone is not as it is" + (zone ? "" : ": " + zone.error().message));
    expect_code(run(world_.aws.hosted_zone("Z0FEDCBA987654321", call())), Code::not_found,
                "a zone that does not exist");
  }

  void writes_and_removes() {
    const auto before = read();
    expect(before && !*before, "a name without a record set has one");
    for (const char* address : {"10.0.1.10", "10.0.2.10", "10.0.2.10"}) {
      const auto changed = change(RecordChange::upsert, address);
      expect(changed && !changed->empty(),
             "a change is not accepted" + (changed ? "" : ": " + changed.error().message));
      if (!changed) continue;
      const auto synced = run(world_.aws.change_in_sync(*changed, call()));
      expect(synced.has_value(), "nothing is known of a change that was accepted");
      const auto now = read();
      expect(now && *now == record(address), "a record set is not what was written");
    }
    const auto other = read(RecordType::aaaa);
    expect(other && !*other, "a record set of one type is one of another");
    expect(change(RecordChange::remove, "10.0.2.10").has_value(), "a removal is not accepted");
    const auto after = read();
    expect(after && !*after, "a record set that was removed is there");
  }

  void removes_nothing_else() {
    expect_code(change(RecordChange::remove, "10.0.2.10"), Code::not_found,
                "the removal of what is not there");
    expect(change(RecordChange::upsert, "10.0.1.10").has_value(), "a change is not accepted");
    expect_code(change(RecordChange::remove, "10.0.2.10"), Code::not_found,
                "the removal of another address");
    const auto kept = read();
    expect(kept && *kept == record("10.0.1.10"), "a removal takes what it was not told to");
  }

  void is_honest_when_refused() {
    world_.throttle();
    expect_code(read(), Code::throttled, "a throttled read");
    expect_code(change(RecordChange::upsert, "10.0.2.10"), Code::throttled, "a throttled change");
    world_.deny();
    const auto denied = change(RecordChange::upsert, "10.0.2.10");
    expect_code(denied, Code::denied, "a change that is not permitted");
    expect(denied || denied.error().message.find("ChangeResourceRecordSets") != std::string::npos,
           "the missing permission is not named");
    world_.be_silent();
    const Instant began = world_.clock.now();
    const Call short_call{began + world_.call_limit / 10, {}};
    AwsRecord other = record("10.0.2.10");
    const auto unknown =
        run(world_.aws.change_record(RecordChange::upsert, std::move(other), short_call));
    expect_code(unknown, Code::outcome_unknown, "a change without an answer");
    expect(world_.clock.now() - began < world_.call_limit, "a call goes on after its deadline");
    world_.heal();
    const auto kept = read();
    expect(kept && *kept == record("10.0.1.10"), "a change that was refused has an effect");
  }

  NamesContractWorld& world_;
};

}  // namespace

std::vector<std::string> broken_names_clauses(NamesContractWorld& world) {
  Checker checker(world);
  checker.check();
  return checker.broken;
}

}  // namespace mainstay
