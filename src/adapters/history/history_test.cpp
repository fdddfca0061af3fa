#include "adapters/history/history.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <future>

using namespace mainstay;
using namespace mainstay::adapters;

namespace {

struct Fixture {
  std::filesystem::path directory;
  std::string file;

  Fixture() {
    std::string made = std::filesystem::temp_directory_path() / "mainstay-history-XXXXXX";
    REQUIRE(mkdtemp(made.data()) != nullptr);
    directory = made;
    file = directory / "history.db";
  }
  ~Fixture() {
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }
};

EventRecord event(int n) {
  EventRecord made;
  made.time = WallTime(std::chrono::milliseconds(1'000'000'000'000 + n));
  made.monotonic_ns = n * 10;
  made.node = "a";
  made.severity = "information";
  made.subject = "web";
  made.text = "event " + std::to_string(n) + " → ü";
  return made;
}

ActivationRecord activation(std::uint64_t term, const char* group = "web") {
  ActivationRecord made;
  made.time = WallTime(std::chrono::milliseconds(5));
  made.group = group;
  made.term = term;
  made.node = "a";
  made.reason = "its owner is dead";
  made.clearances = {{"b", "lease", true, "its session was revoked"}};
  return made;
}

void add_events(History& history, int from, int to) {
  for (int i = from; i <= to; ++i) history.add(event(i));
}

std::vector<std::uint64_t> numbers(const std::vector<EventRecord>& events) {
  std::vector<std::uint64_t> found;
  for (const auto& each : events) found.push_back(each.number);
  return found;
}

using Numbers = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("events and activations survive a restart, and numbers go on") {
  const Fixture f;
  {
    History history(f.file, {});
    add_events(history, 1, 3);
    history.add(activation(7));
    history.add(activation(8));
    history.add(activation(2, "db"));
  }
  History history(f.file, {});
  CHECK(history.troubles().empty());
  CHECK(history.last_event() == 3);
  CHECK(history.add(event(4)) == 4);
  const auto events = history.events({.since = 1}, 0s);
  CHECK(numbers(events) == Numbers{2, 3, 4});
  auto second = event(2);
  second.number = 2;
  CHECK(events[0] == second);
  const auto records = history.activations("web", 10);
  REQUIRE(records);
  CHECK(*records == std::vector{activation(8), activation(7)});
}

TEST_CASE("a range is the first ones after a number, or the newest") {
  const Fixture f;
  const HistoryLimits small{.recent_max = 4};
  History history(f.file, small);
  add_events(history, 1, 10);
  CHECK(numbers(history.events({.since = 0, .limit = 3}, 0s)) == Numbers{1, 2, 3});
  CHECK(numbers(history.events({.since = 7, .limit = 2}, 0s)) == Numbers{8, 9});
  CHECK(numbers(history.events({.since = 0, .limit = 2, .newest = true}, 0s)) == Numbers{9, 10});
  CHECK(numbers(history.events({.since = 0, .limit = 6, .newest = true}, 0s)) ==
        Numbers{5, 6, 7, 8, 9, 10});
  CHECK(history.events({.since = 10}, 0s).empty());
}

TEST_CASE("who follows is woken by an event, and by the end") {
  const Fixture f;
  History history(f.file, {});
  auto follower = std::async(std::launch::async,
                             [&] { return history.events({.since = 0}, std::chrono::minutes(1)); });
  history.add(event(1));
  CHECK(numbers(follower.get()) == Numbers{1});
  auto second = std::async(std::launch::async,
                           [&] { return history.events({.since = 1}, std::chrono::minutes(1)); });
  history.close();
  CHECK(second.get().empty());
}

TEST_CASE("only so much is kept on disk") {
  const Fixture f;
  const HistoryLimits small{.events_max = 300, .activations_max = 2};
  {
    History history(f.file, small);
    for (std::uint64_t term = 1; term <= 5; ++term) history.add(activation(term));
    for (int i = 1; i <= 2000; ++i) history.add(event(i));
  }
  auto file = HistoryFile::open(f.file);
  REQUIRE(file);
  REQUIRE(file->prune(small));
  const auto events = file->events({.limit = 10'000});
  REQUIRE(events);
  CHECK(events->size() == 300);
  CHECK(events->back().number == 2000);
  CHECK(file->activations("web", 10)->size() == 2);
}

TEST_CASE("what is too old goes") {
  const Fixture f;
  auto file = HistoryFile::open(f.file);
  REQUIRE(file);
  HistoryBatch batch{.events = {event(1), event(2)}, .activations = {}};
  batch.events[0].number = 1;
  batch.events[1].number = 2;
  batch.events[1].time += std::chrono::hours(3);
  REQUIRE(file->write(batch));
  REQUIRE(file->prune({.age_max = std::chrono::hours(2)}));
  CHECK(numbers(*file->events({})) == Numbers{2});
}

TEST_CASE("a file that is no database is moved aside, with a word about it") {
  const Fixture f;
  std::ofstream(f.file) << "this was never a database, but it is somebody's file\n";
  History history(f.file, {});
  REQUIRE(history.troubles().size() == 1);
  CHECK(history.troubles()[0].find("it was moved to " + f.file + ".damaged-1") !=
        std::string::npos);
  CHECK(std::filesystem::exists(f.file + ".damaged-1"));
  add_events(history, 1, 1);
  CHECK(numbers(history.events({}, 0s)) == Numbers{1});
}

TEST_CASE("a torn database is moved aside") {
  const Fixture f;
  {
    History history(f.file, {});
    add_events(history, 1, 500);
  }
  {
    std::fstream file(f.file, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(8192, '\x5a');
  }
  History history(f.file, {});
  REQUIRE(history.troubles().size() == 1);
  CHECK(history.troubles()[0].find("was damaged") != std::string::npos);
  history.add(activation(1));
  CHECK(history.activations("web", 1)->size() == 1);
}

TEST_CASE("without a disk the newest events are still there, and the loss is said") {
  const Fixture f;
  History history(f.directory / "missing" / "history.db", {.recent_max = 3});
  add_events(history, 1, 5);
  CHECK(numbers(history.events({.since = 0}, 0s)) == Numbers{3, 4, 5});
  CHECK_FALSE(history.activations("web", 1));
  const auto troubles = history.troubles();
  REQUIRE(troubles.size() >= 1);
  CHECK(troubles[0].find("cannot be written") != std::string::npos);
  CHECK(history.lost() == 5);
}

TEST_CASE("a queue that is full drops what is new, and counts it") {
  const Fixture f;
  History history(f.file, {.queue_max = 0});
  add_events(history, 1, 2);
  CHECK(history.lost() == 2);
  CHECK(numbers(history.events({}, 0s)) == Numbers{1, 2});
  CHECK(history.troubles().size() == 1);
}
