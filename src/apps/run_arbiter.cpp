#include "apps/run_arbiter.h"

#include <fmt/format.h>

#include "adapters/http/poll_loop.h"
#include "adapters/http/test_run.h"
#include "apps/arbiter_link.h"
#include "apps/aws_link.h"
#include "cluster/arbitration/session_record.h"
#include "mirror/record.h"

namespace mainstay::apps {
namespace {

using arbitration::SessionStanding;

// One command's loop and connections.
struct Workshop {
  PollLoop loop;
  std::unique_ptr<aws::Connection> connection;
  ArbiterLink link;

  Status open(const ClusterConfig& config) {
    // Chance only spreads retries here: the time will do for a seed.
    const auto seed = static_cast<std::uint64_t>(loop.now().time_since_epoch().count());
    auto opened = open_aws(config.aws, loop, loop, Random(seed));
    if (!opened) return std::unexpected(opened.error());
    connection = std::move(*opened);
    auto linked = link_arbiter(config, loop, *connection);
    if (!linked) return std::unexpected(linked.error());
    link = std::move(*linked);
    if (link.store) return {};
    return failure(Code::invalid,
                   "no arbiter is configured: say arbiter = \"dynamodb\" or \"etcd\" in "
                   "[arbitration] (docs/arbiters.md)");
  }
};

std::string_view to_text(SessionStanding standing) {
  switch (standing) {
    case SessionStanding::none:
      return "none";
    case SessionStanding::active:
      return "active";
    case SessionStanding::closed:
      return "closed";
    case SessionStanding::revoked:
      return "revoked";
  }
  return "unknown";
}

void add_session(const std::string& node, const ArbiterEntry& entry, cli::ArbiterReport& report) {
  const auto record = arbitration::decode_session(entry.record.value);
  if (!record) {
    report.oddities.push_back({entry.key, record.error().message});
    return;
  }
  report.sessions.push_back({.node = node,
                             .standing = std::string(to_text(record->standing)),
                             .incarnation = record->incarnation,
                             .lease = record->lease,
                             .revoked_by = record->revoked_by.value});
}

void add_group(const std::string& group, const ArbiterEntry& entry, cli::ArbiterReport& report) {
  const auto record = arbitration::decode_owner(entry.record.value);
  if (!record) {
    report.oddities.push_back({entry.key, record.error().message});
    return;
  }
  report.groups.push_back({.group = group, .owner = record->owner.value, .term = record->term});
}

void add_mirror(const std::string& mirror, const ArbiterEntry& entry, cli::ArbiterReport& report) {
  const auto record = mirror::decode_up_to_date(entry.record.value);
  if (!record) {
    report.oddities.push_back({entry.key, record.error().message});
    return;
  }
  report.mirrors.push_back(
      {.mirror = mirror, .first = record->first, .second = record->second, .term = record->term});
}

}  // namespace

cli::ArbiterReport report_of(const ArbiterStoreState& state,
                             const std::vector<ArbiterEntry>& entries) {
  cli::ArbiterReport report{
      .name = state.name, .state = state.state, .ready = state.ready, .facts = state.facts};
  for (const auto& entry : entries) {
    const auto slash = entry.key.find('/');
    const std::string kind = entry.key.substr(0, slash);
    const std::string name = slash == std::string::npos ? "" : entry.key.substr(slash + 1);
    if (kind == "node" && !name.empty()) {
      add_session(name, entry, report);
    } else if (kind == "group" && !name.empty()) {
      add_group(name, entry, report);
    } else if (kind == "mirror" && !name.empty()) {
      add_mirror(name, entry, report);
    } else {
      report.oddities.push_back({entry.key, "this release knows no such record"});
    }
  }
  return report;
}

Result<cli::ArbiterReport> show_arbiter(const ClusterConfig& config, Duration patience) {
  Workshop workshop;
  if (auto opened = workshop.open(config); !opened) return std::unexpected(opened.error());
  const Call call{workshop.loop.now() + patience, {}};
  const auto state = run(workshop.loop, workshop.link.store->describe(call));
  if (!state) return std::unexpected(state.error());
  if (!state->ready) return report_of(*state, {});
  const auto entries = run(workshop.loop, workshop.link.store->list(call));
  if (!entries) return std::unexpected(entries.error());
  return report_of(*state, *entries);
}

Result<cli::ArbiterCreation> create_arbiter(const ClusterConfig& config, Duration patience,
                                            const std::function<void(const std::string&)>& say) {
  Workshop workshop;
  if (auto opened = workshop.open(config); !opened) return std::unexpected(opened.error());
  if (config.arbitration.arbiter.kind != ArbiterKind::dynamodb) {
    return failure(Code::invalid,
                   "etcd has nothing to create: its records are made by the nodes. What it needs "
                   "is in docs/arbiters.md; see it with mainstay arbiter show");
  }
  const auto records = dynamodb_records(config);
  dynamodb::DynamoDbStore store(workshop.loop, *workshop.link.client, records);
  const Call call{workshop.loop.now() + patience, {}};
  const auto table = run(workshop.loop, store.create(say, call));
  if (!table) return std::unexpected(table.error());
  const auto state = run(workshop.loop, store.describe(call));
  if (!state) return std::unexpected(state.error());
  return cli::ArbiterCreation{.name = state->name,
                              .facts = state->facts,
                              .node_policy = dynamodb::node_policy(table->arn, config.name),
                              .administrator_policy = dynamodb::administrator_policy(table->arn)};
}

}  // namespace mainstay::apps
