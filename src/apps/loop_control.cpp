#include "apps/loop_control.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/envelope.h"
#include "api/router.h"

namespace mainstay::apps {
namespace {

using api::Reply;
using api::Request;
using api::StatusReport;

// Longer than the loop ever takes between two turns.
constexpr Duration loop_patience = 2s;

// A node that is not heard does not answer either: it is not worth waiting for.
Status heard(const ClusterStatus& status, const NodeName& name) {
  const auto node = std::ranges::find(status.nodes, name, &NodeStatus::name);
  if (node == status.nodes.end()) return {};
  if (node->trust == Trust::alive || node->trust == Trust::suspect) return {};
  return failure(Code::unavailable,
                 fmt::format("{} cannot be asked: it is {}{}", name,
                             node->trust == Trust::unheard ? "not heard" : to_text(node->trust),
                             node->why.empty() ? "" : " (" + node->why + ")"));
}

Result<Reply> reply_of(Result<Bytes> answer, const NodeName& node, bool order) {
  if (answer) return api::decode_reply(*answer);
  Error error = std::move(answer.error());
  if (order && error.code == Code::timed_out) {
    error.code = Code::outcome_unknown;
    error.message += fmt::format(
        "; the order may have been carried out. Look with 'mainstay -h {} "
        "status'",
        node);
  }
  return std::unexpected(std::move(error));
}

}  // namespace

template <class T>
Result<T> LoopControl::on_loop(Duration wait, Error late,
                               std::function<void(Answerers&, const Promise<T>&)> job) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = promise->get_future();
  setup_.mailbox->post(
      [answerers = setup_.answerers, job = std::move(job), promise = std::move(promise)]() mutable {
        if (answerers->driver) job(*answerers, promise);
      });
  if (future.wait_for(wait) != std::future_status::ready) return std::unexpected(std::move(late));
  try {
    return future.get();
  } catch (const std::future_error&) {
    return failure(Code::cancelled, "the daemon is stopping");
  }
}

Result<StatusReport> LoopControl::status(Duration wait) {
  return on_loop<StatusReport>(
      wait, {Code::timed_out, fmt::format("the daemon did not answer within {}", to_text(wait))},
      [](Answerers& answerers, const Promise<StatusReport>& promise) {
        promise->set_value(StatusReport{answerers.driver->status(), answerers.daemon_status()});
      });
}

Status LoopControl::ask(Command command, Duration wait) {
  return on_loop<void>(
      wait,
      {Code::outcome_unknown, fmt::format("the order was given and is not done after {}; look with "
                                          "'mainstay status'",
                                          to_text(wait))},
      [command = std::move(command)](Answerers& answerers, const Promise<void>& promise) {
        answerers.driver->ask(command,
                              [promise](Status done) { promise->set_value(std::move(done)); });
      });
}

Status LoopControl::order_mirror(const ResourceName& mirror, MirrorOrder order, Duration wait) {
  return on_loop<void>(
      wait + loop_patience,
      {Code::outcome_unknown, fmt::format("the engine of {} did not answer within {}; look with "
                                          "'mainstay mirror status'",
                                          mirror, to_text(wait))},
      [mirror, order, wait](Answerers& answerers, const Promise<void>& promise) {
        answerers.order_mirror(mirror, order, wait,
                               [promise](Status done) { promise->set_value(std::move(done)); });
      });
}

Result<std::vector<EventRecord>> LoopControl::events(const api::EventQuery& query) {
  return setup_.history.events({query.since, query.limit, query.newest}, query.wait);
}

Result<std::vector<ActivationRecord>> LoopControl::activations(std::string_view group,
                                                               std::size_t limit) {
  return setup_.history.activations(group, limit);
}

Result<Reply> LoopControl::forward(const NodeName& node, const Request& request, Duration wait) {
  if (!find_node(*setup_.config, node)) {
    return failure(Code::not_found, fmt::format("there is no node '{}'", node));
  }
  const bool order = api::is_order(request);
  auto answer = on_loop<Bytes>(
      wait + loop_patience,
      {order ? Code::outcome_unknown : Code::timed_out,
       fmt::format("{} did not answer within {}", node, to_text(wait))},
      [node, question = encode(request), wait](Answerers& answerers,
                                               const Promise<Bytes>& promise) {
        if (const auto there = heard(answerers.driver->status(), node); !there) {
          return promise->set_value(std::unexpected(there.error()));
        }
        answerers.remote->ask(
            node, question, answerers.clock->now() + wait,
            [promise](Result<Bytes> bytes) { promise->set_value(std::move(bytes)); });
      });
  return reply_of(std::move(answer), node, order);
}

}  // namespace mainstay::apps
