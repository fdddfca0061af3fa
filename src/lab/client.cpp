// Running the program, and talking to the sockets of the lab.
#include "lab/client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "lab/control.h"
#include "lab/exec.h"
#include "lab/files.h"

extern char** environ;  // NOLINT: POSIX declares it nowhere

namespace mainstay::lab {
namespace {

namespace fs = std::filesystem;

std::string find_program(const LabOptions& options) {
  if (!options.program.empty()) return options.program;
  if (const char* named = std::getenv("MAINSTAY_LAB_PROGRAM")) return named;
  std::error_code ignored;  // Then the path is searched.
  const fs::path own = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const fs::path& place :
       {own, own / "../apps", own / "../src/apps", own / "../../src/apps"}) {
    if (fs::exists(place / "mainstay-lab", ignored))
      return fs::canonical(place / "mainstay-lab", ignored);
  }
  return "mainstay-lab";
}

Result<Fd> temporary_file() {
  Fd file(::memfd_create("output", MFD_CLOEXEC));
  if (!file) return system_failure("make a temporary file");
  return file;
}

std::string content(const Fd& file) {
  auto text = read_file(fmt::format("/proc/self/fd/{}", file.number()));
  return text ? *text : std::string();
}

Result<ExecResult> run_program(const std::string& program,
                               const std::vector<std::string>& arguments) {
  auto out = temporary_file();
  auto err = temporary_file();
  if (!out || !err) return std::unexpected((out ? err : out).error());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out->number(), 1);
  posix_spawn_file_actions_adddup2(&actions, err->number(), 2);
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t child = -1;
  errno = posix_spawnp(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (errno != 0) return system_failure("run " + program);
  int how = 0;
  while (::waitpid(child, &how, 0) < 0) {
    if (errno != EINTR) return system_failure("wait for " + program);
  }
  return ExecResult{WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how), content(*out),
                    content(*err)};
}

std::string new_directory() {
  static std::atomic<int> number = 0;
  return fmt::format("/tmp/mainstay-lab-{}-{}", ::getpid(), ++number);
}

}  // namespace

Lab::Lab(std::string directory, std::string program)
    : directory_(std::move(directory)), program_(std::move(program)) {}

Lab::Lab(Lab&& other) noexcept
    : directory_(other.directory_),
      program_(other.program_),
      running_(std::exchange(other.running_, false)) {}

Lab::~Lab() {
  if (running_) (void)down();  // Whoever must know whether it worked calls down().
}

Result<Lab> Lab::up(const LabOptions& options) {
  const std::string directory = options.directory.empty() ? new_directory() : options.directory;
  const std::string program = find_program(options);
  std::vector<std::string> arguments = {"up", "--dir", directory};
  const std::string layout_file = directory + ".layout";
  if (!options.layout.empty()) {
    if (auto written = write_file(layout_file, options.layout); !written) {
      return std::unexpected(written.error());
    }
    arguments.insert(arguments.end(), {"--layout", layout_file});
  }
  for (const std::string& bind : options.binds) arguments.insert(arguments.end(), {"--bind", bind});
  if (options.own_clocks) arguments.emplace_back("--own-clocks");
  const auto ran = run_program(program, arguments);
  if (!options.layout.empty()) ::unlink(layout_file.c_str());
  if (!ran) return std::unexpected(ran.error());
  if (ran->code != 0) return failure(Code::unavailable, ran->err);
  return Lab(directory, program);
}

Status Lab::down() {
  const auto ran = run_program(program_, {"down", "--dir", directory_});
  if (!ran) return std::unexpected(ran.error());
  if (ran->code != 0) return failure(Code::unavailable, ran->err);
  running_ = false;
  return {};
}

Result<ExecResult> Lab::exec(const std::string& instance, const std::vector<std::string>& argv,
                             Duration patience) const {
  auto out = temporary_file();
  auto err = temporary_file();
  if (!out || !err) return std::unexpected((out ? err : out).error());
  const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto code = exec_in(directory_, instance, {.argv = argv},
                            {null.number(), out->number(), err->number()}, patience);
  if (!code) return std::unexpected(code.error());
  return ExecResult{*code, content(*out), content(*err)};
}

Status Lab::start(const std::string& instance, const std::vector<std::string>& argv,
                  const std::string& log) const {
  const auto code = exec_in(directory_, instance, {.argv = argv, .detach = true, .log = log}, {},
                            std::chrono::seconds(10));
  if (!code) return std::unexpected(code.error());
  return {};
}

Status Lab::boot_command(const std::string& instance, const std::vector<std::string>& argv) const {
  const auto done =
      ask_lab(directory_, {.command = "boot-command", .words = argv, .instance = instance});
  if (!done) return std::unexpected(done.error());
  return {};
}

Result<std::string> Lab::fault(const std::vector<std::string>& words) const {
  return ask_lab(directory_, {.command = "fault", .words = words});
}

Result<std::string> Lab::fault(const std::string& line) const {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return fault(words);
}

Result<std::string> Lab::status_json() const { return ask_lab(directory_, {.command = "status"}); }

Result<std::string> Lab::events_json(std::uint64_t since) const {
  return ask_lab(directory_, {.command = "events", .since = since});
}

Result<std::string> Lab::look_up(const std::string& path) const {
  const auto text = status_json();
  if (!text) return text;
  const auto status = nlohmann::json::parse(*text, nullptr, false);
  const nlohmann::json::json_pointer pointer("/" + path);
  if (status.is_discarded() || !status.contains(pointer)) {
    return failure(Code::not_found, fmt::format("the lab's status has no '{}'", path));
  }
  const auto& value = status.at(pointer);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string Lab::disk(const std::string& instance) const {
  return instance_directory(directory_, instance) + "/disk";
}

}  // namespace mainstay::lab
