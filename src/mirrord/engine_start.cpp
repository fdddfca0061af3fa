// How an engine comes up: devices, the core, the link, the control socket.
#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "adapters/linux/address.h"
#include "adapters/linux/cluster_key.h"
#include "adapters/linux/errno_text.h"
#include "adapters/linux/seal.h"
#include "base/check.h"
#include "mirrord/engine_state.h"
#include "mirrord/prepare.h"

namespace mainstay::mirrord {
namespace {

constexpr std::uint32_t regions_under_way = 16;
constexpr std::uint64_t mebibyte = 1024 * 1024;
// For devices that the engine before this one has not let go of yet.
constexpr Duration device_wait = 10s;
constexpr Duration device_looks_every = 10ms;

std::uint64_t seed() {
  adapters::sodium_ready();
  std::array<std::uint8_t, 8> bytes{};
  adapters::random_bytes(bytes);
  return ByteReader(bytes).u64();
}

// Without its supervisor an engine has nothing to serve.
void die_with_supervisor() {
  const pid_t supervisor = getppid();
  MAINSTAY_CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
  if (getppid() != supervisor) _exit(1);
  // It says when to end.
  std::signal(SIGTERM, SIG_IGN);
  std::signal(SIGINT, SIG_IGN);
}

Result<std::vector<adapters::SocketAddress>> resolve(const std::vector<Address>& addresses) {
  std::vector<adapters::SocketAddress> resolved;
  for (const Address& each : addresses) {
    auto address = adapters::parse_address(each.host, each.port);
    if (!address) return std::unexpected(address.error());
    resolved.push_back(*address);
  }
  return resolved;
}

// An engine that was killed may have left the kernel with requests, which keep its devices open
// until the last one has ended. Nothing may be begun before: an old write must not land on a new
// one.
Result<Device> open_after_another(const std::string& path, Durability durability, Duration wait) {
  const Instant until = Ring::now() + wait;
  while (true) {
    auto device = open_device(path, durability);
    const bool in_use = !device && device.error().code == Code::conflict;
    if (!in_use || Ring::now() >= until) return device;
    std::this_thread::sleep_for(device_looks_every);
  }
}

NodeName name_of(mirror::Copy copy) { return NodeName(fmt::format("copy {}", copy)); }

}  // namespace

// Writing memory back must not need this process to wait for memory to be written back. A machine
// that does not allow it is no reason not to run.
void Engine::State::stay_resident() const {
  if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
    say(fmt::format("its memory may be paged out: {}", adapters::errno_text(errno)));
  }
  if (prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) != 0) {
    say(fmt::format("it may wait for memory to be written back: {}", adapters::errno_text(errno)));
  }
  std::ofstream("/proc/self/oom_score_adj") << "-1000";
  // What waits for a disk waits for us: the application's own load must not hold up its writes.
  const sched_param lowest{.sched_priority = sched_get_priority_min(SCHED_RR)};
  if (sched_setscheduler(0, SCHED_RR, &lowest) != 0) {
    say(fmt::format("a busy machine will slow it down: {}", adapters::errno_text(errno)));
  }
}

Status Engine::State::open_devices() {
  const Duration wait = restarts > 0 ? device_wait : 0s;
  auto data = open_after_another(config.data, Durability::cached, wait);
  if (!data) return std::unexpected(data.error());
  auto metadata = open_after_another(config.metadata, Durability::each_write, wait);
  if (!metadata) return std::unexpected(metadata.error());
  const auto geometry = geometry_of(*data, *metadata);
  if (!geometry) return std::unexpected(geometry.error());
  settings = {.mirror = mirror_id(config.name),
              .geometry = *geometry,
              .self = config.copy,
              .record = config.record,
              .resync_window = regions_under_way,
              .resync_limit = config.resync_limit * mebibyte,
              .resync_by_checksum = config.resync_by_checksum,
              .seed = seed()};
  const std::size_t region = std::size_t{geometry->region_sectors} * mirror::sector_size;
  buffers = std::make_unique<Buffers>(lasting_memory, regions_under_way, region);
  if (const Status lent = ring->lend(buffers->arenas()); !lent) return lent;
  disks = std::make_unique<Disks>(*ring, *buffers, std::move(*data), std::move(*metadata),
                                  [this](const mirror::Event& event) { tell(event); });
  return {};
}

Status Engine::State::open_link() {
  const auto key = adapters::load_key(config.key);
  if (!key) return std::unexpected(key.error());
  auto listen = resolve(config.listen);
  if (!listen) return std::unexpected(listen.error());
  auto peers = resolve(config.peers);
  if (!peers) return std::unexpected(peers.error());
  LinkSettings wanted{.identity = {.cluster = fmt::format("mirror {}, payload {}", config.name,
                                                          config.encrypt ? "sealed" : "plain"),
                                   .self = name_of(config.copy),
                                   .key = *key,
                                   .peers = {name_of(mirror::other(config.copy))},
                                   .versions = {}},
                      .peer = name_of(mirror::other(config.copy)),
                      .dials = config.copy == 0,
                      .listen = std::move(*listen),
                      .peers = std::move(*peers),
                      .form = config.encrypt ? PayloadForm::sealed : PayloadForm::plain};
  for (const Address& each : config.peers) wanted.peer_texts.push_back(to_text(each));
  link = std::make_unique<Link>(
      *ring, *buffers, std::move(wanted),
      Link::Events{
          .up = [this] { tell(mirror::LinkUp{}); },
          .down =
              [this](const std::string&) {
                meter.link_lost();
                tell(mirror::LinkDown{});
              },
          .received =
              [this](mirror::Message message) { tell(mirror::Received{std::move(message)}); },
          .note = [this](const std::string& text) { say(text); }});
  return link->start();
}

Status Engine::State::open(const EngineConfig& from) {
  config = from;
  die_with_supervisor();
  supervisor = Fd(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  auto opened = Ring::open();
  if (!opened) return std::unexpected(opened.error());
  ring = std::move(*opened);
  auto first = receive_message(supervisor.number());
  if (!first) return std::unexpected(first.error());
  MAINSTAY_CHECK(first->has_value());
  begin(std::move(**first));
  if (const Status devices = open_devices(); !devices) return devices;
  mirror::Actions actions;
  core = mirror::begin(settings, actions);
  for (mirror::Action& action : actions) perform(std::move(action));
  if (const Status linked = open_link(); !linked) return linked;
  stay_resident();
  in_phase_since = Ring::now();
  return {};
}

}  // namespace mainstay::mirrord
