#include "runtime/node_driver.h"

#include <algorithm>
#include <deque>
#include <list>

#include "base/check.h"
#include "cluster/node.h"
#include "runtime/executor.h"
#include "runtime/forced_stop.h"
#include "runtime/make_status.h"
#include "runtime/reachability.h"
#include "runtime/recipes.h"

namespace mainstay {
namespace {

// What the stream carries, by its first byte.
enum class MessageKind : std::uint8_t { configuration = 1, door = 2 };

// A node that ends itself in order before it halts harder gets this long for it.
constexpr Duration orderly_stop_max = 30s;

HaltKind kind_of(Halt halt) {
  switch (halt) {
    case Halt::stop_service:
      return HaltKind::stop_service;
    case Halt::shut_down:
      return HaltKind::shut_down;
    case Halt::reboot:
      return HaltKind::reboot;
    case Halt::reset:
      return HaltKind::reset;
  }
  return HaltKind::stop_service;
}

// Grows with every start, even when the store is lost and the clock was set back a little.
Incarnation next_incarnation(const Durable& stored, WallTime wall) {
  const auto milliseconds =
      static_cast<Incarnation>(std::max<std::int64_t>(wall.time_since_epoch().count(), 1));
  return std::max(stored.incarnation + 1, milliseconds);
}

}  // namespace

struct NodeDriver::Impl {
  Impl(NodeSetup node_setup, NodePorts node_ports, NodeObserver node_observer)
      : setup(std::move(node_setup)),
        ports(node_ports),
        observer(std::move(node_observer)),
        executor(ports.clock),
        recipes(setup, ports, executor,
                {.on_event = [this](Event event) { post(std::move(event)); },
                 .on_note = [this](Note note) { observe(std::move(note)); }}),
        forced_stop({.config = *setup.config,
                     .self = setup.self,
                     .clock = ports.clock,
                     .aws = ports.aws,
                     .process = ports.process,
                     .power = ports.power,
                     .log_directory = setup.log_directory}),
        asker{.config = *setup.config,
              .self = setup.self,
              .clock = ports.clock,
              .host = ports.host,
              .process = ports.process,
              .log_directory = setup.log_directory} {}
  ~Impl() {
    ports.clock.cancel(timer);
    ports.clock.cancel(drain_timer);
    ports.clock.cancel(halt_timer);
    ports.network.listen({});
  }

  // ---- Events in.

  // From inside an operation or a port: the core is stepped from the driver's own queue.
  void post(Event event) {
    events.push_back(std::move(event));
    if (draining || drain_timer != 0) return;
    drain_timer = ports.clock.call_at(ports.clock.now(), [this] {
      drain_timer = 0;
      drain();
    });
  }
  // From the driver's own queue.
  void handle(Event event) {
    events.push_back(std::move(event));
    if (!draining) drain();
  }

  void drain() {
    draining = true;
    executor.reap();
    reap_errands();
    while (!events.empty()) {
      Event event = std::move(events.front());
      events.pop_front();
      take(event);
    }
    draining = false;
    arm();
  }

  void take(const Event& event) {
    const Instant now = ports.clock.now();
    if (observer.on_event) observer.on_event(event, now);
    for (auto& action : step(state, event, now)) {
      if (observer.on_action) observer.on_action(action, now);
      std::visit([&](auto& what) { perform(what); }, action);
    }
  }

  void arm() {
    const Instant next = state.planned;
    if (next == armed && timer != 0) return;
    ports.clock.cancel(timer);
    armed = next;
    timer = ports.clock.call_at(next, [this] {
      timer = 0;
      handle(Tick{});
    });
  }

  void observe(Note note) {
    if (observer.on_action) observer.on_action(std::move(note), ports.clock.now());
  }

  // ---- Errands: short coroutines of the driver itself. They end by their deadlines.

  void errand(Task<void> task) {
    errands.push_back(std::move(task));
    errands.back().start();
  }
  void reap_errands() {
    std::erase_if(errands, [](const Task<void>& task) { return task.done(); });
  }

  // ---- Actions out.

  void perform(const SendBeat& send) {
    const Bytes bytes = encode(send.beat);
    if (bytes.size() > datagram_size_max) {
      observe({Severity::error, setup.self.value,
               "the beat does not fit into a datagram: too many groups"});
      return;
    }
    for (const auto& node : setup.config->nodes) {
      if (node.name == setup.self) continue;
      for (std::size_t path = 0; path < setup.config->paths.size(); ++path) {
        ports.network.send_datagram(node.name, static_cast<PathIndex>(path), bytes);
      }
    }
  }

  void perform(StoreState& store) {
    to_store = std::move(store);
    if (!storing) errand(store_latest());
  }
  Task<void> store_latest() {
    storing = true;
    while (to_store) {
      const StoreState next = std::move(*to_store);
      to_store.reset();
      Status outcome = co_await ports.store.save(encode(next.durable));
      post(StateStored{next.number, std::move(outcome)});
    }
    storing = false;
  }

  void perform(ReadRecord& read) { errand(read_record(std::move(read), ports.clock.now())); }
  Task<void> read_record(ReadRecord read, Instant asked) {
    if (ports.arbiter == nullptr) {
      post(RecordRead{read.ticket, asked, 0, {}, failure(Code::unavailable, "no arbiter")});
      co_return;
    }
    auto record = co_await ports.arbiter->read(read.key, {read.deadline, lifetime});
    if (record) {
      post(RecordRead{read.ticket, asked, record->version, std::move(record->value), {}});
    } else {
      post(RecordRead{read.ticket, asked, 0, {}, std::unexpected(record.error())});
    }
  }

  void perform(SwapRecord& swap) { errand(swap_record(std::move(swap), ports.clock.now())); }
  Task<void> swap_record(SwapRecord swap, Instant asked) {
    if (ports.arbiter == nullptr) {
      post(RecordSwapped{swap.ticket, asked, 0, failure(Code::unavailable, "no arbiter")});
      co_return;
    }
    auto version = co_await ports.arbiter->swap(swap.key, swap.expected, std::move(swap.value),
                                                {swap.deadline, lifetime});
    if (version) {
      post(RecordSwapped{swap.ticket, asked, *version, {}});
    } else {
      post(RecordSwapped{swap.ticket, asked, 0, std::unexpected(version.error())});
    }
  }

  void perform(const CheckReachability& check) {
    errand(judge_reachability(check.ticket, ports.clock.now()));
  }
  Task<void> judge_reachability(Ticket ticket, Instant asked) {
    auto answer = co_await check_reachability(asker, lifetime);
    post(ReachabilityJudged{ticket, asked, answer.verdict, std::move(answer.why),
                            std::move(answer.single)});
  }

  void perform(FencePeer& fence) { errand(fence_peer(std::move(fence))); }
  Task<void> fence_peer(FencePeer fence) {
    const Call call{fence.deadline, lifetime};
    Status outcome = co_await forced_stop.stop(fence.peer, call);
    const bool stopped_it = outcome.has_value();
    post(PeerFenced{fence.ticket, std::move(outcome)});
    const Call lowering{ports.clock.now() + 10s, lifetime};
    co_await forced_stop.lower_protection(lowering);
    if (!stopped_it) co_return;
    const Call again{ports.clock.now() + setup.config->arbitration.forced_stop.timeout, lifetime};
    const Status started = co_await forced_stop.start_again(fence.peer, again);
    if (started) co_return;
    observe({Severity::warning, fence.peer.value,
             fmt::format("it was stopped, and cannot be started again: {}. Start it by hand.",
                         started.error().message)});
  }

  void perform(CheckFence& check) { errand(check_fence(std::move(check))); }
  Task<void> check_fence(CheckFence check) {
    const Call call{check.deadline, lifetime};
    Status outcome = co_await forced_stop.check(check.peer, call);
    post(FenceChecked{check.ticket, std::move(outcome)});
  }

  void perform(const ActivateResource& action) { recipes.activate(action); }
  void perform(const DeactivateResource& action) { recipes.deactivate(action); }
  void perform(const CancelOperation& action) { executor.cancel(action.ticket); }
  void perform(const ReleaseGroup& action) { recipes.release(action); }
  void perform(const RunMonitor& action) { recipes.observe(action); }
  void perform(const ArmWatchdog& action) { ports.power.arm_watchdog(action.until); }
  void perform(const Note&) {}              // The observer has seen it.
  void perform(const RecordActivation&) {}  // Likewise.

  void perform(const AnswerOperator& answer) {
    const auto found = unanswered.find(answer.ticket);
    if (found == unanswered.end()) return;
    const auto done = std::move(found->second);
    unanswered.erase(found);
    done(answer.outcome);
  }

  void perform(const HaltNode& halt) {
    observe(
        {Severity::warning, setup.self.value, fmt::format("{}: {}", to_text(halt.kind), halt.why)});
    if (halt.kind == Halt::reset) return ports.power.halt(HaltKind::reset);
    if (state.phase == NodePhase::stopped) return end_in_order();
    // What may still be handed over in order is, for a while.
    harder = std::max(harder, halt.kind);
    events.push_back(OperatorAsked{0, StopNode{}});
    if (halt_timer != 0 || harder == Halt::stop_service) return;
    halt_timer = ports.clock.call_at(ports.clock.now() + orderly_stop_max,
                                     [this] { ports.power.halt(kind_of(harder)); });
  }
  void end_in_order() {
    if (harder != Halt::stop_service) return ports.power.halt(kind_of(harder));
    // The owner destroys us: not from inside our own stack.
    ports.clock.cancel(halt_timer);
    halt_timer = ports.clock.call_at(ports.clock.now(), [this] {
      const auto tell = stopped;  // It may destroy us.
      if (tell) tell();
    });
  }

  // ---- The network.

  void on_datagram(const NodeName& from, PathIndex path, ByteView payload) {
    auto beat = decode_beat(payload);
    if (!beat) {
      if (undecodable_said.insert(from).second) {
        observe({Severity::warning, from.value,
                 "sends beats that this release cannot read: " + beat.error().message});
      }
      return handle(BeatUnreadable{from});
    }
    if (beat->config_digest != setup.config->digest) show_configuration(from, beat->incarnation);
    handle(BeatHeard{from, path, std::move(*beat)});
  }

  void show_configuration(const NodeName& to, Incarnation incarnation) {
    if (setup.config_text.empty() || std::exchange(shown_to[to], incarnation) == incarnation)
      return;
    send(to, MessageKind::configuration, as_bytes(setup.config_text));
  }
  void send(const NodeName& to, MessageKind kind, ByteView payload) {
    ByteWriter writer;
    writer.u8(static_cast<std::uint8_t>(kind));
    writer.raw(payload);
    ports.network.send_message(to, writer.bytes());
  }
  void on_stream(const NodeName& from, ByteView message) {
    if (message.empty()) return;
    const ByteView payload = message.subspan(1);
    if (message[0] == static_cast<std::uint8_t>(MessageKind::door) && door)
      return door(from, payload);
    if (message[0] != static_cast<std::uint8_t>(MessageKind::configuration) ||
        !setup.explain_difference)
      return;
    const std::string difference = setup.explain_difference(as_text(payload));
    if (difference.empty()) return;
    observe({Severity::error, setup.self.value,
             fmt::format("its configuration differs from {}'s: {}", from, difference)});
  }

  NodeSetup setup;
  NodePorts ports;
  NodeObserver observer;
  Cancellation lifetime;
  Executor executor;
  Recipes recipes;
  ForcedStop forced_stop;
  ReachabilityAsker asker;
  State state;
  std::deque<Event> events;
  std::list<Task<void>> errands;
  bool draining = false;
  TimerId timer = 0;
  Instant armed = never;
  TimerId drain_timer = 0;
  TimerId halt_timer = 0;
  Halt harder = Halt::stop_service;
  std::optional<StoreState> to_store;
  bool storing = false;
  Ticket last_asked = 0;
  std::map<Ticket, std::function<void(Status)>> unanswered;
  std::map<NodeName, Incarnation> shown_to;
  std::set<NodeName> undecodable_said;
  std::function<void(const NodeName&, ByteView)> door;
  std::function<void()> stopped;
};

NodeDriver::NodeDriver(NodeSetup setup, NodePorts ports, NodeObserver observer)
    : impl_(std::make_unique<Impl>(std::move(setup), ports, std::move(observer))) {}

NodeDriver::~NodeDriver() = default;

Status NodeDriver::start() {
  Impl& impl = *impl_;
  auto loaded = impl.ports.store.load();
  if (!loaded) return std::unexpected(loaded.error());
  Durable stored;
  if (*loaded) {
    auto decoded = decode_durable(**loaded);
    if (!decoded) return std::unexpected(decoded.error());
    stored = std::move(*decoded);
  }
  const Incarnation incarnation = next_incarnation(stored, impl.ports.clock.wall());
  impl.state = begin({.config = impl.setup.config,
                      .self = impl.setup.self,
                      .stored = std::move(stored),
                      .incarnation = incarnation,
                      .seed = impl.setup.seed,
                      .now = impl.ports.clock.now()});
  impl.ports.network.listen(
      {.on_datagram = [&impl](const NodeName& from, PathIndex path,
                              ByteView payload) { impl.on_datagram(from, path, payload); },
       .on_message = [&impl](const NodeName& from,
                             ByteView message) { impl.on_stream(from, message); }});
  impl.handle(Tick{});
  impl.recipes.begin();
  return {};
}

void NodeDriver::ask(Command command, std::function<void(Status)> done) {
  const Ticket ticket = ++impl_->last_asked;
  impl_->unanswered[ticket] = std::move(done);
  impl_->handle(OperatorAsked{ticket, std::move(command)});
}

ClusterStatus NodeDriver::status() const {
  return status_of(impl_->state, impl_->ports.clock.now());
}

void NodeDriver::send_message(const NodeName& to, ByteView message) {
  impl_->send(to, MessageKind::door, message);
}

void NodeDriver::on_message(std::function<void(const NodeName&, ByteView)> handler) {
  impl_->door = std::move(handler);
}

void NodeDriver::on_stopped(std::function<void()> stopped) { impl_->stopped = std::move(stopped); }

}  // namespace mainstay
