// The client's side of the exec socket.
#include "lab/exec.h"

#include <fmt/format.h>

#include <charconv>

#include "base/bytes.h"
#include "lab/unix_socket.h"

namespace mainstay::lab {
namespace {

constexpr std::size_t argument_size_max = 128 * 1024;

void put_list(ByteWriter& out, const std::vector<std::string>& list) {
  out.u32(static_cast<std::uint32_t>(list.size()));
  for (const std::string& one : list) out.text(one);
}

std::vector<std::string> take_list(ByteReader& in) {
  std::vector<std::string> list(in.count(arguments_max));
  for (std::string& one : list) one = in.text(argument_size_max);
  return list;
}

Result<int> verdict(const std::string& instance, std::string_view said) {
  constexpr std::string_view exited = "exited ";
  if (said.starts_with(exited)) {
    int code = 0;
    std::from_chars(said.data() + exited.size(), said.data() + said.size(), code);
    return code;
  }
  if (said.starts_with("refused ")) {
    return failure(Code::invalid, fmt::format("{}: {}", instance, said.substr(8)));
  }
  return failure(Code::outcome_unknown,
                 fmt::format("{}: the instance went down while the command ran", instance));
}

}  // namespace

std::string encode(const ExecRequest& request) {
  ByteWriter out;
  put_list(out, request.argv);
  put_list(out, request.environment);
  out.boolean(request.detach);
  out.text(request.log);
  return std::string(as_text(out.bytes()));
}

Result<ExecRequest> decode_exec_request(std::string_view bytes) {
  ByteReader in(as_bytes(bytes));
  ExecRequest request;
  request.argv = take_list(in);
  request.environment = take_list(in);
  request.detach = in.boolean();
  request.log = in.text(argument_size_max);
  if (!in.finished() || request.argv.empty()) {
    return failure(Code::corrupt, "the request to run a command makes no sense");
  }
  return request;
}

std::string instance_directory(const std::string& lab, const std::string& instance) {
  return lab + "/instances/" + instance;
}

Result<int> exec_in(const std::string& lab, const std::string& instance, const ExecRequest& request,
                    const ExecStreams& streams, Duration patience) {
  const auto socket = connect_to(instance_directory(lab, instance), "exec.sock");
  if (!socket) {
    return failure(Code::unavailable, fmt::format("{} is not running in the lab {} ({})", instance,
                                                  lab, socket.error().message));
  }
  const std::vector<int> descriptors =
      request.detach ? std::vector<int>{} : std::vector<int>{streams.in, streams.out, streams.err};
  if (auto sent = send_message(*socket, encode(request), descriptors); !sent) {
    return failure(Code::unavailable, fmt::format("{}: {}", instance, sent.error().message));
  }
  const auto started = receive_message(*socket, patience);
  if (!started) return std::unexpected(started.error());
  if (!started->bytes.starts_with("started ")) return verdict(instance, started->bytes);
  if (request.detach) return 0;
  const auto ended = receive_message(*socket, patience);
  if (!ended) return std::unexpected(ended.error());
  return verdict(instance, ended->bytes);
}

}  // namespace mainstay::lab
