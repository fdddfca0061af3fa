// mainstay-attempt: does once to one resource or monitor of a configuration what the daemon would
// do, and prints what would be said of it. For tests in the lab; it is no part of the package.
//
// Verbs share what a resource keeps from its activation on, as they do in one run of the daemon.
#include <charconv>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "adapters/aws/connection.h"
#include "adapters/linux/clock.h"
#include "adapters/linux/host.h"
#include "adapters/linux/mounts.h"
#include "adapters/linux/process.h"
#include "adapters/linux/resolver.h"
#include "adapters/mirror/mirror_client.h"
#include "apps/aws_link.h"
#include "base/file.h"
#include "catalog/catalog.h"
#include "config/document.h"
#include "config/parse.h"
#include "monitors/registry.h"
#include "resources/registry.h"

namespace mainstay::apps {
namespace {

using namespace adapters;

// What is not over by then, although its own deadline is, hangs.
constexpr Duration overtime = 2s;

struct Bench {
  NodeName self;
  Duration patience;
  Loop loop;
  LinuxClock clock{loop};
  LinuxHost host{loop};
  LinuxResolver resolver{loop};
  MirrorClient mirror{loop, "/run/mainstay/mirror"};
  LinuxMounts mounts{loop};
  LinuxProcess process{loop, Families::Settings{.cluster = "attempt", .node = self.value}};
  std::unique_ptr<aws::Connection> connection;
  Random random{1};
  Kept kept;

  Bench(NodeName node, Duration limit) : self(std::move(node)), patience(limit) {}

  Call call() { return {clock.now() + patience, {}}; }

  // As the daemon asks: with the rights of the role that is configured for it.
  Aws& aws_for(const ClusterConfig& config, const Params& params) {
    return connection->aws_as(role_of(config, params));
  }

  Context context(const GroupName& group, const ResourceConfig& resource, Aws& aws) {
    return {.node = self,
            .group = group,
            .resource = resource.name,
            .term = 1,
            .call = call(),
            .clock = clock,
            .host = host,
            .process = process,
            .aws = aws,
            .resolver = resolver,
            .mirror = mirror,
            .mounts = mounts,
            .random = random,
            .facts = {},
            .warn = [](const std::string& text) { fmt::print("warning: {}\n", text); },
            .progress = [](const std::string& text) { fmt::print("step: {}\n", text); },
            .log_directory = "/var/log/mainstay",
            .kept = kept};
  }

  template <class T>
  Result<T> run(Task<T> task) {
    task.start();
    if (loop.run_until([&task] { return task.done(); }, clock.now() + patience + overtime)) {
      return task.take();
    }
    return failure(Code::timed_out, "it did not end by its deadline");
  }
};

std::string judgement(const MonitorConfig& monitor, const Health& health) {
  if (health.verdict == Verdict::healthy) return "healthy";
  if (health.verdict == Verdict::unhealthy) return monitor_error_text(monitor.name, health);
  switch (monitor.on_unknown) {
    case UnknownAction::recover:
      return monitor_error_text(monitor.name, health);
    case UnknownAction::warn:
      return monitor_warning_text(monitor.name, health);
    case UnknownAction::none:
      break;
  }
  return "unknown";
}

Result<std::string> monitor(Bench& bench, const ClusterConfig& config, const MonitorConfig& what) {
  Result<Health> health = healthy();
  const NodeName& self = bench.self;
  if (what.checks.empty()) {
    MonitorContext context{.node = bench.self,
                           .monitor = what.name,
                           .call = bench.call(),
                           .clock = bench.clock,
                           .host = bench.host,
                           .process = bench.process,
                           .aws = bench.aws_for(config, what.params.at(self)),
                           .mirror = bench.mirror,
                           .log_directory = "/var/log/mainstay"};
    health = bench.run(find_monitor_type(what.type)->observe(what.params.at(self), context));
  } else {
    const GroupConfig* group = group_of(config, what.checks);
    const ResourceConfig* resource = find_resource(*group, what.checks);
    const Params& params = resource->params.at(self);
    Context context = bench.context(group->name, *resource, bench.aws_for(config, params));
    const auto& check = find_resource_type(resource->type)->check;
    health = bench.run(check(params, context));
  }
  if (!health) return std::unexpected(health.error());
  return judgement(what, *health);
}

Result<std::string> change(Bench& bench, const ClusterConfig& config, const GroupConfig& group,
                           const ResourceConfig& resource, const std::string& verb) {
  const Params& params = resource.params.at(bench.self);
  Context context = bench.context(group.name, resource, bench.aws_for(config, params));
  const ResourceType* type = find_resource_type(resource.type);
  const bool up = verb == "activate";
  if (!up && verb != "deactivate") return failure(Code::invalid, "there is no verb " + verb);
  const auto done = bench.run((up ? type->activate : type->deactivate)(params, context));
  if (!done) return std::unexpected(done.error());
  if (*done) return std::string(up ? "started" : "stopped");
  return up ? start_failure_text(resource.name, done->error())
            : stop_failure_text(resource.name, done->error());
}

Result<std::string> attempt(Bench& bench, const ClusterConfig& config, const std::string& name,
                            const std::string& verb) {
  if (const MonitorConfig* found = find_monitor(config, MonitorName(name))) {
    return monitor(bench, config, *found);
  }
  const GroupConfig* group = group_of(config, ResourceName(name));
  if (group == nullptr) return failure(Code::not_found, name + " is not configured");
  return change(bench, config, *group, *find_resource(*group, ResourceName(name)), verb);
}

Status attempt_all(const std::vector<std::string>& words) {
  const auto text = read_file(words[0], document_size_max);
  if (!text) return std::unexpected(text.error());
  const auto config = parse_config(*text, catalog());
  if (!config) return failure(Code::invalid, to_text(config.error().front(), words[0]));
  int seconds = 0;
  std::from_chars(words[3].data(), words[3].data() + words[3].size(), seconds);
  Bench bench{NodeName(words[1]), std::chrono::seconds(seconds)};
  auto opened = open_aws(config->aws, bench.clock, bench.loop, Random(1));
  if (!opened) return std::unexpected(opened.error());
  bench.connection = std::move(*opened);
  for (std::size_t i = 4; i < words.size(); ++i) {
    const auto said = attempt(bench, *config, words[2], words[i]);
    if (!said) return std::unexpected(said.error());
    fmt::print("{}\n", *said);
  }
  return {};
}

}  // namespace
}  // namespace mainstay::apps

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  if (words.size() < 5) {
    std::fputs("usage: mainstay-attempt CONFIG NODE NAME SECONDS VERB...\n", stderr);
    return 2;
  }
  const auto done = mainstay::apps::attempt_all(words);
  if (done) return 0;
  fmt::print("refused: {}\n", done.error().message);
  return 1;
}
