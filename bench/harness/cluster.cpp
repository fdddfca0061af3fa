#include "harness/cluster.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mainstay::bench {
namespace {

using nlohmann::json;

constexpr const char* socket_path = "/run/mainstay/mainstay.sock";
constexpr const char* state_folder = "/var/lib/mainstay";
constexpr const char* web_path = "/etc/mainstay/web";
constexpr const char* web_pid_path = "/run/mainstay-web.pid";
constexpr const char* daemon_log = "/var/log/mainstayd.log";

// The service: a web server that says which node it runs on, and leaves a trace in the ledgers
// while it lives.
std::string web_script(const Programs& programs, const Site& site) {
  const std::string shared =
      site.shared_ledger.empty()
          ? ""
          : fmt::format(" --shared-ledger {} --term \"$MAINSTAY_TERM\"", site.shared_ledger);
  return fmt::format(
      "#!/bin/sh\n"
      "# The clustered service of the demo.\n"
      "echo $$ > {}\n"
      "exec {} web --listen 0.0.0.0:80 --name \"$MAINSTAY_NODE\" --ledger /run/lab/ledger{}\n",
      web_pid_path, programs.lab, shared);
}

// Writes a number to the mirror, makes it durable, and only then tells the world outside.
std::string lines_script() {
  return fmt::format(
      "#!/bin/sh\n"
      "n=$(tail -n 1 {0}/lines 2>/dev/null)\n"
      "n=${{n:-0}}\n"
      "while true; do\n"
      "  n=$((n + 1))\n"
      "  echo $n >> {0}/lines && sync {0}/lines && echo $n >> /run/lab/{1} || exit 1\n"
      "done\n",
      mirror_mount, acknowledged_file);
}

// PostgreSQL with its data on the mirror, made there when it starts for the first time. Its lock
// file is of a life that is over: the cluster starts it once only.
std::string database_script() {
  return fmt::format(
      "#!/bin/sh\n"
      "for bin in /usr/lib/postgresql/*/bin; do PATH=$bin:$PATH; done\n"
      "data={}/postgresql\n"
      "if [ ! -s $data/PG_VERSION ]; then\n"
      "  mkdir -p $data && chown postgres: $data || exit 1\n"
      "  runuser -u postgres -- \"$(command -v initdb)\" -D $data -A trust || exit 1\n"
      "  echo 'host all all 10.0.0.0/16 trust' >> $data/pg_hba.conf\n"
      "  sync $data/pg_hba.conf || exit 1\n"
      "fi\n"
      "rm -f $data/postmaster.pid\n"
      "exec runuser -u postgres -- \"$(command -v postgres)\" -D $data \\\n"
      "  -c listen_addresses='*' -c unix_socket_directories=/tmp\n",
      mirror_mount);
}

std::vector<std::string> daemon_argv(const Programs& programs) {
  return {programs.daemon, "--config",  std::string(config_path), "--socket", socket_path,
          "--state-dir",   state_folder};
}

json parse(const std::string& text) { return json::parse(text, nullptr, false); }

std::string evidence_line(const json& clearance) {
  return fmt::format(
      "{}: {} ({}): {}", clearance.value("node", ""), clearance.value("evidence", ""),
      clearance.value("strong", false) ? "strong" : "weak", clearance.value("why", ""));
}

ActivationFacts facts_of(const json& activation) {
  ActivationFacts facts;
  facts.monotonic_ns = activation.value("monotonic_ns", std::int64_t{0});
  facts.term = activation.value("term", std::uint64_t{0});
  facts.node = activation.value("node", "");
  facts.reason = activation.value("reason", "");
  facts.evidence = "none";
  bool weak = false;
  for (const json& clearance : activation.value("clearances", json::array())) {
    facts.clearances.push_back(evidence_line(clearance));
    if (weak) continue;
    facts.evidence = clearance.value("evidence", "");
    weak = !clearance.value("strong", false);
  }
  return facts;
}

bool formed(const View& view) {
  const auto alive = [](const auto& entry) { return entry.second == "alive"; };
  return view.phase == "running" && !view.owner.empty() && std::ranges::all_of(view.trust, alive);
}

}  // namespace

Result<Cluster> Cluster::start(const Lab& lab, const Programs& programs, const Site& site) {
  Cluster cluster(lab, programs, site);
  cluster.site_.web = {web_path};
  const auto key = output_of({.argv = {programs.command, "keygen"}});
  if (!key) return std::unexpected(key.error());
  for (const SiteNode& node : site.nodes) {
    if (auto done = lab.write(node.name, key_path, *key); !done)
      return std::unexpected(done.error());
    if (auto done = cluster.install(node.name); !done) return std::unexpected(done.error());
  }
  if (site.arbiter == "dynamodb") {
    const auto created = lab.exec(site.nodes[0].name, {programs.command, "arbiter", "create",
                                                       "--config", std::string(config_path)});
    if (!created) return std::unexpected(created.error());
  }
  const auto checked =
      lab.exec(site.nodes[0].name, {programs.command, "check", std::string(config_path)});
  if (!checked) return std::unexpected(checked.error());
  cluster.safety_ = *checked;
  for (const SiteNode& node : site.nodes) {
    if (auto done = lab.start(node.name, daemon_log, daemon_argv(programs)); !done) {
      return std::unexpected(done.error());
    }
  }
  return cluster;
}

Status Cluster::install(const std::string& node) const {
  if (auto done = lab_->write(node, config_path, cluster_toml(site_)); !done) return done;
  if (auto done = lab_->write(node, web_path, web_script(programs_, site_)); !done) return done;
  if (auto done = make_mirror(node); !done) return done;
  return lab_->at_boot(node, daemon_argv(programs_));
}

// The first node brings a file system; the second one becomes equal to it.
Status Cluster::make_mirror(const std::string& node) const {
  if (site_.mirror == MirrorUse::none) return {};
  const bool database = site_.mirror == MirrorUse::database;
  const std::string user = database ? database_script() : lines_script();
  if (auto done = lab_->write(node, mirror_user_path, user); !done) return done;
  const bool first = node == site_.nodes.front().name;
  const MirrorPartitions partitions = mirror_partitions(site_);
  std::string prepare = fmt::format("mkdir -p {} {}", mirror_folder, mirror_mount);
  if (!site_.mirror_on_volumes) {
    prepare += fmt::format(" && truncate -s 384M {} && truncate -s 16M {}", partitions.data,
                           partitions.cluster);
  }
  if (first) prepare += fmt::format(" && mkfs.{} -q {}", site_.file_system, partitions.data);
  if (auto done = lab_->exec(node, {"sh", "-c", prepare}); !done) {
    return std::unexpected(done.error());
  }
  const auto made =
      lab_->exec(node, {programs_.command, "mirror", "create", "md1", std::string(config_path),
                        "--node", node, "--as", first ? "source" : "target"});
  return made ? Status{} : std::unexpected(made.error());
}

Result<std::string> Cluster::ask(const std::string& node, const std::vector<std::string>& words,
                                 Duration patience) const {
  std::vector<std::string> argv = {programs_.command, "--socket", socket_path};
  argv.insert(argv.end(), words.begin(), words.end());
  return lab_->exec(node, argv, patience);
}

Result<View> Cluster::view(const std::string& node) const {
  const auto text = ask(node, {"status", "--json"}, 5s);
  if (!text) return std::unexpected(text.error());
  const json status = parse(*text);
  if (status.is_discarded()) return failure(Code::corrupt, "the status of " + node + " is no JSON");
  View view;
  for (const json& entry : status.value("nodes", json::array())) {
    view.trust[entry.value("name", "")] = entry.value("trust", "");
  }
  for (const json& group : status.value("groups", json::array())) {
    if (group.value("name", "") != group_name) continue;
    view.owner = group.value("owner", "");
    view.phase = group.value("phase", "");
    view.term = group.value("term", std::uint64_t{0});
    view.waits_for = group.value("waits_for", "");
  }
  return view;
}

Result<View> Cluster::wait_until_formed(Duration patience) const {
  const std::int64_t until = monotonic_ns() + patience.count();
  std::string seen = "no daemon has answered yet";
  while (monotonic_ns() < until) {
    std::vector<View> views;
    for (const SiteNode& node : site_.nodes) {
      const auto view = this->view(node.name);
      if (view) {
        views.push_back(*view);
        seen = fmt::format("{} sees the group {} on '{}'", node.name, view->phase, view->owner);
      } else {
        seen = fmt::format("{}: {}", node.name, view.error().message);
      }
    }
    const bool agree = views.size() == site_.nodes.size() && std::ranges::all_of(views, formed) &&
                       std::ranges::all_of(views, [&](const View& view) {
                         return view.owner == views.front().owner;
                       });
    if (agree) return views.front();
    if (!pause(100ms)) return failure(Code::cancelled, "interrupted");
  }
  std::string message =
      fmt::format("the cluster had not formed after {}: {}", mainstay::to_text(patience), seen);
  for (const SiteNode& node : site_.nodes) message += "\n" + log_of(node.name);
  return failure(Code::timed_out, std::move(message));
}

Result<std::size_t> Cluster::sessions() const {
  const auto text = lab_->exec(site_.nodes[0].name, {programs_.command, "arbiter", "show", "--json",
                                                     "--config", std::string(config_path)});
  if (!text) return std::unexpected(text.error());
  const json shown = parse(*text);
  if (!shown.is_object()) return failure(Code::corrupt, "what the arbiter holds is no JSON");
  const json list = shown.value("sessions", json::array());
  return static_cast<std::size_t>(std::ranges::count_if(
      list, [](const json& one) { return one.value("standing", "") == "active"; }));
}

Status Cluster::wait_until_sessions_stand(Duration patience) const {
  if (site_.arbiter == "none") return {};
  const std::int64_t until = monotonic_ns() + patience.count();
  for (;;) {
    const auto standing = sessions();
    if (standing && *standing == site_.nodes.size()) return {};
    if (monotonic_ns() > until) {
      return failure(Code::timed_out,
                     standing
                         ? fmt::format("{} of {} nodes had a session at the arbiter after {}",
                                       *standing, site_.nodes.size(), mainstay::to_text(patience))
                         : standing.error().message);
    }
    if (!pause(100ms)) return failure(Code::cancelled, "interrupted");
  }
}

Result<View> Cluster::wait_until_moved_from(const std::string& node, Duration patience) const {
  const std::int64_t until = monotonic_ns() + patience.count();
  while (monotonic_ns() < until) {
    const auto view = this->view(other(node));
    if (view && view->phase == "running" && !view->owner.empty() && view->owner != node) {
      return *view;
    }
    if (!pause(50ms)) return failure(Code::cancelled, "interrupted");
  }
  return failure(Code::timed_out, fmt::format("{} had not left {} after {}\n{}", group_name, node,
                                              mainstay::to_text(patience), log_of(other(node))));
}

std::string Cluster::other(const std::string& node) const {
  return site_.nodes[0].name == node ? site_.nodes[1].name : site_.nodes[0].name;
}

Result<std::vector<Moment>> Cluster::events(const std::string& node, std::int64_t since_ns) const {
  const auto text = ask(node, {"events", "--json", "--limit", "1000"});
  if (!text) return std::unexpected(text.error());
  const json history = parse(*text);
  if (history.is_discarded())
    return failure(Code::corrupt, "the events of " + node + " are no JSON");
  std::vector<Moment> moments;
  for (const json& event : history.value("events", json::array())) {
    const std::int64_t when = event.value("monotonic_ns", std::int64_t{0});
    if (when < since_ns) continue;
    moments.push_back({when, event.value("node", node),
                       fmt::format("{}: {}", event.value("subject", ""), event.value("text", ""))});
  }
  return moments;
}

Result<std::vector<ActivationFacts>> Cluster::activations(const std::string& node) const {
  const auto text = ask(node, {"why", std::string(group_name), "--json", "--limit", "20"});
  if (!text) return std::unexpected(text.error());
  const json why = parse(*text);
  if (!why.is_object()) return failure(Code::corrupt, "what " + node + " knows is no JSON");
  std::vector<ActivationFacts> activations;
  for (const json& one : why.value("activations", json::array())) {
    activations.push_back(facts_of(one));
  }
  return activations;
}

Result<ActivationFacts> Cluster::last_activation(const std::string& node) const {
  const auto all = activations(node);
  if (!all) return std::unexpected(all.error());
  if (!all->empty()) return all->front();
  return failure(Code::not_found, fmt::format("{} knows of no activation of {}", node, group_name));
}

Status Cluster::kill_program(const std::string& node) const {
  const auto done =
      lab_->exec(node, {"/bin/sh", "-c", fmt::format("kill -9 $(cat {})", web_pid_path)});
  return done ? Status{} : std::unexpected(done.error());
}

std::string Cluster::log_of(const std::string& node) const {
  const auto text = lab_->exec(node, {"tail", "-n", "12", daemon_log}, 5s);
  return fmt::format("--- {} on {}:\n{}", daemon_log, node, text ? *text : text.error().message);
}

}  // namespace mainstay::bench
