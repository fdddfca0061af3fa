// The commands of `mainstay-lab fault`.
#include <fmt/format.h>

#include "lab/exec.h"
#include "lab/words.h"
#include "lab/world.h"

namespace mainstay::lab {
namespace {

using List = std::vector<std::string>;

std::unexpected<Error> usage(std::string_view text) {
  return failure(Code::invalid, fmt::format("usage: fault {}", text));
}

Result<std::string> said(const Status& done, std::string text) {
  if (!done) return std::unexpected(done.error());
  return text;
}

std::int64_t ms_of(Duration duration) { return duration.count() / 1'000'000; }

std::optional<ApiFaultKind> kind_named(const std::string& name) {
  for (const auto kind : {ApiFaultKind::latency, ApiFaultKind::throttle, ApiFaultKind::error,
                          ApiFaultKind::lost_reply, ApiFaultKind::outage, ApiFaultKind::stale,
                          ApiFaultKind::clock_skew}) {
    if (name == to_text(kind)) return kind;
  }
  return std::nullopt;
}

bool takes_duration(ApiFaultKind kind) {
  return kind == ApiFaultKind::latency || kind == ApiFaultKind::stale ||
         kind == ApiFaultKind::clock_skew;
}

Result<int> parse_count(const std::string& text) {
  if (text.empty() || text.size() > 6 ||
      text.find_first_not_of("0123456789") != std::string::npos) {
    return failure(Code::invalid, fmt::format("'{}' is not a count", text));
  }
  return std::stoi(text);
}

Status read_options(const Words& words, ApiFault& fault) {
  for (const auto& [name, value] : words.options) {
    if (name == "action") fault.action = value;
    if (name == "instance") fault.instance = value;
    if (name == "code") fault.code = value;
    if (name == "rate") {
      const auto share = parse_share(value);
      if (!share) return std::unexpected(share.error());
      fault.rate = *share;
    }
    if (name == "count" || name == "status") {
      const auto count = parse_count(value);
      if (!count) return std::unexpected(count.error());
      (name == "count" ? fault.count : fault.status) = *count;
    }
  }
  return {};
}

}  // namespace

Result<std::string> World::fault(const List& words) {
  if (words.empty()) return usage("COMMAND ...; see mainstay-lab fault --help");
  const std::string verb = words[0];
  const List rest(words.begin() + 1, words.end());
  Result<std::string> result = failure(
      Code::invalid, fmt::format("there is no fault '{}'; see mainstay-lab fault --help", verb));
  if (verb == "kill" || verb == "stop" || verb == "start" || verb == "freeze" || verb == "thaw" ||
      verb == "reboot") {
    result = fault_instance(verb, rest);
  }
  if (verb == "cut") result = fault_cut(rest);
  if (verb == "heal") result = fault_heal(rest);
  if (verb == "line") result = fault_line(rest);
  if (verb == "volume") result = volumes_->fault(rest);
  if (verb == "api") result = fault_api(rest);
  if (verb == "imds") result = fault_metadata(rest);
  if (verb == "dns") result = fault_dns(rest);
  if (verb == "delegation") result = fault_delegation(rest);
  if (verb == "route53") result = fault_route53(rest);
  if (verb == "zone") result = fault_zone(rest);
  if (verb == "notice") result = fault_notice(rest);
  if (verb == "limit") result = fault_limit(rest);
  if (verb == "lag") result = fault_lag(rest);
  if (verb == "public-delay") result = fault_public_delay(rest);
  if (verb == "policy") result = fault_policy(rest);
  if (verb == "role") result = fault_role(rest);
  if (verb == "credentials") result = fault_credentials(rest);
  if (verb == "deny" || verb == "permit") result = fault_permission(verb, rest);
  if (verb == "clock") result = fault_clock(rest);
  if (verb == "stop-delay") result = fault_stop_delay(rest);
  if (verb == "clear") result = fault_clear();
  if (result) events_.add("fault", fmt::format("{}", fmt::join(words, " ")));
  return result;
}

Result<std::string> World::fault_instance(const std::string& verb, const List& words) {
  const auto parsed = parse_words(words, {}, {"force", "hard"});
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->plain.size() != 1) return usage(verb + " INSTANCE");
  const std::string& name = parsed->plain[0];
  if (verb == "kill") return said(instances_->kill(name), name + " is dead");
  if (verb == "freeze") return said(instances_->freeze(name), name + " is frozen");
  if (verb == "thaw") return said(instances_->thaw(name), name + " runs again");
  if (verb == "start") return said(instances_->boot(name), name + " is up");
  if (verb == "reboot") {
    return said(instances_->reboot(name, parsed->options.contains("hard")), name + " is up again");
  }
  set_state(name, InstanceState::stopping);
  return said(
      parsed->options.contains("force") ? instances_->kill(name) : instances_->shut_down(name),
      name + " is stopped");
}

Status World::put_cuts_in_force() { return network_->set_cuts(model_, cuts_); }

Result<std::string> World::fault_cut(const List& words) {
  const auto parsed = parse_words(words, {"one-way"});
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->plain.empty() || parsed->plain.size() > 2)
    return usage("cut PLACE [PLACE] [--one-way out|in]");
  Cut cut{.from = parsed->plain[0]};
  if (parsed->plain.size() == 2) cut.to = parsed->plain[1];
  if (const auto way = parsed->options.find("one-way"); way != parsed->options.end()) {
    if (way->second != "out" && way->second != "in") return usage("cut ... --one-way out|in");
    cut.direction = way->second == "out" ? Direction::out : Direction::in;
  }
  const std::lock_guard lock(mutex_);
  if (auto good = check_cut(model_, cut); !good) return std::unexpected(good.error());
  if (cuts_.size() >= cuts_max)
    return failure(Code::conflict, "there are too many cuts; heal some");
  if (std::ranges::find(cuts_, cut) == cuts_.end()) cuts_.push_back(cut);
  return said(put_cuts_in_force(), fmt::format("{} cuts in force", cuts_.size()));
}

Result<std::string> World::fault_heal(const List& words) {
  const auto parsed = parse_words(words, {});
  if (!parsed) return std::unexpected(parsed.error());
  const List& places = parsed->plain;
  if (places.size() > 2) return usage("heal [PLACE [PLACE]]");
  const std::lock_guard lock(mutex_);
  std::erase_if(cuts_, [&](const Cut& cut) {
    if (places.empty()) return true;
    if (places.size() == 1) return cut.from == places[0] || cut.to == places[0];
    return (cut.from == places[0] && cut.to == places[1]) ||
           (cut.from == places[1] && cut.to == places[0]);
  });
  return said(put_cuts_in_force(), fmt::format("{} cuts left", cuts_.size()));
}

Result<std::string> World::fault_line(const List& words) {
  const auto parsed = parse_words(words, {"delay", "jitter", "loss"}, {"clear"});
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->plain.size() != 1 || parsed->options.empty()) {
    return usage("line INSTANCE [--delay D] [--jitter D] [--loss SHARE] | line INSTANCE --clear");
  }
  const std::string& name = parsed->plain[0];
  if (network_->port(name) == nullptr) {
    return failure(Code::not_found, fmt::format("there is no instance '{}' in this lab", name));
  }
  LineQuality quality;
  for (const auto& [option, value] : parsed->options) {
    if (option == "loss") {
      const auto share = parse_share(value);
      if (!share) return std::unexpected(share.error());
      quality.loss = *share;
    } else if (option != "clear") {
      const auto duration = parse_duration(value);
      if (!duration) return std::unexpected(duration.error());
      if (*duration < Duration{} || *duration > 60s) {
        return failure(Code::invalid, "a delay or jitter is at most 60s and not negative");
      }
      (option == "delay" ? quality.delay : quality.jitter) = *duration;
    }
  }
  return said(network_->set_line(name, quality), "the line of " + name + " is changed");
}

Result<std::string> World::add_api_fault(ApiFault fault, const List& words) {
  const auto parsed = parse_words(words, {"action", "instance", "rate", "count", "code", "status"});
  if (!parsed) return std::unexpected(parsed.error());
  if (takes_duration(fault.kind)) {
    if (parsed->plain.size() != 1)
      return usage(fmt::format("api {} DURATION [options]", to_text(fault.kind)));
    const auto amount = parse_duration(parsed->plain[0]);
    if (!amount) return std::unexpected(amount.error());
    if (*amount < Duration{} && fault.kind != ApiFaultKind::clock_skew) {
      return failure(Code::invalid, "this duration must not be negative");
    }
    fault.amount_ms = ms_of(*amount);
  } else if (!parsed->plain.empty()) {
    return usage(fmt::format("api {} [options]", to_text(fault.kind)));
  }
  if (auto read = read_options(*parsed, fault); !read) return std::unexpected(read.error());
  const std::lock_guard lock(mutex_);
  if (!fault.instance.empty() && find_instance_named(model_, fault.instance) == nullptr) {
    return failure(Code::not_found,
                   fmt::format("there is no instance '{}' in this VPC", fault.instance));
  }
  if (api_faults_.size() >= api_faults_max) {
    return failure(Code::conflict, "there are too many API faults; clear some");
  }
  fault.id = ++api_faults_made_;
  api_faults_.push_back(fault);
  return fmt::format("API fault {}: {} for {}", fault.id, to_text(fault.kind), fault.action);
}

Result<std::string> World::fault_api(const List& words) {
  if (words.empty()) return usage("api KIND ... | api clear [ID]");
  const List rest(words.begin() + 1, words.end());
  if (words[0] == "clear") {
    const std::lock_guard lock(mutex_);
    const std::string id = rest.empty() ? "" : rest[0];
    const std::size_t gone = std::erase_if(api_faults_, [&](const ApiFault& one) {
      return id.empty() || std::to_string(one.id) == id;
    });
    if (!id.empty() && gone == 0) return failure(Code::not_found, "there is no API fault " + id);
    return fmt::format("{} API faults are over", gone);
  }
  const auto kind = kind_named(words[0]);
  if (!kind) {
    return usage(
        "api latency|throttle|error|lost-reply|outage|stale|clock-skew ... | api clear [ID]");
  }
  ApiFault fault;
  fault.kind = *kind;
  return add_api_fault(fault, rest);
}

Result<std::string> World::fault_metadata(const List& words) {
  const bool known =
      !words.empty() && (words[0] == "outage" || words[0] == "refuse" || words[0] == "heal");
  if (!known || words.size() > 2) return usage("imds outage|refuse|heal [INSTANCE]");
  const std::string who = words.size() == 2 ? words[1] : "*";
  const std::lock_guard lock(mutex_);
  if (who != "*" && find_instance_named(model_, who) == nullptr) {
    return failure(Code::not_found, fmt::format("there is no instance '{}' in this VPC", who));
  }
  for (auto* concerned : {&metadata_out_, &metadata_off_}) {
    if (who == "*") concerned->clear();
    std::erase(*concerned, who);
  }
  if (words[0] == "outage") metadata_out_.push_back(who);
  if (words[0] == "refuse") metadata_off_.push_back(who);
  return fmt::format("metadata service {}: {}", words[0], who);
}

Result<std::string> World::fault_credentials(const List& words) {
  const auto parsed = parse_words(words, {}, {"stuck"});
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->plain.size() != 2 ||
      (parsed->plain[0] != "expire" && parsed->plain[0] != "refresh")) {
    return usage("credentials expire|refresh INSTANCE [--stuck]");
  }
  const std::string& name = parsed->plain[1];
  const std::lock_guard lock(mutex_);
  const Instance* instance = find_instance_named(model_, name);
  if (instance == nullptr || instance->role.empty()) {
    return failure(Code::not_found, fmt::format("'{}' is no instance with a role", name));
  }
  if (parsed->plain[0] == "refresh") {
    accounts_->refresh(name);
    return "the metadata service of " + name + " hands out new credentials again";
  }
  accounts_->expire(name, wall_clock_ms(), !parsed->options.contains("stuck"));
  return "the credentials of " + name + " are expired";
}

Result<std::string> World::fault_clock(const List& words) {
  if (words.size() != 2) return usage("clock INSTANCE SHIFT, for example: clock server1 -5min");
  if (options_.clock_library.empty()) {
    return failure(
        Code::conflict,
        "this lab's instances have no time of day of their own; start it with: up --own-clocks");
  }
  if (network_->port(words[0]) == nullptr) {
    return failure(Code::not_found, fmt::format("there is no instance '{}' in this lab", words[0]));
  }
  const auto shift = parse_duration(words[1]);
  if (!shift) return std::unexpected(shift.error());
  const std::int64_t ns = shift->count();
  // Written in place: processes of the instance have the file mapped.
  return said(write_existing(instance_directory(options_.directory, words[0]) + "/clock",
                             std::string_view(reinterpret_cast<const char*>(&ns), sizeof(ns))),
              fmt::format("the time of day of {} is shifted by {}", words[0], words[1]));
}

Result<std::string> World::fault_permission(const std::string& verb, const List& words) {
  if (words.size() != 2)
    return usage(verb + " ROLE ACTION, for example: deny ha-node ec2:ReplaceRoute");
  const std::lock_guard lock(mutex_);
  if (!accounts_->role_known(words[0])) {
    return failure(Code::not_found, fmt::format("there is no role '{}' in this lab", words[0]));
  }
  if (verb == "deny") {
    accounts_->deny(words[0], words[1]);
  } else {
    accounts_->permit(words[0], words[1]);
  }
  return fmt::format("{}: {} {}", words[0], verb == "deny" ? "denied" : "permitted", words[1]);
}

Result<std::string> World::fault_stop_delay(const List& words) {
  if (words.size() != 1) return usage("stop-delay D");
  const auto delay = parse_duration(words[0]);
  if (!delay) return std::unexpected(delay.error());
  if (*delay < Duration{} || *delay > 10min) return usage("stop-delay D, from 0s to 10min");
  const std::lock_guard lock(mutex_);
  stop_delay_ = *delay;
  return fmt::format("StopInstances takes {}", mainstay::to_text(*delay));
}

Result<std::string> World::fault_clear() {
  for (const auto& [name, status] : instances_->status()) {
    if (status.life != Life::frozen) continue;
    if (auto thawed = instances_->thaw(name); !thawed) return std::unexpected(thawed.error());
  }
  for (const auto& [name, quality] : network_->qualities()) {
    if (quality.is_perfect()) continue;
    if (auto set = network_->set_line(name, {}); !set) return std::unexpected(set.error());
  }
  if (auto cleared = volumes_->clear_faults(); !cleared) return std::unexpected(cleared.error());
  const std::lock_guard lock(mutex_);
  cuts_.clear();
  api_faults_.clear();
  metadata_out_.clear();
  metadata_off_.clear();
  dns_out_.clear();
  delegations_.clear();
  route53_->set_propagation({});
  limits_.clear();
  read_lag_ms_ = 0;
  public_delay_ = default_public_delay;
  stop_delay_ = {};
  for (const Instance& instance : model_.instances) {
    accounts_->refresh(instance.name);
    metadata_->withdraw(instance.name);
  }
  Model next = model_;
  next.zone_conditions.clear();
  if (auto done = commit(std::move(next), "fault clear"); !done)
    return std::unexpected(done.error());
  return said(put_cuts_in_force(), "all faults are over; what is dead stays dead");
}

}  // namespace mainstay::lab
