// The rules of the house that a machine can see. Each is a pure function from sources to findings;
// tools/tidy.cpp reads the tree and prints what they find.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tidy/source.h"

namespace mainstay::tidy {

inline constexpr std::size_t file_lines_max = 800;
inline constexpr std::size_t function_lines_max = 70;
inline constexpr std::size_t columns_max = 100;

// ---- Layers: one row of the table in docs/ARCHITECTURE.md.
struct Layer {
  std::string folder;  // "cluster", or "src"-less top folders such as "tools"
  bool may_include_all = false;
  std::set<std::string> may_include;
  std::set<std::string> libraries;  // "fmt", "asio", "system" ...
  bool pure = false;                // no clocks, no chance, no threads, no I/O
};
struct LayerTable {
  std::map<std::string, Layer> layers;
};
// Reads the table whose header begins "| Folder | Is | May include". A malformed row is a finding.
LayerTable read_layers(std::string_view architecture, const std::string& path, Findings& findings);
// The folder of the table a file belongs to: "cluster" for src/cluster/group/group.h.
std::string folder_of(std::string_view path);
// The library a <header> belongs to: "std", "fmt", "asio" ..., "system" for the operating system's.
std::string library_of(std::string_view header);

using Exists = std::function<bool(std::string_view path)>;
void check_layers(const Source& source, const LayerTable& table, const Exists& exists,
                  Findings& findings);

// Headers that cost seconds in every file that includes them (Asio, JSON ...) stay in sources and
// in headers that only their own folder includes.
class HeavyHeaders {
 public:
  void add(const Source& source);
  void check(Findings& findings) const;

 private:
  struct Use {
    std::string from;
    std::size_t line = 0;
    std::string header;
  };
  std::map<std::string, std::string> heavy() const;  // our header -> the slow one it drags in

  std::map<std::string, std::string> direct_;
  std::vector<Use> uses_;
};

// Each header under src/ reaches, by itself and through ours, what it names of the standard library
// and fmt.
class StandardHeaders {
 public:
  void add(const Source& source);
  void check(Findings& findings) const;

 private:
  struct Header {
    std::set<std::string> own;
    std::set<std::string> foreign;
    std::map<std::string, std::size_t> needs;  // "std::vector" -> the first line that names it
  };
  std::set<std::string> reached(const std::string& path) const;

  std::map<std::string, Header> headers_;
};
// Knows every header of the precompiled one, behind which a forgotten include would hide.
void check_precompiled(const Source& precompiled, Findings& findings);

// ---- Sizes. What is longer than it may be, and stands in tools/tidy_ratchet.txt with exactly its
// present size, is tolerated; it may shrink, and then its line must shrink with it.
struct Block {
  std::string name;
  std::size_t first_line = 0;
  std::size_t last_line = 0;
  std::size_t size() const { return last_line - first_line + 1; }
};
std::vector<Block> functions_of(const Source& source);

struct Oversize {
  std::string path;
  std::string name;  // a function's, or "file"
  std::size_t lines = 0;
  std::size_t line = 0;  // where it begins
};
std::vector<Oversize> oversized(const Source& source);
void check_ratchet(std::string_view ratchet, const std::string& path,
                   const std::vector<Oversize>& oversizes, Findings& findings);
void check_columns(const Source& source, Findings& findings);

// ---- Words and habits.
void check_purity(const Source& source, const LayerTable& table, Findings& findings);
void check_test_clocks(const Source& source, const LayerTable& table, Findings& findings);
// Any text file: unfinished marks, and paths of somebody's machine. `root`: where the tree stands.
void check_words(const Source& source, const std::string& root, Findings& findings);
void check_commented_out_code(const Source& source, Findings& findings);
void check_opening(const Source& source, const Exists& exists, Findings& findings);
void check_test_name(const Source& source, Findings& findings);
void check_coroutine_lambdas(const Source& source, Findings& findings);

// ---- Documents.
void check_links(const Source& document, const Exists& exists, Findings& findings);

}  // namespace mainstay::tidy
