#include "sim/mirror/engine.h"

#include <fmt/format.h>

#include "sim/mirror/world.h"

namespace mainstay::mirror_sim {

using namespace mirror;

Engine::Engine(World& world, Copy copy)
    : world_(world),
      copy_(copy),
      data_(world.environment().sectors_max),
      metadata_(Layout::size(world.environment().geometry) / sector_size),
      capacity_(world.environment().geometry.sectors) {
  for (Sector sector = capacity_; sector < data_.sectors(); ++sector) {
    data_.write_through(sector, 1ULL << 63 | sector << 1 | copy_);
  }
}

void Engine::start() {
  if (running()) return;
  ++life_;
  frozen_ = false;
  world_.tell(copy_, "the engine starts");
  actions_.clear();
  Settings settings = world_.settings(copy_);
  if (const auto found = newest_superblock()) settings.geometry = found->geometry;
  core_ = begin(settings, actions_);
  for (Action& action : std::exchange(actions_, {})) perform(std::move(action), 0);
}

void Engine::kill() {
  if (!running()) return;
  core_.reset();
  frozen_ = false;
  inbox_.clear();
  buffers_.clear();
  armed_ = never;
  // What the system has in hand, it finishes; what it has not seen yet, nobody does.
  for (const auto& [id, flight] : std::exchange(flights_, {})) {
    if (world_.random().chance(0.7)) land(flight, false);
  }
  world_.link().engine_ended(copy_);
}

void Engine::lose_power() {
  for (const auto& [id, flight] : std::exchange(flights_, {})) land(flight, true);
  kill();
  data_.lose_power(world_.random());
  metadata_.lose_power(world_.random());
}

void Engine::thaw() {
  frozen_ = false;
  for (auto& [event, term] : std::exchange(inbox_, {})) {
    if (running()) run(event, term);
  }
}

void Engine::rot() {
  for (std::uint64_t sectors = 1 + world_.random().below(3); sectors > 0; --sectors) {
    const std::uint64_t said = world_.random().next() >> 3 | rotten;
    const Sector sector = world_.random().below(size());
    world_.rots(data_.read(sector), said);
    data_.rot(sector, said);
  }
}

void Engine::enlarge() {
  capacity_ += 1 + world_.random().below(data_.sectors() - capacity_ + 1);
  capacity_ = std::min(capacity_, data_.sectors());
}

std::uint64_t Engine::size() const {
  return core_ ? core_->settings.geometry.sectors : world_.environment().geometry.sectors;
}

void Engine::replace_disks() {
  kill();
  for (Sector sector = 0; sector < data_.sectors(); ++sector) {
    data_.write_through(sector, (world_.random().next() | 1ULL << 63) & ~rotten);
  }
  for (Sector sector = 0; sector < metadata_.sectors(); ++sector) {
    metadata_.write_through(sector, {});
  }
}

void Engine::format(const Superblock& superblock) {
  const Flight flight{.metadata = true,
                      .bytes = encode(superblock),
                      .offset = Layout::superblock(superblock.counter)};
  land(flight, false);
}

void Engine::tell(Event event) {
  if (!running()) return;
  if (frozen_) {
    inbox_.emplace_back(std::move(event), 0);
  } else {
    run(event, 0);
  }
}

void Engine::arrive(Parcel parcel) {
  if (!running()) return;
  Term term = 0;
  if (auto* write = std::get_if<Write>(&parcel.message.body)) {
    term = parcel.message.term;
    if (write->operation == Operation::write) write->buffer = lend(std::move(parcel.payload));
  }
  if (frozen_) {
    inbox_.emplace_back(Received{std::move(parcel.message)}, term);
  } else {
    run(Received{std::move(parcel.message)}, term);
  }
}

BufferId Engine::lend(Payload payload) {
  buffers_[++last_buffer_] = std::move(payload);
  return last_buffer_;
}

Payload Engine::take_back(BufferId buffer) {
  const auto found = buffers_.extract(buffer);
  return found.empty() ? Payload() : std::move(found.mapped());
}

Verification Engine::verification() const {
  return core_->verify.value_or(core_->verified.value_or(Verification{}));
}

void Engine::run(const Event& event, Term of_message) {
  world_.count_step(copy_, event);
  const bool verifies = core_->verify.has_value();
  const std::uint64_t compared = verification().compared;
  const Geometry before = core_->settings.geometry;
  const bool grew = core_->growth.has_value();
  Actions actions;
  step(*core_, event, world_.now(), actions);
  const Verification now = verification();
  if (now.compared > compared) world_.on_compared(copy_, now.latest);
  if (verifies && !core_->verify && core_->verified) {
    world_.on_verified(now, before.regions());
  }
  if (!grew && core_->growth) world_.on_growth();
  if (size() != before.sectors) world_.application().resized(copy_, size());
  const std::uint64_t life = life_;
  for (Action& action : actions) {
    if (!running() || life_ != life) return;
    perform(std::move(action), of_message);
  }
  if (running() && life_ == life) arm();
}

void Engine::arm() {
  const Instant due = next_deadline(*core_);
  if (due == never) return;
  const Instant when = std::max(due, world_.now() + 1ms);
  if (armed_ <= when && armed_ > world_.now()) return;
  armed_ = when;
  later(when, [this] {
    armed_ = never;
    tell(Tick{});
  });
}

void Engine::later(Instant when, std::move_only_function<void()> work) {
  world_.at(when, [this, life = life_, work = std::move(work)]() mutable {
    if (running() && life_ == life) work();
  });
}

Instant Engine::disk_time(const Span& span) {
  return std::max(world_.now(), stalled_until_) + span.draw(world_.random());
}

bool Engine::fails() { return failing_ > 0 && world_.random().chance(failing_); }

void Engine::perform(Action action, Term of_message) {
  if (auto* read = std::get_if<ReadData>(&action)) return read_data(*read);
  if (auto* sum = std::get_if<SumData>(&action)) return sum_data(*sum);
  if (auto* write = std::get_if<WriteData>(&action)) return write_data(*write, of_message);
  if (auto* flush = std::get_if<FlushData>(&action)) return flush_data(*flush);
  if (auto* read = std::get_if<ReadMetadata>(&action)) return read_metadata(*read);
  if (auto* write = std::get_if<WriteMetadata>(&action)) return write_metadata(std::move(*write));
  if (auto* measured = std::get_if<MeasureDevices>(&action)) return measure(*measured);
  if (auto* sent = std::get_if<SendMessage>(&action)) {
    Parcel parcel{std::move(sent->message), {}};
    if (const auto* write = std::get_if<Write>(&parcel.message.body)) {
      if (write->operation == Operation::write) parcel.payload = buffers_.at(write->buffer);
    }
    return world_.link().send(copy_, std::move(parcel));
  }
  if (auto* drop = std::get_if<DropLink>(&action)) return world_.link().drop(copy_, drop->why);
  if (auto* release = std::get_if<ReleaseBuffer>(&action)) {
    buffers_.erase(release->buffer);
    return;
  }
  if (auto* read = std::get_if<ReadRecord>(&action)) return world_.arbiter().read(copy_, *read);
  if (auto* swap = std::get_if<SwapRecord>(&action)) {
    return world_.arbiter().swap(copy_, std::move(*swap));
  }
  if (auto* done = std::get_if<Acknowledge>(&action)) {
    return world_.application().on_acknowledged(copy_, *done);
  }
  if (auto* answer = std::get_if<AnswerCluster>(&action)) {
    return world_.cluster().on_answer(copy_, *answer);
  }
  if (auto* note = std::get_if<Note>(&action)) return world_.tell(copy_, note->text);
}

void Engine::read_data(const ReadData& read) {
  later(disk_time(world_.environment().disk), [this, read] {
    if (fails()) return tell(DataDone{read.ticket, false});
    Payload payload;
    for (Sector at = read.range.first; at < read.range.end(); ++at)
      payload.push_back(data_.read(at));
    buffers_[read.buffer] = std::move(payload);
    tell(DataDone{read.ticket, true});
  });
}

void Engine::sum_data(const SumData& sum) {
  later(disk_time(world_.environment().disk), [this, sum] {
    if (fails()) return tell(DataSummed{sum.ticket, false, {}});
    Digest digest;
    Payload payload;
    for (Sector at = sum.range.first; at < sum.range.end(); ++at) {
      payload.push_back(data_.read(at));
      digest.add(payload.back());
    }
    buffers_[sum.buffer] = std::move(payload);
    tell(DataSummed{sum.ticket, true, {digest.value(), sum.range.count}});
  });
}

void Engine::write_data(const WriteData& write, Term of_message) {
  Flight flight{.range = write.range, .durable = write.durable, .term = of_message};
  flight.payload = write.operation == Operation::zero ? Payload(write.range.count, 0)
                                                      : buffers_.at(write.buffer);
  flight.payload.resize(write.range.count);
  const std::uint64_t id = ++last_flight_;
  flights_[id] = std::move(flight);
  later(disk_time(world_.environment().disk), [this, id, ticket = write.ticket] {
    const auto found = flights_.extract(id);
    if (found.empty()) return;
    const bool ok = !fails();
    land(found.mapped(), !ok);
    tell(DataDone{ticket, ok});
  });
}

void Engine::flush_data(const FlushData& flush) {
  const std::uint64_t mark = data_.mark();
  later(disk_time(world_.environment().disk), [this, flush, mark] {
    if (fails()) return tell(DataDone{flush.ticket, false});
    data_.flush(mark);
    tell(DataDone{flush.ticket, true});
  });
}

void Engine::read_metadata(const ReadMetadata& read) {
  later(disk_time(world_.environment().metadata), [this, read] {
    if (fails()) return tell(MetadataRead{read.ticket, false, {}});
    Bytes bytes;
    for (Sector at = read.offset / sector_size; bytes.size() < read.size; ++at) {
      const MetadataSector& sector = metadata_.read(at);
      bytes.insert(bytes.end(), sector.begin(), sector.end());
    }
    tell(MetadataRead{read.ticket, true, std::move(bytes)});
  });
}

void Engine::write_metadata(WriteMetadata write) {
  const std::uint64_t id = ++last_flight_;
  const bool chooses = core_->forcing && core_->forcing->declared && write.offset < Layout::log;
  flights_[id] = {.metadata = true,
                  .bytes = std::move(write.bytes),
                  .offset = write.offset,
                  .chooses = chooses && core_->phase == Phase::secondary};
  later(disk_time(world_.environment().metadata), [this, id, ticket = write.ticket] {
    const auto found = flights_.extract(id);
    if (found.empty()) return;
    const bool ok = !fails();
    land(found.mapped(), !ok);
    tell(MetadataWritten{ticket, ok});
  });
}

std::optional<Superblock> Engine::newest_superblock() const {
  const auto place = [&](std::uint64_t counter) {
    Bytes bytes;
    for (Sector at = Layout::superblock(counter) / sector_size; bytes.size() < block_size; ++at) {
      bytes.insert(bytes.end(), metadata_.read(at).begin(), metadata_.read(at).end());
    }
    return bytes;
  };
  const auto found = choose(place(0), place(1), world_.mirror());
  return found ? *found : std::nullopt;
}

void Engine::measure(const MeasureDevices& measure) {
  later(disk_time(world_.environment().metadata), [this, measure] {
    tell(DevicesMeasured{measure.ticket, {capacity_, metadata_.sectors() * sector_size}});
  });
}

void Engine::land_metadata(const Flight& flight, bool torn) {
  const std::size_t sectors = flight.bytes.size() / sector_size;
  for (std::size_t i = 0; i < sectors; ++i) {
    if (torn && world_.random().chance(0.5)) continue;
    MetadataSector sector;
    std::copy_n(flight.bytes.begin() + static_cast<std::ptrdiff_t>(i * sector_size), sector_size,
                sector.begin());
    metadata_.write_through(flight.offset / sector_size + i, sector);
  }
  if (!flight.chooses) return;
  const auto written = decode_superblock(flight.bytes);
  if (!written || newest_superblock() != *written) return;
  // Behind its end nothing is there, until it grows.
  for (Sector sector = 0; sector < data_.sectors(); ++sector) {
    const bool there = sector < written->geometry.sectors;
    const std::uint64_t value = there ? world_.before_rot(data_.read(sector)) : 0;
    world_.application().chosen(sector, value);
  }
  world_.application().size_chosen(written->geometry.sectors);
}

void Engine::land(const Flight& flight, bool torn) {
  Random& random = world_.random();
  if (flight.metadata) return land_metadata(flight, torn);
  world_.on_landing(copy_, flight.term);
  for (std::size_t i = 0; i < flight.payload.size(); ++i) {
    if (torn && random.chance(0.5)) continue;
    const Sector sector = flight.range.first + i;
    if (flight.durable && !torn) {
      data_.write_through(sector, flight.payload[i]);
    } else {
      data_.write(sector, flight.payload[i]);
    }
  }
}

}  // namespace mainstay::mirror_sim
