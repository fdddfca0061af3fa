#include "adapters/mirror/record_server.h"

#include "adapters/mirror/protocol.h"

namespace mainstay::adapters {

Result<std::unique_ptr<RecordServer>> RecordServer::connect(Loop& loop, Arbiter& arbiter,
                                                            const std::string& socket,
                                                            std::string key,
                                                            std::function<void()> on_end) {
  std::unique_ptr<RecordServer> server(new RecordServer(loop, arbiter, std::move(key)));
  auto connected = LineSocket::connect(
      loop, socket,
      {.on_line = [raw = server.get()](std::string_view line) { raw->on_line(line); },
       .on_end = [on_end = std::move(on_end)](const std::string&) { on_end(); }});
  if (!connected) return std::unexpected(connected.error());
  server->socket_ = std::move(*connected);
  server->socket_->send(serve_record_request());
  return server;
}

RecordServer::~RecordServer() = default;

void RecordServer::on_line(std::string_view line) {
  std::erase_if(under_way_, [](const Task<void>& task) { return task.done(); });
  auto question = record_question_from(line);
  // What is dropped is asked again.
  if (!question || under_way_.size() == record_questions_max) return;
  const Call call(loop_.now() + record_answer_max, lifetime_);
  if (question->swap) {
    under_way_.push_back(
        swap(question->number, question->expected, std::move(question->value), call));
  } else {
    under_way_.push_back(read(question->number, call));
  }
  under_way_.back().start();
}

Task<void> RecordServer::read(std::uint64_t number, Call call) {
  const auto record = co_await arbiter_.read(key_, call);
  socket_->send(read_answer(number, record));
}

Task<void> RecordServer::swap(std::uint64_t number, RecordVersion expected, Bytes value,
                              Call call) {
  const auto version = co_await arbiter_.swap(key_, expected, std::move(value), call);
  socket_->send(swap_answer(number, version));
}

}  // namespace mainstay::adapters
