// Holes and overlaps.
#include "lab/analysis.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "lab/files.h"
#include "lab/shared_ledger.h"

namespace mainstay::lab {
namespace {

using nlohmann::json;

void note_answer(OutageReport& report, const ProbeRecord& record) {
  if (std::ranges::find(report.nodes, record.node) == report.nodes.end()) {
    report.nodes.push_back(record.node);
  }
}

struct Edge {
  std::int64_t at_ns;
  int step;  // +1: a name becomes active, -1: it no longer is
  friend auto operator<=>(const Edge&, const Edge&) = default;
};

// The intervals in which one name is active, from its own entries in order of time.
void add_edges(const std::vector<std::int64_t>& times, Duration gap_max, std::vector<Edge>& edges) {
  std::size_t first = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const bool last = i + 1 == times.size() || times[i + 1] - times[i] >= gap_max.count();
    if (!last) continue;
    edges.push_back({times[first], +1});
    edges.push_back({times[i], -1});
    first = i + 1;
  }
}

double ms_of(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

Status add_ledger(const std::string& file, Duration gap_max, json& out) {
  const auto text = read_file(file);
  if (!text) return std::unexpected(text.error());
  const auto entries = parse_ledger(*text);
  if (!entries) return std::unexpected(entries.error());
  out["both_active_ms"] = ms_of(both_active(*entries, gap_max));
  return {};
}

Status add_shared_ledger(const std::string& file, json& out) {
  const auto text = read_file(file);
  if (!text) return std::unexpected(text.error());
  const auto lines = parse_shared_ledger(*text);
  if (!lines) return std::unexpected(lines.error());
  const LateLines late = late_lines(*lines);
  std::map<std::string, int> by_node;
  for (const SharedLine& line : *lines) ++by_node[line.name];
  out["shared_ledger"] = {{"lines", by_node},
                          {"late_lines", late.own},
                          {"late_lines_through_vip", late.through_vip},
                          {"latest_ms", ms_of(late.latest)}};
  return {};
}

}  // namespace

OutageReport analyse_requests(std::vector<ProbeRecord> records) {
  std::ranges::sort(records, {}, [](const ProbeRecord& record) {
    return std::pair(record.start_ns, record.end_ns);
  });
  OutageReport report;
  report.requests = static_cast<int>(records.size());
  const ProbeRecord* last_good = nullptr;
  std::optional<Hole> hole;
  for (const ProbeRecord& record : records) {
    if (!record.ok) {
      if (!hole)
        hole = Hole{.from_ns = (last_good == nullptr ? records.front() : *last_good).start_ns};
      ++hole->failed;
      ++report.failed;
      continue;
    }
    note_answer(report, record);
    last_good = &record;
    if (!hole) continue;
    hole->to_ns = record.start_ns;
    report.holes.push_back(*hole);
    hole.reset();
  }
  if (hole) {
    hole->to_ns = std::ranges::max(records, {}, &ProbeRecord::end_ns).end_ns;
    hole->ended = false;
    report.holes.push_back(*hole);
  }
  for (const Hole& one : report.holes) {
    report.outage = std::max(report.outage, Duration(one.to_ns - one.from_ns));
  }
  return report;
}

Duration both_active(std::vector<LedgerEntry> entries, Duration gap_max) {
  std::ranges::sort(entries, {}, &LedgerEntry::at_ns);
  std::map<std::string, std::vector<std::int64_t>> times;
  for (const LedgerEntry& entry : entries) times[entry.name].push_back(entry.at_ns);
  std::vector<Edge> edges;
  for (const auto& [name, own] : times) add_edges(own, gap_max, edges);
  std::ranges::sort(edges);
  Duration total{};
  int active = 0;
  std::int64_t since_ns = 0;
  for (const Edge& edge : edges) {
    if (active >= 2) total += Duration(edge.at_ns - since_ns);
    active += edge.step;
    since_ns = edge.at_ns;
  }
  return total;
}

Status for_lines(std::string_view text, std::string_view what,
                 const std::function<bool(std::string_view)>& use) {
  for (int number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const bool whole = end != std::string_view::npos;
    const bool good = use(text.substr(0, end));
    if (!good && whole) {
      return failure(Code::corrupt, fmt::format("line {} of the {} makes no sense", number, what));
    }
    text.remove_prefix(whole ? end + 1 : text.size());
  }
  return {};
}

Result<std::vector<ProbeRecord>> parse_probe_records(std::string_view json_lines) {
  std::vector<ProbeRecord> records;
  const auto done = for_lines(json_lines, "probe's records", [&](std::string_view line) {
    const json one = json::parse(line, nullptr, false);
    if (!one.is_object() || !one.contains("start_ns") || !one.contains("end_ns")) return false;
    records.push_back({one.value("start_ns", std::int64_t{0}), one.value("end_ns", std::int64_t{0}),
                       one.value("ok", false), one.value("node", ""), one.value("error", "")});
    return true;
  });
  if (!done) return std::unexpected(done.error());
  return records;
}

std::string print(const ProbeRecord& record) {
  const json one = {{"start_ns", record.start_ns},
                    {"end_ns", record.end_ns},
                    {"ok", record.ok},
                    {"node", record.node},
                    {"error", record.error}};
  return one.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<std::vector<LedgerEntry>> parse_ledger(std::string_view text) {
  std::vector<LedgerEntry> entries;
  const auto done = for_lines(text, "ledger", [&](std::string_view line) {
    LedgerEntry entry;
    const auto [end, problem] = std::from_chars(line.begin(), line.end(), entry.at_ns);
    if (problem != std::errc() || end == line.end() || *end != ' ' || end + 1 == line.end())
      return false;
    entry.name = std::string(end + 1, line.end());
    entries.push_back(std::move(entry));
    return true;
  });
  if (!done) return std::unexpected(done.error());
  return entries;
}

Result<std::string> analyse_files(const AnalysedFiles& files, Duration gap_max) {
  const auto probe_text = read_file(files.probe);
  if (!probe_text) return std::unexpected(probe_text.error());
  const auto records = parse_probe_records(*probe_text);
  if (!records) return std::unexpected(records.error());
  const OutageReport report = analyse_requests(*records);
  json out = {{"requests", report.requests},
              {"failed", report.failed},
              {"outage_ms", ms_of(report.outage)},
              {"nodes", report.nodes},
              {"holes", json::array()}};
  for (const Hole& hole : report.holes) {
    out["holes"].push_back({{"from_ns", hole.from_ns},
                            {"to_ns", hole.to_ns},
                            {"failed", hole.failed},
                            {"ended", hole.ended}});
  }
  if (!files.ledger.empty()) {
    if (auto done = add_ledger(files.ledger, gap_max, out); !done) {
      return std::unexpected(done.error());
    }
  }
  if (!files.shared_ledger.empty()) {
    if (auto done = add_shared_ledger(files.shared_ledger, out); !done) {
      return std::unexpected(done.error());
    }
  }
  return out.dump(2) + "\n";
}

}  // namespace mainstay::lab
