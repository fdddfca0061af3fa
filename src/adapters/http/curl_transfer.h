// One request on its way through libcurl: its handle, what it was asked, and what has come back.
// Only for http.cpp.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "adapters/http/http.h"

namespace mainstay {

class CurlTransfer {
 public:
  // A handle set up for the request, or why there can be none.
  static std::expected<std::unique_ptr<CurlTransfer>, HttpFailure> make(HttpRequest request);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  CURL* handle() const { return handle_; }
  // The connection stands and bytes of the request have left.
  bool sent() const;
  // What curl's verdict on a finished transfer means. Call once.
  HttpResult finish(CURLcode verdict);
  // For a transfer that we end ourselves.
  HttpFailure fail(HttpProblem problem, std::string_view fact) const;

 private:
  explicit CurlTransfer(HttpRequest request);
  bool set_up();
  void set_up_body();
  bool set_up_headers();
  void set_up_connection();
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self);
  static int on_request(void* self, char*, char*, int, int);
  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self);

  HttpRequest request_;
  std::string peer_;  // host:port, for messages
  HttpResponse response_;
  std::size_t header_size_ = 0;
  bool too_large_ = false;
  int times_written_ = 0;
  CURL* handle_ = nullptr;
  curl_slist* headers_ = nullptr;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace mainstay
