// A lab with PostgreSQL, a client that commits, and the comparison of what it was told with what is
// there.
#include "database.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/cluster.h"
#include "harness/measure.h"

namespace mainstay::bench {
namespace {

constexpr Duration patience = 120s;
constexpr Duration equal_patience = 60s;
constexpr Duration client_time = 20s;
constexpr const char* committed_file = "committed";
constexpr const char* client_log = "/var/log/client.log";

void tell(std::string_view text) {
  fmt::print("   {}\n", text);
  std::fflush(stdout);
}

std::string sql(std::string_view statement) {
  return fmt::format("timeout 3 psql -h {} -U postgres -d postgres -Atqc \"{}\"", virtual_ip,
                     statement);
}

// Each number is a commit of its own; those that PostgreSQL has acknowledged are written down
// outside the nodes.
std::string client_script() {
  return fmt::format(
      "export PGCONNECT_TIMEOUT=1; n=0; end=$(( $(date +%s) + {} ))\n"
      "while [ $(date +%s) -lt $end ]; do\n"
      "  n=$((n + 1))\n"
      "  if {}; then echo \"$n $(date +%s%3N)\" >> /run/lab/{}; else sleep 0.1; fi\n"
      "done\n",
      std::chrono::duration_cast<std::chrono::seconds>(client_time).count(),
      sql("insert into entries values ($n)"), committed_file);
}

struct Committed {
  std::set<long> numbers;
  std::int64_t longest_gap_ms = 0;
};

Committed read_committed(const std::string& file) {
  Committed committed;
  std::ifstream in(file);
  std::int64_t before = 0;
  std::int64_t at = 0;
  for (long number = 0; in >> number >> at;) {
    committed.numbers.insert(number);
    if (before != 0) committed.longest_gap_ms = std::max(committed.longest_gap_ms, at - before);
    before = at;
  }
  return committed;
}

struct Act {
  Programs programs;
  RunFolder folder;
  std::unique_ptr<Lab> lab;  // the cluster points to it
  std::optional<Cluster> cluster;

  // At the client's machine, through the virtual IP.
  Result<std::string> ask(std::string_view statement) const {
    return lab->exec("client", {"sh", "-c", "export PGCONNECT_TIMEOUT=1; " + sql(statement)});
  }
  Status wait_until_equal(const std::string& node) const;
  Status wait_until_answered() const;
  Status compare() const;
};

Status Act::wait_until_equal(const std::string& node) const {
  const std::int64_t until = monotonic_ns() + equal_patience.count();
  while (monotonic_ns() < until) {
    const auto text = cluster->ask(node, {"--json", "mirror", "status", "md1"});
    if (!text) return std::unexpected(text.error());
    const auto status = nlohmann::json::parse(*text, nullptr, false)["mirrors"][0]["status"];
    if (status.is_object() && status["peer"]["state"] == "up to date") return {};
    if (!pause(200ms)) return failure(Code::cancelled, "interrupted");
  }
  return failure(Code::timed_out, "the second copy did not become equal to the first");
}

Status Act::wait_until_answered() const {
  const std::int64_t until = monotonic_ns() + patience.count();
  while (true) {
    const auto answer = ask("create table if not exists entries (n bigint primary key)");
    if (answer) return {};
    if (monotonic_ns() > until) return std::unexpected(answer.error());
    if (!pause(200ms)) return failure(Code::cancelled, "interrupted");
  }
}

// Both lists are printed as what they are: numbers of commits.
Status Act::compare() const {
  const Committed committed = read_committed(lab->shared(committed_file));
  const auto rows = ask("select n from entries");
  if (!rows) return std::unexpected(rows.error());
  std::set<long> missing = committed.numbers;
  std::size_t there = 0;
  std::istringstream lines(*rows);
  for (long number = 0; lines >> number; ++there) missing.erase(number);
  tell(fmt::format("The client was told of {} commits; the table has {} rows.",
                   committed.numbers.size(), there));
  tell(
      fmt::format("Of the acknowledged commits {} are missing. The longest time without one: {} "
                  "ms.",
                  missing.size(), committed.longest_gap_ms));
  if (!missing.empty() || committed.numbers.empty()) {
    return failure(Code::conflict, committed.numbers.empty()
                                       ? std::string("no commit was acknowledged at all")
                                       : fmt::format("commit {} was acknowledged and is not there",
                                                     *missing.begin()));
  }
  return {};
}

Result<Act> set_up() {
  auto programs = find_programs();
  if (!programs) return std::unexpected(programs.error());
  auto folder = RunFolder::make("database");
  if (!folder) return std::unexpected(folder.error());
  auto lab = Lab::up(*programs, folder->path());
  if (!lab) return std::unexpected(lab.error());
  auto site = lab->site();
  if (!site) return std::unexpected(site.error());
  site->arbiter = "dynamodb";
  site->mirror = MirrorUse::database;
  Act act{*programs, std::move(*folder), std::make_unique<Lab>(std::move(*lab)), {}};
  auto cluster = Cluster::start(*act.lab, act.programs, *site);
  if (!cluster) return std::unexpected(cluster.error());
  act.cluster.emplace(std::move(*cluster));
  return act;
}

Status strike(const Act& act, const std::string& owner) {
  const std::string survivor = act.cluster->other(owner);
  const std::vector<std::string> client = {"sh", "-c", client_script()};
  if (auto done = act.lab->start("client", client_log, client); !done) return done;
  if (!pause(4s)) return failure(Code::cancelled, "interrupted");
  tell(fmt::format("A client commits through {}. Killing {} ...", virtual_ip, owner));
  if (auto done = act.lab->fault({"kill", owner}); !done) return done;
  const auto moved = act.cluster->wait_until_moved_from(owner, patience);
  if (!moved) return std::unexpected(moved.error());
  tell(fmt::format("{} runs on {}, in term {}.", group_name, moved->owner, moved->term));
  if (!pause(client_time)) return failure(Code::cancelled, "interrupted");
  const auto status = act.cluster->ask(survivor, {"mirror", "status"});
  if (!status) return std::unexpected(status.error());
  fmt::print("\n{}\n", *status);
  return act.compare();
}

}  // namespace

Status play_database() {
  fmt::print("\n== PostgreSQL on a mirror disk, with DynamoDB as the arbiter\n\n");
  std::fflush(stdout);
  auto act = set_up();
  if (!act) return std::unexpected(act.error());
  const auto view = act->cluster->wait_until_formed(patience);
  if (!view) return std::unexpected(view.error());
  if (auto done = act->wait_until_equal(view->owner); !done) return done;
  if (auto done = act->wait_until_answered(); !done) return done;
  tell(fmt::format("PostgreSQL runs on {}; every write goes to the disks of both nodes.",
                   view->owner));
  return strike(*act, view->owner);
}

}  // namespace mainstay::bench
