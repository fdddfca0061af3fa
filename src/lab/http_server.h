// A small HTTP and HTTPS server: one thread per connection, a bounded number of them.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lab/files.h"
#include "lab/http.h"
#include "lab/ipv4.h"
#include "lab/tls.h"

namespace mainstay::lab {

inline constexpr std::size_t connections_max = 512;

class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  // Listens in the namespace, serves from anywhere. The handler is called from many threads at
  // once.
  static Result<std::unique_ptr<HttpServer>> start(const Fd& network_namespace, Ipv4 address,
                                                   int port, Handler handler,
                                                   const TlsContext* tls = nullptr);
  ~HttpServer();

 private:
  struct State;
  explicit HttpServer(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace mainstay::lab
