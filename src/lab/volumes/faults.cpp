// The words of `fault volume`.
#include "lab/volumes/faults.h"

#include <fmt/format.h>

#include <map>
#include <optional>

#include "lab/words.h"

namespace mainstay::lab {
namespace {

constexpr Duration latency_max = 60s;
constexpr double default_loss = 0.5;

constexpr std::array<const char*, 3> operation_names = {"read", "write", "flush"};

std::unexpected<Error> usage() {
  return failure(Code::invalid, std::string("usage: fault ") + volume_fault_usage);
}

Result<std::uint64_t> number_in(const Words& words, const char* option, std::uint64_t otherwise) {
  const auto given = words.options.find(option);
  if (given == words.options.end()) return otherwise;
  const std::string& text = given->second;
  if (text.empty() || text.size() > 9 ||
      text.find_first_not_of("0123456789") != std::string::npos) {
    return failure(Code::invalid, fmt::format("--{} {}: must be a number", option, text));
  }
  return std::stoull(text);
}

Result<double> share_in(const Words& words, double otherwise) {
  const auto given = words.options.find("rate");
  return given == words.options.end() ? Result<double>(otherwise) : parse_share(given->second);
}

// Those that are meant; all, if none is named.
Result<std::vector<std::size_t>> operations_in(const Words& words) {
  const auto given = words.options.find("operation");
  if (given == words.options.end()) return std::vector<std::size_t>{0, 1, 2};
  for (std::size_t i = 0; i < operation_names.size(); ++i) {
    if (given->second == operation_names[i]) return std::vector{i};
  }
  return failure(Code::invalid, "--operation is read, write or flush");
}

Status add_latency(VolumeFaults& faults, const Words& words) {
  if (words.plain.size() != 2) return usage();
  const auto latency = parse_duration(words.plain[1]);
  if (!latency) return std::unexpected(latency.error());
  if (*latency < Duration{} || *latency > latency_max) {
    return failure(Code::invalid, "a volume's latency is at most 60s and not negative");
  }
  const auto operations = operations_in(words);
  if (!operations) return std::unexpected(operations.error());
  for (const std::size_t one : *operations) faults.operations.at(one).latency = *latency;
  return {};
}

Status add_errors(VolumeFaults& faults, const Words& words) {
  const auto rate = share_in(words, 1);
  if (!rate) return std::unexpected(rate.error());
  const auto count = number_in(words, "count", 0);
  if (!count) return std::unexpected(count.error());
  const auto operations = operations_in(words);
  if (!operations) return std::unexpected(operations.error());
  for (const std::size_t one : *operations) {
    faults.operations.at(one).error_rate = *rate;
    faults.operations.at(one).errors_left = static_cast<int>(*count);
  }
  return {};
}

Status add_loss(VolumeFaults& faults, const Words& words) {
  const auto rate = share_in(words, default_loss);
  if (!rate) return std::unexpected(rate.error());
  const auto seed = number_in(words, "seed", 1);
  if (!seed) return std::unexpected(seed.error());
  if (words.plain[0] == "lose-cache") faults.loss.unflushed = *rate;
  faults.loss.under_way = *rate;
  faults.loss.seed = *seed;
  return {};
}

}  // namespace

Result<VolumeFaults> with_fault(VolumeFaults faults, const std::vector<std::string>& words) {
  const auto parsed = parse_words(words, {"operation", "rate", "count", "seed"});
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->plain.empty()) return usage();
  const std::string& kind = parsed->plain[0];
  if (kind != "latency" && parsed->plain.size() != 1) return usage();
  Status added = usage();
  if (kind == "latency") added = add_latency(faults, *parsed);
  if (kind == "errors") added = add_errors(faults, *parsed);
  if (kind == "lose-cache" || kind == "tear") added = add_loss(faults, *parsed);
  if (kind == "heal") return VolumeFaults{};
  if (!added) return std::unexpected(added.error());
  return faults;
}

std::string to_text(const VolumeFaults& faults) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < operation_names.size(); ++i) {
    const OperationFaults& one = faults.operations.at(i);
    if (one.latency > Duration{}) {
      out.push_back(
          fmt::format("latency of {} {}", operation_names[i], mainstay::to_text(one.latency)));
    }
    if (one.error_rate > 0) {
      out.push_back(fmt::format("errors of {} {:g} %", operation_names[i], 100 * one.error_rate));
    }
  }
  if (faults.loss.unflushed > 0) {
    out.push_back(fmt::format("loses {:g} % of its cache", 100 * faults.loss.unflushed));
  }
  if (faults.loss.under_way < 1) out.emplace_back("tears writes");
  return fmt::format("{}", fmt::join(out, ", "));
}

}  // namespace mainstay::lab
