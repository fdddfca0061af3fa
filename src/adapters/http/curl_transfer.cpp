#include "adapters/http/curl_transfer.h"

#include <algorithm>

#include <fmt/format.h>

#include "adapters/http/url.h"
#include "base/check.h"

namespace mainstay {
namespace {

template <class T>
void set(CURL* handle, CURLoption option, T value) {
  MAINSTAY_CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
}

// A line break inside a name or value would smuggle in a header of its own.
bool is_clean(const HttpHeader& header) {
  const auto harmless = [](char c) { return c != '\r' && c != '\n' && c != '\0'; };
  return !header.name.empty() && header.name.find_first_of(": \t") == std::string::npos &&
         std::ranges::all_of(header.name, harmless) && std::ranges::all_of(header.value, harmless);
}

long milliseconds(Duration duration) {
  return static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

HttpProblem problem_of(CURLcode verdict) {
  switch (verdict) {
    case CURLE_URL_MALFORMAT:
      return HttpProblem::invalid;
    case CURLE_OPERATION_TIMEDOUT:
      return HttpProblem::timed_out;
    default:
      return HttpProblem::unreachable;
  }
}

}  // namespace

CurlTransfer::CurlTransfer(HttpRequest request) : request_(std::move(request)) {}

CurlTransfer::~CurlTransfer() {
  if (handle_) curl_easy_cleanup(handle_);
  curl_slist_free_all(headers_);
}

std::expected<std::unique_ptr<CurlTransfer>, HttpFailure> CurlTransfer::make(HttpRequest request) {
  const auto url = parse_url(request.url);
  if (!url) {
    return std::unexpected(
        HttpFailure{HttpProblem::invalid, "the URL is not of the form http(s)://host[:port]/path"});
  }
  std::unique_ptr<CurlTransfer> transfer(new CurlTransfer(std::move(request)));
  transfer->peer_ = url->authority();
  transfer->handle_ = curl_easy_init();
  MAINSTAY_CHECK(transfer->handle_ != nullptr);
  if (!transfer->set_up()) {
    return std::unexpected(transfer->fail(HttpProblem::invalid, "a header holds a line break"));
  }
  return transfer;
}

bool CurlTransfer::set_up() {
  set(handle_, CURLOPT_ERRORBUFFER, error_);
  set(handle_, CURLOPT_NOSIGNAL, 1L);
  set(handle_, CURLOPT_URL, request_.url.c_str());
  set(handle_, CURLOPT_PATH_AS_IS, 1L);  // A signature covers the path as it was written.
  set(handle_, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle_, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(handle_, CURLOPT_WRITEFUNCTION, &on_body);
  set(handle_, CURLOPT_WRITEDATA, this);
  set(handle_, CURLOPT_HEADERFUNCTION, &on_header);
  set(handle_, CURLOPT_HEADERDATA, this);
  set(handle_, CURLOPT_PREREQFUNCTION, &on_request);
  set(handle_, CURLOPT_PREREQDATA, this);
  set_up_body();
  set_up_connection();
  return set_up_headers();
}

void CurlTransfer::set_up_body() {
  if (request_.method == "HEAD") {
    set(handle_, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request_.method != "GET" || !request_.body.empty()) {
    set(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(handle_, CURLOPT_POSTFIELDS, request_.body.c_str());
  }
  set(handle_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

bool CurlTransfer::set_up_headers() {
  // curl adds these by itself; what it may add nobody has signed.
  static constexpr std::array<const char*, 3> unwanted = {"Accept:", "Expect:", "Content-Type:"};
  for (const char* line : unwanted) {
    const std::string_view name(line, std::string_view(line).size() - 1);
    if (header_value(request_.headers, name).empty()) headers_ = curl_slist_append(headers_, line);
  }
  for (const auto& header : request_.headers) {
    if (!is_clean(header)) return false;
    // curl takes "Name:" as "do not send it", and "Name;" as "send it empty".
    const auto line = header.value.empty() ? header.name + ';' : header.name + ": " + header.value;
    headers_ = curl_slist_append(headers_, line.c_str());
  }
  set(handle_, CURLOPT_HTTPHEADER, headers_);
  return true;
}

void CurlTransfer::set_up_connection() {
#if LIBCURL_VERSION_NUM >= 0x075500
  set(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  set(handle_, CURLOPT_PROTOCOLS, long{CURLPROTO_HTTP | CURLPROTO_HTTPS});
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
  // Without it, giving up on a name that does not resolve waits for the resolver's thread.
  set(handle_, CURLOPT_QUICK_EXIT, 1L);
#endif
  set(handle_, CURLOPT_PROXY, request_.proxy.c_str());
  set(handle_, CURLOPT_NOPROXY, "");
  // With several addresses curl divides this time among them, so that a dead zone's address does
  // not eat all of it; shuffling lets the next attempt begin elsewhere.
  set(handle_, CURLOPT_CONNECTTIMEOUT_MS, std::max(milliseconds(request_.connect_limit), 1L));
  set(handle_, CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L);
  set(handle_, CURLOPT_TCP_KEEPALIVE, 1L);
  set(handle_, CURLOPT_FRESH_CONNECT, request_.fresh_connection ? 1L : 0L);
  const HttpTls& tls = request_.tls;
  set(handle_, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
  set(handle_, CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
  if (!tls.ca_file.empty()) set(handle_, CURLOPT_CAINFO, tls.ca_file.c_str());
  if (!tls.certificate_file.empty()) set(handle_, CURLOPT_SSLCERT, tls.certificate_file.c_str());
  if (!tls.key_file.empty()) set(handle_, CURLOPT_SSLKEY, tls.key_file.c_str());
}

bool CurlTransfer::sent() const {
  curl_off_t connected = 0;
  long bytes = 0;
  curl_easy_getinfo(handle_, CURLINFO_PRETRANSFER_TIME_T, &connected);
  curl_easy_getinfo(handle_, CURLINFO_REQUEST_SIZE, &bytes);
  return connected > 0 && bytes > 0;
}

HttpFailure CurlTransfer::fail(HttpProblem problem, std::string_view fact) const {
  return {problem, fmt::format("{}: {}", peer_, fact), sent()};
}

HttpResult CurlTransfer::finish(CURLcode verdict) {
  if (verdict == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    response_.repeated = times_written_ > 1;
    const char* address = nullptr;
    curl_easy_getinfo(handle_, CURLINFO_PRIMARY_IP, &address);
    if (address != nullptr) response_.address = address;
    return std::move(response_);
  }
  if (too_large_) {
    return std::unexpected(
        fail(HttpProblem::too_large,
             fmt::format("the answer is larger than {} bytes", request_.response_size_max)));
  }
  const std::string_view fact = error_[0] != '\0' ? error_ : curl_easy_strerror(verdict);
  return std::unexpected(fail(sent() ? HttpProblem::broken : problem_of(verdict), fact));
}

std::size_t CurlTransfer::on_body(char* data, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  std::string& body = transfer.response_.body;
  if (size > transfer.request_.response_size_max - body.size()) {
    transfer.too_large_ = true;
    return 0;
  }
  body.append(data, size);
  return size;
}

// Called on each connection that the request is about to be written to.
int CurlTransfer::on_request(void* self, char*, char*, int, int) {
  ++static_cast<CurlTransfer*>(self)->times_written_;
  return CURL_PREREQFUNC_OK;
}

std::size_t CurlTransfer::on_header(char* data, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  transfer.header_size_ += size;
  if (transfer.header_size_ > http_header_size_max) {
    transfer.too_large_ = true;
    return 0;
  }
  const std::string_view line(data, size);
  // A status line begins a new answer: what came before it (100 Continue, a proxy's) is over.
  if (line.starts_with("HTTP/")) transfer.response_.headers.clear();
  const auto colon = line.find(':');
  if (colon != std::string_view::npos && !line.starts_with("HTTP/")) {
    transfer.response_.headers.push_back(
        {std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1)))});
  }
  return size;
}

}  // namespace mainstay
