// Three real members of which one is lost while two clients write.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "adapters/arbiter/etcd_test_world.h"

namespace mainstay::etcd {
namespace {

constexpr const char* key = "group/ledger";

struct Trio {
  Trio() {
    for (const std::string& url : etcd.urls()) REQUIRE_MESSAGE(world.ready(url), etcd.log());
  }

  // The member that leads, as the one with this number knows; -1: it knows of none.
  int leader(std::size_t asked) {
    const auto leads = nlohmann::json::parse(
        world.post(etcd[asked].url(), "/v3/maintenance/status", "{}"), nullptr, false);
    if (!leads.is_object() || !leads.contains("leader")) return -1;
    for (std::size_t i = 0; i < etcd.size(); ++i) {
      const auto own = nlohmann::json::parse(
          world.post(etcd[i].url(), "/v3/maintenance/status", "{}"), nullptr, false);
      if (own.is_object() && own.at("header").at("member_id") == leads.at("leader")) {
        return static_cast<int>(i);
      }
    }
    return -1;
  }

  Etcd etcd{3};
  TestWorld world;
};

// Appends numbers to one record through one client, and remembers what it was told.
class Writer {
 public:
  Writer(TestWorld& world, EtcdArbiter& arbiter, int first)
      : world_(world), arbiter_(arbiter), next_(first) {}

  // Until so many more numbers were acknowledged; a side that fails for long gives up.
  void write(int count) {
    for (int tries = 0; count > 0; ++tries) {
      REQUIRE_MESSAGE(tries < 30, last_trouble_);
      if (append()) --count;
    }
  }
  const std::vector<int>& acknowledged() const { return acknowledged_; }
  const std::set<int>& doubtful() const { return doubtful_; }

 private:
  bool append() {
    const auto read = world_.read(arbiter_, key, 1s);
    if (!read) return trouble(read.error());
    const int number = next_;
    const std::string text(as_text(read->value));
    const auto swapped =
        world_.swap(arbiter_, key, read->version, fmt::format("{}{} ", text, number), 1s);
    if (swapped || swapped.error().code == Code::outcome_unknown) ++next_;
    if (swapped) {
      acknowledged_.push_back(number);
      return true;
    }
    if (swapped.error().code == Code::outcome_unknown) doubtful_.insert(number);
    return trouble(swapped.error());
  }
  bool trouble(const Error& error) {
    last_trouble_ = error.message;
    return false;
  }

  TestWorld& world_;
  EtcdArbiter& arbiter_;
  int next_;
  std::vector<int> acknowledged_;
  std::set<int> doubtful_;
  std::string last_trouble_;
};

std::vector<int> numbers_in(const Bytes& value) {
  std::vector<int> numbers;
  std::string text(as_text(value));
  for (std::size_t at = 0; at < text.size(); at = text.find(' ', at) + 1) {
    numbers.push_back(std::stoi(text.substr(at)));
  }
  return numbers;
}

void check_ledger(const std::vector<int>& ledger, const Writer& writer, int from, int to) {
  std::vector<int> own;
  for (const int number : ledger) {
    if (number >= from && number < to) own.push_back(number);
  }
  CHECK(std::ranges::is_sorted(own));
  CHECK(std::ranges::adjacent_find(own) == own.end());
  std::erase_if(own, [&](int number) { return writer.doubtful().contains(number); });
  CHECK(own == writer.acknowledged());
}

TEST_CASE("a member is killed, then the leader: no write is lost, and none happens twice") {
  Trio trio;
  std::vector<std::string> turned = trio.etcd.urls();
  std::ranges::rotate(turned, turned.begin() + 1);
  Writer one(trio.world, trio.world.client({.endpoints = trio.etcd.urls()}), 0);
  Writer two(trio.world, trio.world.client({.endpoints = turned}), 100'000);
  const auto write_on = [&] {
    for (int i = 0; i < 10; ++i) {
      one.write(2);
      two.write(2);
    }
  };
  write_on();
  const int leader = trio.leader(0);
  REQUIRE(leader >= 0);
  const auto follower = static_cast<std::size_t>((leader + 1) % 3);
  trio.etcd[follower].kill();
  write_on();
  trio.etcd.start(follower);
  REQUIRE(trio.world.ready(trio.etcd[follower].url()));
  const int leads_now = trio.leader(follower);
  REQUIRE(leads_now >= 0);
  trio.etcd[static_cast<std::size_t>(leads_now)].kill();
  write_on();
  const auto ledger = trio.world.read(trio.world.clients.back(), key);
  REQUIRE_MESSAGE(ledger, ledger.error().message);
  check_ledger(numbers_in(ledger->value), one, 0, 100'000);
  check_ledger(numbers_in(ledger->value), two, 100'000, 200'000);
  CHECK(one.acknowledged().size() == 60);
}

TEST_CASE("a member that stands still costs a part of the time, and only once") {
  Trio trio;
  EtcdArbiter& arbiter = trio.world.client({.endpoints = trio.etcd.urls()});
  const auto first = trio.world.swap(arbiter, "node/a", 0, "one");
  REQUIRE(first);
  trio.etcd[0].freeze();
  // It may have been the leader, so that the others must elect one first.
  const auto second = trio.world.swap(arbiter, "node/a", *first, "two", 4s);
  CHECK_MESSAGE(second, second.error().message);
  const Instant began = trio.world.loop.now();
  CHECK(trio.world.read(arbiter, "node/a", 1s)->version == *second);
  CHECK(trio.world.loop.now() - began < 400ms);
  trio.etcd[0].thaw();
}

TEST_CASE("one member of three is no etcd: nothing is read, nothing is written, and it says so") {
  Trio trio;
  EtcdArbiter& arbiter = trio.world.client({.endpoints = trio.etcd.urls()});
  const auto first = trio.world.swap(arbiter, "node/a", 0, "one");
  REQUIRE(first);
  trio.etcd[1].kill();
  trio.etcd[2].kill();
  const auto read = trio.world.read(arbiter, "node/a", 1500ms);
  REQUIRE_FALSE(read);
  CHECK((read.error().code == Code::unavailable || read.error().code == Code::timed_out));
  CHECK_FALSE(trio.world.swap(arbiter, "node/a", *first, "two", 500ms));
  trio.etcd.start(1);
  CHECK(trio.world.read(arbiter, "node/a", 10s).has_value());
}

}  // namespace
}  // namespace mainstay::etcd
