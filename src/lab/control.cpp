// Both sides of the control socket.
#include "lab/control.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "lab/unix_socket.h"
#include "lab/world.h"

namespace mainstay::lab {
namespace {

using nlohmann::json;

constexpr std::size_t piece_size = 64 * 1024;
constexpr std::size_t answer_size_max = 64U << 20U;

std::optional<Code> code_named(std::string_view name) {
  for (const auto code : {Code::invalid, Code::not_found, Code::conflict, Code::denied,
                          Code::throttled, Code::timed_out, Code::outcome_unknown,
                          Code::unavailable, Code::corrupt, Code::cancelled}) {
    if (name == mainstay::to_text(code)) return code;
  }
  return std::nullopt;
}

Result<std::string> obey(World& world, const json& request) {
  const std::string command = request.value("command", "");
  if (command == "status") return world.status_json();
  if (command == "events") return world.events_json(request.value("since", std::uint64_t{0}));
  if (command == "fault") return world.fault(request.value("words", std::vector<std::string>()));
  if (command == "env") return world.environment(request.value("instance", ""));
  if (command == "down") return "going down";
  if (command != "boot-command") {
    return failure(Code::invalid, fmt::format("the lab knows no command '{}'", command));
  }
  auto done = world.set_boot_command(request.value("instance", ""),
                                     request.value("words", std::vector<std::string>()));
  if (!done) return std::unexpected(done.error());
  return "it runs at each boot from now on";
}

Status send_in_pieces(const Fd& socket, std::string_view text) {
  do {
    const bool last = text.size() <= piece_size;
    const std::string piece = (last ? "e" : "m") + std::string(text.substr(0, piece_size));
    if (auto sent = send_message(socket, piece); !sent) return sent;
    text.remove_prefix(std::min(piece_size, text.size()));
    if (last) return {};
  } while (true);
}

// True if the lab shall end.
bool serve_one(World& world, const Fd& client) {
  const auto message = receive_message(client, 10s);
  if (!message || message->bytes.empty()) return false;
  json answer;
  bool down = false;
  try {
    const json request = json::parse(message->bytes);
    const auto result = obey(world, request);
    down = request.value("command", "") == "down";
    if (result) {
      answer = {{"ok", true}, {"text", *result}};
    } else {
      answer = {{"ok", false},
                {"code", mainstay::to_text(result.error().code)},
                {"error", result.error().message}};
    }
  } catch (const json::exception& problem) {
    answer = {{"ok", false}, {"code", "invalid"}, {"error", problem.what()}};
  }
  (void)send_in_pieces(client, answer.dump());  // A client that went away does not want to know.
  return down;
}

}  // namespace

Result<std::string> ask_lab(const std::string& directory, const ControlRequest& request,
                            Duration patience) {
  const auto socket = connect_to(directory, control_socket);
  if (!socket) {
    return failure(Code::unavailable,
                   fmt::format("no lab runs in {} ({}); start one with: mainstay-lab "
                               "up --dir {}",
                               directory, socket.error().message, directory));
  }
  const json asked = {{"command", request.command},
                      {"words", request.words},
                      {"instance", request.instance},
                      {"since", request.since}};
  if (auto sent = send_message(*socket, asked.dump()); !sent) return std::unexpected(sent.error());
  std::string text;
  do {
    const auto piece = receive_message(*socket, patience);
    if (!piece) return std::unexpected(piece.error());
    if (piece->bytes.empty() || text.size() > answer_size_max) {
      return failure(Code::outcome_unknown, "the lab ended before it answered");
    }
    text += piece->bytes.substr(1);
    if (piece->bytes[0] == 'e') break;
  } while (true);
  const json answer = json::parse(text, nullptr, false);
  if (answer.is_discarded()) return failure(Code::corrupt, "the lab's answer makes no sense");
  if (answer.value("ok", false)) return answer.value("text", "");
  return failure(code_named(answer.value("code", "")).value_or(Code::corrupt),
                 answer.value("error", ""));
}

Status serve_control(World& world, const Fd& listening, const Fd& stop) {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t clients = 0;
  const Fd down(eventfd(0, EFD_CLOEXEC));
  for (;;) {
    pollfd watched[3] = {
        {listening.number(), POLLIN, 0}, {stop.number(), POLLIN, 0}, {down.number(), POLLIN, 0}};
    if (::poll(watched, 3, -1) < 0 && errno != EINTR) return system_failure("wait for commands");
    if (watched[1].revents != 0 || watched[2].revents != 0) break;
    if (watched[0].revents == 0) continue;
    auto client =
        std::make_shared<Fd>(::accept4(listening.number(), nullptr, nullptr, SOCK_CLOEXEC));
    std::unique_lock lock(mutex);
    if (!*client || clients >= control_clients_max) continue;
    ++clients;
    std::thread([&, client] {
      if (serve_one(world, *client)) eventfd_write(down.number(), 1);
      const std::lock_guard inner(mutex);
      --clients;
      changed.notify_all();
    }).detach();  // Counted; we wait for all of them below.
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return clients == 0; });
  return {};
}

}  // namespace mainstay::lab
