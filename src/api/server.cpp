#include "api/server.h"

#include <httplib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "api/router.h"
#include "api/socket_path.h"
#include "api/stream.h"
#include "api/thread_pool.h"

namespace mainstay::api {
namespace {

constexpr std::time_t transfer_timeout_s = 5;
constexpr std::size_t request_size_max = 64 * 1024;
// A stream says something at least this often, so that both sides notice a broken one.
constexpr Duration stream_silence_max = 15s;
constexpr Duration listen_wait = 5s;

class Tasks final : public httplib::TaskQueue {
 public:
  explicit Tasks(ThreadPool::Limits limits) : pool_(limits) {}
  void enqueue(std::function<void()> job) override { pool_.add(std::move(job)); }
  void shutdown() override { pool_.finish(); }

 private:
  ThreadPool pool_;
};

// One of a limited number of places, as long as it lives.
class Place {
 public:
  Place(std::atomic<std::size_t>& taken, std::size_t limit) : taken_(taken) {
    got_ = taken_.fetch_add(1) < limit;
    if (!got_) taken_.fetch_sub(1);
  }
  ~Place() {
    if (got_) taken_.fetch_sub(1);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  explicit operator bool() const { return got_; }

 private:
  std::atomic<std::size_t>& taken_;
  bool got_ = false;
};

void put(Reply reply, httplib::Response& response) {
  response.status = reply.status;
  response.set_content(std::move(reply.body), reply.content_type.c_str());
}

// The socket must never be open to everybody, not even between bind and chmod.
bool bind_privately(httplib::Server& server, const std::string& path) {
  const mode_t before = umask(0117);
  const bool bound = server.bind_to_port(path, 80);
  umask(before);
  return bound;
}

}  // namespace

struct Server::Impl {
  Control& control;
  std::string path;
  ServerLimits limits;
  httplib::Server http;
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> streams{0};
  std::atomic<std::size_t> orders{0};
  std::jthread listener;

  Impl(Control& asked, std::string socket_path, ServerLimits bounds)
      : control(asked), path(std::move(socket_path)), limits(bounds) {
    http.new_task_queue = [this] { return new Tasks({limits.threads, limits.waiting}); };
    http.set_address_family(AF_UNIX);
    http.set_keep_alive_max_count(1);  // An idle connection must not hold a thread.
    http.set_read_timeout(transfer_timeout_s);
    http.set_write_timeout(transfer_timeout_s);
    http.set_payload_max_length(request_size_max);
    const auto any = [this](const httplib::Request& request, httplib::Response& response) {
      serve(request, response);
    };
    http.Get(".*", any).Post(".*", any).Put(".*", any).Patch(".*", any).Delete(".*", any);
  }

  void serve(const httplib::Request& asked, httplib::Response& response) {
    Request request = parse_target(asked.method, asked.target);
    request.body = asked.body;
    if (request.method == "GET" && request.path == "/v1/events/stream") {
      return stream(request, response);
    }
    if (!is_order(request)) return put(answer(control, request, Origin::here), response);
    const Place place(orders, limits.orders);
    put(place ? answer(control, request, Origin::here)
              : error_reply({Code::throttled, fmt::format("{} orders are under way already; try "
                                                          "again when one of them is done",
                                                          limits.orders)}),
        response);
  }

  void stream(const Request& request, httplib::Response& response) {
    const auto place = std::make_shared<Place>(streams, limits.streams);
    if (!*place) {
      put(error_reply({Code::throttled, fmt::format("{} event streams are open already; close one",
                                                    limits.streams)}),
          response);
      return;
    }
    const auto events = std::make_shared<EventStream>(control, request);
    auto said_at = std::make_shared<std::chrono::steady_clock::time_point>();
    response.set_chunked_content_provider(
        "text/event-stream", [this, place, events, said_at](std::size_t, httplib::DataSink& sink) {
          return feed(*events, *said_at, sink);
        });
  }

  bool feed(EventStream& events, std::chrono::steady_clock::time_point& said_at,
            httplib::DataSink& sink) {
    if (stopping || events.ended()) {
      sink.done();
      return true;
    }
    std::string text = events.next();
    const auto now = std::chrono::steady_clock::now();
    if (text.empty() && now - said_at < stream_silence_max) return sink.is_writable();
    if (text.empty()) text = ": nothing new\n\n";
    said_at = now;
    return sink.write(text.data(), text.size());
  }
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::start(Control& control, const std::string& socket_path,
                                              ServerLimits limits) {
  if (auto clear = clear_socket_path(socket_path); !clear) return std::unexpected(clear.error());
  auto impl = std::make_unique<Impl>(control, socket_path, limits);
  if (!bind_privately(impl->http, socket_path)) {
    return failure(Code::unavailable,
                   fmt::format("cannot listen at {}: is its directory writable?", socket_path));
  }
  auto& http = impl->http;
  impl->listener = std::jthread([&http] { http.listen_after_bind(); });
  const auto until = std::chrono::steady_clock::now() + listen_wait;
  while (!http.is_running() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() {
  impl_->stopping = true;
  impl_->http.stop();
  impl_->listener.join();
  std::error_code gone_already;
  std::filesystem::remove(impl_->path, gone_already);
}

}  // namespace mainstay::api
