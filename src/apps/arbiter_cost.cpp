#include "apps/arbiter_cost.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "cluster/arbitration/session_record.h"

namespace mainstay::apps {
namespace {

// Of 1 November 2024, region us-east-1. A write unit covers a kilobyte.
constexpr double dollars_per_write_unit = 0.625e-6;
constexpr std::size_t write_unit_size = 1024;
constexpr const char* price_origin = "on-demand price of us-east-1, November 2024";
constexpr double seconds_per_month = 730.0 * 3600;

// As arbitration does it: a session is renewed four times per lease, a silent one read eight times.
constexpr double renewals_per_lease = 4;
constexpr double watches_per_lease = 8;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

NodeName longest_name(const ClusterConfig& config) {
  NodeName longest;
  for (const auto& node : config.nodes) {
    if (node.name.value.size() > longest.value.size()) longest = node.name;
  }
  return longest;
}

// Everything that a node could have to say at once.
Beat fullest_beat(const ClusterConfig& config) {
  const NodeName node = longest_name(config);
  Beat beat;
  for (const auto& group : config.groups) {
    beat.reports[group.name].promise.claimant = node;
    beat.intents[group.name] = {.by = node, .to = node};
    beat.wanted[group.name] = node;
  }
  for (const auto& each : config.nodes) beat.echoes[each.name] = {};
  return beat;
}

// With the names of its attributes, as DynamoDB counts.
std::size_t item_size(const ClusterConfig& config, std::size_t value_size) {
  constexpr std::size_t names = sizeof(
                                    "cluster"
                                    "record"
                                    "version"
                                    "value") -
                                1;
  constexpr std::size_t number_max = 21;
  const std::size_t key = sizeof("node/") - 1 + longest_name(config).value.size();
  return names + config.name.size() + key + number_max + value_size;
}

}  // namespace

ArbiterLoad arbiter_load(const ClusterConfig& config) {
  const double lease_s = seconds(config.timing.lease);
  const arbitration::SessionRecord record{.standing = arbitration::SessionStanding::active,
                                          .revoked_by = longest_name(config),
                                          .beat = encode(fullest_beat(config))};
  return {.writes_per_s = static_cast<double>(config.nodes.size()) * renewals_per_lease / lease_s,
          .record_size = arbitration::encode(record).size(),
          .silent_reads_per_s = watches_per_lease / lease_s};
}

double dynamodb_monthly_cost(const ClusterConfig& config) {
  const ArbiterLoad load = arbiter_load(config);
  const std::size_t units =
      (item_size(config, load.record_size) + write_unit_size - 1) / write_unit_size;
  return load.writes_per_s * static_cast<double>(units) * seconds_per_month *
         dollars_per_write_unit;
}

std::vector<std::string> arbiter_cost_sentences(const ClusterConfig& config) {
  if (config.arbitration.arbiter.kind == ArbiterKind::none) return {};
  const ArbiterLoad load = arbiter_load(config);
  std::vector<std::string> sentences = {fmt::format(
      "The arbiter is written to about {:.1f} times a second: each of {} nodes renews its session "
      "every {}, in a record of at most {} bytes. It is read only while a node is silent, then "
      "about {:.1f} times a second by each node that watches.",
      load.writes_per_s, config.nodes.size(),
      to_text(Duration(config.timing.lease / static_cast<int>(renewals_per_lease))),
      load.record_size, load.silent_reads_per_s)};
  if (config.arbitration.arbiter.kind == ArbiterKind::dynamodb) {
    sentences.push_back(fmt::format("That costs about ${:.2f} a month ({}).",
                                    dynamodb_monthly_cost(config), price_origin));
  }
  return sentences;
}

}  // namespace mainstay::apps
