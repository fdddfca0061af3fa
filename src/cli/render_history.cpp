// `mainstay events` and `mainstay why`.
#include <fmt/format.h>

#include "cli/render.h"

namespace mainstay::cli {
namespace {

Colour colour_of(std::string_view severity) {
  if (severity == "error") return Colour::red;
  return severity == "warning" ? Colour::yellow : Colour::none;
}

std::string render_clearance(const ClearanceRecord& clearance, const Style& style) {
  const std::string strength =
      clearance.strong ? style.paint("strong", Colour::green)
                       : style.paint("WEAK: not proof that it was stopped", Colour::yellow);
  return fmt::format("    {} cleared by {} ({}): {}\n", clearance.node, clearance.evidence,
                     strength, clearance.why);
}

}  // namespace

std::string render_event(const EventRecord& event, const Style& style) {
  const std::string line =
      fmt::format("{} {:>6} {:<4} {:<11} {}: {}", to_text(event.time), event.number, event.node,
                  event.severity, event.subject, event.text);
  return style.paint(line, colour_of(event.severity)) + "\n";
}

std::string render_why(const api::WhyReport& report, const Style& style) {
  std::string out;
  for (const auto& record : report.activations) {
    const std::string title = fmt::format("{}: term {} on {} at {}", record.group, record.term,
                                          record.node, to_text(record.time));
    out += style.paint(title, Colour::bold) + "\n    because " + record.reason + "\n";
    for (const auto& clearance : record.clearances) out += render_clearance(clearance, style);
    if (record.clearances.empty()) out += "    there was no other node to clear\n";
  }
  if (out.empty()) out = fmt::format("{}: no activation is on record\n", report.group);
  for (const auto& node : report.unanswered) {
    out += style.paint(fmt::format("{} did not answer; what it started is not listed here\n", node),
                       Colour::dim);
  }
  return out;
}

}  // namespace mainstay::cli
