#include "harness/measure.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mainstay::bench {
namespace {

using nlohmann::json;

constexpr const char* records = "probe.jsonl";
constexpr const char* ledger = "ledger";

// In place: the service goes on writing to it.
void empty_file(const std::string& path) { std::ofstream(path, std::ios::trunc).flush(); }

Measurement measurement_of(const json& report) {
  Measurement result{.requests = report.at("requests"),
                     .failed = report.at("failed"),
                     .outage_ms = report.at("outage_ms"),
                     .both_active_ms = report.value("both_active_ms", 0.0),
                     .shared_lines = {}};
  if (report.contains("shared_ledger")) {
    const json& shared = report.at("shared_ledger");
    result.shared_lines = shared.at("lines");
    result.late_lines = shared.at("late_lines");
    result.late_lines_through_vip = shared.at("late_lines_through_vip");
  }
  std::int64_t longest = 0;
  for (const json& hole : report.at("holes")) {
    const std::int64_t from = hole.at("from_ns");
    const std::int64_t to = hole.at("to_ns");
    if (to - from < longest) continue;
    longest = to - from;
    result.last_good_ns = from;
    result.first_good_ns = to;
    result.ended = hole.at("ended");
  }
  return result;
}

}  // namespace

Result<Probe> Probe::start(const Lab& lab, const Programs& programs, Duration duration,
                           const std::string& url) {
  empty_file(lab.shared(records));
  empty_file(lab.shared(ledger));
  empty_file(lab.shared(shared_ledger_file));
  auto running = Background::start(
      lab.command(
          {"exec", "client", "--", programs.lab, "probe", "--url", url, "--duration",
           fmt::format("{}ms",
                       std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()),
           "--out", fmt::format("/run/lab/{}", records)}),
      lab.shared("probe.log"));
  if (!running) return std::unexpected(running.error());
  return Probe(lab, programs, std::move(*running), duration);
}

Result<Measurement> Probe::finish() {
  const auto code = running_.wait(duration_ + 10s);
  if (!code) return std::unexpected(code.error());
  if (*code != 0) {
    return failure(Code::unavailable, fmt::format("the probe ended with exit code {}; see {}",
                                                  *code, lab_->shared("probe.log")));
  }
  std::vector<std::string> words = {"analyse", "--probe", lab_->shared(records)};
  if (std::filesystem::exists(lab_->shared(ledger))) {
    words.insert(words.end(), {"--ledger", lab_->shared(ledger)});
  }
  words.insert(words.end(), {"--shared-ledger", lab_->shared(shared_ledger_file)});
  const auto text = output_of(lab_->command(std::move(words)));
  if (!text) return std::unexpected(text.error());
  try {
    return measurement_of(json::parse(*text));
  } catch (const json::exception& error) {
    return failure(Code::corrupt, fmt::format("the analysis is not what it was: {}", error.what()));
  }
}

}  // namespace mainstay::bench
