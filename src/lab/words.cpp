// Reading the small language of the fault commands.
#include "lab/words.h"

#include <fmt/format.h>

#include <charconv>

namespace mainstay::lab {
namespace {

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::ranges::find(all, one) != all.end();
}

}  // namespace

Result<Words> parse_words(const std::vector<std::string>& words,
                          const std::vector<std::string>& options,
                          const std::vector<std::string>& flags) {
  Words out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with("--")) {
      out.plain.push_back(words[i]);
      continue;
    }
    const auto equals = words[i].find('=');
    const std::string name = words[i].substr(2, equals == std::string::npos ? equals : equals - 2);
    if (contains(flags, name)) {
      out.options[name] = "";
    } else if (!contains(options, name)) {
      return failure(Code::invalid, fmt::format("unknown option '--{}'; known here: {}", name,
                                                options.empty() && flags.empty()
                                                    ? "none"
                                                    : fmt::format("{} {}", fmt::join(options, " "),
                                                                  fmt::join(flags, " "))));
    } else if (equals != std::string::npos) {
      out.options[name] = words[i].substr(equals + 1);
    } else if (i + 1 < words.size()) {
      out.options[name] = words[++i];
    } else {
      return failure(Code::invalid, fmt::format("option '--{}' needs a value", name));
    }
  }
  return out;
}

Result<Duration> parse_duration(std::string_view text) {
  double amount = 0;
  const auto [end, problem] = std::from_chars(text.begin(), text.end(), amount);
  const std::string_view unit(end, static_cast<std::size_t>(text.end() - end));
  const std::map<std::string_view, double> units = {{"ns", 1},  {"us", 1e3},   {"ms", 1e6},
                                                    {"s", 1e9}, {"min", 6e10}, {"h", 3.6e12}};
  const auto found = units.find(unit);
  if (problem != std::errc() || found == units.end() ||
      !(std::abs(amount * found->second) < 1e17)) {
    return failure(
        Code::invalid,
        fmt::format("'{}' is not a duration; write for example 20ms, 1.5s or 2min", text));
  }
  return Duration(static_cast<std::int64_t>(amount * found->second));
}

Result<double> parse_share(std::string_view text) {
  double amount = 0;
  const auto [end, problem] = std::from_chars(text.begin(), text.end(), amount);
  const std::string_view rest(end, static_cast<std::size_t>(text.end() - end));
  if (rest == "%") amount /= 100;
  if (problem != std::errc() || (!rest.empty() && rest != "%") || !(amount >= 0 && amount <= 1)) {
    return failure(Code::invalid,
                   fmt::format("'{}' is not a share; write for example 10% or 0.1", text));
  }
  return amount;
}

}  // namespace mainstay::lab
