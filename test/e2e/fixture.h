// One lab and one cluster of real daemons for all stories of a pattern, and questions to ask of
// them.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "harness/cases.h"
#include "harness/cluster.h"
#include "harness/lab.h"
#include "harness/programs.h"
#include "harness/setting.h"

namespace mainstay::bench {

inline constexpr Duration patience = 60s;

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

// Each story leaves the cluster formed.
struct PatternStage {
  // `change`: what is configured besides. `prepare`: what else is done before the daemons start.
  explicit PatternStage(Pattern pattern, const std::function<void(Site&)>& change = {},
                        const std::function<void(const PatternStage&)>& prepare = {})
      : PatternStage(Setting{.pattern = pattern}, change, prepare) {}
  explicit PatternStage(Setting the_setting, const std::function<void(Site&)>& change = {},
                        const std::function<void(const PatternStage&)>& prepare = {})
      : setting(std::move(the_setting)),
        programs(must(find_programs())),
        folder(must(RunFolder::make("pattern"))),
        lab(must(Lab::up(programs, folder.path(), wish_of(setting)))),
        site(must(arrange(lab, programs, setting))) {
    if (change) change(site);
    if (prepare) prepare(*this);
    cluster.emplace(must(Cluster::start(lab, programs, site)));
  }

  std::string owner() { return must(cluster->wait_until_formed(patience)).owner; }
  std::string eni_of(const std::string& node) {
    return std::ranges::find(site.nodes, node, &SiteNode::name)->eni;
  }
  std::string address_of(const std::string& node) {
    return std::ranges::find(site.nodes, node, &SiteNode::name)->address;
  }
  CaseOutcome play(std::string_view name) {
    return must(run_case(name, lab, *cluster, programs, 200ms));
  }
  std::string holder() { return must(lab.holder_of(site.allocation_id)); }
  // By a client that is not ours, in an instance.
  std::string aws(const std::string& instance, std::vector<std::string> words) {
    words.insert(words.begin(), "aws");
    words.insert(words.end(), {"--output", "text"});
    std::string text = must(lab.exec(instance, words));
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }
  bool waits_for(const std::function<bool()>& claim) {
    const std::int64_t until = monotonic_ns() + Duration(patience).count();
    while (!claim()) {
      if (monotonic_ns() > until || !pause(100ms)) return false;
    }
    return true;
  }
  bool serves(const std::string& node) {
    const auto page = lab.exec("client", {"curl", "-s", "-m", "1", service_url(site)});
    return page && *page == node + "\n";
  }
  bool said_by(const std::string& node, const std::string& text, std::int64_t since_ns) {
    const auto events = must(cluster->events(node, since_ns));
    return std::ranges::any_of(
        events, [&](const Moment& moment) { return moment.text.find(text) != std::string::npos; });
  }

  Setting setting;
  Programs programs;
  RunFolder folder;
  Lab lab;
  Site site;
  std::optional<Cluster> cluster;
};

}  // namespace mainstay::bench
