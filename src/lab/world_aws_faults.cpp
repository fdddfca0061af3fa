// The commands of `mainstay-lab fault` that concern AWS's services rather than machines and wires.
#include <fmt/format.h>

#include "lab/words.h"
#include "lab/world.h"

namespace mainstay::lab {
namespace {

using List = std::vector<std::string>;

std::unexpected<Error> usage(std::string_view text) {
  return failure(Code::invalid, fmt::format("usage: fault {}", text));
}

}  // namespace

Result<std::string> World::fault_dns(const List& words) {
  if (words.size() == 1 && words[0] == "forget") {
    const std::lock_guard lock(mutex_);
    vpc_resolver_.forget();
    internet_resolver_.forget();
    return "the resolvers remember nothing";
  }
  if (words.empty() || words.size() > 2 || (words[0] != "outage" && words[0] != "heal")) {
    return usage("dns outage|heal [INSTANCE] | dns forget");
  }
  const std::string who = words.size() == 2 ? words[1] : "*";
  const std::lock_guard lock(mutex_);
  if (who != "*" && find_instance_named(model_, who) == nullptr) {
    return failure(Code::not_found, fmt::format("there is no instance '{}' in this VPC", who));
  }
  if (who == "*") dns_out_.clear();
  std::erase(dns_out_, who);
  if (words[0] == "outage") dns_out_.push_back(who);
  return fmt::format("the VPC's resolver, {}: {}", words[0], who);
}

Result<std::string> World::fault_route53(const List& words) {
  if (words.empty() || words.size() > 3 || words[0] != "delay" || words.size() < 2) {
    return usage("route53 delay D [D]: a change is PENDING so long, or drawn between the two");
  }
  const auto least = parse_duration(words[1]);
  const auto most = parse_duration(words.back());
  if (!least) return std::unexpected(least.error());
  if (!most) return std::unexpected(most.error());
  if (*least < Duration{} || *most < *least || *most > 10min) {
    return failure(Code::invalid, "a delay is from 0s to 10min, the smaller one first");
  }
  const std::lock_guard lock(mutex_);
  route53_->set_propagation({least->count() / 1'000'000, most->count() / 1'000'000});
  return fmt::format("changes of records are PENDING for {} to {}", words[1], words.back());
}

}  // namespace mainstay::lab
