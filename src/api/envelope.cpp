#include "api/envelope.h"

#include "api/router.h"

namespace mainstay::api {

Bytes encode(const Request& request) {
  ByteWriter out;
  out.text(request.method);
  out.text(request.path);
  out.u32(static_cast<std::uint32_t>(request.query.size()));
  for (const auto& [key, value] : request.query) {
    out.text(key);
    out.text(value);
  }
  out.text(request.body);
  return out.take();
}

Result<Request> decode_request(ByteView bytes) {
  ByteReader in(bytes);
  Request request;
  request.method = in.text(parameter_size_max);
  request.path = in.text(parameter_size_max);
  const std::size_t count = in.count(query_parameters_max);
  for (std::size_t i = 0; i < count; ++i) {
    std::string key = in.text(parameter_size_max);
    request.query[std::move(key)] = in.text(parameter_size_max);
  }
  request.body = in.text(order_size_max);
  if (!in.ok()) return failure(Code::corrupt, "the other node's request does not check out");
  return request;
}

Bytes encode(const Reply& reply) {
  if (reply.body.size() > reply_size_max) {
    return encode(error_reply({Code::invalid, "the answer is too large; ask for less at once"}));
  }
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(reply.status));
  out.text(reply.content_type);
  out.text(reply.body);
  return out.take();
}

Result<Reply> decode_reply(ByteView bytes) {
  ByteReader in(bytes);
  Reply reply;
  reply.status = static_cast<int>(in.u32());
  reply.content_type = in.text(parameter_size_max);
  reply.body = in.text(reply_size_max);
  if (!in.ok()) return failure(Code::corrupt, "the other node's answer does not check out");
  return reply;
}

}  // namespace mainstay::api
