#include "apps/door.h"

#include <thread>

#include <fmt/format.h>

#include "api/envelope.h"
#include "api/router.h"
#include "api/server.h"
#include "api/thread_pool.h"
#include "apps/loop_control.h"
#include "runtime/remote.h"

namespace mainstay::apps {
namespace {

// For requests of other nodes: enough that two orders under way leave room for questions.
constexpr api::ThreadPool::Limits remote_limits{.threads = 3, .waiting = 16};

}  // namespace

struct Door::Impl {
  Parts parts;
  std::shared_ptr<adapters::Mailbox> mailbox;
  std::shared_ptr<Answerers> answerers = std::make_shared<Answerers>();
  std::unique_ptr<Remote> remote;
  std::unique_ptr<LoopControl> control;
  std::unique_ptr<api::ThreadPool> pool;
  std::unique_ptr<api::Server> server;
  std::jthread closing;

  explicit Impl(Parts given) : parts(std::move(given)), mailbox(parts.loop.mailbox()) {
    remote = std::make_unique<Remote>(
        parts.clock,
        [this](const NodeName& to, ByteView message) {
          if (answerers->driver) answerers->driver->send_message(to, message);
        },
        [this](const NodeName&, Bytes question, Remote::Answer answer) {
          asked_by_peer(std::move(question), std::move(answer));
        });
    *answerers = {&parts.driver, remote.get(), &parts.clock, parts.daemon_status,
                  parts.order_mirror};
    control = std::make_unique<LoopControl>(LoopControl::Setup{
        mailbox, answerers, parts.history, parts.config, parts.self, parts.version});
    pool = std::make_unique<api::ThreadPool>(remote_limits);
    parts.driver.on_message(
        [this](const NodeName& from, ByteView message) { remote->received(from, message); });
  }

  void asked_by_peer(Bytes question, Remote::Answer answer) {
    auto request = api::decode_request(question);
    if (!request) return answer(encode(api::error_reply(request.error())));
    const bool taken = pool->try_add([this, request = std::move(*request), answer] {
      const Bytes reply = encode(api::answer(*control, request, api::Origin::another_node));
      mailbox->post([answer, reply] { answer(reply); });
    });
    if (taken) return;
    answer(encode(api::error_reply(
        {Code::throttled, fmt::format("{} has too many requests of other nodes", parts.self)})));
  }
};

Door::Door(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Door::~Door() = default;

Result<std::unique_ptr<Door>> Door::open(Parts parts, const std::string& socket) {
  auto impl = std::make_unique<Impl>(std::move(parts));
  auto server = api::Server::start(*impl->control, socket);
  if (!server) return std::unexpected(server.error());
  impl->server = std::move(*server);
  return std::unique_ptr<Door>(new Door(std::move(impl)));
}

std::size_t Door::unanswered() const { return impl_->remote->unanswered(); }

void Door::close(std::function<void()> closed) {
  Impl& impl = *impl_;
  impl.parts.driver.on_message({});
  *impl.answerers = {};
  impl.remote.reset();
  impl.closing = std::jthread([&impl, closed = std::move(closed)] {
    impl.server.reset();
    impl.pool->finish();
    impl.mailbox->post([closed] { closed(); });
  });
}

}  // namespace mainstay::apps
