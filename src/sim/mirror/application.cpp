#include "sim/mirror/application.h"

#include <fmt/format.h>

#include "sim/mirror/world.h"

namespace mainstay::mirror_sim {

using namespace mirror;

namespace {

constexpr std::string_view readable = "acknowledged_is_readable";
constexpr std::uint64_t ghost_value = 1ULL << 62;

}  // namespace

Application::Application(World& world)
    : world_(world),
      ledger_(world.environment().sectors_max),
      sectors_(world.environment().geometry.sectors) {}

void Application::start(Copy copy, Term term) {
  end();
  world_.tell(copy, fmt::format("the application starts at term {}", term));
  running_ = true;
  copy_ = copy;
  ++run_;
  own_ = 0;
  read_next_ = 0;
  reading_ = 0;
  sectors_ = world_.engine(copy).size();
  if (sectors_ < seen_sectors_) {
    return world_.violate(
        readable, fmt::format("the device has {} sectors, and had {}", sectors_, seen_sectors_));
  }
  seen_sectors_ = sectors_;
  ledger_.restart();
  work(run_);
}

void Application::resized(Copy copy, std::uint64_t sectors) {
  if (!running_ || copy != copy_) return;
  world_.tell(copy, fmt::format("the application has {} sectors, no longer {}", sectors, sectors_));
  seen_sectors_ = sectors_ = sectors;
}

void Application::end() {
  if (!running_) return;
  running_ = false;
  for (const auto& [id, request] : requests_) {
    if (request.run == run_ && request.id != 0) ledger_.write_abandoned(request.id);
  }
}

void Application::work(std::uint64_t run) {
  if (!running_ || run != run_) return;
  if (own_ < world_.environment().depth) issue();
  const Duration think = world_.environment().think;
  const Duration pause = read_next_ < sectors_ ? think / 8 : think;
  world_.at(world_.now() + world_.random().between(pause / 2, pause * 3 / 2) + 1us,
            [this, run] { work(run); });
}

void Application::issue() {
  if (read_next_ < sectors_) {
    const std::uint64_t most = world_.environment().geometry.request_sectors_max();
    const auto count = static_cast<std::uint32_t>(std::min(most, sectors_ - read_next_));
    const Range range{read_next_, count};
    read_next_ += count;
    ++reading_;
    return issue_read(range);
  }
  Random& random = world_.random();
  const Environment& environment = world_.environment();
  if (resting_ || random.chance(environment.reads)) return issue_read(draw_range());
  if (random.chance(environment.flushes)) {
    return ask({.operation = Operation::flush, .issued = ledger_.now()}, {});
  }
  issue_write(random.chance(environment.zeroes));
}

Range Application::draw_range() {
  Random& random = world_.random();
  const std::uint64_t most = world_.environment().geometry.request_sectors_max();
  const std::uint64_t hot =
      random.chance(0.7) ? std::max<std::uint64_t>(sectors_ / 4, 1) : sectors_;
  const Sector first = random.below(hot);
  const std::uint64_t longest = std::min({most, sectors_ - first, std::uint64_t{16}});
  return {first, static_cast<std::uint32_t>(1 + random.below(longest))};
}

bool Application::overlaps_own(const Range& range) const {
  return std::ranges::any_of(requests_, [&](const auto& entry) {
    return entry.second.run == run_ && entry.second.id != 0 && overlap(entry.second.range, range);
  });
}

void Application::issue_read(const Range& range) {
  ask({.operation = Operation::read, .range = range, .issued = ledger_.now()}, {});
}

void Application::issue_write(bool zeroes) {
  Random& random = world_.random();
  const Range range = draw_range();
  if (overlaps_own(range) && !random.chance(0.3)) return;
  const Ledger::Id id = ledger_.write_issued(range, zeroes);
  ask({.operation = zeroes ? Operation::zero : Operation::write,
       .range = range,
       .durable = random.chance(world_.environment().durable),
       .id = id},
      Payload(range.count, ledger_.value_of(id)));
}

void Application::haunt(Copy copy) {
  if (!running_ || copy == copy_) return;
  for (int i = 0; i < 3; ++i) {
    const Range range = draw_range();
    ask({.operation = Operation::write, .range = range, .run = copy, .ghost = true},
        Payload(range.count, ghost_value + ++ghosts_));
  }
}

void Application::ask(Request request, Payload payload) {
  const Copy copy = request.ghost ? static_cast<Copy>(request.run) : copy_;
  Engine& engine = world_.engine(copy);
  request.run = request.ghost ? 0 : run_;
  if (request.operation != Operation::flush) request.buffer = engine.lend(std::move(payload));
  if (!request.ghost) ++own_;
  requests_[++last_] = request;
  engine.tell(
      RequestArrived{last_, request.operation, request.range, request.durable, request.buffer});
}

void Application::on_acknowledged(Copy copy, const Acknowledge& done) {
  auto found = requests_.extract(done.request);
  if (found.empty()) return;
  const Request request = found.mapped();
  const Payload payload = world_.engine(copy).take_back(request.buffer);
  if (request.ghost) {
    if (done.ok) world_.violate(readable, "a write of an old term is acknowledged");
    return;
  }
  const bool current = running_ && request.run == run_;
  if (!current) {
    if (done.ok) on_late(request);
    return;
  }
  --own_;
  if (request.operation == Operation::read && read_next_ <= sectors_ && reading_ > 0) --reading_;
  if (!done.ok) {
    if (request.id != 0) ledger_.write_abandoned(request.id);
    // What could not be read is read again.
    if (request.operation == Operation::read)
      read_next_ = std::min(read_next_, request.range.first);
    return;
  }
  ++acknowledged_;
  world_.count(done.request);
  if (request.operation == Operation::read) return on_read(request, payload);
  if (request.operation == Operation::flush) return ledger_.flush_acknowledged(request.issued);
  ledger_.write_acknowledged(request.id, request.durable);
}

void Application::on_late(const Request& request) {
  if (request.id == 0) return;
  if (request.run == run_) return ledger_.write_acknowledged(request.id, request.durable);
  if (ledger_.acknowledged_late(request.id, request.durable)) return;
  world_.violate(readable,
                 fmt::format("write {} is acknowledged after it was found lost", request.id));
}

void Application::on_read(const Request& request, const Payload& payload) {
  for (std::size_t i = 0; i < payload.size(); ++i) {
    const Sector sector = request.range.first + i;
    if (has_rotted(payload[i]) || !ledger_.quiet_since(sector, request.issued)) continue;
    if (const auto wrong = ledger_.read(sector, payload[i])) world_.violate(readable, *wrong);
  }
}

}  // namespace mainstay::mirror_sim
