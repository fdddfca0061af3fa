// A loop, an HTTP client, and clients of an etcd, for tests.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "adapters/arbiter/etcd_arbiter.h"
#include "adapters/arbiter/etcd_test_member.h"
#include "adapters/http/poll_loop.h"
#include "adapters/http/test_run.h"

namespace mainstay::etcd {

struct TestWorld {
  PollLoop loop;
  HttpClient http{loop, loop};
  std::deque<EtcdArbiter> clients;

  EtcdArbiter& client(Settings settings) {
    if (settings.cluster.empty()) settings.cluster = "shop";
    return clients.emplace_back(loop, http.sender(), std::move(settings));
  }
  Call within(Duration limit = 10s) const { return {loop.now() + limit, {}}; }

  Result<ArbiterRecord> read(Arbiter& arbiter, const std::string& key, Duration limit = 10s) {
    return run(loop, arbiter.read(key, within(limit)));
  }
  Result<RecordVersion> swap(Arbiter& arbiter, const std::string& key, RecordVersion expected,
                             std::string_view value, Duration limit = 10s) {
    const ByteView bytes = as_bytes(value);
    return run(loop, arbiter.swap(key, expected, Bytes(bytes.begin(), bytes.end()), within(limit)));
  }

  // An administrator's call; its answer, whatever it is.
  std::string post(const std::string& url, const std::string& path, const std::string& body,
                   const std::string& token = "", const HttpTls& tls = {}) {
    HttpRequest request{.method = "POST", .url = url + path};
    if (!token.empty()) request.headers.push_back({"Authorization", token});
    request.body = body;
    request.tls = tls;
    const HttpResult result = run(loop, http.send(std::move(request), within()));
    return result ? result->body : result.error().message;
  }
  // Until this member answers with what a majority of the members knows.
  bool ready(const std::string& url, const HttpTls& tls = {}) {
    Settings one{.endpoints = {url}, .tls = tls};
    return read(client(std::move(one)), "node/none", 15s).has_value();
  }
};

}  // namespace mainstay::etcd
