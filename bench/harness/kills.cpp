#include "harness/kills.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "harness/cluster.h"
#include "harness/lab.h"

namespace mainstay::bench {
namespace {

using nlohmann::json;
using Numbers = std::set<std::int64_t>;

constexpr Duration patience = 180s;
constexpr int clients = 2;
constexpr int data_mib = 768;
constexpr int cluster_mib = 16;
constexpr const char* rows_file = "rows";
constexpr const char* end_file = "end-of-load";
constexpr const char* connection =
    "dbname=postgres user=postgres connect_timeout=2 keepalives_idle=1 keepalives_interval=1 "
    "keepalives_count=3 tcp_user_timeout=3000";

struct Victim {
  const char* name;
  int weight;
};
constexpr std::array<Victim, 6> victims = {{{"active node", 4},
                                            {"standby node", 3},
                                            {"both nodes", 2},
                                            {"engine of the active node", 3},
                                            {"engine of the standby node", 2},
                                            {"mirror link", 2}}};

std::string psql() {
  return fmt::format("$(ls /usr/lib/postgresql/*/bin/psql | tail -n 1) \"host={} {}\" -qAt",
                     virtual_ip, connection);
}

std::string committed_file(int client) { return fmt::format("committed-{}", client); }

// One connection after the other; each number is a commit of its own, and is written down outside
// the nodes when PostgreSQL has acknowledged it.
std::string client_script(int client) {
  return fmt::format(
      "base={0}000000000000\n"
      "while [ ! -e /run/lab/{1} ]; do\n"
      "  base=$((base + 1000000))\n"
      "  seq $base $((base + 999999)) |\n"
      "    awk '{{ print \"insert into entries values (\" $1 \");\\n\\\\echo \" $1 }}' |\n"
      "    stdbuf -oL {2} -v ON_ERROR_STOP=1 >> /run/lab/{3} || sleep 0.2\n"
      "done\n",
      client, end_file, psql(), committed_file(client));
}

void read_numbers(const std::string& file, Numbers& numbers) {
  std::ifstream in(file);
  for (std::int64_t number = 0; in >> number;) numbers.insert(number);
}

class Campaign {
 public:
  static Result<Campaign> begin(const Programs& programs, const KillOptions& options);
  Status round(int number);
  Status compare();
  Result<KillReport> take_report();

 private:
  Campaign(Programs programs, KillOptions options, RunFolder folder, Lab lab)
      : programs_(std::move(programs)),
        options_(std::move(options)),
        random_(options_.seed),
        folder_(std::move(folder)),
        lab_(std::make_unique<Lab>(std::move(lab))) {}
  Status start_cluster();
  Status start_clients() const;
  Result<std::string> ask(const std::string& statement) const;
  Status wait_until(std::string_view what, const std::function<Result<bool>()>& claim) const;
  Status wait_until_served() const;
  Status wait_until_equal() const;
  Result<json> mirror(const std::string& node) const;
  const char* draw_victim();
  Status strike(std::string_view victim, const std::string& owner);
  Status mend(std::string_view victim, const std::string& owner) const;
  Status kill_engine(const std::string& node) const;
  Status check_commits();
  Status check_file_system(const std::string& owner) const;
  Result<std::string> digest(const std::string& node) const;

  Programs programs_;
  KillOptions options_;
  Random random_;
  RunFolder folder_;
  std::unique_ptr<Lab> lab_;  // the cluster points to it
  std::optional<Cluster> cluster_;
  KillReport report_;
};

Result<Campaign> Campaign::begin(const Programs& programs, const KillOptions& options) {
  auto folder = RunFolder::make("kills");
  if (!folder) return std::unexpected(folder.error());
  auto lab = Lab::up(programs, folder->path(),
                     {.volumes = {{std::string(cluster_volume), cluster_mib},
                                  {std::string(data_volume), data_mib}}});
  if (!lab) return std::unexpected(lab.error());
  Campaign campaign(programs, options, std::move(*folder), std::move(*lab));
  if (auto started = campaign.start_cluster(); !started) return std::unexpected(started.error());
  if (auto served = campaign.wait_until_served(); !served) return std::unexpected(served.error());
  if (auto started = campaign.start_clients(); !started) return std::unexpected(started.error());
  return campaign;
}

Status Campaign::start_cluster() {
  auto site = lab_->site();
  if (!site) return std::unexpected(site.error());
  site->arbiter = "dynamodb";
  site->mirror = MirrorUse::database;
  site->mirror_on_volumes = true;
  site->file_system = options_.file_system;
  for (const SiteNode& node : site->nodes) {
    auto set = lab_->fault(
        {"volume", node.name, "lose-cache", "--seed", std::to_string(random_.below(1'000'000))});
    if (!set) return set;
  }
  auto cluster = Cluster::start(*lab_, programs_, *site);
  if (!cluster) return std::unexpected(cluster.error());
  cluster_.emplace(std::move(*cluster));
  const auto formed = cluster_->wait_until_formed(patience);
  return formed ? Status{} : std::unexpected(formed.error());
}

Status Campaign::start_clients() const {
  for (int client = 1; client <= clients; ++client) {
    auto started = lab_->start("client", fmt::format("/var/log/client-{}.log", client),
                               {"sh", "-c", client_script(client)});
    if (!started) return started;
  }
  return {};
}

// At the client's machine, through the virtual IP.
Result<std::string> Campaign::ask(const std::string& statement) const {
  return lab_->exec("client",
                    {"sh", "-c", fmt::format("timeout 20 {} -c \"{}\"", psql(), statement)});
}

Status Campaign::wait_until(std::string_view what,
                            const std::function<Result<bool>()>& claim) const {
  const std::int64_t until = monotonic_ns() + Duration(patience).count();
  std::string seen;
  while (monotonic_ns() < until) {
    const auto true_now = claim();
    if (true_now && *true_now) return {};
    if (!true_now) seen = true_now.error().message;
    if (!pause(100ms)) return failure(Code::cancelled, "interrupted");
  }
  for (const SiteNode& node : cluster_->site().nodes) {
    const auto status = cluster_->ask(node.name, {"status"});
    seen += fmt::format("\n{}\n{}", status ? *status : status.error().message,
                        cluster_->log_of(node.name));
  }
  return failure(Code::timed_out,
                 fmt::format("{} in {}: {}", what, mainstay::to_text(Duration(patience)), seen));
}

// A commit of our own is acknowledged.
Status Campaign::wait_until_served() const {
  return wait_until("no commit was acknowledged", [this]() -> Result<bool> {
    const auto done =
        ask("create table if not exists entries (n bigint primary key); "
            "create table if not exists checks (n bigserial); insert into checks default values;");
    if (!done) return std::unexpected(done.error());
    return true;
  });
}

Result<json> Campaign::mirror(const std::string& node) const {
  const auto text = cluster_->ask(node, {"--json", "mirror", "status", "md1"});
  if (!text) return std::unexpected(text.error());
  return json::parse(*text, nullptr, false)["mirrors"][0]["status"];
}

Status Campaign::wait_until_equal() const {
  return wait_until("the copies did not become equal", [this]() -> Result<bool> {
    for (const SiteNode& node : cluster_->site().nodes) {
      const auto status = mirror(node.name);
      if (!status) return std::unexpected(status.error());
      if (!status->is_object() || (*status)["own"]["state"] != "up to date" ||
          (*status)["peer"]["state"] != "up to date") {
        return failure(Code::unavailable, fmt::format("{}: {}", node.name, status->dump()));
      }
    }
    return true;
  });
}

const char* Campaign::draw_victim() {
  int all = 0;
  for (const Victim& victim : victims) all += victim.weight;
  auto drawn = static_cast<int>(random_.below(static_cast<std::uint64_t>(all)));
  for (const Victim& victim : victims) {
    drawn -= victim.weight;
    if (drawn < 0) return victim.name;
  }
  return victims.back().name;
}

Status Campaign::kill_engine(const std::string& node) const {
  const auto done =
      lab_->exec(node, {"sh", "-c", "kill -9 $(pgrep -f -- '[-]-engine --config') || true"});
  return done ? Status{} : std::unexpected(done.error());
}

Status Campaign::strike(std::string_view victim, const std::string& owner) {
  const std::string other = cluster_->other(owner);
  if (victim == "active node") return lab_->fault({"kill", owner});
  if (victim == "standby node") return lab_->fault({"kill", other});
  if (victim == "mirror link") return lab_->fault({"cut", owner, other});
  if (victim == "engine of the active node") return kill_engine(owner);
  if (victim == "engine of the standby node") return kill_engine(other);
  if (auto done = lab_->fault({"kill", owner}); !done) return done;
  if (!pause(random_.between(Duration{}, Duration(1s))))
    return failure(Code::cancelled, "interrupted");
  return lab_->fault({"kill", other});
}

Status Campaign::mend(std::string_view victim, const std::string& owner) const {
  const std::string other = cluster_->other(owner);
  if (victim == "active node") return lab_->fault({"start", owner});
  if (victim == "standby node") return lab_->fault({"start", other});
  if (victim == "mirror link") return lab_->fault({"heal"});
  if (victim != "both nodes") return {};
  if (auto done = lab_->fault({"start", other}); !done) return done;
  return lab_->fault({"start", owner});
}

Status Campaign::check_commits() {
  Numbers acknowledged;
  for (int client = 1; client <= clients; ++client) {
    read_numbers(lab_->shared(committed_file(client)), acknowledged);
  }
  const auto listed = lab_->exec(
      "client",
      {"sh", "-c",
       fmt::format("timeout 60 {} -c 'select n from entries' > /run/lab/{}", psql(), rows_file)},
      90s);
  if (!listed) return std::unexpected(listed.error());
  Numbers rows;
  read_numbers(lab_->shared(rows_file), rows);
  report_.acknowledged = acknowledged.size();
  report_.rows = rows.size();
  std::vector<std::int64_t> missing;
  std::ranges::set_difference(acknowledged, rows, std::back_inserter(missing));
  if (missing.empty()) return {};
  return failure(Code::conflict, fmt::format("{} acknowledged commits are missing, the first is {}",
                                             missing.size(), missing.front()));
}

// ext4 counts its errors and keeps the count on the disk; xfs shuts itself down.
Status Campaign::check_file_system(const std::string& owner) const {
  const auto seen = lab_->exec(
      owner, {"sh", "-c",
              fmt::format("device=$(findmnt -no SOURCE {0}) && findmnt -no OPTIONS {0} && "
                          "cat /sys/fs/ext4/${{device#/dev/}}/errors_count 2>/dev/null || true",
                          mirror_mount)});
  if (!seen) return std::unexpected(seen.error());
  const bool writable = seen->starts_with("rw");
  const std::string count = seen->substr(std::min(seen->size(), seen->find('\n') + 1));
  if (writable && (count == "0\n" || (count.empty() && options_.file_system != "ext4"))) return {};
  return failure(Code::corrupt, fmt::format("the file system on {} met errors: {}", owner, *seen));
}

Status Campaign::round(int number) {
  const auto formed = cluster_->wait_until_formed(patience);
  if (!formed) return std::unexpected(formed.error());
  const std::string owner = formed->owner;
  const char* victim = draw_victim();
  const bool settled = random_.chance(0.6);
  if (settled) {
    if (auto equal = wait_until_equal(); !equal) return equal;
  }
  if (!pause(random_.between(Duration{}, Duration(2s))))
    return failure(Code::cancelled, "interrupted");
  const std::int64_t begun = monotonic_ns();
  if (auto done = strike(victim, owner); !done) return done;
  if (!pause(random_.between(Duration{}, Duration(6s))))
    return failure(Code::cancelled, "interrupted");
  if (auto done = mend(victim, owner); !done) return done;
  if (auto served = wait_until_served(); !served) return served;
  const double seconds = static_cast<double>(monotonic_ns() - begun) / 1e9;
  report_.seconds[victim].push_back(seconds);
  if (auto checked = check_commits(); !checked) return checked;
  const auto now = cluster_->wait_until_formed(patience);
  if (!now) return std::unexpected(now.error());
  if (auto checked = check_file_system(now->owner); !checked) return checked;
  fmt::print("{:4}  {:<27}{:<10} {:5.1f} s  term {:<4} {} commits, none missing\n", number, victim,
             settled ? "" : "recovering", seconds, now->term, report_.acknowledged);
  std::fflush(stdout);
  return {};
}

Result<std::string> Campaign::digest(const std::string& node) const {
  return lab_->exec(
      node,
      {"sh", "-c", fmt::format("dd if={} bs=1M iflag=direct status=none | sha256sum", data_volume)},
      120s);
}

Status Campaign::compare() {
  if (auto formed = cluster_->wait_until_formed(patience); !formed) {
    return std::unexpected(formed.error());
  }
  if (auto equal = wait_until_equal(); !equal) return equal;
  const auto& nodes = cluster_->site().nodes;
  const std::string group(group_name);
  const auto stopped = cluster_->ask(nodes[0].name, {"group", "stop", group}, 120s);
  if (!stopped) return std::unexpected(stopped.error());
  if (auto equal = wait_until_equal(); !equal) return equal;
  std::vector<std::string> digests;
  for (const SiteNode& node : nodes) {
    const std::string check = options_.file_system == "xfs" ? "xfs_repair -n" : "e2fsck -fn";
    const auto sound =
        lab_->exec(node.name, {"sh", "-c", fmt::format("{} {} 2>&1", check, data_volume)}, 120s);
    if (!sound) return std::unexpected(sound.error());
    const auto sum = digest(node.name);
    if (!sum) return std::unexpected(sum.error());
    digests.push_back(*sum);
  }
  if (digests[0] != digests[1]) return failure(Code::conflict, "the two copies differ");
  ++report_.comparisons;
  fmt::print("      both copies are equal, byte for byte, and {} finds nothing wrong\n",
             options_.file_system == "xfs" ? "xfs_repair" : "e2fsck");
  const auto started = cluster_->ask(nodes[0].name, {"group", "start", group}, 120s);
  if (!started) return std::unexpected(started.error());
  return wait_until_served();
}

Result<KillReport> Campaign::take_report() {
  std::ofstream(lab_->shared(end_file)) << "\n";
  const auto text = output_of(lab_->command({"events", "--json"}));
  if (!text) return std::unexpected(text.error());
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const json event = json::parse(line, nullptr, false);
    if (!event.is_object() || event.value("kind", "") != "volume") continue;
    const std::string lost = event.value("details", json::object()).value("lost", "0");
    report_.lost_sectors += std::stoull(lost);
  }
  return std::move(report_);
}

}  // namespace

Result<KillReport> kill_database(const Programs& programs, const KillOptions& options) {
  auto campaign = Campaign::begin(programs, options);
  if (!campaign) return std::unexpected(campaign.error());
  for (int number = 1; number <= options.kills; ++number) {
    if (auto done = campaign->round(number); !done) {
      Error error = done.error();
      error.message = fmt::format("kill {} of seed {}: {}", number, options.seed, error.message);
      return std::unexpected(error);
    }
    if (number % options.compare_every != 0 && number != options.kills) continue;
    if (auto done = campaign->compare(); !done) return std::unexpected(done.error());
  }
  return campaign->take_report();
}

}  // namespace mainstay::bench
