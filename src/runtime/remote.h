// Questions from node to node over the control channel: one asks, the other answers or does not.
//
// It speaks through the driver's door messages. Who asks is authentic, since the network below only
// delivers what a node of this cluster sealed. Everything happens on the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "base/bytes.h"
#include "base/name.h"
#include "base/result.h"
#include "ports/clock.h"

namespace mainstay {

// Questions of ours without an answer yet; one more is refused.
inline constexpr std::size_t questions_max = 64;

class Remote {
 public:
  using Send = std::function<void(const NodeName& to, ByteView message)>;
  using OnAnswer = std::function<void(Result<Bytes>)>;
  using Answer = std::function<void(Bytes)>;
  // Calls `answer` once, now or later, from the loop's thread.
  using OnQuestion = std::function<void(const NodeName& from, Bytes question, Answer answer)>;

  // The clock outlives this.
  Remote(Clock& clock, Send send, OnQuestion on_question)
      : clock_(clock), send_(std::move(send)), on_question_(std::move(on_question)) {}
  ~Remote();
  Remote(const Remote&) = delete;
  Remote& operator=(const Remote&) = delete;

  // Questions are not repeated. timed_out: no answer by the deadline; the question may have
  // arrived. throttled: too many are open.
  void ask(const NodeName& node, ByteView question, Instant deadline, OnAnswer on_answer);
  // What came from the other node's Remote.
  void received(const NodeName& from, ByteView message);
  // Questions of others that are not answered yet.
  std::size_t unanswered() const { return unanswered_; }

 private:
  enum class Kind : std::uint8_t { question, answer };
  static constexpr std::uint8_t kinds = 2;
  struct Open {
    NodeName node;
    TimerId timer = 0;
    OnAnswer on_answer;
  };

  void send(const NodeName& to, Kind kind, std::uint64_t ticket, ByteView content);
  void asked(const NodeName& from, std::uint64_t ticket, ByteView content);
  void settle(std::uint64_t ticket, Result<Bytes> answer);

  Clock& clock_;
  Send send_;
  OnQuestion on_question_;
  std::uint64_t last_ticket_ = 0;
  std::size_t unanswered_ = 0;
  std::map<std::uint64_t, Open> open_;
  // An answer may be given after this is gone.
  std::shared_ptr<Remote*> alive_ = std::make_shared<Remote*>(this);
};

}  // namespace mainstay
