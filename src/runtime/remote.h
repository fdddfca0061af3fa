// Questions from node to node over the control channel: one asks, the other answers or does not.
//
// It stands between the driver and the Network port: each message gets one leading byte that says
// whose it is, the driver's or a question's. Who asks is authentic, since the network below only
// delivers what a node of this cluster sealed. Everything happens on the loop's thread.
#pragma once

#include <functional>
#include <map>

#include "base/bytes.h"
#include "base/name.h"
#include "base/result.h"
#include "ports/clock.h"
#include "ports/network.h"

namespace mainstay {

// Questions of ours without an answer yet; one more is refused.
inline constexpr std::size_t questions_max = 64;

class Remote final : public Network {
 public:
  using OnAnswer = std::function<void(Result<Bytes>)>;
  // Must call `answer` once; later is fine, from the loop's thread.
  using OnQuestion =
      std::function<void(const NodeName& from, Bytes question, std::function<void(Bytes)> answer)>;

  // Both outlive this.
  Remote(Network& under, Clock& clock) : under_(under), clock_(clock) {}
  ~Remote() override;
  Remote(const Remote&) = delete;
  Remote& operator=(const Remote&) = delete;

  // The driver's port.
  void listen(Handler handler) override;
  void send_datagram(const NodeName& to, PathIndex path, ByteView payload) override;
  void send_message(const NodeName& to, ByteView message) override;

  // Questions are not repeated. timed_out: no answer by the deadline; the question may have
  // arrived. throttled: too many are open.
  void ask(const NodeName& node, ByteView question, Instant deadline, OnAnswer on_answer);
  void on_question(OnQuestion on_question) { on_question_ = std::move(on_question); }

 private:
  enum class Kind : std::uint8_t { driver, question, answer };
  static constexpr std::uint8_t kinds = 3;
  struct Open {
    NodeName node;
    TimerId timer = 0;
    OnAnswer on_answer;
  };

  void send(const NodeName& to, Kind kind, std::uint64_t ticket, ByteView content);
  void received(const NodeName& from, ByteView message);
  void asked(const NodeName& from, std::uint64_t ticket, ByteView content);
  void settle(std::uint64_t ticket, Result<Bytes> answer);

  Network& under_;
  Clock& clock_;
  std::function<void(const NodeName&, ByteView)> on_driver_message_;
  OnQuestion on_question_;
  std::uint64_t last_ticket_ = 0;
  std::map<std::uint64_t, Open> open_;
  // Answers may be given after this is gone.
  std::shared_ptr<Remote*> alive_ = std::make_shared<Remote*>(this);
};

}  // namespace mainstay
