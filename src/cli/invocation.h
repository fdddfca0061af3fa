// What the command line asks for, once it is understood.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/name.h"
#include "cli/exit_code.h"

namespace mainstay::cli {

inline constexpr const char* default_socket = "/run/mainstay/mainstay.sock";
inline constexpr const char* default_config = "/etc/mainstay/cluster.toml";

struct ShowStatus {};
struct OrderGroup {
  std::string action;  // start, stop, move, restart
  std::string group;
  std::string node;  // "" = whichever is best
};
struct OrderNode {
  std::string action;  // stop, recover, cancel-start-wait, declare-stopped
  std::string node;    // "" = the one that is asked
  std::string reason;  // declare-stopped
};
struct StartNode {
  std::string node;  // "" = this one; no other can be started from here
  std::string file = default_config;
  bool without_doctor = false;
};
struct ShutdownPolicy {
  bool change = false;  // set, or reset if nothing is given
  std::string groups;   // "" = as it is
  std::string timeout;  // "" = as it is
};
struct ShowEvents {
  bool follow = false;
  std::string since;  // as parse_since() reads it; "": the newest
  std::uint64_t limit = 50;
};
struct ExplainGroup {
  std::string group;
  std::uint64_t limit = 3;
};
struct CheckFile {
  std::string file;
  bool doctor = false;  // also on this node, by asking AWS
  std::string node;     // "" = the one with this host's name
};
struct Simulate {
  std::string file;
  std::uint64_t seeds = 1000;
  std::uint64_t first_seed = 1;
};
struct CreateArbiter {
  std::string file;
};
struct ShowArbiter {
  std::string file = default_config;
};
struct PrintPolicy {
  std::string file = default_config;
  std::string region = "*";
  std::string account = "*";
  bool doctor = false;  // with what `mainstay doctor` needs besides
};
struct ShowBudget {
  std::string file = default_config;
};
struct ExamineNode {
  std::string file = default_config;
  std::string node;  // "" = the one with this host's name
  bool fix = false;
};
struct DiscoverCluster {
  std::vector<std::string> instances;
  std::string name = "cluster1";
  std::string vip;  // "" = to be chosen
};
struct ShowMirrors {
  std::string mirror;  // "" = all of the node
  bool watch = false;
};
struct OrderMirror {
  std::string action;  // recover, connect, break, verify, repair, resize, force
  std::string mirror;
  bool yes = false;  // force
};
struct MirrorCreation {
  ResourceName mirror;
  NodeName node;   // empty: the one with this host's name
  std::string as;  // source, target, equal
  std::vector<std::string> overwrite;
};
struct CreateMirror {
  std::string file = default_config;
  MirrorCreation creation;
};
struct DescribeType {
  std::string type;  // "" = list them
};
struct GenerateKey {};
struct ShowVersion {};

using Verb = std::variant<ShowStatus, OrderGroup, OrderNode, StartNode, ShutdownPolicy, ShowEvents,
                          ExplainGroup, CheckFile, Simulate, CreateArbiter, ShowArbiter,
                          ExamineNode, DiscoverCluster, PrintPolicy, ShowBudget, ShowMirrors,
                          OrderMirror, CreateMirror, DescribeType, GenerateKey, ShowVersion>;

struct Invocation {
  std::string socket = default_socket;
  std::string host;  // "" = the local daemon
  bool json = false;
  std::optional<double> timeout_s;
  Verb verb;
};

// Nothing to do but print: --help, or what is wrong with the command line.
struct Answered {
  ExitCode code = ExitCode::done;
  std::string text;
};

std::variant<Invocation, Answered> parse_arguments(const std::vector<std::string>& arguments);

}  // namespace mainstay::cli
