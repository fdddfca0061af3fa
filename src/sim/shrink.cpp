#include "sim/shrink.h"

#include <fmt/format.h>

namespace mainstay::sim {
namespace {

class Shrinker {
 public:
  Shrinker(std::uint64_t seed, const RunOptions& options,
           const std::function<void(const std::string&)>& progress)
      : seed_(seed), progress_(progress), best_(options) {
    best_.story = false;
    result_ = run_once(seed, best_);
    law_ = result_.passed() ? std::string_view() : result_.violations.front().law;
    drawn_ = ingredients_of(seed, best_).faults.size();
    best_.without.assign(drawn_, false);
  }

  Shrunk run() {
    if (!law_.empty()) {
      shorten();
      for (std::size_t size = std::max<std::size_t>(drawn_ / 2, 1); size > 0; size /= 2) drop(size);
      shorten();
    }
    Shrunk shrunk{
        .seed = seed_, .options = best_, .faults = {}, .faults_drawn = drawn_, .result = {}};
    shrunk.options.story = true;
    shrunk.faults = ingredients_of(seed_, best_).faults;
    shrunk.result = run_once(seed_, shrunk.options);
    return shrunk;
  }

 private:
  bool still_fails(const RunOptions& options) {
    if (++runs_ > shrink_runs_max) return false;
    RunResult result = run_once(seed_, options);
    if (result.passed() || result.violations.front().law != law_) return false;
    result_ = std::move(result);
    best_ = options;
    return true;
  }

  // Everything after the law was broken cannot matter.
  void shorten() {
    const std::vector<Fault> faults = all_faults();
    const WorldTime broken = result_.violations.front().at;
    RunOptions tried = best_;
    for (std::size_t i = 0; i < faults.size(); ++i) {
      if (WorldTime(faults[i].begin) > broken) tried.without[i] = true;
    }
    if (tried.without != best_.without && still_fails(tried)) tell();
  }

  // Leaves out runs of `size` faults, as long as the law still breaks.
  void drop(std::size_t size) {
    for (std::size_t first = 0; first < drawn_; first += size) {
      RunOptions tried = best_;
      for (std::size_t i = first; i < std::min(first + size, drawn_); ++i) tried.without[i] = true;
      if (tried.without != best_.without && still_fails(tried)) tell();
    }
  }

  std::vector<Fault> all_faults() const {
    RunOptions all = best_;
    all.without.clear();
    return ingredients_of(seed_, all).faults;
  }

  void tell() const {
    const auto left = std::ranges::count(best_.without, false);
    if (progress_) progress_(fmt::format("{} of {} faults left", left, drawn_));
  }

  std::uint64_t seed_;
  const std::function<void(const std::string&)>& progress_;
  RunOptions best_;
  RunResult result_;
  std::string_view law_;
  std::size_t drawn_ = 0;
  int runs_ = 0;
};

}  // namespace

Shrunk shrink(std::uint64_t seed, const RunOptions& options,
              const std::function<void(const std::string&)>& progress) {
  return Shrinker(seed, options, progress).run();
}

std::string to_text(const Shrunk& shrunk) {
  std::string text =
      fmt::format("seed {}, {}: {} of {} faults are enough\n", shrunk.seed,
                  shrunk.result.environment, shrunk.faults.size(), shrunk.faults_drawn);
  for (const auto& line : shrunk.result.story) text += to_text(line) + "\n";
  for (const auto& violation : shrunk.result.violations) {
    text +=
        fmt::format("BROKEN {} at {}: {}\n", violation.law, to_text(violation.at), violation.text);
  }
  return text;
}

}  // namespace mainstay::sim
