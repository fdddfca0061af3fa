// IP monitor: do these addresses answer a ping? Unhealthy only if none of them does.
#include <fmt/format.h>

#include <algorithm>

#include "monitors/monitor.h"

namespace mainstay {
namespace {

struct Config {
  std::vector<std::string> addresses;
  Duration ping_timeout = 5s;
};

constexpr int number_no_reply = 4;
constexpr int number_cannot_send = 5;

struct Answer {
  std::string address;
  Result<Duration> result;
};

Task<Answer> ask(const Config& config, MonitorContext& context, const std::string& address) {
  const Call call{std::min(context.call.deadline, context.clock.now() + config.ping_timeout),
                  context.call.cancellation};
  auto result = co_await context.host.ping(address, call);
  co_return Answer{address, std::move(result)};
}

// One answer is enough. Silence condemns; that we could not even ask does not, except where it
// means that this node has no way out, and that is what it means if there was silence besides.
Health judge(const std::vector<Answer>& answers) {
  std::string silent;
  std::string broken;
  for (const Answer& answer : answers) {
    if (answer.result) return healthy();
    const Error& error = answer.result.error();
    if (error.code == Code::cancelled) return {Verdict::unknown, 0, "the question was called off"};
    if (error.code == Code::timed_out || error.code == Code::unavailable) {
      silent += (silent.empty() ? "" : ", ") + answer.address;
    } else {
      broken += fmt::format(" {}: {}.", answer.address, error.message);
    }
  }
  if (silent.empty()) {
    return {Verdict::unknown, number_cannot_send, "The ping could not be sent." + broken};
  }
  return {Verdict::unhealthy, number_no_reply,
          fmt::format("Ping could not reach. No reply from {}.{}", silent, broken)};
}

Task<Health> observe(const Config& config, MonitorContext& context) {
  std::vector<Task<Answer>> tasks;
  for (const std::string& address : config.addresses) {
    tasks.push_back(ask(config, context, address));
  }
  const std::vector<Answer> answers = co_await when_all(std::move(tasks));
  co_return judge(answers);
}

}  // namespace

MonitorType ipw_monitor() {
  TypeSchema schema;
  schema.type = "ipw";
  schema.title = "IP monitor";
  schema.summary =
      "Pings one or more IP addresses. It reports an error when none of them replies. In a cluster "
      "over several zones each node is given the NAT instance of its own zone.";
  schema.fields = {
      field(&Config::addresses, "addresses")
          .label("IP Address")
          .help("The addresses to ping; one reply is enough.")
          .required()
          .per_node()
          .format(TextFormat::ip),
      field(&Config::ping_timeout, "ping_timeout")
          .label("Ping timeout")
          .help("How long a reply may take.")
          .range(10ms, 999s),
  };
  schema.problems = {
      {number_no_reply, "Ping could not reach.",
       "None of the addresses replied: they are down, or this node is cut off from them.",
       "Check that the instances run and that security groups let ICMP echo pass."},
      {number_cannot_send, "The ping could not be sent.",
       "The operating system refused to send; the sentence that follows says why.",
       "Check the addresses, and that the daemon may open ICMP sockets."},
  };
  schema.example =
      "[[monitor]]\n"
      "name = \"ipw1\"\n"
      "type = \"ipw\"\n"
      "[monitor.node.server1]\n"
      "addresses = [\"10.0.10.20\"]\n"
      "[monitor.node.server2]\n"
      "addresses = [\"10.0.20.20\"]\n"
      "[monitor.recovery]\n"
      "target = \"local\"\n"
      "final_action = \"shut_down\"\n";
  Monitor<Config> type;
  type.schema = std::move(schema);
  type.observe = observe;
  return type;
}

}  // namespace mainstay
