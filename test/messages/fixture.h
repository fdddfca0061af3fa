// Where a message is reproduced: a lab of one of the guide's patterns, made wrong in one way, and
// one verb of one resource or monitor in an instance of it, with everything real.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/lab.h"
#include "harness/programs.h"

namespace mainstay::bench {

// Texts of a row may hold {vpc}, {eni1}, {eni2}, {ip1}, {ip2}, {allocation}, {zone}, {public_zone}
// and {table:NAME}.
struct Row {
  std::string_view story;   // how the world is wrong
  std::string_view type;    // of the resource, its check or the monitor: "awsvipw"
  std::string_view params;  // its lines in the configuration, [aws] after them
  // Before it: "fault ..." for the lab, or "INSTANCE: words of a shell".
  std::vector<std::string_view> spoil = {};
  int number = 0;  // as shown, so 105 for a warning; 0: a warning of an activation that succeeds
  std::string_view sentence;                // how the message begins, as declared
  std::vector<std::string_view> names;      // what tells this cause from any other, and the remedy
  std::vector<std::string_view> mend = {};  // after it, besides the end of all faults
  // In its place where the AWS CLI has asked, if that says it in words of its own.
  std::string_view by_cli = {};
  std::vector<std::string_view> before = {};  // the program: variables, or a program that runs it
  std::string_view verb = "";                 // of a resource, if it is not its activation
};

enum class Speaker { native, cli };  // who asks AWS

class Stage {
 public:
  explicit Stage(Pattern pattern, Speaker speaker = Speaker::native);

  // The lines that the program printed.
  std::vector<std::string> play(const Row& row);
  // With a world that is right.
  std::string filled(std::string_view text) const;
  void arrange(const std::vector<std::string_view>& lines) const;
  std::string shell(const std::string& instance, const std::string& words) const;
  const Lab& lab() const { return lab_; }
  const Programs& programs() const { return programs_; }
  static std::string_view resource_of(std::string_view type);

 private:
  std::vector<std::string> attempt(const Row& row, const std::string& name,
                                   const std::vector<std::string>& verbs) const;
  std::string config_of(const Row& row) const;
  void quicken_names() const;

  Speaker speaker_;
  Programs programs_;
  RunFolder folder_;
  Lab lab_;
  std::map<std::string, std::string> facts_;
};

}  // namespace mainstay::bench
