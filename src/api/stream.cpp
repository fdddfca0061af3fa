#include "api/stream.h"

#include <fmt/format.h>

#include "api/json.h"
#include "api/router.h"

namespace mainstay::api {
namespace {

// How long one look waits: a stop of the daemon and a client that left are noticed in between.
// Another node is asked less often, since each question crosses the network.
constexpr std::string_view wait_here_ms = "500";
constexpr std::string_view wait_there_ms = "2000";

std::string text_of(const EventRecord& event) {
  return fmt::format("id: {}\ndata: {}\n\n", event.number, to_json(event));
}

}  // namespace

EventStream::EventStream(Control& control, const Request& request)
    : control_(control), question_(request) {
  question_.path = "/v1/events";
  const bool there = request.query.contains("at");
  question_.query["wait_ms"] = there ? wait_there_ms : wait_here_ms;
  if (request.query.contains("since")) return;
  Request last = question_;
  last.query["limit"] = "1";
  last.query.erase("wait_ms");
  const Reply reply = answer(control_, last, Origin::here);
  const auto events = events_from_json(reply.body);
  const bool any = events && !events->empty();
  question_.query["since"] = std::to_string(any ? events->back().number : 0);
}

std::string EventStream::next() {
  const Reply reply = answer(control_, question_, Origin::here);
  if (reply.status != 200) return fail(reply.body);
  const auto events = events_from_json(reply.body);
  if (!events) return fail(to_json(events.error()));
  std::string text;
  for (const auto& event : *events) text += text_of(event);
  if (!events->empty()) question_.query["since"] = std::to_string(events->back().number);
  return text;
}

std::string EventStream::fail(const std::string& error_body) {
  ended_ = true;
  return fmt::format("event: error\ndata: {}\n\n", error_body);
}

}  // namespace mainstay::api
