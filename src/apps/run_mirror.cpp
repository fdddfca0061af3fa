#include "apps/run_mirror.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "apps/host_name.h"
#include "apps/mirror_plan.h"

extern char** environ;

namespace mainstay::apps {
namespace {

// The sockets of the plan are not used for this.
constexpr const char* directory = "/run/mainstay/mirror";

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    path_ = (std::filesystem::temp_directory_path() / "mainstay-mirror-XXXXXX").string();
    const int fd = mkstemp(path_.data());
    if (fd < 0) return;
    close(fd);
    std::ofstream out(path_);
    out << text;
    out.close();
    good_ = static_cast<bool>(out);
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  bool good() const { return good_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool good_ = false;
};

Status run(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ);
  if (error != 0) {
    return failure(Code::not_found, fmt::format("{} cannot be started: {}. Is it installed?",
                                                words[0], std::generic_category().message(error)));
  }
  int state = 0;
  while (waitpid(pid, &state, 0) < 0) {
    if (errno != EINTR) return failure(Code::unavailable, words[0] + " was lost");
  }
  if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return {};
  return failure(Code::denied, "the copy was not made");
}

}  // namespace

Status create_mirror(const ClusterConfig& config, const cli::MirrorCreation& order) {
  const NodeName node = order.node.empty() ? NodeName(host_name()) : order.node;
  const auto plans = mirror_plans(config, node, directory);
  if (!plans) return std::unexpected(plans.error());
  const auto plan = std::ranges::find(*plans, order.mirror, &MirrorPlan::mirror);
  if (plan == plans->end()) {
    return failure(Code::not_found,
                   fmt::format("the configuration has no mirror disk {} with a copy on node {}",
                               order.mirror, node));
  }
  const TemporaryFile file(plan->engine_config);
  if (!file.good()) {
    return failure(Code::denied, fmt::format("{} cannot be written", file.path()));
  }
  std::vector<std::string> words = {engine_program(), "create", "--config",
                                    file.path(),      "--as",   order.as};
  for (const std::string& what : order.overwrite) {
    words.emplace_back("--overwrite");
    words.push_back(what);
  }
  return run(std::move(words));
}

}  // namespace mainstay::apps
