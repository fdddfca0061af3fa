#include "adapters/http/http.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "adapters/http/poll_loop.h"
#include "adapters/http/test_run.h"
#include "adapters/http/test_server.h"
#include "adapters/linux/clock.h"

namespace mainstay {
namespace {

using Answer = TestServer::Answer;
using Ending = TestServer::Ending;

struct World {
  PollLoop loop;
  HttpClient client{loop, loop};

  HttpResult get(const std::string& url, Duration limit = 10s) { return send({.url = url}, limit); }
  HttpResult send(HttpRequest request, Duration limit = 10s) {
    return run(loop, client.send(std::move(request), Call{loop.now() + limit, {}}));
  }
};

// A port on loopback where nobody listens.
int closed_port() {
  TestServer server([](const auto&) { return Answer{}; });
  return server.port();
}

TEST_CASE("a request reaches the server as it was written, and the answer comes back whole") {
  TestServer server([](const auto&) {
    return Answer{.status = 404, .body = "no such thing", .headers = {{"X-Fact", " 7 "}}};
  });
  World world;
  const auto answer = world.send({.method = "POST",
                                  .url = server.url("/a/../b%2Fc?x=1&y"),
                                  .headers = {{"X-One", "a b"}, {"X-Empty", ""}},
                                  .body = "form=yes"});
  REQUIRE(answer.has_value());
  CHECK(answer->status == 404);
  CHECK(answer->body == "no such thing");
  CHECK(header_value(answer->headers, "x-FACT") == "7");
  const auto seen = server.requests().at(0);
  CHECK(seen.method == "POST");
  CHECK(seen.target == "/a/../b%2Fc?x=1&y");
  CHECK(seen.body == "form=yes");
  CHECK(header_value(seen.headers, "X-One") == "a b");
  std::vector<std::string> names;
  for (const auto& header : seen.headers) names.push_back(header.name);
  CHECK(names == std::vector<std::string>{"Host", "X-One", "X-Empty", "Content-Length"});
}

TEST_CASE("each method has the body it should have") {
  TestServer server([](const auto&) { return Answer{.body = "12345"}; });
  World world;
  CHECK(world.send({.method = "GET", .url = server.url()})->body == "12345");
  CHECK(world.send({.method = "HEAD", .url = server.url()})->body.empty());
  CHECK(world.send({.method = "PUT", .url = server.url()})->body == "12345");
  CHECK(world.send({.method = "DELETE", .url = server.url()})->body == "12345");
  const auto seen = server.requests();
  CHECK(seen.at(0).method == "GET");
  CHECK(header_value(seen.at(0).headers, "Content-Length").empty());
  CHECK(seen.at(1).method == "HEAD");
  CHECK(seen.at(2).method == "PUT");
  CHECK(header_value(seen.at(2).headers, "Content-Length") == "0");
  CHECK(seen.at(3).method == "DELETE");
}

TEST_CASE("a connection is kept for the next request, and left when a fresh one is asked for") {
  TestServer server([](const auto&) { return Answer{}; });
  World world;
  CHECK(world.get(server.url()).has_value());
  CHECK(world.get(server.url()).has_value());
  CHECK(world.send({.url = server.url(), .fresh_connection = true}).has_value());
  const auto seen = server.requests();
  CHECK(seen.at(0).connection == seen.at(1).connection);
  CHECK(seen.at(2).connection != seen.at(0).connection);
}

TEST_CASE("a connection that the server has closed is replaced") {
  TestServer server([](const auto&) { return Answer{.ending = Ending::close}; });
  World world;
  CHECK(world.get(server.url()).has_value());
  CHECK(world.get(server.url()).has_value());
  CHECK(server.requests().size() == 2);
}

TEST_CASE("a request that a kept connection swallowed is written again, and says so") {
  int seen = 0;
  TestServer server([&](const auto&) {
    ++seen;
    return Answer{.ending = seen == 2 ? Ending::break_off : Ending::keep};
  });
  World world;
  const auto first = world.send({.method = "POST", .url = server.url(), .body = "1"});
  const auto second = world.send({.method = "POST", .url = server.url(), .body = "2"});
  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  CHECK_FALSE(first->repeated);
  CHECK(second->repeated);
  CHECK(server.requests().size() == 3);
  CHECK(server.requests().at(1).body == server.requests().at(2).body);
}

TEST_CASE("where nobody listens nothing was sent") {
  World world;
  const auto answer = world.get(fmt::format("http://127.0.0.1:{}/", closed_port()));
  REQUIRE(!answer.has_value());
  CHECK(answer.error().problem == HttpProblem::unreachable);
  CHECK_FALSE(answer.error().sent);
}

TEST_CASE("a connection that breaks after the request was sent says that it was sent") {
  TestServer server([](const auto&) { return Answer{.ending = Ending::break_off}; });
  World world;
  const auto answer = world.send({.method = "POST", .url = server.url(), .body = "x"});
  REQUIRE(!answer.has_value());
  CHECK(answer.error().problem == HttpProblem::broken);
  CHECK(answer.error().sent);
}

TEST_CASE("what is no HTTP, or half of it, is a broken answer") {
  World world;
  for (const char* raw :
       {"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"}) {
    TestServer server([raw](const auto&) { return Answer{.raw = raw}; });
    const auto answer = world.get(server.url());
    REQUIRE(!answer.has_value());
    CHECK(answer.error().problem == HttpProblem::broken);
    CHECK(answer.error().sent);
  }
}

TEST_CASE("a server that never answers is given up at the deadline") {
  TestServer server([](const auto&) { return Answer{.ending = Ending::silence}; });
  World world;
  const Instant began = world.loop.now();
  const auto answer = world.get(server.url(), 60ms);
  REQUIRE(!answer.has_value());
  CHECK(answer.error().problem == HttpProblem::timed_out);
  CHECK(answer.error().sent);
  CHECK(answer.error().message.find("no answer within") != std::string::npos);
  CHECK(world.loop.now() - began < 5s);
}

TEST_CASE("a call whose deadline has passed, or that was called off, sends nothing") {
  TestServer server([](const auto&) { return Answer{}; });
  World world;
  CHECK(world.get(server.url(), -1s).error().problem == HttpProblem::timed_out);
  Call call{never, {}};
  call.cancellation.request();
  const auto answer = run(world.loop, world.client.send({.url = server.url()}, call));
  CHECK(answer.error().problem == HttpProblem::cancelled);
  CHECK(server.requests().empty());
}

TEST_CASE("a cancellation settles the call at the loop's next turn, not inside the request") {
  TestServer server([](const auto&) { return Answer{.ending = Ending::silence}; });
  World world;
  Call call{never, {}};
  auto task = world.client.send({.url = server.url()}, call);
  task.start();
  world.loop.run_until([&] { return !server.requests().empty(); });
  call.cancellation.request();
  CHECK_FALSE(task.done());
  world.loop.run_once(never);
  REQUIRE(task.done());
  const auto answer = task.take();
  CHECK(answer.error().problem == HttpProblem::cancelled);
  CHECK(answer.error().sent);
}

TEST_CASE("a task may be dropped while its answer is due, and after it was called off") {
  TestServer server([](const auto&) { return Answer{}; });
  World world;
  const Call call{world.loop.now() + 10s, {}};
  {
    auto dropped = world.client.send({.url = server.url()}, Call{never, {}});
    dropped.start();
    auto cancelled = world.client.send({.url = server.url()}, call);
    cancelled.start();
    call.cancellation.request();
  }
  CHECK(world.get(server.url()).has_value());
}

TEST_CASE("a client may go before its tasks, which then never settle") {
  TestServer server([](const auto&) { return Answer{}; });
  PollLoop loop;
  auto client = std::make_unique<HttpClient>(loop, loop);
  auto task = client->send({.url = server.url()}, Call{loop.now() + 10s, {}});
  task.start();
  client.reset();
  loop.run_once(loop.now() + 1ms);
  CHECK_FALSE(task.done());
}

TEST_CASE("many requests run side by side") {
  TestServer server([](const auto& request) { return Answer{.body = request.target}; });
  World world;
  std::vector<Task<HttpResult>> tasks;
  for (int i = 0; i < 20; ++i) {
    tasks.push_back(world.client.send({.url = server.url(fmt::format("/{}", i))},
                                      Call{world.loop.now() + 10s, {}}));
  }
  const auto answers = run(world.loop, when_all(std::move(tasks)));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    REQUIRE(answers[i].has_value());
    CHECK(answers[i]->body == fmt::format("/{}", i));
  }
}

TEST_CASE("more requests than the limit are refused, and those within it are not disturbed") {
  TestServer server([](const auto&) { return Answer{.ending = Ending::silence}; });
  PollLoop loop;
  HttpClient client(loop, loop);
  std::vector<Task<HttpResult>> tasks;
  for (std::size_t i = 0; i <= http_transfers_max; ++i) {
    tasks.push_back(client.send({.url = server.url()}, Call{loop.now() + 10s, {}}));
    tasks.back().start();
  }
  REQUIRE(tasks.back().done());
  CHECK(tasks.back().take().error().problem == HttpProblem::too_large);
  tasks.pop_back();
  CHECK_FALSE(tasks.back().done());
}

TEST_CASE("an answer larger than allowed is refused, one just as large is taken") {
  TestServer server([](const auto&) { return Answer{.body = std::string(1000, 'x')}; });
  World world;
  CHECK(world.send({.url = server.url(), .response_size_max = 1000}).has_value());
  const auto answer = world.send({.url = server.url(), .response_size_max = 999});
  REQUIRE(!answer.has_value());
  CHECK(answer.error().problem == HttpProblem::too_large);
  CHECK(answer.error().message.find("999") != std::string::npos);
}

TEST_CASE("a request that cannot be written is invalid, and says nothing secret") {
  World world;
  CHECK(world.get("ftp://127.0.0.1/").error().problem == HttpProblem::invalid);
  CHECK(world.get("not a url").error().problem == HttpProblem::invalid);
  const auto smuggled =
      world.send({.url = "http://127.0.0.1:1/", .headers = {{"X-A", "secret\r\nX-B: 2"}}});
  CHECK(smuggled.error().problem == HttpProblem::invalid);
  CHECK(smuggled.error().message.find("secret") == std::string::npos);
}

TEST_CASE("a proxy is used if one is named, and the environment's is not") {
  TestServer proxy([](const auto&) { return Answer{.body = "by proxy"}; });
  World world;
  const auto answer = world.send({.url = "http://service.invalid/path", .proxy = proxy.url()});
  REQUIRE(answer.has_value());
  CHECK(answer->body == "by proxy");
  CHECK(proxy.requests().at(0).target == "http://service.invalid/path");
}

TEST_CASE("the client runs on the daemon's loop as it does on the small one") {
  TestServer server([](const auto&) { return Answer{.body = "yes"}; });
  adapters::Loop loop;
  adapters::LinuxClock clock(loop);
  HttpClient client(clock, loop);
  auto task = client.send({.url = server.url()}, Call{clock.now() + 10s, {}});
  task.start();
  REQUIRE(loop.run_until([&] { return task.done(); }, clock.now() + 10s));
  CHECK(task.take()->body == "yes");
}

TEST_CASE("the time of a Date header") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT")->time_since_epoch() == 784111777s);
  CHECK_FALSE(parse_http_date("yesterday").has_value());
  CHECK_FALSE(parse_http_date("").has_value());
}

}  // namespace
}  // namespace mainstay
