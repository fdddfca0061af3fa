#include "adapters/mirror/mirror_client.h"

#include <filesystem>

#include <fmt/format.h>

#include "adapters/linux/call_guard.h"
#include "adapters/mirror/line_socket.h"
#include "adapters/mirror/protocol.h"

namespace mainstay::adapters {

std::string control_socket(const std::string& directory, const std::string& mirror) {
  return fmt::format("{}/{}.sock", directory, mirror);
}

Task<Result<std::string>> MirrorClient::ask(std::string mirror, std::string request, Code lost,
                                            Call call) {
  const Completion<Result<std::string>> done;
  const Code late = lost == Code::outcome_unknown ? lost : Code::timed_out;
  const Error no_answer{late, fmt::format("the engine of mirror {} does not answer", mirror)};
  const CallGuard guard(loop_, call, no_answer,
                        [done](Error error) { done.set(std::unexpected(std::move(error))); });
  LineSocket::Handler handler{
      .on_line = [done](std::string_view line) { done.set(std::string(line)); },
      .on_end =
          [done, lost, mirror](const std::string& why) {
            done.set(failure(lost, fmt::format("the engine of mirror {}: {}", mirror, why)));
          }};
  const auto socket =
      LineSocket::connect(loop_, control_socket(directory_, mirror), std::move(handler));
  if (!socket) co_return std::unexpected(socket.error());
  (*socket)->send(request);
  co_return co_await done;
}

Task<Status> MirrorClient::command(std::string mirror, std::string request, Call call) {
  const auto line =
      co_await ask(std::move(mirror), std::move(request), Code::outcome_unknown, call);
  if (!line) co_return std::unexpected(line.error());
  co_return outcome_from(*line);
}

Task<Status> MirrorClient::promote(std::string mirror, std::uint64_t term, Call call) {
  co_return co_await command(std::move(mirror), promote_request(term), call);
}

Task<Status> MirrorClient::demote(std::string mirror, Demotion how, Call call) {
  co_return co_await command(std::move(mirror), demote_request(how), call);
}

Task<Status> MirrorClient::order(std::string mirror, MirrorOrder order, Call call) {
  co_return co_await command(std::move(mirror), order_request(order), call);
}

Task<Result<MirrorStatus>> MirrorClient::status(std::string mirror, Call call) {
  const auto line = co_await ask(std::move(mirror), status_request(), Code::unavailable, call);
  if (!line) co_return std::unexpected(line.error());
  auto status = mirror_status_from(*line);
  if (!status || status->device.empty()) co_return status;
  // Mounts are listed under the device's own name.
  std::error_code none;
  const auto real = std::filesystem::canonical(status->device, none);
  if (!none) status->device = real.string();
  co_return status;
}

}  // namespace mainstay::adapters
