#include "apps/chronicle.h"

#include <ctime>

namespace mainstay::apps {
namespace {

WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// "presumed" if any clearance is; "none" if there was no other node to clear.
std::string rests_on(const Activation& activation) {
  const auto found = weakest(activation.clearances);
  return found ? std::string(to_text(*found)) : "none";
}

}  // namespace

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

void Chronicle::say(Severity severity, const std::string& subject, const std::string& text) {
  ++notes_[std::string(to_text(severity))];
  log_.say(severity, subject, text);
  if (!history_) return;
  EventRecord event;
  event.time = wall_now();
  event.monotonic_ns = monotonic_ns();
  event.node = self_.value;
  event.severity = to_text(severity);
  event.subject = subject;
  event.text = text;
  history_->add(std::move(event));
}

void Chronicle::on_action(const Action& action) {
  if (const auto* note = std::get_if<Note>(&action)) {
    say(note->severity, note->subject, note->text);
  } else if (const auto* made = std::get_if<RecordActivation>(&action)) {
    record(made->activation);
  }
}

void Chronicle::record(const Activation& activation) {
  ++activations_[rests_on(activation)];
  if (!history_) return;
  ActivationRecord record;
  record.time = wall_now();
  record.monotonic_ns = monotonic_ns();
  record.group = activation.group.value;
  record.term = activation.term;
  record.node = activation.node.value;
  record.reason = activation.reason;
  for (const auto& each : activation.clearances) {
    record.clearances.push_back(
        {each.node.value, std::string(to_text(each.evidence)), strong(each.evidence), each.why});
  }
  history_->add(std::move(record));
}

std::vector<api::Counter> Chronicle::counters() const {
  return {{"mainstay_activations_total",
           "Activations of groups on this node, by the weakest evidence they rest on.", "evidence",
           activations_},
          {"mainstay_notes_total", "Notes of this node, by severity.", "severity", notes_}};
}

}  // namespace mainstay::apps
