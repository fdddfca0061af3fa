#include "apps/run_doctor.h"

#include <fmt/format.h>

#include "adapters/aws/connection.h"
#include "adapters/linux/clock.h"
#include "adapters/linux/host.h"
#include "adapters/linux/loop.h"
#include "adapters/linux/resolver.h"
#include "apps/aws_link.h"
#include "apps/host_name.h"
#include "catalog/catalog.h"
#include "doctor/checks.h"
#include "doctor/repair.h"

namespace mainstay::apps {
namespace {

// What a call has beyond its own deadline, for its answer to get here.
constexpr Duration slack = 1s;

// One command's loop and what it asks.
struct Consultation {
  adapters::Loop loop;
  adapters::LinuxClock clock{loop};
  adapters::LinuxHost host{loop};
  adapters::LinuxResolver resolver{loop};
  std::unique_ptr<aws::Connection> connection;
  Instant deadline;

  Status open(const AwsConfig& config, Duration patience) {
    deadline = clock.now() + patience;
    // Chance only spreads retries here: the time will do for a seed.
    const auto seed = static_cast<std::uint64_t>(clock.now().time_since_epoch().count());
    auto opened = open_aws(config, clock, loop, Random(seed));
    if (!opened) return std::unexpected(opened.error());
    connection = std::move(*opened);
    return {};
  }
  Call call() const { return {deadline, {}}; }

  template <class T>
  Result<T> run(Task<T> task) {
    task.start();
    if (loop.run_until([&task] { return task.done(); }, deadline + slack)) return task.take();
    return failure(Code::timed_out, "not everything was answered in time. Try a larger --timeout");
  }
};

template <class T>
Result<T> flat(Result<Result<T>> nested) {
  if (!nested) return std::unexpected(nested.error());
  return std::move(*nested);
}

}  // namespace

Result<doctor::Report> examine(const ClusterConfig& config, const NodeName& self,
                               Duration patience) {
  const NodeName node = self.empty() ? NodeName(host_name()) : self;
  if (find_node(config, node) == nullptr) {
    return failure(
        Code::invalid,
        fmt::format("'{}' is no node of this configuration. Name this node with --node", node));
  }
  Consultation here;
  if (const Status opened = here.open(config.aws, patience); !opened) {
    return std::unexpected(opened.error());
  }
  aws::Connection& aws = *here.connection;
  const doctor::World world{aws.aws(), aws.survey(), here.host, here.resolver,
                            [&aws](const std::string& role) {
                              return doctor::Rights{aws.aws_as(role), aws.survey_as(role)};
                            }};
  const auto facts = here.run(doctor::gather(config, node, world, here.call()));
  if (!facts) return std::unexpected(facts.error());
  return doctor::examine({config, catalog(), *facts});
}

Status repair(const ClusterConfig& config, const doctor::Repair& what, Duration patience) {
  Consultation here;
  if (const Status opened = here.open(config.aws, patience); !opened) return opened;
  return flat(here.run(doctor::repair(what, here.connection->survey(), here.call())));
}

Result<std::string> discover(const doctor::DiscoveryOrder& order, Duration patience) {
  Consultation here;
  if (const Status opened = here.open({}, patience); !opened) {
    return std::unexpected(opened.error());
  }
  auto asked =
      doctor::discover(order, here.connection->aws(), here.connection->survey(), here.call());
  return flat(here.run(std::move(asked)));
}

}  // namespace mainstay::apps
