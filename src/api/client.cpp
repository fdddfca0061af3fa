#include "api/client.h"

#include <httplib.h>

#include <cmath>

#include <fmt/format.h>

#include "api/json.h"
#include "api/router.h"
#include "api/socket_path.h"

namespace mainstay::api {
namespace {

constexpr double question_wait_s = 10;
constexpr double order_wait_s = 600;
// The daemon is told to answer by then; this much longer and it will not answer at all.
constexpr double answer_margin_s = 5;
constexpr std::time_t connect_wait_s = 5;

void set_waits(httplib::ClientImpl& http, double wait_s) {
  const double whole = std::floor(wait_s);
  http.set_address_family(AF_UNIX);
  http.set_connection_timeout(connect_wait_s);
  http.set_read_timeout(static_cast<std::time_t>(whole),
                        static_cast<std::time_t>((wait_s - whole) * 1e6));
}

std::string start_it(const std::string& socket) {
  return fmt::format(
      "Start it with 'mainstay node start' (or: systemctl start mainstayd); if it runs with "
      "another socket than {}, name it with --socket",
      socket);
}

// Cuts the stream's text into events; keeps what is not complete.
class StreamReader {
 public:
  explicit StreamReader(const std::function<bool(std::string_view)>& on_event)
      : on_event_(on_event) {}

  bool take(std::string_view text) {
    rest_ += text;
    for (auto end = rest_.find("\n\n"); end != rest_.npos; end = rest_.find("\n\n")) {
      const std::string block = rest_.substr(0, end);
      rest_.erase(0, end + 2);
      if (!take_block(block)) return false;
    }
    return true;
  }
  const std::string& error() const { return error_; }

 private:
  bool take_block(const std::string& block) {
    const auto data = block.find("data: ");
    if (data == block.npos) return true;
    const std::string payload = block.substr(data + 6);
    if (!block.starts_with("event: error")) return on_event_(payload);
    error_ = payload;
    return false;
  }

  const std::function<bool(std::string_view)>& on_event_;
  std::string rest_;
  std::string error_;
};

}  // namespace

Answer<void> Client::reach() const {
  const auto probed = probe_socket(setup_.socket);
  if (probed) return {};
  Error error = probed.error();
  if (error.code == Code::invalid) return std::unexpected(Trouble{Trouble::Kind::misused, error});
  if (error.code == Code::denied) {
    error.message += ". Run the command as root, or as a member of the socket's group";
  } else {
    error.message = "mainstayd is not running: " + error.message + ". " + start_it(setup_.socket);
  }
  return std::unexpected(Trouble{Trouble::Kind::unreachable, std::move(error)});
}

Trouble Client::trouble_of(const std::string& body) const {
  Error error = error_from_json(body);
  Trouble::Kind kind = Trouble::Kind::refused;
  if (error.code == Code::timed_out || error.code == Code::outcome_unknown) {
    kind = Trouble::Kind::unknown;
  } else if (error.code == Code::unavailable && !setup_.host.empty()) {
    kind = Trouble::Kind::unreachable;
  }
  return {kind, std::move(error)};
}

Answer<std::string> Client::exchange(Request request, double wait_s) const {
  if (auto reached = reach(); !reached) return std::unexpected(reached.error());
  if (!setup_.host.empty()) request.query["at"] = setup_.host;
  httplib::ClientImpl http(setup_.socket, 80);
  set_waits(http, wait_s + answer_margin_s);
  const std::string target = target_of(request);
  const auto reply = request.method == "GET" ? http.Get(target)
                                             : http.Post(target, request.body, "application/json");
  if (!reply) {
    const bool order = request.method != "GET";
    return std::unexpected(Trouble{
        order ? Trouble::Kind::unknown : Trouble::Kind::unreachable,
        {order ? Code::outcome_unknown : Code::unavailable,
         fmt::format(
             "mainstayd took the request and gave no answer ({}){}",
             httplib::to_string(reply.error()),
             order ? "; the order may have been carried out: look with 'mainstay status'" : "")}});
  }
  if (reply->status != 200) return std::unexpected(trouble_of(reply->body));
  return reply->body;
}

Answer<std::string> Client::get(Request request) const {
  request.method = "GET";
  return exchange(std::move(request), setup_.timeout_s.value_or(question_wait_s));
}

Answer<std::string> Client::order(Request request) const {
  request.method = "POST";
  const double wait_s = setup_.timeout_s.value_or(order_wait_s);
  request.query["timeout_ms"] = std::to_string(static_cast<std::int64_t>(wait_s * 1000));
  return exchange(std::move(request), wait_s);
}

Answer<void> Client::follow(Request request,
                            const std::function<bool(std::string_view)>& on_event) const {
  if (auto reached = reach(); !reached) return reached;
  if (!setup_.host.empty()) request.query["at"] = setup_.host;
  httplib::ClientImpl http(setup_.socket, 80);
  set_waits(http, 60);  // The stream says something every 15 s.
  StreamReader reader(on_event);
  int status = 0;
  std::string refusal;
  bool wanted = true;
  const auto result = http.Get(
      target_of(request), [&](const httplib::Response& head) { return status = head.status, true; },
      [&](const char* data, std::size_t size) {
        if (status != 200) return refusal.append(data, size), true;
        return wanted = reader.take({data, size});
      });
  if (!refusal.empty()) return std::unexpected(trouble_of(refusal));
  if (!reader.error().empty()) return std::unexpected(trouble_of(reader.error()));
  if (result || !wanted) return {};
  return std::unexpected(
      Trouble{Trouble::Kind::unreachable, {Code::unavailable, "mainstayd ended the event stream"}});
}

}  // namespace mainstay::api
