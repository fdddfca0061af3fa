// An HTTP/1.1 client that never blocks its loop: libcurl's multi interface, driven by an EventLoop
// and a Clock. It knows nothing of AWS; anything that speaks HTTP can use it.
//
// A status of 400 or 500 is an answer, not a failure. A failure says whether the request may have
// reached the other side, for only then can a change have happened.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/event_loop.h"
#include "base/task.h"
#include "base/time.h"
#include "ports/call.h"
#include "ports/clock.h"

namespace mainstay {

struct HttpHeader {
  std::string name;
  std::string value;
  friend bool operator==(const HttpHeader&, const HttpHeader&) = default;
};
using HttpHeaders = std::vector<HttpHeader>;

// The first header of this name in any spelling, or "".
std::string_view header_value(const HttpHeaders& headers, std::string_view name);
// The time of a Date header; nullopt if it is none.
std::optional<WallTime> parse_http_date(const std::string& text);

inline constexpr std::size_t http_response_size_max = 16 * 1024 * 1024;
inline constexpr std::size_t http_header_size_max = 64 * 1024;  // all headers of an answer
inline constexpr std::size_t http_transfers_max = 256;          // at one time, per client

struct HttpTls {
  std::string ca_file;           // PEM; "" is the system's
  std::string certificate_file;  // ours, if the server asks for one
  std::string key_file;
  bool verify = true;
  friend bool operator==(const HttpTls&, const HttpTls&) = default;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;      // http or https, encoded as it is to be sent
  HttpHeaders headers;  // sent as given; Host and Content-Length are added
  std::string body;
  std::string proxy;  // "" is direct: the environment is not looked at
  HttpTls tls;
  Duration connect_limit = 3s;  // for name, TCP and TLS together
  // A kept connection may have been closed by the server just when we write; the request is then
  // written once more, on a new one. What must not arrive twice asks for a new one at once.
  bool fresh_connection = false;
  std::size_t response_size_max = http_response_size_max;
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;
  std::string address;  // of who answered: the server, or the proxy
  // Written again on a new connection, since the kept one closed without an answer: the server may
  // have seen it twice, and this is its second word.
  bool repeated = false;
  friend bool operator==(const HttpResponse&, const HttpResponse&) = default;
};

enum class HttpProblem {
  invalid,      // the request cannot be sent: URL, header
  unreachable,  // name, TCP or TLS
  broken,       // the connection ended, or what came is no HTTP
  timed_out,    // the call's deadline, or the connect limit
  too_large,    // the answer, or too many transfers
  cancelled,
};

struct HttpFailure {
  HttpProblem problem = HttpProblem::invalid;
  std::string message;  // names host and port; never headers, query or body
  bool sent = false;    // the server may have seen the request
  friend bool operator==(const HttpFailure&, const HttpFailure&) = default;
};
using HttpResult = std::expected<HttpResponse, HttpFailure>;

// What users of HTTP take, so that their tests need no network.
using HttpSend = std::function<Task<HttpResult>(HttpRequest, Call)>;

class HttpClient {
 public:
  HttpClient(Clock& clock, EventLoop& loop);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Settles by the call's deadline, and at the loop's next turn after a cancellation. Connections
  // are kept for later requests to the same host. Dropping the task, or the client, ends the
  // transfer.
  Task<HttpResult> send(HttpRequest request, Call call);
  HttpSend sender();

 private:
  class Transfers;
  std::shared_ptr<Transfers> transfers_;
};

}  // namespace mainstay
