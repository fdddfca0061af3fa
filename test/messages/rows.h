// Every way to a message: how the world is made so, and what is said of it.
#pragma once

#include <vector>

#include "messages/fixture.h"

namespace mainstay::bench {

std::vector<Row> rows_of_virtual_ip();    // Figure 4-1
std::vector<Row> rows_of_elastic_ip();    // Figure 5-1
std::vector<Row> rows_of_name();          // Figure 6-1
std::vector<Row> rows_of_secondary_ip();  // Figure 4-1, two nodes in one subnet
std::vector<Row> rows_of_zone();          // Figure 4-1

// What the guide's chapter 8 lists, in our words for its types and with its numbers.
struct GuideMessage {
  std::string_view type;
  int number;
  std::string_view sentence;
};
const std::vector<GuideMessage>& guide_messages();

}  // namespace mainstay::bench
