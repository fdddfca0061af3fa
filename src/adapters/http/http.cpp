#include "adapters/http/http.h"

#include <curl/curl.h>

#include <map>
#include <vector>

#include <fmt/format.h>

#include "adapters/http/curl_transfer.h"
#include "adapters/http/url.h"
#include "base/check.h"

namespace mainstay {

std::string_view header_value(const HttpHeaders& headers, std::string_view name) {
  const std::string wanted = lower_case(name);
  for (const auto& header : headers) {
    if (lower_case(header.name) == wanted) return header.value;
  }
  return {};
}

std::optional<WallTime> parse_http_date(const std::string& text) {
  const std::time_t seconds = curl_getdate(text.c_str(), nullptr);
  if (seconds < 0) return std::nullopt;
  return std::chrono::floor<std::chrono::milliseconds>(
      std::chrono::system_clock::from_time_t(seconds));
}

// All transfers of one client. Completions are set only between calls into curl, never inside one
// of its callbacks: who is resumed may well start the next request.
class HttpClient::Transfers : public std::enable_shared_from_this<Transfers> {
 public:
  Transfers(Clock& clock, EventLoop& loop) : clock_(clock), loop_(loop) { set_up_multi(); }
  ~Transfers();

  // The failure of a request that cannot even begin, else the number of its transfer.
  std::expected<std::uint64_t, HttpFailure> begin(HttpRequest request, const Call& call,
                                                  const Completion<HttpResult>& done);
  // The transfer ends without settling. Unknown ones are ignored.
  void drop(std::uint64_t id);

 private:
  struct Pending {
    std::unique_ptr<CurlTransfer> transfer;
    Completion<HttpResult> done;
    Cancellation cancellation;
    std::uint64_t cancel_action = 0;
    TimerId deadline_timer = 0;
    Instant began{};
  };

  void set_up_multi();
  void arm(std::uint64_t id, const Call& call);
  Pending remove(std::uint64_t id);
  void on_deadline(std::uint64_t id);
  void on_cancellation(std::uint64_t id);
  void drive(curl_socket_t socket, int events);
  void settle_finished();
  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*);
  static int on_timer(CURLM*, long timeout_ms, void* self);

  Clock& clock_;
  EventLoop& loop_;
  CURLM* multi_ = nullptr;
  TimerId curl_timer_ = 0;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Pending> pending_;
  std::map<CURL*, std::uint64_t> ids_;
};

void HttpClient::Transfers::set_up_multi() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  MAINSTAY_CHECK(ready == CURLE_OK);
  multi_ = curl_multi_init();
  MAINSTAY_CHECK(multi_ != nullptr);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 16L);  // kept open between requests
}

HttpClient::Transfers::~Transfers() {
  while (!pending_.empty()) remove(pending_.begin()->first);
  curl_multi_cleanup(multi_);
  clock_.cancel(curl_timer_);
}

std::expected<std::uint64_t, HttpFailure> HttpClient::Transfers::begin(
    HttpRequest request, const Call& call, const Completion<HttpResult>& done) {
  auto transfer = CurlTransfer::make(std::move(request));
  if (!transfer) return std::unexpected(transfer.error());
  const auto refuse = [&](HttpProblem problem, std::string_view fact) {
    return std::unexpected((*transfer)->fail(problem, fact));
  };
  if (call.cancellation.requested()) return refuse(HttpProblem::cancelled, "called off");
  if (clock_.now() >= call.deadline) return refuse(HttpProblem::timed_out, "no time was left");
  if (pending_.size() >= http_transfers_max) {
    return refuse(HttpProblem::too_large, "too many requests at one time");
  }
  const std::uint64_t id = ++last_id_;
  CURL* handle = (*transfer)->handle();
  ids_[handle] = id;
  pending_[id] = Pending{std::move(*transfer), done, call.cancellation};
  arm(id, call);
  MAINSTAY_CHECK(curl_multi_add_handle(multi_, handle) == CURLM_OK);
  return id;
}

void HttpClient::Transfers::arm(std::uint64_t id, const Call& call) {
  Pending& pending = pending_.at(id);
  pending.began = clock_.now();
  if (call.deadline != never) {
    pending.deadline_timer = clock_.call_at(call.deadline, [weak = weak_from_this(), id] {
      if (const auto self = weak.lock()) self->on_deadline(id);
    });
  }
  pending.cancel_action = call.cancellation.on_request([weak = weak_from_this(), id] {
    if (const auto self = weak.lock()) self->on_cancellation(id);
  });
}

HttpClient::Transfers::Pending HttpClient::Transfers::remove(std::uint64_t id) {
  const auto found = pending_.find(id);
  MAINSTAY_CHECK(found != pending_.end());
  Pending pending = std::move(found->second);
  pending_.erase(found);
  clock_.cancel(pending.deadline_timer);
  pending.cancellation.forget(pending.cancel_action);
  ids_.erase(pending.transfer->handle());
  curl_multi_remove_handle(multi_, pending.transfer->handle());
  return pending;
}

void HttpClient::Transfers::drop(std::uint64_t id) {
  if (pending_.contains(id)) remove(id);
}

void HttpClient::Transfers::on_deadline(std::uint64_t id) {
  if (!pending_.contains(id)) return;
  // What it has reached must be asked before curl forgets it.
  const CurlTransfer& transfer = *pending_.at(id).transfer;
  auto failure =
      transfer.fail(HttpProblem::timed_out,
                    fmt::format("no {} within {}", transfer.sent() ? "answer" : "connection",
                                to_text(clock_.now() - pending_.at(id).began)));
  const Pending pending = remove(id);
  pending.done.set(std::unexpected(std::move(failure)));
}

void HttpClient::Transfers::on_cancellation(std::uint64_t id) {
  if (!pending_.contains(id)) return;
  auto failure = pending_.at(id).transfer->fail(HttpProblem::cancelled, "called off");
  // Who cancels is not yet ready to see the recipe run on: it goes through the queue.
  clock_.call_at(clock_.now(), [done = remove(id).done, failure = std::move(failure)] {
    done.set(std::unexpected(failure));
  });
}

void HttpClient::Transfers::drive(curl_socket_t socket, int events) {
  const auto keep = shared_from_this();
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  settle_finished();
}

void HttpClient::Transfers::settle_finished() {
  std::vector<std::pair<Completion<HttpResult>, HttpResult>> settled;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode verdict = message->data.result;
    const std::uint64_t id = ids_.at(message->easy_handle);
    HttpResult result = pending_.at(id).transfer->finish(verdict);
    settled.emplace_back(remove(id).done, std::move(result));
  }
  for (auto& [done, result] : settled) done.set(std::move(result));
}

int HttpClient::Transfers::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  auto& transfers = *static_cast<Transfers*>(self);
  if (what == CURL_POLL_REMOVE) {
    transfers.loop_.forget(socket);
    return 0;
  }
  const Readiness interest{.readable = what != CURL_POLL_OUT, .writable = what != CURL_POLL_IN};
  transfers.loop_.watch(
      socket, interest, [weak = transfers.weak_from_this(), socket](Readiness ready) {
        const int events =
            (ready.readable ? CURL_CSELECT_IN : 0) | (ready.writable ? CURL_CSELECT_OUT : 0);
        if (const auto alive = weak.lock()) alive->drive(socket, events);
      });
  return 0;
}

int HttpClient::Transfers::on_timer(CURLM*, long timeout_ms, void* self) {
  auto& transfers = *static_cast<Transfers*>(self);
  transfers.clock_.cancel(std::exchange(transfers.curl_timer_, 0));
  if (timeout_ms < 0) return 0;
  const Instant when = transfers.clock_.now() + std::chrono::milliseconds(timeout_ms);
  transfers.curl_timer_ = transfers.clock_.call_at(when, [weak = transfers.weak_from_this()] {
    if (const auto alive = weak.lock()) alive->drive(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

HttpClient::HttpClient(Clock& clock, EventLoop& loop)
    : transfers_(std::make_shared<Transfers>(clock, loop)) {}

HttpClient::~HttpClient() = default;

Task<HttpResult> HttpClient::send(HttpRequest request, Call call) {
  const Completion<HttpResult> done;
  const auto id = transfers_->begin(std::move(request), call, done);
  if (!id) co_return std::unexpected(id.error());
  // This frame may be dropped while it waits; the client may be gone even before that.
  struct Drop {
    std::weak_ptr<Transfers> transfers;
    std::uint64_t id;
    ~Drop() {
      if (const auto alive = transfers.lock()) alive->drop(id);
    }
  } drop{transfers_, *id};
  co_return co_await done;
}

HttpSend HttpClient::sender() {
  return [this](HttpRequest request, Call call) { return send(std::move(request), call); };
}

}  // namespace mainstay
