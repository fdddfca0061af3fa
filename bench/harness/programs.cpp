#include "harness/programs.h"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

namespace mainstay::bench {
namespace {

namespace fs = std::filesystem;

Result<std::string> program_in(const fs::path& build, const std::string& name) {
  std::error_code ignored;
  for (const char* folder : {"src/apps", "bench", "."}) {
    const fs::path path = build / folder / name;
    if (fs::is_regular_file(path, ignored)) return path.lexically_normal().string();
  }
  return failure(Code::not_found,
                 fmt::format("{} was not built: there is none in {}. ./run build builds it.", name,
                             build.string()));
}

Result<fs::path> build_folder() {
  std::error_code problem;
  const fs::path self = fs::read_symlink("/proc/self/exe", problem);
  if (problem) return failure(Code::unavailable, "cannot find out where this program lies");
  return self.parent_path().parent_path();
}

}  // namespace

Result<std::string> find_program(const std::string& name) {
  const auto build = build_folder();
  if (!build) return std::unexpected(build.error());
  return program_in(*build, name);
}

Result<Programs> find_programs() {
  const auto build = build_folder();
  if (!build) return std::unexpected(build.error());
  auto lab = program_in(*build, "mainstay-lab");
  if (!lab) return std::unexpected(lab.error());
  auto daemon = program_in(*build, "mainstayd");
  if (!daemon) return std::unexpected(daemon.error());
  auto command = program_in(*build, "mainstay");
  if (!command) return std::unexpected(command.error());
  return Programs{std::move(*lab), std::move(*daemon), std::move(*command), build->string()};
}

Result<RunFolder> RunFolder::make(const std::string& purpose) {
  std::string path = fmt::format("/tmp/mainstay-{}-XXXXXX", purpose);
  if (mkdtemp(path.data()) == nullptr) {
    return failure(Code::unavailable,
                   fmt::format("cannot make a folder below /tmp: {}", std::strerror(errno)));
  }
  return RunFolder(std::move(path));
}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), kept_(other.kept_) {}

RunFolder::~RunFolder() {
  std::error_code ignored;  // What cannot be removed is empty folders below /tmp.
  if (!path_.empty() && !kept_) fs::remove_all(path_, ignored);
}

}  // namespace mainstay::bench
