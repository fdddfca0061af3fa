#include "harness/mirror.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/check.h"

namespace mainstay::bench {
namespace {

using nlohmann::json;

constexpr Duration order_patience = 60s;
constexpr Duration start_patience = 20s;
constexpr Duration between_looks = 20ms;
constexpr std::uint64_t metadata_size = 4ULL * 1024 * 1024;

std::unexpected<Error> system_failure(const std::string& what) {
  return failure(Code::unavailable, fmt::format("{}: {}", what, std::strerror(errno)));
}

Status make_text(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
  if (chmod(path.c_str(), 0600) != 0) return system_failure(path);
  return {};
}

std::string configuration(const MirrorSetup& setup, int copy) {
  return fmt::format(
      "name = \"bench\"\ncopy = {5}\ndata = \"{1}/data{0}\"\nmetadata = \"{1}/metadata{0}\"\n"
      "key = \"{1}/key\"\nlisten = [\"127.0.0.1:{2}\"]\npeers = [\"127.0.0.1:{2}\"]\n"
      "device = \"{1}/device{0}\"\ncontrol = \"{1}/control{0}\"\nrecord = {3}\nencrypt = {4}\n",
      copy, setup.folder, setup.port, setup.record, setup.encrypt, copy % 2);
}

}  // namespace

Status make_file(const std::string& path, std::uint64_t size) {
  const int file = open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return system_failure(path);
  static const std::string zeroes(1 << 20, '\0');
  bool good = true;
  for (std::uint64_t done = 0; good && done < size; done += zeroes.size()) {
    const std::size_t part = std::min<std::uint64_t>(zeroes.size(), size - done);
    good = write(file, zeroes.data(), part) == static_cast<ssize_t>(part);
  }
  good = fsync(file) == 0 && good;
  close(file);
  if (!good) return system_failure(path);
  return {};
}

Result<std::uint16_t> free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound =
      socket >= 0 && bind(socket, generic, size) == 0 && getsockname(socket, generic, &size) == 0;
  if (socket >= 0) close(socket);
  if (!bound) return system_failure("a port on loopback");
  return ntohs(address.sin_port);
}

Result<int> engine_of(int supervisor) {
  std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", supervisor));
  int child = 0;
  if (children >> child) return child;
  return failure(Code::unavailable, fmt::format("process {} has no engine now", supervisor));
}

Result<MirrorControl> MirrorControl::connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  MAINSTAY_CHECK(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return system_failure(path);
  MirrorControl control(socket);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return system_failure(path);
  }
  return control;
}

MirrorControl::MirrorControl(MirrorControl&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), rest_(std::move(other.rest_)) {}
MirrorControl& MirrorControl::operator=(MirrorControl&& other) noexcept {
  std::swap(socket_, other.socket_);
  rest_.swap(other.rest_);
  return *this;
}
MirrorControl::~MirrorControl() {
  if (socket_ >= 0) close(socket_);
}

Status MirrorControl::send(const std::string& line) {
  const std::string whole = line + "\n";
  if (::send(socket_, whole.data(), whole.size(), MSG_NOSIGNAL) ==
      static_cast<ssize_t>(whole.size())) {
    return {};
  }
  return system_failure("the mirror's control socket");
}

Result<std::string> MirrorControl::receive(Duration patience) {
  const std::int64_t until = monotonic_ns() + patience.count();
  while (true) {
    if (const auto end = rest_.find('\n'); end != std::string::npos) {
      const std::string line = rest_.substr(0, end);
      rest_.erase(0, end + 1);
      return line;
    }
    const std::int64_t left = until - monotonic_ns();
    pollfd polled{socket_, POLLIN, 0};
    if (left <= 0 || poll(&polled, 1, static_cast<int>(left / 1'000'000) + 1) == 0) {
      return failure(Code::timed_out, "the mirror's control socket: no answer in time");
    }
    std::array<char, 65536> bytes{};
    const ssize_t size = recv(socket_, bytes.data(), bytes.size(), 0);
    if (size <= 0) return failure(Code::unavailable, "the mirror's control socket was closed");
    rest_.append(bytes.data(), static_cast<std::size_t>(size));
  }
}

Result<std::string> MirrorControl::ask(const std::string& line, Duration patience) {
  if (const Status sent = send(line); !sent) return std::unexpected(sent.error());
  return receive(patience);
}

Result<MirrorNode> MirrorNode::make(const MirrorSetup& setup, int copy) {
  MirrorNode node;
  const auto path = [&](const char* name) {
    return fmt::format("{}/{}{}", setup.folder, name, copy);
  };
  node.program_ = setup.program;
  node.config_ = path("mirror") + ".toml";
  node.data_ = path("data");
  node.device_ = path("device");
  node.socket_ = path("control");
  node.log_ = path("log");
  // Both nodes read the same one; it protects nothing but this run.
  const std::string key = setup.folder + "/key";
  for (const Status& made :
       {make_file(node.data_, setup.size), make_file(path("metadata"), metadata_size),
        make_text(key, std::string(64, 'a') + "\n"),
        make_text(node.config_, configuration(setup, copy))}) {
    if (!made) return std::unexpected(made.error());
  }
  return node;
}

Result<std::string> MirrorNode::prepare(const std::string& as) {
  return output_of({.argv = {program_, "create", "--config", config_, "--as", as}});
}

Status MirrorNode::start() {
  auto started = Background::start({.argv = {program_, "--config", config_}}, log_);
  if (!started) return std::unexpected(started.error());
  process_.emplace(std::move(*started));
  return wait_for("role", "secondary", start_patience);
}

int MirrorNode::stop() {
  const int code = process_ ? process_->end(30s) : 0;
  process_.reset();
  return code;
}

void MirrorNode::kill() {
  if (!process_) return;
  ::kill(process_->pid(), SIGKILL);
  stop();
}

Status MirrorNode::kill_engine() {
  const auto engine = engine_of(pid());
  if (!engine) return std::unexpected(engine.error());
  if (::kill(*engine, SIGKILL) != 0) return system_failure("the engine");
  return {};
}

bool MirrorNode::running() { return process_ && process_->running(); }

Result<MirrorControl> MirrorNode::control() const { return MirrorControl::connect(socket_); }

Status MirrorNode::order(const std::string& line) const {
  auto connected = control();
  if (!connected) return std::unexpected(connected.error());
  const auto answer = connected->ask(line, order_patience);
  if (!answer) return std::unexpected(answer.error());
  const json read = json::parse(*answer, nullptr, false);
  if (read.value("ok", false)) return {};
  return failure(Code::conflict, read.value("text", *answer));
}

Status MirrorNode::promote(std::uint64_t term) {
  return order(fmt::format(R"({{"id":1,"do":"promote","term":{}}})", term));
}

Status MirrorNode::demote() { return order(R"({"id":1,"do":"demote"})"); }

Result<std::string> MirrorNode::field(const std::string& path) const {
  auto connected = control();
  if (!connected) return std::unexpected(connected.error());
  const auto answer = connected->ask(R"({"id":1,"do":"status"})", order_patience);
  if (!answer) return std::unexpected(answer.error());
  const json status = json::parse(*answer, nullptr, false);
  std::string pointer = "/" + path;
  for (char& each : pointer) {
    if (each == '.') each = '/';
  }
  const json::json_pointer place(pointer);
  if (!status.contains(place)) return failure(Code::not_found, "no " + path + " in " + *answer);
  const json& value = status[place];
  return value.is_string() ? value.get<std::string>() : value.dump();
}

Status MirrorNode::wait_for(const std::string& path, const std::string& value,
                            Duration patience) const {
  const std::int64_t until = monotonic_ns() + patience.count();
  while (true) {
    const auto found = field(path);
    if (found && *found == value) return {};
    if (monotonic_ns() >= until || !pause(between_looks)) {
      return failure(Code::timed_out, fmt::format("{}: {} is {}, not {}", socket_, path,
                                                  found ? *found : found.error().message, value));
    }
  }
}

}  // namespace mainstay::bench
