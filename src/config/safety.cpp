#include "config/safety.h"

#include <fmt/format.h>

#include <algorithm>

namespace mainstay {
namespace {

// The best that the configuration has to say about a silent node.
enum class Evidence { stays, none, presumed_blindly, presumed, minority, fenced, lease };

// Presumption is for those who have nothing better: the core uses it only then.
Evidence evidence_of(const ClusterConfig& config, const GroupConfig& group) {
  const ArbitrationConfig& arbitration = config.arbitration;
  if (group.policy.size() < 2 || group.failover == Switch::manual) return Evidence::stays;
  if (arbitration.arbiter.kind != ArbiterKind::none) return Evidence::lease;
  if (arbitration.forced_stop.kind != ForcedStopKind::none) return Evidence::fenced;
  if (arbitration.majority) return Evidence::minority;
  if (!arbitration.allow_presumed) return Evidence::none;
  return arbitration.reachability.empty() ? Evidence::presumed_blindly : Evidence::presumed;
}

std::string word(Evidence evidence) {
  switch (evidence) {
    case Evidence::stays:
    case Evidence::none:
      return "none";
    case Evidence::presumed_blindly:
    case Evidence::presumed:
      return "presumed";
    case Evidence::minority:
      return "minority";
    case Evidence::fenced:
      return "fenced";
    case Evidence::lease:
      return "lease";
  }
  return "";
}

struct Words {
  std::string group;
  std::string both;  // "both nodes", "two nodes"
};

constexpr std::string_view strong_cure = "Add a lease arbiter or a forced stop.";

using Judged = SafetyFinding;

Judged judge_nothing(const Words& words, Fault fault) {
  if (fault == Fault::node_fails || fault == Fault::node_freezes) {
    return {{},
            fault,
            Outcome::no_owner,
            "",
            fmt::format("If its node fails, {} stays down until an operator says that the node is "
                        "stopped: nothing in the configuration can give evidence of it.",
                        words.group),
            std::string(strong_cure)};
  }
  return {{},
          fault,
          Outcome::one_owner,
          "",
          fmt::format("{} does not move when a node is silent.", words.group),
          ""};
}

Judged judge_presumed(const Words& words, Fault fault) {
  switch (fault) {
    case Fault::node_fails:
      return {{},
              fault,
              Outcome::one_owner,
              "",
              fmt::format("If its node fails, {} moves on `presumed` evidence.", words.group),
              ""};
    case Fault::interconnect_fails:
      return {{},
              fault,
              Outcome::two_owners,
              "",
              fmt::format("If only the interconnect fails, {} can run on {}: its only evidence is "
                          "`presumed`.",
                          words.group, words.both),
              std::string(strong_cure)};
    case Fault::node_cut_off:
      return {{},
              fault,
              Outcome::one_owner,
              "",
              fmt::format("If its node is cut off, {} stops there by itself, a little before "
                          "another node starts it; that rests on timing.",
                          words.group),
              std::string(strong_cure)};
    case Fault::node_freezes:
      return {{},
              fault,
              Outcome::overlap,
              "",
              fmt::format("If its node freezes and wakes up after {} has moved, {} runs on {} for "
                          "the moment until the woken node has stopped it.",
                          words.group, words.group, words.both),
              "Add a forced stop, which keeps the frozen node from waking up."};
  }
  return {};
}

Judged judge_presumed_blindly(const Words& words, Fault fault) {
  if (fault != Fault::interconnect_fails && fault != Fault::node_cut_off) {
    return judge_presumed(words, fault);
  }
  const auto when =
      fault == Fault::interconnect_fails ? "the nodes do not hear each other" : "a node is cut off";
  return {{},
          fault,
          Outcome::two_owners,
          "",
          fmt::format("If {}, {} can run on {}: its only evidence is `presumed`, and no "
                      "reachability check tells a node that it is the one cut off.",
                      when, words.group, words.both),
          "Add a reachability check; better, a lease arbiter or a forced stop."};
}

Judged judge_minority(const Words& words, Fault fault) {
  switch (fault) {
    case Fault::node_fails:
      return {{},
              fault,
              Outcome::one_owner,
              "",
              fmt::format("If its node fails, {} moves when a majority has not heard of the node "
                          "for long enough (`minority`).",
                          words.group),
              ""};
    case Fault::interconnect_fails:
      return {{},
              fault,
              Outcome::no_owner,
              "",
              fmt::format("If no node hears any other, there is no majority and {} runs nowhere.",
                          words.group),
              "Add a second path, or a lease arbiter."};
    case Fault::node_cut_off:
      return {{},
              fault,
              Outcome::one_owner,
              "",
              fmt::format("If its node is cut off, {} stops there before the majority starts it.",
                          words.group),
              ""};
    case Fault::node_freezes:
      return judge_presumed(words, fault);
  }
  return {};
}

Judged judge_fenced(const Words& words, Fault fault, const ForcedStopConfig& forced_stop) {
  if (fault != Fault::interconnect_fails) {
    return {
        {},
        fault,
        Outcome::one_owner,
        "",
        fmt::format(
            "Before {} moves, the silent node has been stopped by force (`fenced`). If "
            "that fails, the group {}.",
            words.group,
            forced_stop.on_failure == ForcedStopFailure::wait ? "waits" : "is left to an operator"),
        ""};
  }
  return {{},
          fault,
          Outcome::no_owner,
          "",
          fmt::format("If only the interconnect fails, the nodes stop each other by force: {} runs "
                      "on one of them, or on none if both stops succeed.",
                      words.group),
          "Add a lease arbiter, which lets one of them win."};
}

Judged judge_lease(const Words& words, Fault fault) {
  switch (fault) {
    case Fault::interconnect_fails:
      return {{},
              fault,
              Outcome::one_owner,
              "",
              fmt::format("If only the interconnect fails, {} stays where it is: its node keeps "
                          "its session at the arbiter.",
                          words.group),
              ""};
    case Fault::node_freezes:
      return judge_presumed(words, fault);
    default:
      return {{},
              fault,
              Outcome::one_owner,
              "",
              fmt::format("Before {} moves, the silent node's session at the arbiter has been "
                          "revoked (`lease`); the node stops itself before that.",
                          words.group),
              ""};
  }
}

Judged judge_stays(const Words& words, Fault fault) {
  return {{},
          fault,
          Outcome::one_owner,
          "",
          fmt::format("{} never moves by itself, so it never runs on two nodes.", words.group),
          ""};
}

SafetyFinding judge(const ClusterConfig& config, const GroupConfig& group, Fault fault) {
  const Evidence evidence = evidence_of(config, group);
  const Words words{group.name.value, config.nodes.size() == 2 ? "both nodes" : "two nodes"};
  SafetyFinding finding;
  switch (evidence) {
    case Evidence::stays:
      finding = judge_stays(words, fault);
      break;
    case Evidence::none:
      finding = judge_nothing(words, fault);
      break;
    case Evidence::presumed_blindly:
      finding = judge_presumed_blindly(words, fault);
      break;
    case Evidence::presumed:
      finding = judge_presumed(words, fault);
      break;
    case Evidence::minority:
      finding = judge_minority(words, fault);
      break;
    case Evidence::fenced:
      finding = judge_fenced(words, fault, config.arbitration.forced_stop);
      break;
    case Evidence::lease:
      finding = judge_lease(words, fault);
      break;
  }
  finding.group = group.name;
  finding.evidence = word(evidence);
  // One path is one cable; a second one is cheaper than anything else.
  if (finding.outcome == Outcome::two_owners && config.paths.size() == 1) {
    finding.cure += " A second path makes it less likely.";
  }
  return finding;
}

}  // namespace

std::vector<SafetyFinding> assess_safety(const ClusterConfig& config) {
  std::vector<SafetyFinding> findings;
  for (const GroupConfig& group : config.groups) {
    for (const Fault fault :
         {Fault::node_fails, Fault::interconnect_fails, Fault::node_cut_off, Fault::node_freezes}) {
      findings.push_back(judge(config, group, fault));
    }
  }
  return findings;
}

std::vector<std::string> safety_sentences(const ClusterConfig& config) {
  const std::vector<SafetyFinding> findings = assess_safety(config);
  std::vector<std::string> sentences;
  for (const GroupConfig& group : config.groups) {
    const SafetyFinding* worst = nullptr;
    for (const SafetyFinding& each : findings) {
      if (each.group != group.name) continue;
      if (worst == nullptr || each.outcome > worst->outcome) worst = &each;
    }
    sentences.push_back(worst->cure.empty() ? worst->sentence
                                            : worst->sentence + " " + worst->cure);
  }
  return sentences;
}

std::string_view to_text(Fault fault) {
  switch (fault) {
    case Fault::node_fails:
      return "node_fails";
    case Fault::interconnect_fails:
      return "interconnect_fails";
    case Fault::node_cut_off:
      return "node_cut_off";
    case Fault::node_freezes:
      return "node_freezes";
  }
  return "?";
}

std::string_view to_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::one_owner:
      return "one_owner";
    case Outcome::no_owner:
      return "no_owner";
    case Outcome::overlap:
      return "overlap";
    case Outcome::two_owners:
      return "two_owners";
  }
  return "?";
}

}  // namespace mainstay
