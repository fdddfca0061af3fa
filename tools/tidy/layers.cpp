// Layers: who may include whom, as the table of docs/ARCHITECTURE.md says.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "tidy/rules.h"

namespace mainstay::tidy {
namespace {

std::vector<std::string> cells_of(std::string_view row) {
  std::vector<std::string> cells;
  row = trim(row);
  row.remove_prefix(1);
  while (!row.empty()) {
    const std::size_t end = row.find('|');
    cells.emplace_back(trim(row.substr(0, end)));
    if (end == std::string_view::npos) break;
    row.remove_prefix(end + 1);
  }
  return cells;
}

// "`base`, `config`" -> base, config; a dash is the empty list.
std::set<std::string> words_of(std::string_view cell) {
  std::set<std::string> words;
  std::string word;
  for (const char c : std::string(cell) + ",") {
    if (is_word_char(c) || c == '+') {
      word += c;
    } else if (c == ',' || c == ' ') {
      if (!word.empty()) words.insert(std::exchange(word, {}));
    }
  }
  return words;
}

constexpr std::size_t columns_of_table = 5;

void read_row(std::string_view line, const std::string& path, std::size_t number, LayerTable& table,
              Findings& findings) {
  const auto cells = cells_of(line);
  if (cells.size() < columns_of_table) {
    findings.push_back({path, number, "the layer table's row has fewer than five columns"});
    return;
  }
  for (const std::string& folder : words_of(cells[0])) {
    Layer layer;
    layer.folder = folder;
    layer.may_include = words_of(cells[2]);
    layer.may_include_all = layer.may_include.erase("everything") > 0;
    layer.libraries = words_of(cells[3]);
    layer.pure = cells[4] == "yes";
    if (!table.layers.emplace(folder, std::move(layer)).second) {
      findings.push_back(
          {path, number, fmt::format("'{}' stands in the layer table twice", folder)});
    }
  }
}

struct Include {
  std::string target;
  bool quoted = false;
  std::size_t line = 0;
};

std::string include_target(std::string_view line, bool& quoted) {
  const std::size_t open = line.find_first_of("\"<");
  if (open == std::string_view::npos) return {};
  quoted = line[open] == '"';
  const std::size_t close = line.find(quoted ? '"' : '>', open + 1);
  if (close == std::string_view::npos) return {};
  return std::string(line.substr(open + 1, close - open - 1));
}

std::vector<Include> includes_of(const Source& source) {
  std::vector<Include> includes;
  for (std::size_t i = 0; i < source.code_lines.size(); ++i) {
    if (!trim(source.code_lines[i]).starts_with("#include")) continue;
    Include include;
    include.target = include_target(source.lines[i], include.quoted);
    include.line = i + 1;
    if (!include.target.empty()) includes.push_back(std::move(include));
  }
  return includes;
}

constexpr std::array heavy_libraries = {"asio",  "boost", "httplib", "json",
                                        "cli11", "toml",  "pugixml"};

class LayerCheck {
 public:
  LayerCheck(const Source& source, const Layer& layer, const Exists& exists, Findings& findings)
      : source_(source), layer_(layer), exists_(exists), findings_(findings) {}

  void include(const Include& include) {
    number_ = include.line;
    if (include.quoted) {
      own(include.target);
    } else {
      foreign(include.target);
    }
  }

 private:
  void found(std::string message) {
    findings_.push_back({source_.path, number_, std::move(message)});
  }

  void own(const std::string& target) {
    const std::string folder = folder_of_target(target);
    if (folder.empty()) {
      found(
          fmt::format("\"{}\" is not a path relative to src/ (or, outside src/, to one's own "
                      "folder or bench/)",
                      target));
      return;
    }
    if (folder == layer_.folder || layer_.may_include_all) return;
    if (layer_.may_include.contains(folder)) return;
    found(fmt::format("{} may not include {} (\"{}\"); see the table in docs/ARCHITECTURE.md",
                      layer_.folder, folder, target));
  }

  // Empty if there is no such file where it may be looked for. The programs that drive others share
  // what lies in bench/.
  std::string folder_of_target(const std::string& target) const {
    if (exists_("src/" + target)) return target.substr(0, target.find('/'));
    if (source_.path.starts_with("src/")) return {};
    const std::string top = source_.path.substr(0, source_.path.find('/') + 1);
    if (exists_(top + target)) return layer_.folder;
    return exists_("bench/" + target) ? "bench" : "";
  }

  void foreign(const std::string& header) {
    const std::string library = library_of(header);
    if (library == "std") return;
    const bool for_tests = source_.is_test() || source_.is_test_support();
    if (for_tests && (library == "doctest" || library == "rapidcheck")) return;
    if (!layer_.libraries.contains(library)) {
      found(fmt::format("{} may not use {} (<{}>); see the table in docs/ARCHITECTURE.md",
                        layer_.folder, library, header));
    }
  }

  const Source& source_;
  const Layer& layer_;
  const Exists& exists_;
  Findings& findings_;
  std::size_t number_ = 0;
};

}  // namespace

LayerTable read_layers(std::string_view architecture, const std::string& path, Findings& findings) {
  LayerTable table;
  bool inside = false;
  std::size_t number = 0;
  for (const std::string_view line : split_lines(architecture)) {
    ++number;
    if (line.starts_with("| Folder | Is | May include")) {
      inside = true;
    } else if (inside && line.starts_with("|--")) {
      continue;
    } else if (inside && line.starts_with("|")) {
      read_row(line, path, number, table, findings);
    } else {
      inside = false;
    }
  }
  if (table.layers.empty()) findings.push_back({path, 0, "the layer table is missing"});
  return table;
}

std::string folder_of(std::string_view path) {
  if (path.starts_with("src/")) path.remove_prefix(4);
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

std::string library_of(std::string_view header) {
  struct Row {
    std::string_view prefix;
    std::string_view library;
  };
  static constexpr std::array rows = {
      Row{"fmt/", "fmt"},
      Row{"boost/asio", "asio"},
      Row{"boost/", "boost"},
      Row{"doctest/", "doctest"},
      Row{"rapidcheck", "rapidcheck"},
      Row{"toml++/", "toml"},
      Row{"nlohmann/", "json"},
      Row{"httplib", "httplib"},
      Row{"CLI/", "cli11"},
      Row{"pugixml", "pugixml"},
      Row{"spdlog/", "spdlog"},
      Row{"sodium", "sodium"},
      Row{"openssl/", "openssl"},
      Row{"curl/", "curl"},
      Row{"sqlite3", "sqlite"},
      Row{"google/protobuf", "protobuf"},
      Row{"liburing", "liburing"},
  };
  for (const Row& row : rows) {
    if (header.starts_with(row.prefix)) return std::string(row.library);
  }
  return header.find_first_of("./") == std::string_view::npos ? "std" : "system";
}

void check_layers(const Source& source, const LayerTable& table, const Exists& exists,
                  Findings& findings) {
  const std::string folder = folder_of(source.path);
  const auto layer = table.layers.find(folder);
  if (layer == table.layers.end()) {
    findings.push_back({source.path, 0,
                        fmt::format("folder '{}' is not in the table of docs/ARCHITECTURE.md: say "
                                    "there what it is and what it may include",
                                    folder)});
    return;
  }
  LayerCheck check(source, layer->second, exists, findings);
  for (const Include& include : includes_of(source)) check.include(include);
}

void HeavyHeaders::add(const Source& source) {
  for (const Include& include : includes_of(source)) {
    if (include.quoted) {
      uses_.push_back({source.path, include.line, "src/" + include.target});
    } else if (source.is_header() &&
               std::ranges::find(heavy_libraries, library_of(include.target)) !=
                   heavy_libraries.end()) {
      direct_.emplace(source.path, include.target);
    }
  }
}

std::map<std::string, std::string> HeavyHeaders::heavy() const {
  auto result = direct_;
  for (bool grew = true; grew;) {
    grew = false;
    for (const Use& use : uses_) {
      const auto found = result.find(use.header);
      if (!use.from.ends_with(".h") || found == result.end()) continue;
      grew |= result.emplace(use.from, found->second).second;
    }
  }
  return result;
}

void HeavyHeaders::check(Findings& findings) const {
  const auto slow = heavy();
  const auto parent = [](const std::string& path) { return path.substr(0, path.rfind('/')); };
  for (const Use& use : uses_) {
    const auto found = slow.find(use.header);
    if (found == slow.end() || parent(use.from) == parent(use.header)) continue;
    findings.push_back({use.from, use.line,
                        fmt::format("{} drags in <{}>, which is slow to compile: only its own "
                                    "folder may include it",
                                    use.header, found->second)});
  }
}

}  // namespace mainstay::tidy
