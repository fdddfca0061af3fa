// `mainstay mirror status`: both copies in words, with the colours that users know, then progress
// and latencies.
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "cli/render.h"

namespace mainstay::cli {
namespace {

Colour paint_of(CopyState state) {
  const std::string_view colour = colour_of(state);
  if (colour == "green") return Colour::green;
  if (colour == "red") return Colour::red;
  return Colour::yellow;
}

Cell copy_cell(CopyState state) {
  return {fmt::format("{} ({})", to_text(state), colour_of(state)), paint_of(state)};
}

std::string size_text(std::uint64_t bytes) {
  static constexpr std::array<const char*, 5> units = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  auto amount = static_cast<double>(bytes);
  while (amount >= 1024 && unit + 1 < units.size()) {
    amount /= 1024;
    ++unit;
  }
  const bool whole = amount == std::floor(amount);
  return whole ? fmt::format("{:.0f} {}", amount, units[unit])
               : fmt::format("{:.1f} {}", amount, units[unit]);
}

std::string link_text(const MirrorStatus& status) {
  if (status.broken_off) return "broken off";
  if (!status.connected) return "down";
  return status.path.empty() ? "up" : status.path;
}

std::string note_of(const MirrorStatus& status) {
  if (status.waiting_for_record) return "waits for the arbiter";
  return status.trouble;
}

std::string progress_text(const MirrorStatus& status) {
  if (!status.recovered_percent && status.resync_rate == 0) return "";
  std::string text = fmt::format("  {}: recovering", status.name);
  if (status.recovered_percent) text += fmt::format(" {:.0f} %", *status.recovered_percent);
  text += fmt::format(", {} a second", size_text(status.resync_rate));
  if (status.time_left) text += fmt::format(", {} left", to_text(*status.time_left));
  return text + "\n";
}

std::string verify_text(const MirrorStatus& status) {
  if (!status.verify) return "";
  const MirrorVerify& verify = *status.verify;
  const std::string found =
      fmt::format("{} regions differ{}, {} cannot be read", verify.differing_regions,
                  verify.repairs && verify.differing_regions > 0 ? " and are repaired" : "",
                  verify.unreadable_regions);
  if (!verify.running) return fmt::format("  {}: compared: {}\n", status.name, found);
  std::string text = fmt::format("  {}: comparing {:.0f} %, {} a second", status.name,
                                 verify.percent, size_text(verify.rate));
  if (verify.time_left) text += fmt::format(", {} left", to_text(*verify.time_left));
  return fmt::format("{}; so far {}\n", text, found);
}

std::string growth_text(const MirrorStatus& status) {
  if (!status.growth) return "";
  return fmt::format("  {}: growing from {} to {}: {:.0f} %\n", status.name, size_text(status.size),
                     size_text(status.growth->to), status.growth->percent);
}

std::string latencies_text(const api::StatusReport& report, const Style& style) {
  Table table({"MIRROR", "LATENCY OF", "COUNT", "MEDIAN", "99 %", "LONGEST"});
  const auto cell = [](std::uint64_t microseconds) {
    return to_text(Duration(std::chrono::microseconds(microseconds)));
  };
  for (const auto& mirror : report.daemon.mirrors) {
    if (!mirror.status) continue;
    for (const auto& [what, latency] : mirror.status->latencies) {
      if (latency.count == 0) continue;
      table.add({mirror.mirror.value, what, fmt::format("{}", latency.count), cell(latency.p50_us),
                 cell(latency.p99_us), cell(latency.max_us)});
    }
  }
  return table.has_rows() ? "\n" + table.text(style) : "";
}

}  // namespace

std::string render_mirrors(const api::StatusReport& report, const Style& style) {
  Table table(
      {"MIRROR", "GROUP", "ROLE", "COPY HERE", "OTHER COPY", "LINK", "DIFFER", "DEVICE", "NOTE"});
  std::string progress;
  for (const auto& mirror : report.daemon.mirrors) {
    if (!mirror.status) {
      table.add({mirror.mirror.value, mirror.group.value, Cell("-"), copy_cell(CopyState::unknown),
                 copy_cell(CopyState::unknown), "-", "-", "-", mirror.why});
      continue;
    }
    const MirrorStatus& status = *mirror.status;
    table.add({mirror.mirror.value, mirror.group.value, std::string(to_text(status.role)),
               copy_cell(status.own), copy_cell(status.peer), link_text(status),
               size_text(status.dirty_bytes), status.device.empty() ? "-" : status.device,
               note_of(status)});
    progress += progress_text(status) + verify_text(status) + growth_text(status);
  }
  if (!table.has_rows()) {
    return fmt::format("Node {} has no copy of a mirror disk.\n", report.cluster.self);
  }
  const std::string title = fmt::format("Mirror disks, as {} sees them at {}", report.cluster.self,
                                        to_text(report.daemon.now));
  return style.paint(title, Colour::bold) + "\n\n" + table.text(style) +
         (progress.empty() ? "" : "\n" + progress) + latencies_text(report, style);
}

}  // namespace mainstay::cli
