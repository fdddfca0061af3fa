// The API over a real Unix socket.
#include "api/server.h"

#include <doctest/doctest.h>
#include <httplib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "api/fake_control.h"
#include "api/json.h"
#include "api/socket_path.h"
#include "api/test_directory.h"

using namespace mainstay;
using namespace mainstay::api;

namespace {

struct UnixClient : httplib::ClientImpl {
  explicit UnixClient(const std::string& path) : ClientImpl(path, 80) {
    set_address_family(AF_UNIX);
  }
};

struct Fixture {
  TestDirectory directory;
  std::string path = directory / "api.sock";
  FakeControl control;
  std::unique_ptr<Server> server;

  explicit Fixture(ServerLimits limits = {}) {
    auto started = Server::start(control, path, limits);
    REQUIRE_MESSAGE(started, (started ? "" : started.error().message));
    server = std::move(*started);
  }
  UnixClient client() const { return UnixClient(path); }
};

// As a daemon does that is killed: bound, listening, and then closed without being removed.
void leave_socket_behind(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  REQUIRE(listen(fd, 1) == 0);
  close(fd);
}

}  // namespace

TEST_CASE("the status is served over the socket") {
  Fixture f;
  auto client = f.client();
  const auto reply = client.Get("/v1/status");
  REQUIRE(reply);
  CHECK(reply->status == 200);
  CHECK(reply->get_header_value("Content-Type") == "application/json");
  const auto report = status_from_json(reply->body);
  REQUIRE(report);
  CHECK(report->cluster.groups.at(0).owner == NodeName("a"));
}

TEST_CASE("the socket is for its owner and group only") {
  const Fixture f;
  struct stat info{};
  REQUIRE(stat(f.path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0660);
}

TEST_CASE("a socket that a crash left behind is replaced; one that is in use is not") {
  TestDirectory directory;
  const std::string path = directory / "api.sock";
  FakeControl control;
  leave_socket_behind(path);
  REQUIRE(std::filesystem::exists(path));
  const auto first = Server::start(control, path);
  REQUIRE(first);
  const auto second = Server::start(control, path);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::conflict);
  CHECK(second.error().message.find("another daemon already listens") != std::string::npos);
}

TEST_CASE("a file that is no socket is left alone, and a path that is too long is refused") {
  TestDirectory directory;
  FakeControl control;
  const std::string file = directory / "precious";
  directory.write("precious", "data");
  const auto over_file = Server::start(control, file);
  REQUIRE_FALSE(over_file);
  CHECK(over_file.error().code == Code::invalid);
  CHECK(std::filesystem::file_size(file) == 4);

  const auto too_long = Server::start(control, directory / std::string(120, 'x'));
  REQUIRE_FALSE(too_long);
  CHECK(too_long.error().message.find("the system allows 107") != std::string::npos);
}

TEST_CASE("the socket is gone after the server") {
  Fixture f;
  CHECK(probe_socket(f.path));
  f.server.reset();
  CHECK_FALSE(std::filesystem::exists(f.path));
}

TEST_CASE("orders that are under way do not keep questions from being answered") {
  Fixture f({.threads = 3, .orders = 1});
  f.control.hold(true);
  std::jthread first([&f] {
    auto client = f.client();
    const auto reply = client.Post("/v1/groups/web/move", R"({"node":"b"})", "application/json");
    CHECK((reply && reply->status == 200));
  });
  f.control.wait_for_commands(1);
  auto client = f.client();
  const auto refused = client.Post("/v1/groups/web/stop");
  REQUIRE(refused);
  CHECK(refused->status == 429);
  CHECK(error_from_json(refused->body).code == Code::throttled);
  const auto status = client.Get("/v1/status");
  CHECK((status && status->status == 200));
  f.control.hold(false);
}

TEST_CASE("the stream begins after the event it is told and brings what comes") {
  Fixture f;
  std::string text;
  auto client = f.client();
  const auto result =
      client.Get("/v1/events/stream?since=1", [&](const char* data, std::size_t size) {
        text.append(data, size);
        if (text.find("\"dead\"") != std::string::npos && text.find("third") == std::string::npos) {
          f.control.add(fake_event(3, "third"));
        }
        return text.find("third") == std::string::npos;
      });
  CHECK(result.error() == httplib::Error::Canceled);  // by us, once we had seen it
  CHECK(text.starts_with("id: 2\ndata: {"));
  CHECK(text.find("id: 3\ndata: {") != std::string::npos);
  CHECK(text.find("id: 1\n") == std::string::npos);
}

TEST_CASE("a stream ends with the server, and there are only so many") {
  Fixture f({.streams = 1});
  std::atomic<bool> begun = false;
  std::jthread reader([&] {
    auto client = f.client();
    client.Get("/v1/events/stream?since=0", [&](const char*, std::size_t) { return begun = true; });
    CHECK(begun);
  });
  while (!begun) std::this_thread::yield();
  auto client = f.client();
  const auto second = client.Get("/v1/events/stream");
  REQUIRE(second);
  CHECK(second->status == 429);
  f.server.reset();
}

TEST_CASE("what is not there is said in JSON") {
  Fixture f;
  auto client = f.client();
  const auto reply = client.Get("/v1/nonsense");
  REQUIRE(reply);
  CHECK(reply->status == 404);
  CHECK(error_from_json(reply->body) ==
        mainstay::Error{Code::not_found, "there is nothing at GET /v1/nonsense"});
  const auto deleted = client.Delete("/v1/status");
  REQUIRE(deleted);
  CHECK(deleted->status == 405);
}
