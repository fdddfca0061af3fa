// The output pipes of programs that a forerunner of this daemon started.
#include "adapters/linux/orphan_output.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <set>
#include <sstream>

#include "adapters/linux/proc_files.h"

namespace mainstay::adapters {
namespace {

constexpr std::string_view mark = "MAINSTAY_OUTPUT=";

struct Marked {
  std::set<ino_t> pipes;
  OutputPipe::Target target;
};

ino_t inode_of(const Fd& fd) {
  struct stat facts{};
  return fstat(fd.number(), &facts) == 0 ? facts.st_ino : 0;
}

std::optional<Marked> read_mark(const std::vector<std::string>& variables,
                                std::string_view family_mark) {
  bool ours = false;
  std::optional<Marked> found;
  for (const std::string& variable : variables) {
    if (variable.starts_with(family_mark)) ours = true;
    if (!variable.starts_with(mark)) continue;
    std::istringstream fields(variable.substr(mark.size()));
    Marked marked;
    ino_t output = 0;
    ino_t error = 0;
    if (!(fields >> output >> error >> marked.target.size_max)) continue;
    fields.get();  // The blank before the file's name.
    std::getline(fields, marked.target.file);
    marked.pipes = {output, error};
    found = std::move(marked);
  }
  return ours ? found : std::nullopt;
}

}  // namespace

std::string output_mark(const Fd& output, const Fd& error, const OutputPipe::Target& target) {
  return fmt::format("{}{} {} {} {}", mark, inode_of(output), inode_of(error), target.size_max,
                     target.file);
}

std::vector<OrphanOutput> find_orphan_output(std::string_view family_mark) {
  std::vector<OrphanOutput> found;
  std::set<ino_t> seen;
  for (const int pid : processes()) {
    const auto marked = read_mark(environment_of(pid), family_mark);
    if (!marked) continue;
    for (const int descriptor : {1, 2}) {
      const std::string path = fmt::format("/proc/{}/fd/{}", pid, descriptor);
      struct stat facts{};
      if (stat(path.c_str(), &facts) != 0 || !S_ISFIFO(facts.st_mode)) continue;
      if (!marked->pipes.contains(facts.st_ino) || seen.contains(facts.st_ino)) continue;
      Fd read_end(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
      if (!read_end || inode_of(read_end) != facts.st_ino) continue;
      seen.insert(facts.st_ino);
      found.push_back({.target = marked->target, .read_end = std::move(read_end)});
    }
  }
  return found;
}

}  // namespace mainstay::adapters
