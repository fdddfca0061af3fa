// What the engine is made of; only its own sources include this.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mirror/volume.h"
#include "mirrord/buffers.h"
#include "mirrord/control.h"
#include "mirrord/disks.h"
#include "mirrord/engine.h"
#include "mirrord/fuse_front_end.h"
#include "mirrord/link.h"
#include "mirrord/ring.h"
#include "mirrord/status.h"
#include "mirrord/supervisor_message.h"

namespace mainstay::mirrord {

struct Engine::State {
  struct Asker {
    Control::ClientId client = 0;
    std::uint64_t id = 0;
  };
  struct Order {
    control::Verb verb = control::Verb::promote;
    mirror::Term term = 0;
    std::optional<Asker> asker;  // nobody: the order is our own
  };

  EngineConfig config;
  mirror::Settings settings;
  std::unique_ptr<Ring> ring;
  std::unique_ptr<Buffers> buffers;
  std::unique_ptr<Disks> disks;
  std::unique_ptr<Link> link;
  std::unique_ptr<Control> control;
  Fd supervisor;
  Fd lasting_memory;
  Ring::WatchId supervisor_watch = 0;
  std::uint64_t restarts = 0;

  // ---- The core.
  mirror::State core;
  mirror::Actions spare_actions;
  // Events that arose while an action was performed.
  std::deque<mirror::Event> next_events;
  std::map<mirror::Ticket, bool> record_questions;  // true: a swap
  Meter meter;
  Instant sample_at{};
  mirror::Phase seen_phase = mirror::Phase::opening;
  Instant in_phase_since{};
  std::optional<Instant> peer_seen;
  std::uint64_t seen_releases = 0;

  // ---- Orders, and whoever waits.
  std::map<mirror::Ticket, Order> orders;
  mirror::Ticket last_order = 0;
  std::vector<Asker> device_waiters;
  std::optional<Order> removal;  // the demotion that waits until the device is gone
  mirror::Term promote_again = 0;

  // ---- The device.
  std::unique_ptr<FuseFrontEnd> front_end;
  std::vector<std::unique_ptr<FuseFrontEnd>> abandoned;  // until the core has answered them
  std::uint64_t last_request = 0;
  std::string device;
  // What the kernel was last told to look at; nothing: it must be. And what its device had then.
  std::uint64_t told_bytes = 0;
  std::uint64_t device_bytes = 0;
  Instant tell_size_at{};
  bool front_end_ended = false;  // dealt with at the end of the turn
  Fd inherited_fuse;             // of the engine before this one, until we are promoted again

  bool stopping = false;
  bool ended = false;
  int exit_code = 0;

  void say(std::string_view text) const;

  // ---- engine_start.cpp
  Status open(const EngineConfig& from);
  Status open_devices();
  Status open_link();
  void stay_resident() const;

  // ---- engine.cpp
  void tell(const mirror::Event& event);
  void perform(mirror::Action action);
  void look_after(Instant now);
  void turn();
  void on_record(mirror::Ticket ticket, const control::RecordAnswer* answer);
  void ask_record(mirror::Ticket ticket, bool swap, bool asked);

  // ---- engine_orders.cpp
  void on_order(Control::ClientId client, const control::Order& order);
  void on_answer(const mirror::AnswerCluster& answer);
  void promote(mirror::Term term, std::optional<Asker> asker);
  void demote(const Order& order, bool force);
  void on_promoted(const Order& order);
  void refuse(const std::optional<Asker>& asker, const Error& error);
  void accept(const std::optional<Asker>& asker);
  void stop();
  EngineStatus status() const;

  // ---- engine_device.cpp
  void begin(SupervisorMessage message);
  void on_supervisor();
  void provide_device(const std::optional<Asker>& asker);
  void open_front_end(Fd fuse);
  void remove_device(bool force);
  void abandon_front_end();
  void on_provided(const SupervisorMessage& message);
  void on_removed(const SupervisorMessage& message);
  void on_resized(const SupervisorMessage& message);
  void look_after_device();
  void look_after_size(Instant now);
  std::uint64_t mirror_bytes() const;
  void to_supervisor(const SupervisorMessage& message);
  std::uint64_t request_max() const;
};

}  // namespace mainstay::mirrord
