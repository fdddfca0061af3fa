// Every message of the guide's chapter 8, and every other one of the AWS types: the world is made
// so in the lab, and the product says what it says, with the cause told apart from all others.
#include <doctest/doctest.h>

#include <algorithm>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "messages/rows.h"

namespace mainstay::bench {
namespace {

constexpr int warning_offset = 100;
// Of a monitor: said while its checks get no answer. In a declaration such a problem has the number
// of the error.
int declared_number(int shown) { return shown > warning_offset ? shown - warning_offset : shown; }

// "Failed to start the resource awsvip1. (7 : ": what stands before a message of that number.
std::string opening(const Row& row) {
  const std::string name = fmt::format("{}1", row.type);
  if (row.number == 0) return fmt::format("warning: {}: ", name);
  if (!row.type.ends_with('w')) {
    return fmt::format("Failed to {} the resource {}. ({} : ",
                       row.verb == "deactivate" ? "stop" : "start", name, row.number);
  }
  return fmt::format(
      "Monitor {} {} ({} : ", name,
      row.number > warning_offset ? "is in the warning status." : "detected an error.", row.number);
}

struct Played {
  Row row;
  std::string said;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

Played play(Stage& stage, const Row& row) {
  const auto lines = stage.play(row);
  const std::string begins = opening(row) + stage.filled(row.sentence);
  const auto found = std::ranges::find_if(
      lines, [&](const std::string& line) { return line.starts_with(begins); });
  CHECK_MESSAGE(found != lines.end(), row.type, ", ", row.story, ": nothing begins with\n  ",
                begins, "\n", joined(lines));
  if (found == lines.end()) return {row, ""};
  for (const std::string_view name : row.names) {
    CHECK_MESSAGE(found->find(stage.filled(name)) != std::string::npos, row.type, ", ", row.story,
                  ": no '", stage.filled(name), "' in\n  ", *found);
  }
  return {row, *found};
}

void play_all(Pattern pattern, const std::vector<Row>& rows) {
  Stage stage(pattern);
  std::vector<Played> played;
  for (const Row& row : rows) played.push_back(play(stage, row));
}

std::vector<Row> all_rows() {
  std::vector<Row> all = rows_of_virtual_ip();
  for (const auto& more :
       {rows_of_elastic_ip(), rows_of_name(), rows_of_secondary_ip(), rows_of_zone()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

struct Declared {
  std::string type;
  KnownProblem problem;
};

std::vector<Declared> declared_of_aws() {
  std::vector<Declared> all;
  const auto add = [&all](const std::string& type, const std::vector<KnownProblem>& problems) {
    if (!type.starts_with("aws")) return;
    for (const KnownProblem& problem : problems) all.push_back({type, problem});
  };
  for (const TypeSchema& type : catalog().resources) {
    add(type.type, type.problems);
    if (type.check) add(type.check->type, type.check->problems);
  }
  for (const TypeSchema& type : catalog().monitors) add(type.type, type.problems);
  return all;
}

// "Invalid availability zone: [...]" stands for any zone; upper and lower case of AWS's are its
// own.
std::string_view start_of(std::string_view declared) {
  return declared.substr(0, declared.find("..."));
}

bool declares(const Declared& one, const Row& row) {
  if (one.type != row.type || one.problem.number != declared_number(row.number)) return false;
  return row.number == 0 || row.sentence.starts_with(start_of(one.problem.message));
}

// AWS's own sentence stands in the place of ours where an id does not exist.
bool in_place_of(const Declared& one, const Row& row) {
  return one.type == row.type && one.problem.number == row.number && row.number == 5 &&
         (row.sentence.find("does not exist") != std::string_view::npos ||
          row.sentence.starts_with("No hosted zone found"));
}

}  // namespace

TEST_CASE("Figure 4-1: what can be wrong with a virtual IP address, and what is said of it") {
  play_all(Pattern::vip, rows_of_virtual_ip());
}

TEST_CASE("Figure 5-1: what can be wrong with an Elastic IP address, and what is said of it") {
  play_all(Pattern::eip, rows_of_elastic_ip());
}

TEST_CASE("Figure 6-1: what can be wrong with a name, and what is said of it") {
  play_all(Pattern::dns, rows_of_name());
}

TEST_CASE("what can be wrong with a secondary address, and what is said of it") {
  play_all(Pattern::vip, rows_of_secondary_ip());
}

TEST_CASE("what can be wrong with a zone, or announced to an instance, and what is said of it") {
  play_all(Pattern::vip, rows_of_zone());
}

TEST_CASE("every message of the guide's chapter 8 is reproduced") {
  const auto rows = all_rows();
  for (const GuideMessage& message : guide_messages()) {
    const bool reproduced = std::ranges::any_of(rows, [&](const Row& row) {
      return row.type == message.type && row.number == message.number &&
             row.sentence.starts_with(message.sentence);
    });
    CHECK_MESSAGE(reproduced, message.type, " (", message.number, " : ", message.sentence, ")");
  }
}

TEST_CASE("every problem that is declared for AWS is reproduced, and no other one is shown") {
  const auto rows = all_rows();
  const auto declared = declared_of_aws();
  for (const Declared& one : declared) {
    const bool reproduced =
        std::ranges::any_of(rows, [&](const Row& row) { return declares(one, row); });
    CHECK_MESSAGE(reproduced, one.type, " (", one.problem.number, " : ", one.problem.message, ")");
    CHECK_FALSE(one.problem.cause.empty());
    CHECK_FALSE(one.problem.remedy.empty());
  }
  for (const Row& row : rows) {
    const bool known = std::ranges::any_of(
        declared, [&](const Declared& one) { return declares(one, row) || in_place_of(one, row); });
    CHECK_MESSAGE(known, row.type, " (", row.number, " : ", row.sentence, ")");
  }
}

TEST_CASE("what tells a cause from the others tells it from all of them") {
  const auto rows = all_rows();
  for (const Row& one : rows) {
    CHECK_FALSE_MESSAGE(one.names.empty(), one.type, ", ", one.story);
    for (const Row& other : rows) {
      const bool same_message =
          &one != &other && one.type == other.type && one.number == other.number;
      if (!same_message || one.number % warning_offset == 6) continue;
      CHECK_MESSAGE(one.names != other.names, one.type, ": ", one.story, " and ", other.story);
    }
  }
}

TEST_CASE("99: neither Python nor the AWS CLI is needed; where the CLI is asked for, it is named") {
  Stage stage(Pattern::vip);
  const std::string_view vip = "ip = \"10.1.0.20\"\n";
  const Row without{.story = "no program is found",
                    .type = "awsvip",
                    .params = vip,
                    .sentence = "",
                    .names = {},
                    .before = {"PATH=/nowhere"}};
  CHECK(stage.play(without).back() == "started");
  Row asked = without;
  asked.params = "ip = \"10.1.0.20\"\n[aws]\nbackend = \"cli\"\nsettings = \"/etc/mainstay/cli\"\n";
  asked.number = 5;
  asked.sentence = "the AWS CLI command failed.";
  asked.names = {"/opt/no-such-aws"};
  asked.before = {};
  asked.spoil = {
      "server1: printf '[ENVIRONMENT]\\nCLP_AWS_CMD = /opt/no-such-aws\\n' > /etc/mainstay/cli"};
  play(stage, asked);
}

}  // namespace mainstay::bench
