// tidy: the rules of the house that a machine can check, over the whole tree, in under a second.
//
//   tidy [ROOT]
//
// Prints one line per finding, as a compiler does; exit code 0 if there are none, 1 if there are,
// 2 if the tree could not be read.
#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tidy/rules.h"

namespace mainstay::tidy {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view architecture_path = "docs/ARCHITECTURE.md";
constexpr std::string_view ratchet_path = "tools/tidy_ratchet.txt";
// Where our files are. Everything else (build trees, a checkout's own administration) is not ours
// to judge.
constexpr std::array folders = {"src",  "tools", "bench", "fuzz",
                                "test", "cmake", "docs",  "packaging"};
constexpr std::array text_suffixes = {".h",  ".cpp",  ".md",      ".txt", ".cmake",
                                      ".sh", ".toml", ".service", ".def", ".conf"};

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_text(const fs::path& path) {
  return std::ranges::find(text_suffixes, path.extension().string()) != text_suffixes.end();
}

// A fuzz target's corpus is data, whatever its files are called.
bool is_data(const std::string& path) { return path.find("/corpus/") != std::string::npos; }

std::vector<std::string> files_of(const fs::path& root) {
  std::vector<std::string> paths;
  const auto add = [&](const fs::directory_entry& entry) {
    const std::string path = fs::relative(entry.path(), root).generic_string();
    if (entry.is_regular_file() && is_text(entry.path()) && !is_data(path)) paths.push_back(path);
  };
  for (const auto& entry : fs::directory_iterator(root)) add(entry);
  for (const std::string_view folder : folders) {
    if (!fs::is_directory(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) add(entry);
  }
  for (const std::string_view script : {"run", ".ci/run"}) {
    if (fs::exists(root / script)) paths.emplace_back(script);
  }
  std::ranges::sort(paths);
  return paths;
}

class Tidy {
 public:
  explicit Tidy(fs::path root) : root_(fs::canonical(root)) {}

  Findings run() {
    table_ =
        read_layers(read(root_ / architecture_path), std::string(architecture_path), findings_);
    for (const std::string& path : files_of(root_)) check(Source(path, read(root_ / path)));
    const bool has_ratchet = fs::exists(root_ / ratchet_path);
    check_ratchet(has_ratchet ? read(root_ / ratchet_path) : "", std::string(ratchet_path),
                  oversizes_, findings_);
    heavy_.check(findings_);
    standard_.check(findings_);
    std::ranges::sort(findings_, {}, [](const Finding& f) { return std::pair(f.path, f.line); });
    return std::move(findings_);
  }

  std::size_t files() const { return files_; }

 private:
  void check(const Source& source) {
    ++files_;
    check_words(source, root_.generic_string(), findings_);
    if (source.path.ends_with(".md")) check_links(source, exists(), findings_);
    if (source.is_cpp()) check_cpp(source);
  }

  void check_cpp(const Source& source) {
    check_opening(source, exists(), findings_);
    check_columns(source, findings_);
    check_commented_out_code(source, findings_);
    if (source.path == "cmake/pch.h") check_precompiled(source, findings_);
    if (source.path.starts_with("cmake/")) return;  // what the build itself needs: no layer
    check_layers(source, table_, exists(), findings_);
    heavy_.add(source);
    standard_.add(source);
    check_purity(source, table_, findings_);
    check_test_clocks(source, table_, findings_);
    check_test_name(source, findings_);
    check_coroutine_lambdas(source, findings_);
    for (Oversize& oversize : oversized(source)) oversizes_.push_back(std::move(oversize));
  }

  Exists exists() const {
    return [this](std::string_view path) { return fs::exists(root_ / path); };
  }

  fs::path root_;
  LayerTable table_;
  HeavyHeaders heavy_;
  StandardHeaders standard_;
  Findings findings_;
  std::vector<Oversize> oversizes_;
  std::size_t files_ = 0;
};

}  // namespace
}  // namespace mainstay::tidy

int main(int argc, char** argv) try {
  mainstay::tidy::Tidy tidy(argc > 1 ? argv[1] : ".");
  const auto findings = tidy.run();
  for (const auto& finding : findings) {
    fmt::print("{}:{}: {}\n", finding.path, finding.line, finding.message);
  }
  fmt::print("tidy: {} files, {} findings\n", tidy.files(), findings.size());
  return findings.empty() ? 0 : 1;
} catch (const std::exception& error) {
  fmt::print(stderr, "tidy: {}\n", error.what());
  return 2;
}
