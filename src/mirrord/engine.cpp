// The engine's turn: events into the core, its actions out of it.
#include "mirrord/engine.h"

#include <cstdio>

#include <fmt/format.h>

#include "mirrord/engine_state.h"

namespace mainstay::mirrord {
namespace {

using mirror::Phase;

// A turn ends at the latest after this, so that nothing that was overlooked waits for ever.
constexpr Duration turn_max = 1s;

}  // namespace

void Engine::State::say(std::string_view text) const {
  fmt::print(stderr, "mainstay-mirrord {}: {}\n", config.name, text);
}

void Engine::State::tell(const mirror::Event& event) {
  const Instant now = Ring::now();
  meter.ended(event, now);
  mirror::Actions actions = std::exchange(spare_actions, {});
  step(core, event, now, actions);
  for (mirror::Action& action : actions) {
    meter.began(action, now);
    perform(std::move(action));
  }
  actions.clear();
  spare_actions = std::move(actions);
}

void Engine::State::perform(mirror::Action action) {
  if (auto* write = std::get_if<mirror::WriteData>(&action)) return disks->write(*write);
  if (auto* sent = std::get_if<mirror::SendMessage>(&action)) return link->send(sent->message);
  if (auto* done = std::get_if<mirror::Acknowledge>(&action)) {
    if (front_end) front_end->answer(done->request, done->ok);
    for (const auto& each : abandoned) each->answer(done->request, done->ok);
    return;
  }
  if (auto* read = std::get_if<mirror::ReadData>(&action)) return disks->read(*read);
  if (auto* flush = std::get_if<mirror::FlushData>(&action)) return disks->flush(*flush);
  if (auto* sum = std::get_if<mirror::SumData>(&action)) return disks->sum(*sum);
  if (auto* release = std::get_if<mirror::ReleaseBuffer>(&action)) {
    return buffers->release(release->buffer);
  }
  if (auto* read = std::get_if<mirror::ReadMetadata>(&action)) return disks->read(*read);
  if (auto* write = std::get_if<mirror::WriteMetadata>(&action)) {
    return disks->write(std::move(*write));
  }
  if (auto* measure = std::get_if<mirror::MeasureDevices>(&action)) {
    next_events.emplace_back(mirror::DevicesMeasured{measure->ticket, disks->measure()});
    return;
  }
  if (auto* drop = std::get_if<mirror::DropLink>(&action)) return link->drop(drop->why);
  if (auto* read = std::get_if<mirror::ReadRecord>(&action)) {
    return ask_record(read->ticket, false, control->ask_read(read->ticket));
  }
  if (auto* swap = std::get_if<mirror::SwapRecord>(&action)) {
    return ask_record(swap->ticket, true, control->ask_swap(*swap));
  }
  if (auto* answer = std::get_if<mirror::AnswerCluster>(&action)) return on_answer(*answer);
  if (auto* note = std::get_if<mirror::Note>(&action)) return say(note->text);
}

void Engine::State::ask_record(mirror::Ticket ticket, bool swap, bool asked) {
  if (asked) {
    record_questions[ticket] = swap;
  } else if (swap) {
    next_events.emplace_back(mirror::RecordSwapped{ticket, mirror::Swap::unknown, 0});
  } else {
    next_events.emplace_back(mirror::RecordRead{ticket, false, 0, {}});
  }
}

void Engine::State::on_record(mirror::Ticket ticket, const control::RecordAnswer* answer) {
  const auto question = record_questions.extract(ticket);
  if (question.empty()) return;
  if (question.mapped()) {
    mirror::RecordSwapped swapped{ticket, mirror::Swap::unknown, 0};
    if (answer != nullptr) swapped = {ticket, answer->outcome, answer->version};
    next_events.emplace_back(swapped);
  } else {
    mirror::RecordRead read{ticket, false, 0, {}};
    if (answer != nullptr) read = {ticket, answer->ok, answer->version, answer->value};
    next_events.emplace_back(std::move(read));
  }
}

void Engine::State::look_after(Instant now) {
  while (!next_events.empty()) {
    const mirror::Event event = std::move(next_events.front());
    next_events.pop_front();
    tell(event);
  }
  if (next_deadline(core) <= now) tell(mirror::Tick{});
  link->tick(now);
  if (link->up()) peer_seen = now;
  if (now >= sample_at) {
    meter.sample(core, now);
    sample_at = now + sample_every;
  }
  if (core.phase != seen_phase) {
    seen_phase = core.phase;
    in_phase_since = now;
    // Nothing that comes over it is taken in any more.
    if (seen_phase == Phase::broken) link->break_off();
  }
  if (promote_again != 0 && core.phase == Phase::secondary) {
    promote(std::exchange(promote_again, 0), std::nullopt);
  }
  look_after_device();
  look_after_size(now);
  if (buffers->releases() != seen_releases) {
    seen_releases = buffers->releases();
    if (front_end) front_end->resume();
    link->resume();
  }
}

void Engine::State::turn() {
  const Instant now = Ring::now();
  look_after(now);
  link->flush();
  if (ended || !next_events.empty()) return ring->turn(now);
  ring->turn(std::min({now + turn_max, next_deadline(core), link->next_deadline()}));
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::start(const EngineConfig& config) {
  auto state = std::make_unique<State>();
  if (const Status opened = state->open(config); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<Engine>(new Engine(std::move(state)));
}

int Engine::run() {
  while (!state_->ended) state_->turn();
  return state_->exit_code;
}

}  // namespace mainstay::mirrord
