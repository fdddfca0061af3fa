#include "cli/old_names.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace mainstay::cli {
namespace {

using Words = std::vector<std::string>;

struct OldOption {
  const char* brief;
  const char* name;
  const char* verb;
};

constexpr std::array<OldOption, 4> control_options = {{
    {"-b", "--break", "break"},
    {"-r", "--recovery", "recover"},
    {"-f", "--force", "force"},
    {"-s", "--resize", "resize"},
}};

Result<Words> control(const Words& words) {
  if (words.size() == 2) {
    for (const OldOption& option : control_options) {
      if (words[0] != option.brief && words[0] != option.name) continue;
      return Words{"mirror", option.verb, words[1]};
    }
    if (words[0] == "--active" || words[0] == "-a" || words[0] == "--deactive" ||
        words[0] == "-d") {
      return failure(Code::invalid,
                     "a mirror disk is activated with its group: use 'mainstay group start GROUP' "
                     "or 'mainstay group stop GROUP'");
    }
  }
  return failure(Code::invalid,
                 "clpmdctrl takes --break, --recovery, --force or --resize, and the name of a "
                 "mirror disk; 'mainstay mirror --help' shows all there is");
}

Result<Words> show(const Words& words) {
  Words result{"mirror", "status"};
  for (const std::string& word : words) {
    const bool option = word.starts_with('-');
    const bool known = word == "-m" || word == "--mirror" || word == "-l" || word == "--list" ||
                       word == "-a" || word == "--active";
    if (option && !known) {
      return failure(Code::invalid,
                     fmt::format("clpmdstat takes -m MIRROR, -l or -a, not {}; "
                                 "'mainstay mirror status --help' shows all there is",
                                 word));
    }
    if (!option) result.push_back(word);
  }
  return result;
}

}  // namespace

Result<Words> from_old_names(const std::string& program, Words words) {
  const std::string name = program.substr(program.rfind('/') + 1);
  if (name == "clpmdstat") return show(words);
  if (name == "clpmdctrl") return control(words);
  return words;
}

}  // namespace mainstay::cli
