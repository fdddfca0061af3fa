// The commands of `mainstay-lab fault` that concern AWS's services rather than machines and wires.
#include <fmt/format.h>

#include <charconv>

#include "lab/words.h"
#include "lab/world.h"

namespace mainstay::lab {
namespace {

using List = std::vector<std::string>;

std::unexpected<Error> usage(std::string_view text) {
  return failure(Code::invalid, fmt::format("usage: fault {}", text));
}

constexpr std::string_view notice_usage =
    "notice INSTANCE spot terminate|stop|hibernate [D] | rebalance | maintenance CODE [D] | "
    "lifecycle STATE | clear";

using Notices = std::vector<std::pair<std::string, std::string>>;

// "21 Jan 2026 09:00:43 GMT", without the day's name that an HTTP date begins with.
std::string event_date(std::int64_t wall_ms) { return ec2::http_date(wall_ms).substr(5); }

std::string seconds_text(std::int64_t wall_ms) {
  std::string text = ec2::utc_text(wall_ms);
  return text.substr(0, text.find('.')) + "Z";
}

// What EC2 shows for an announcement, path by path; nothing if there is none of that kind.
Notices notices_of(const std::string& kind, const std::string& what, std::int64_t now_ms,
                   std::int64_t then_ms) {
  if (kind == "spot" && (what == "terminate" || what == "stop" || what == "hibernate")) {
    Notices out = {{"spot/instance-action", fmt::format("{{\"action\": \"{}\", \"time\": \"{}\"}}",
                                                        what, seconds_text(then_ms))}};
    if (what == "terminate") out.emplace_back("spot/termination-time", seconds_text(then_ms));
    return out;
  }
  if (kind == "rebalance") {
    return {{"events/recommendations/rebalance",
             fmt::format("{{\"noticeTime\": \"{}\"}}", seconds_text(now_ms))}};
  }
  if (kind == "maintenance" && !what.empty()) {
    return {
        {"events/maintenance/scheduled",
         fmt::format("[ {{\n  \"NotBefore\" : \"{}\",\n  \"Code\" : \"{}\",\n  \"Description\" : "
                     "\"scheduled {}\",\n  \"EventId\" : \"instance-event-0{:016x}\",\n  "
                     "\"NotAfter\" : \"{}\",\n  \"State\" : \"active\"\n}} ]",
                     event_date(then_ms), what, what, now_ms, event_date(then_ms + 7'200'000))}};
  }
  if (kind == "lifecycle" && !what.empty()) return {{"autoscaling/target-lifecycle-state", what}};
  return {};
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

// As a registrar's NS records have it; what resolvers remember of before, they go on to say.
Result<std::string> World::fault_delegation(const List& words) {
  if (words.empty()) return usage("delegation DOMAIN [SERVER ...]");
  List names;
  for (const std::string& word : words) {
    const auto name = parse_dns_name(word);
    if (!name) return std::unexpected(name.error());
    names.push_back(*name);
  }
  const std::string domain = names.front();
  names.erase(names.begin());
  const std::lock_guard lock(mutex_);
  const bool known = std::ranges::any_of(route53_->zones(), [&](const auto& each) {
    return !each.second.is_private() && each.second.name == domain;
  });
  if (!known) return failure(Code::not_found, fmt::format("there is no public zone {}", domain));
  delegations_.erase(domain);
  if (names.empty()) return domain + " is delegated to Route 53";
  delegations_[domain] = names;
  return fmt::format("{} is delegated to {}", domain, fmt::join(names, ", "));
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

Result<std::string> World::fault_zone(const List& words) {
  static const List states = {"available", "information", "impaired", "unavailable"};
  if (words.size() < 2 || std::ranges::find(states, words[1]) == states.end())
    return usage("zone ZONE available|information|impaired|unavailable [MESSAGE]");
  const List message(words.begin() + 2, words.end());
  const std::lock_guard lock(mutex_);
  if (std::ranges::find(model_.zones, words[0]) == model_.zones.end())
    return failure(Code::not_found, fmt::format("there is no zone '{}'", words[0]));
  Model next = model_;
  next.zone_conditions[words[0]] = {words[1], fmt::format("{}", fmt::join(message, " "))};
  if (auto done = commit(std::move(next), "fault zone"); !done)
    return std::unexpected(done.error());
  return fmt::format("zone {} is {}", words[0], words[1]);
}

Result<std::string> World::fault_notice(const List& words) {
  if (words.size() < 2 || words.size() > 4) return usage(notice_usage);
  const auto delay = words.size() == 4 ? parse_duration(words[3]) : Result<Duration>(2min);
  if (!delay) return std::unexpected(delay.error());
  const std::string what = words.size() > 2 ? words[2] : "";
  const std::lock_guard lock(mutex_);
  if (find_instance_named(model_, words[0]) == nullptr)
    return failure(Code::not_found, fmt::format("there is no instance '{}' in this VPC", words[0]));
  if (words[1] == "clear") {
    metadata_->withdraw(words[0]);
    return "nothing is announced to " + words[0] + " any more";
  }
  const auto notices =
      notices_of(words[1], what, wall_clock_ms(), wall_clock_ms() + delay->count() / 1'000'000);
  if (notices.empty()) return usage(notice_usage);
  for (const auto& [path, value] : notices) metadata_->announce(words[0], path, value);
  return fmt::format("{} can read at {}: {}", words[0], notices[0].first, notices[0].second);
}

Result<std::string> World::fault_limit(const List& words) {
  if (words.size() == 1 && words[0] == "clear") {
    const std::lock_guard lock(mutex_);
    limits_.clear();
    return "the limits are AWS's again, and all buckets are full";
  }
  if (words.size() != 3) return usage("limit ACTION SIZE PER-SECOND | limit clear");
  double numbers[2];
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string& text = words[i + 1];
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), numbers[i]);
    if (problem != std::errc() || end != text.data() + text.size() || !(numbers[i] >= 0))
      return failure(Code::invalid, fmt::format("'{}' is no number of calls", text));
  }
  const std::lock_guard lock(mutex_);
  limits_.set(words[0], {numbers[0], numbers[1]});
  return fmt::format("{}: {} calls at once, {} a second", words[0], words[1], words[2]);
}

Result<std::string> World::fault_lag(const List& words) {
  const auto most =
      words.size() == 1 ? parse_duration(words[0]) : Result<Duration>(usage("lag D: 0s to 60s"));
  if (!most) return std::unexpected(most.error());
  if (*most < Duration{} || *most > 60s) return usage("lag D: 0s to 60s");
  const std::lock_guard lock(mutex_);
  read_lag_ms_ = most->count() / 1'000'000;
  return fmt::format("each write shows in reads after up to {}", words[0]);
}

Result<std::string> World::fault_public_delay(const List& words) {
  const auto delay = words.size() == 1 ? parse_duration(words[0])
                                       : Result<Duration>(usage("public-delay D: 0s to 60s"));
  if (!delay) return std::unexpected(delay.error());
  if (*delay < Duration{} || *delay > 60s) return usage("public-delay D: 0s to 60s");
  const std::lock_guard lock(mutex_);
  public_delay_ = *delay;
  return fmt::format("a public address takes {} to move", words[0]);
}

Result<std::string> World::fault_policy(const List& words) {
  if (words.size() != 2) return usage("policy ROLE JSON|all");
  std::vector<Policy> policies = {policy_allowing_everything()};
  if (words[1] != "all") {
    const auto parsed = parse_policy(words[0] + "-1", words[1]);
    if (!parsed) return std::unexpected(parsed.error());
    policies = {*parsed};
  }
  const std::lock_guard lock(mutex_);
  if (!accounts_->role_known(words[0]))
    return failure(Code::not_found, fmt::format("there is no role '{}' in this lab", words[0]));
  accounts_->set_policies(words[0], std::move(policies));
  return "the policies of " + words[0] + " are replaced";
}

Result<std::string> World::fault_role(const List& words) {
  if (words.size() != 2) return usage("role INSTANCE ROLE|none");
  const std::string role = words[1] == "none" ? "" : words[1];
  const std::lock_guard lock(mutex_);
  Model next = model_;
  const auto instance = std::ranges::find(next.instances, words[0], &Instance::name);
  if (instance == next.instances.end())
    return failure(Code::not_found, fmt::format("there is no instance '{}' in this VPC", words[0]));
  if (!role.empty() && !accounts_->role_known(role))
    return failure(Code::not_found, fmt::format("there is no role '{}' in this lab", role));
  accounts_->set_role(*instance, role);
  instance->role = role;
  if (auto done = commit(std::move(next), "fault role"); !done)
    return std::unexpected(done.error());
  return fmt::format("{} has the role {}", words[0], words[1]);
}

}  // namespace mainstay::lab
