// mainstay-demo: a service whose node dies, told as it happens. In the lab, with the programs a
// user has; it ends by itself and leaves nothing behind.
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "database.h"
#include "harness/cluster.h"
#include "harness/measure.h"

namespace mainstay::bench {
namespace {

constexpr const char* picture = R"(
  VPC 10.0.0.0/16                      client  10.0.200.10
  +---------------------------------------+-----------------------------------+
  |  three route tables:                  |  GET http://10.1.0.20/            |
  |  10.1.0.20/32 -> the active server    |  every 20 ms                      |
  |                                       |                                   |
  |  zone a               +---------------+---------------+            zone c |
  |  NAT instance 1       v                               v    NAT instance 2 |
  |  10.0.10.5     server1 10.0.110.10   <------>   server2 10.0.120.10       |
  +---------------------------------------------------------------------------+
)";

constexpr Duration form_patience = 60s;

struct Stage {
  Programs programs;
  RunFolder folder;
  std::unique_ptr<Lab> lab;
  Site site;
  std::optional<Cluster> cluster;
};

void chapter(std::string_view title) {
  fmt::print("\n== {}\n\n", title);
  std::fflush(stdout);
}

void tell(std::string_view text) {
  fmt::print("   {}\n", text);
  std::fflush(stdout);
}

double seconds_since(std::int64_t begun) {
  return static_cast<double>(monotonic_ns() - begun) / 1e9;
}

// Which server each route table of the VPC sends the virtual IP to.
Status tell_routes(const Stage& stage) {
  const auto targets = stage.lab->routes_to(virtual_ip);
  if (!targets) return std::unexpected(targets.error());
  for (const RouteTarget& target : *targets) {
    const auto node = std::ranges::find(stage.site.nodes, target.eni, &SiteNode::eni);
    tell(fmt::format("route table {:<10} {}/32 -> {} ({})", target.table, virtual_ip, target.eni,
                     node == stage.site.nodes.end() ? "?" : node->name));
  }
  return {};
}

Status tell_status(const Stage& stage, const std::string& node) {
  const auto text = stage.cluster->ask(node, {"status"});
  if (!text) return std::unexpected(text.error());
  fmt::print("{}\n", *text);
  return tell_routes(stage);
}

Result<Stage> set_up() {
  auto programs = find_programs();
  if (!programs) return std::unexpected(programs.error());
  auto folder = RunFolder::make("demo");
  if (!folder) return std::unexpected(folder.error());
  chapter("A small AWS on this machine");
  fmt::print("{}\n", picture);
  const std::int64_t begun = monotonic_ns();
  auto lab = Lab::up(*programs, folder->path());
  if (!lab) return std::unexpected(lab.error());
  Stage stage{*programs, std::move(*folder), std::make_unique<Lab>(std::move(*lab)), {}, {}};
  auto site = stage.lab->site();
  if (!site) return std::unexpected(site.error());
  stage.site = std::move(*site);
  tell(
      fmt::format("The lab is up after {:.1f} s: VPC {}, network namespaces as instances, an EC2 "
                  "endpoint that moves real routes.",
                  seconds_since(begun), stage.site.vpc));
  return stage;
}

Result<View> form(Stage& stage) {
  chapter("Two nodes form a cluster");
  const std::int64_t begun = monotonic_ns();
  auto cluster = Cluster::start(*stage.lab, stage.programs, stage.site);
  if (!cluster) return std::unexpected(cluster.error());
  stage.cluster.emplace(std::move(*cluster));
  const auto view = stage.cluster->wait_until_formed(form_patience);
  if (!view) return view;
  fmt::print("`mainstay check` says of their configuration:\n\n{}\n", stage.cluster->safety());
  tell(fmt::format("{} runs on {} after {:.1f} s. `mainstay status` there says:\n", group_name,
                   view->owner, seconds_since(begun)));
  if (auto done = tell_status(stage, view->owner); !done) return std::unexpected(done.error());
  return view;
}

struct Story {
  std::int64_t struck_ns = 0;
  std::uint64_t lab_events = 0;
  Measurement measured;
};

// Everything that the lab, the survivor and the client witnessed, from the fault to a moment after
// the first good answer.
Status tell_story(const Stage& stage, const Story& story, const std::vector<std::string>& nodes) {
  auto moments = stage.lab->events(story.lab_events);
  if (!moments) return std::unexpected(moments.error());
  for (const std::string& node : nodes) {
    const auto own = stage.cluster->events(node, story.struck_ns - 100'000'000);
    if (!own) return std::unexpected(own.error());
    moments->insert(moments->end(), own->begin(), own->end());
  }
  const Measurement& measured = story.measured;
  if (measured.failed > 0) {
    moments->push_back(
        {measured.last_good_ns, "client", "the last request that is answered for now"});
    moments->push_back(
        {measured.first_good_ns, "client",
         fmt::format("the first good answer again: {:.0f} ms without", measured.outage_ms)});
  }
  // A client that noticed nothing sets no end to the story.
  const std::int64_t end =
      measured.failed == 0
          ? monotonic_ns()
          : std::max(measured.first_good_ns, story.struck_ns + 500'000'000) + 300'000'000;
  fmt::print("{}",
             to_text(between(in_order(std::move(*moments)), story.struck_ns - 100'000'000, end),
                     story.struck_ns));
  fmt::print("\n");
  tell(measured.failed == 0
           ? fmt::format("None of the client's {} requests failed.", measured.requests)
           : fmt::format("The client asked {} times; {} requests failed. Its outage: {:.0f} ms.",
                         measured.requests, measured.failed, measured.outage_ms));
  return {};
}

Status tell_why(const Stage& stage, const std::string& node) {
  const auto activation = stage.cluster->last_activation(node);
  if (!activation) return std::unexpected(activation.error());
  tell(fmt::format("Why {} may run on {}: {}", group_name, activation->node, activation->reason));
  for (const std::string& clearance : activation->clearances) tell("  clearance " + clearance);
  return {};
}

// Watches the client while something happens to the owner.
template <class Strike>
Result<Story> watch(const Stage& stage, Duration watched, Strike strike) {
  Story story;
  auto before = stage.lab->last_event();
  if (!before) return std::unexpected(before.error());
  story.lab_events = *before;
  auto probe = Probe::start(*stage.lab, stage.programs, watched);
  if (!probe) return std::unexpected(probe.error());
  if (!pause(1500ms)) return failure(Code::cancelled, "interrupted");
  story.struck_ns = monotonic_ns();
  if (Status done = strike(); !done) return std::unexpected(done.error());
  auto measured = probe->finish();
  if (!measured) return std::unexpected(measured.error());
  story.measured = *measured;
  if (!measured->ended) {
    return failure(Code::timed_out, fmt::format("the client was not served again within {}",
                                                mainstay::to_text(watched)));
  }
  return story;
}

Status failover(const Stage& stage, const std::string& owner) {
  const std::string survivor = stage.cluster->other(owner);
  chapter(fmt::format("{} dies without a word", owner));
  tell("The client fetches the page through the virtual IP every 20 ms. Killing the node ...\n");
  const auto story = watch(stage, 8s, [&] { return stage.lab->fault({"kill", owner}); });
  if (!story) return std::unexpected(story.error());
  if (auto done = tell_story(stage, *story, {survivor}); !done) return done;
  if (auto done = tell_why(stage, survivor); !done) return done;
  return tell_routes(stage);
}

Status rejoin(const Stage& stage, const std::string& returning) {
  const std::string owner = stage.cluster->other(returning);
  chapter(fmt::format("{} comes back", returning));
  const auto before = stage.cluster->view(owner);
  if (!before) return std::unexpected(before.error());
  const auto story = watch(stage, 8s, [&] { return stage.lab->fault({"start", returning}); });
  if (!story) return std::unexpected(story.error());
  const auto after = stage.cluster->wait_until_formed(form_patience);
  if (!after) return std::unexpected(after.error());
  if (auto done = tell_story(stage, *story, {owner}); !done) return done;
  if (after->owner != owner || after->term != before->term) {
    return failure(Code::conflict,
                   fmt::format("{} was disturbed: it ran on {} in term {}, now on {} "
                               "in term {}",
                               group_name, owner, before->term, after->owner, after->term));
  }
  tell(fmt::format("It joined, and {} stayed where it was: on {}, in term {}.", group_name, owner,
                   after->term));
  return {};
}

Status planned_move(const Stage& stage, const std::string& owner) {
  const std::string target = stage.cluster->other(owner);
  chapter(fmt::format("A planned move: mainstay group move {} {}", group_name, target));
  const auto story = watch(stage, 4s, [&]() -> Status {
    const auto done = stage.cluster->ask(owner, {"group", "move", std::string(group_name), target});
    return done ? Status{} : std::unexpected(done.error());
  });
  if (!story) return std::unexpected(story.error());
  if (auto done = tell_story(stage, *story, {owner, target}); !done) return done;
  if (auto done = tell_why(stage, target); !done) return done;
  return tell_routes(stage);
}

void tell_how_to_look(const Stage& stage) {
  const std::string& lab = stage.programs.lab;
  chapter("Lab and cluster stay up");
  fmt::print(R"(export MAINSTAY_LAB_DIR={0}
bin={1}
$bin/mainstay-lab status                            # instances, routes, faults
$bin/mainstay-lab exec server1 -- $bin/mainstay status
$bin/mainstay-lab exec server1 -- $bin/mainstay why {2}
$bin/mainstay-lab exec client -- $bin/mainstay-lab probe --url http://{3}:80/ --duration 1s
$bin/mainstay-lab fault kill server2                # fault --help: freeze, cut, line, api ...
$bin/mainstay-lab shell server1                     # look around there
$bin/mainstay-lab down && rm -r {4}
)",
             stage.lab->folder(), lab.substr(0, lab.rfind('/')), group_name, virtual_ip,
             stage.folder.path());
}

Status play(Stage& stage) {
  const auto view = form(stage);
  if (!view) return std::unexpected(view.error());
  const std::string first = view->owner;
  const std::string second = stage.cluster->other(first);
  if (auto done = failover(stage, first); !done) return done;
  if (auto done = rejoin(stage, first); !done) return done;
  return planned_move(stage, second);
}

// What is kept up to be looked at is the first act.
enum class Database { with, without };

// Loop devices are root's, wherever a user may have namespaces of its own.
Database possible(Database wanted) {
  if (wanted == Database::without || geteuid() == 0) return wanted;
  tell("PostgreSQL on a mirror disk is left out: only root may attach loop devices.");
  return Database::without;
}

int demo(bool keep, Database database) {
  const std::int64_t begun = monotonic_ns();
  auto stage = set_up();
  Status done = stage ? play(*stage) : Status(std::unexpected(stage.error()));
  if (done && !keep) stage->lab.reset();
  if (done && !keep && possible(database) == Database::with) done = play_database();
  if (!done) {
    const bool asked = done.error().code == Code::cancelled;
    fmt::print(stderr, "\nmainstay-demo: {}\n",
               asked ? "interrupted; taking the lab down" : done.error().message);
    return asked ? 130 : 1;
  }
  if (keep) {
    stage->lab->keep();
    stage->folder.keep();
    tell_how_to_look(*stage);
    return 0;
  }
  chapter(fmt::format("Done after {:.0f} s; nothing is left behind", seconds_since(begun)));
  tell("./run demo --keep leaves lab and cluster up to look at.");
  return 0;
}

}  // namespace
}  // namespace mainstay::bench

int main(int argc, char** argv) {
  bool keep = false;
  bool without_mirror = false;
  CLI::App app("A service whose node dies, and what its client notices", "mainstay-demo");
  app.add_flag("--keep", keep, "Leave lab and cluster up, and say how to look at them");
  app.add_flag("--without-mirror", without_mirror, "Leave PostgreSQL on a mirror disk out");
  CLI11_PARSE(app, argc, argv);
  mainstay::bench::note_stop_signals();
  using mainstay::bench::Database;
  return mainstay::bench::demo(keep, without_mirror ? Database::without : Database::with);
}
